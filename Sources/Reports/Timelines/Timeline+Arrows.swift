import Operators
import Replay
import TraceIO

/// A point of an arrow at the beginning of a step.
struct StepArrow {
  /// The step's place among its engine's.
  var step: Int
  var flow: TimelineFlow
}

extension Timeline {
  /// The arrows through an engine's steps, in the order of these: to the step that first worked on a
  /// request, and to that of its last token.
  func arrows(through steps: [StepRecord], of engine: Int32) -> [StepArrow] {
    var arrows: [StepArrow] = []
    var targets: [Int32: Int32] = [:]
    for record in handovers { targets[record.request] = record.target }
    for (index, outcome) in outcomes.enumerated() where outcome.status == .finished {
      let number = index + 1
      func step(at time: Nanoseconds) -> Int? {
        guard let step = steps.lastIndex(startingAtOrBefore: time),
          steps[step].start >= outcome.arrival
        else { return nil }
        return step
      }
      let last = targets[Int32(truncatingIfNeeded: index)] ?? outcome.engine
      let end = last == engine ? step(at: outcome.lastToken - Nanoseconds(1)) : nil
      // Where the first step is the last one, too, it is the arrow's end alone.
      if outcome.engine == engine, let first = step(at: outcome.scheduled), first != end {
        arrows.append(StepArrow(step: first, flow: TimelineFlow(number: number, point: .step)))
      }
      if let end {
        arrows.append(StepArrow(step: end, flow: TimelineFlow(number: number, point: .end)))
      }
    }
    return arrows.sorted { ($0.step, $0.flow.number) < ($1.step, $1.flow.number) }
  }

  /// Draws what was on the links out of engines and into them: keys and values, and their waiting for a link.
  func drawLinks(
    _ part: TimelinePart, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    let process = Self.linkProcess
    try writer.name("replayed: links", process: process, order: process)
    let shown = handovers.filter { part.shows(from: $0.start, to: $0.end) }.sorted {
      ($0.start, $0.request) < ($1.start, $1.request)
    }
    let first = Self.firstRequestTrack
    for (place, engine) in Set(shown.map(\.target)).sorted().enumerated() {
      var lanes = LaneNames(
        process: process, first: first + 10_000 * place, title: "into \(name(of: engine))",
        order: first + 10_000 * place)
      for record in shown where record.target == engine {
        let index = Int(record.request)
        try writer.draw(
          TimelineSlice(
            name: ids.indices.contains(index) ? ids[index] : String(index), category: "transfer",
            track: try lanes.track(from: record.start, to: record.end, naming: &writer),
            start: record.start, duration: record.end - record.start,
            arguments: [
              TimelineArgument("rests_on", .text("the deployment's 'transfer'")),
              TimelineArgument("from", .text(name(of: record.source))),
              TimelineArgument("bytes", .integer(Int(min(record.bytes, 1e18)))),
            ], flows: [TimelineFlow(number: index + 1, point: .step)], isNamedForItself: true))
      }
    }
  }
}

extension [StepRecord] {
  /// The last of an engine's steps that began at `time` or before; nil before the first.
  func lastIndex(startingAtOrBefore time: Nanoseconds) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if self[middle].start <= time { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }
}
