import ArgumentParser
import Reprise

/// How a log becomes a load, as arguments.
struct WorkloadArguments: ParsableArguments {
  @OptionGroup var part: LogPartArguments

  @Option(help: "Leave requests of the first seconds out of all statistics; they are simulated.")
  var warmUp = 0.0

  @Option(help: "The seed of --thin.")
  var seed: UInt64 = 0

  @OptionGroup var clients: ClientArguments

  @Option(help: "Clients give up this many seconds after sending.")
  var deadline: Double?

  mutating func validate() throws {
    let most = 1e9
    for (name, seconds) in [
      ("--warm-up", warmUp), ("--deadline", deadline ?? 0),
    ] where !(0...most).contains(seconds) {
      throw UsageError("\(name) must be between 0 and 1000000000 seconds")
    }
    try clients.check(part)
  }

  /// The library's form.
  var options: WorkloadOptions {
    var options = part.options
    options.warmUp = Nanoseconds(seconds: warmUp)
    options.seed = seed
    clients.add(to: &options)
    options.deadline = deadline.map { Nanoseconds(seconds: $0) }
    return options
  }
}
