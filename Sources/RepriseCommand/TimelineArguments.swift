import ArgumentParser
import Foundation
import Reprise

/// What is drawn over time, as arguments.
struct TimelineArguments: ParsableArguments {
  /// The files that are asked for.
  enum Choice: String, CaseIterable, ExpressibleByArgument {
    case perfetto
    case chrome
    case both
    case none
  }

  /// What a step is drawn as.
  enum Detail: String, CaseIterable, ExpressibleByArgument {
    case steps
    case operators
  }

  @Option(
    name: .customLong("timeline"),
    help: ArgumentHelp(
      "The timeline's file: perfetto (timeline.pftrace), chrome (timeline.json), both, or none.",
      discussion: """
        Both open in ui.perfetto.dev; the first is about a tenth of the size, the second is for \
        chrome://tracing and scripts, too.
        """))
  var choice = Choice.perfetto

  @Flag(name: .customLong("no-timeline"), help: "The same as --timeline none.")
  var isOff = false

  @Option(
    name: .customLong("timeline-window"),
    help: ArgumentHelp(
      "Draw only what lies from A to B seconds of the replay's clock: 'A..B' or 'A..'.",
      discussion: "Of what lies there the first \(Timeline.mostSlices) slices are drawn."))
  var windowText: String?

  @Option(
    help: ArgumentHelp(
      "What a step is drawn as: steps, or operators, into which it unfolds.",
      discussion: "The first \(Timeline.mostDetailedSteps) steps of the window unfold."))
  var detail = Detail.steps

  mutating func validate() throws {
    guard windowText == nil || windowText.flatMap(secondsWindow) != nil else {
      throw UsageError("--timeline-window must be 'A..B' or 'A..', seconds with A below B")
    }
  }

  /// The files to write.
  var formats: [TimelineFormat] {
    switch isOff ? .none : choice {
    case .perfetto: [.perfetto]
    case .chrome: [.chrome]
    case .both: TimelineFormat.allCases
    case .none: []
    }
  }

  /// What part of the replay's clock is drawn; nil for all of it.
  var window: Range<Nanoseconds>? { windowText.flatMap(secondsWindow) }

  /// The files, for the line that says what was written.
  var listed: String {
    formats.isEmpty
      ? ""
      : ", " + formats.map(\.fileName).joined(separator: ", ") + " (open it in ui.perfetto.dev)"
  }

  /// Removes what an earlier run left in a folder of ours and this one does not write.
  func removeOthers(from folder: String) {
    for format in TimelineFormat.allCases where !formats.contains(format) {
      try? FileManager.default.removeItem(atPath: folder + "/" + format.fileName)
    }
  }

  /// Says until when a timeline goes that did not hold all.
  func noteEnd(_ end: Nanoseconds) throws {
    try note(
      "reprise: the timeline ends at \(fixedText(end.seconds, decimals: 3)) s, where it was full; "
        + "see more with --timeline-window \(fixedText(end.seconds, decimals: 3))..")
  }
}
