import Operators
import TraceIO

/// What a log measured of its requests, as a process of a timeline.
struct MeasuredRun {
  var requests: [RequestSpan]

  /// Draws the requests of which anything lies in a window, and how many of them ran and waited.
  func draw(
    _ window: Range<Nanoseconds>, process: Int, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    try writer.name("measured", process: process, order: process)
    let shown = requests.filter {
      $0.arrival < window.upperBound && $0.lastToken >= window.lowerBound
    }
    try shown.draw(process: process, to: &writer)
    // Running and waiting follow from the requests, since no step was seen.
    var changes: [(time: Nanoseconds, running: Int, waiting: Int)] = []
    for request in shown {
      let began = request.scheduled ?? request.firstToken
      changes.append((request.arrival, began == nil ? 1 : 0, began == nil ? 0 : 1))
      if let began { changes.append((began, 1, -1)) }
      changes.append((request.lastToken, -1, 0))
    }
    changes.sort { $0.time < $1.time }
    var running = 0
    var waiting = 0
    for (index, change) in changes.enumerated() {
      running += change.running
      waiting += change.waiting
      guard index + 1 == changes.count || changes[index + 1].time > change.time else { continue }
      try writer.count(
        "requests", process: process, time: change.time,
        [("running", running), ("waiting", waiting)])
    }
  }
}
