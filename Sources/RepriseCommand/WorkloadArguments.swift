import ArgumentParser
import Reprise

/// How a log becomes a load, as arguments.
struct WorkloadArguments: ParsableArguments {
  @Option(help: "Divide arrival times and recorded pauses by this: 2 sends twice as fast.")
  var speed = 1.0

  @Option(
    help: "Only requests that arrive from A to B seconds after the log's first: 'A..B' or 'A..'.")
  var window: String?

  @Option(help: "Keep each session with this probability, whole sessions together.")
  var thin = 1.0

  @Flag(help: "Spread requests that share a stamp of a coarse clock evenly over its step.")
  var spreadTies = false

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
    guard speed.isFinite, speed >= 1e-3, speed <= most else {
      throw UsageError("--speed must be between 0.001 and 1000000000")
    }
    guard thin > 0, thin <= 1 else {
      throw UsageError("--thin must be above 0 and at most 1")
    }
    for (name, seconds) in [
      ("--warm-up", warmUp), ("--think-time", thinkTime), ("--deadline", deadline ?? 0),
    ] where !(0...most).contains(seconds) {
      throw UsageError("\(name) must be between 0 and 1000000000 seconds")
    }
    guard window == nil || span != nil else {
      throw UsageError("--window must be 'A..B' or 'A..', seconds with A below B")
    }
    guard (1...Int(Int32.max)).contains(closedLoop ?? 1) else {
      throw UsageError("--closed-loop must be between 1 and 2147483647")
    }
    guard closedLoop == nil || speed == 1 && !spreadTies else {
      throw UsageError(
        "--closed-loop does not look at arrival times: leave --speed and --spread-ties out")
    }
  }

  /// The library's form.
  var options: WorkloadOptions {
    var options = WorkloadOptions()
    options.speed = speed
    options.window = span
    options.keptShare = thin
    options.spreadsTies = spreadTies
    options.warmUp = Nanoseconds(seconds: warmUp)
    options.seed = seed
    options.clients = closedLoop
    options.thinkTime = Nanoseconds(seconds: thinkTime)
    options.deadline = deadline.map { Nanoseconds(seconds: $0) }
    return options
  }

  private var span: Range<Nanoseconds>? {
    guard let window, let dots = window.firstRange(of: ".."),
      let start = Double(window[..<dots.lowerBound]), (0...1e9).contains(start)
    else { return nil }
    let end = window[dots.upperBound...]
    guard let seconds = end.isEmpty ? 1e9 : Double(end), seconds > start, seconds <= 1e9 else {
      return nil
    }
    return Nanoseconds(
      seconds: start)..<(end.isEmpty ? Nanoseconds(.max) : Nanoseconds(seconds: seconds))
  }
}
