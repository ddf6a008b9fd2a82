import Operators
import Replay
import RequestLogs
import TraceIO

/// A request as a timeline draws it.
struct RequestSpan {
  var id: String
  /// The number of its arrow; nil for none.
  var flow: Int?
  var arrival: Nanoseconds
  /// Unknown where a log does not tell: then its queue and its prefill are one part.
  var scheduled: Nanoseconds?
  /// Unknown where a log tells only the end.
  var firstToken: Nanoseconds?
  var lastToken: Nanoseconds
  var arguments: [TimelineArgument]

  init(_ outcome: RequestOutcome, id: String) {
    self.id = id
    arrival = outcome.arrival
    let scheduled = max(outcome.arrival, outcome.scheduled)
    let firstToken = max(scheduled, outcome.firstToken)
    self.scheduled = scheduled
    self.firstToken = firstToken
    lastToken = max(firstToken, outcome.lastToken)
    arguments = [
      TimelineArgument("input_tokens", .integer(Int(outcome.inputTokens))),
      TimelineArgument("output_tokens", .integer(Int(outcome.outputTokens))),
      TimelineArgument("cached_tokens", .integer(Int(outcome.cachedTokens))),
      TimelineArgument("preemptions", .integer(Int(outcome.preemptions))),
      TimelineArgument("ttft", .time(outcome.timeToFirstToken)),
      TimelineArgument("end_to_end", .time(outcome.endToEnd)),
    ]
  }

  init?(_ record: RequestRecord) {
    guard let measured = record.measured else { return nil }
    id = record.id
    arrival = record.arrival
    let scheduled = measured.scheduled.map { record.arrival + max(.zero, $0) }
    let began = scheduled ?? record.arrival
    firstToken = measured.firstToken.map { max(began, record.arrival + $0) }
    self.scheduled = scheduled
    lastToken = max(firstToken ?? began, record.arrival + measured.lastToken)
    arguments = [
      TimelineArgument("rests_on", .text("the log")),
      TimelineArgument("input_tokens", .integer(record.inputTokens)),
      TimelineArgument("output_tokens", .integer(record.outputTokens)),
      TimelineArgument("end_to_end", .time(measured.lastToken)),
    ]
    if let first = measured.firstToken { arguments.append(TimelineArgument("ttft", .time(first))) }
  }

  /// Its parts, one after the other; those without length are left out.
  var parts: [TimelineSlice.Part] {
    var points: [(name: String, start: Nanoseconds)] = []
    if let scheduled {
      points.append(("queued", arrival))
      points.append((firstToken == nil ? "served" : "prefill", scheduled))
    } else {
      points.append((firstToken == nil ? "served" : "first token", arrival))
    }
    if let firstToken { points.append(("decode", firstToken)) }
    let ends = points.dropFirst().map(\.start) + [lastToken]
    return zip(points, ends).compactMap { point, end in
      end > point.start
        ? TimelineSlice.Part(name: point.name, start: point.start, duration: end - point.start)
        : nil
    }
  }
}

extension [RequestSpan] {
  /// Draws requests on as few tracks of a process as keep them apart.
  func draw(
    process: Int, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    var lanes = LaneNames(
      process: process, first: Timeline.firstRequestTrack, title: "requests", order: 10)
    let order = indices.sorted { (self[$0].arrival, $0) < (self[$1].arrival, $1) }
    for index in order {
      let request = self[index]
      let track = try lanes.track(from: request.arrival, to: request.lastToken, naming: &writer)
      try writer.draw(
        TimelineSlice(
          name: request.id, category: "request", track: track, start: request.arrival,
          duration: request.lastToken - request.arrival, arguments: request.arguments,
          flows: request.flow.map { [TimelineFlow(number: $0, point: .start)] } ?? [],
          parts: request.parts, isNamedForItself: true))
    }
  }
}
