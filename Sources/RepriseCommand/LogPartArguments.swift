import ArgumentParser
import Reprise

/// Which requests of a log are sent, and how fast, as arguments.
struct LogPartArguments: ParsableArguments {
  @OptionGroup var log: LogReadingArguments

  @Option(help: "Divide arrival times and recorded pauses by this: 2 sends twice as fast.")
  var speed = 1.0

  @Option(
    help: "Only requests that arrive from A to B seconds after the log's first: 'A..B' or 'A..'.")
  var window: String?

  @Option(help: "Keep each session with this probability, whole sessions together.")
  var thin = 1.0

  @Flag(help: "Spread requests that share a stamp of a coarse clock evenly over its step.")
  var spreadTies = false

  mutating func validate() throws {
    guard speed.isFinite, speed >= 1e-3, speed <= 1e9 else {
      throw UsageError("--speed must be between 0.001 and 1000000000")
    }
    guard thin > 0, thin <= 1 else {
      throw UsageError("--thin must be above 0 and at most 1")
    }
    guard window == nil || span != nil else {
      throw UsageError("--window must be 'A..B' or 'A..', seconds with A below B")
    }
  }

  /// The library's form.
  var options: WorkloadOptions {
    var options = WorkloadOptions()
    options.speed = speed
    options.window = span
    options.keptShare = thin
    options.spreadsTies = spreadTies
    return options
  }

  private var span: Range<Nanoseconds>? { window.flatMap(secondsWindow) }
}

/// What 'A..B' or 'A..' means, in seconds of which A is the lesser; nil for anything else.
func secondsWindow(_ text: String) -> Range<Nanoseconds>? {
  guard let dots = text.firstRange(of: ".."), let start = Double(text[..<dots.lowerBound]),
    (0...1e9).contains(start)
  else { return nil }
  let end = text[dots.upperBound...]
  guard let seconds = end.isEmpty ? 1e9 : Double(end), seconds > start, seconds <= 1e9 else {
    return nil
  }
  return Nanoseconds(
    seconds: start)..<(end.isEmpty ? Nanoseconds(.max) : Nanoseconds(seconds: seconds))
}
