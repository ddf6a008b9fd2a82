import ArgumentParser
import Reprise

/// Who sends the requests of a log where its recorded times do not say when, as arguments.
struct ClientArguments: ParsableArguments {
  @Option(help: "This many clients send the log's requests, each when its last one has ended.")
  var closedLoop: Int?

  @Option(help: "Seconds before a client's next turn, where the log does not tell.")
  var thinkTime = 0.0

  mutating func validate() throws {
    guard (0...1e9).contains(thinkTime) else {
      throw UsageError("--think-time must be between 0 and 1000000000 seconds")
    }
    guard (1...Int(Int32.max)).contains(closedLoop ?? 1) else {
      throw UsageError("--closed-loop must be between 1 and 2147483647")
    }
  }

  /// Refuses what says when requests are sent, too.
  func check(_ part: LogPartArguments) throws {
    guard closedLoop == nil || part.speed == 1 && !part.spreadTies else {
      throw UsageError(
        "--closed-loop does not look at arrival times: leave --speed and --spread-ties out")
    }
  }

  /// Whether any of it was given.
  var isUsed: Bool { closedLoop != nil || thinkTime > 0 }

  /// Puts it into the library's form.
  func add(to options: inout WorkloadOptions) {
    options.clients = closedLoop
    options.thinkTime = Nanoseconds(seconds: thinkTime)
  }
}
