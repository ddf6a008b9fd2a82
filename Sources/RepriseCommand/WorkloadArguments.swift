import ArgumentParser
import Reprise

/// How a log becomes a load, as arguments.
struct WorkloadArguments: ParsableArguments {
  @OptionGroup var part: LogPartArguments

  @Option(help: "Leave requests of the first seconds out of all statistics; they are simulated.")
  var warmUp = 0.0

  @Option(help: "The seed of --thin.")
  var seed: UInt64 = 0

  @Option(help: "This many clients send the log's requests, each when its last one has ended.")
  var closedLoop: Int?

  @Option(help: "Seconds before a client's next turn, where the log does not tell.")
  var thinkTime = 0.0

  @Option(help: "Clients give up this many seconds after sending.")
  var deadline: Double?

  mutating func validate() throws {
    let most = 1e9
    for (name, seconds) in [
      ("--warm-up", warmUp), ("--think-time", thinkTime), ("--deadline", deadline ?? 0),
    ] where !(0...most).contains(seconds) {
      throw UsageError("\(name) must be between 0 and 1000000000 seconds")
    }
    guard (1...Int(Int32.max)).contains(closedLoop ?? 1) else {
      throw UsageError("--closed-loop must be between 1 and 2147483647")
    }
    guard closedLoop == nil || part.speed == 1 && !part.spreadTies else {
      throw UsageError(
        "--closed-loop does not look at arrival times: leave --speed and --spread-ties out")
    }
  }

  /// The library's form.
  var options: WorkloadOptions {
    var options = part.options
    options.warmUp = Nanoseconds(seconds: warmUp)
    options.seed = seed
    options.clients = closedLoop
    options.thinkTime = Nanoseconds(seconds: thinkTime)
    options.deadline = deadline.map { Nanoseconds(seconds: $0) }
    return options
  }
}
