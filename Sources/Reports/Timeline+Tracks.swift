import CostModel
import Operators
import Replay
import RequestLogs
import TraceIO

/// A request as a timeline draws it.
struct RequestSpan {
  var id: String
  /// Its place in the log, which numbers its arrow.
  var number: Int
  var arrival: Nanoseconds
  /// Unknown where a log does not tell: then its queue and its prefill are one slice.
  var scheduled: Nanoseconds?
  var firstToken: Nanoseconds
  var lastToken: Nanoseconds
  var arguments: TraceEventWriter.Arguments

  init(_ outcome: RequestOutcome, id: String, number: Int) {
    self.id = id
    self.number = number
    arrival = outcome.arrival
    scheduled = max(outcome.arrival, outcome.scheduled)
    firstToken = max(outcome.arrival, outcome.scheduled, outcome.firstToken)
    lastToken = max(firstToken, outcome.lastToken)
    arguments = [
      ("input_tokens", .integer(Int(outcome.inputTokens))),
      ("output_tokens", .integer(Int(outcome.outputTokens))),
      ("cached_tokens", .integer(Int(outcome.cachedTokens))),
      ("preemptions", .integer(Int(outcome.preemptions))),
      ("ttft_us", .time(outcome.timeToFirstToken)),
      ("end_to_end_us", .time(outcome.endToEnd)),
    ]
  }

  init?(_ record: RequestRecord, number: Int) {
    guard let measured = record.measured else { return nil }
    id = record.id
    self.number = number
    arrival = record.arrival
    scheduled = measured.scheduled.map { record.arrival + max(.zero, $0) }
    firstToken = max(scheduled ?? record.arrival, record.arrival + measured.firstToken)
    lastToken = max(firstToken, record.arrival + measured.lastToken)
    arguments = [
      ("input_tokens", .integer(record.inputTokens)),
      ("output_tokens", .integer(record.outputTokens)),
      ("ttft_us", .time(measured.firstToken)), ("end_to_end_us", .time(measured.lastToken)),
    ]
  }

  /// Its slices, one after the other; those without length are left out.
  var phases: [(name: String, start: Nanoseconds, end: Nanoseconds)] {
    let parts =
      if let scheduled {
        [
          ("queued", arrival, scheduled), ("prefill", scheduled, firstToken),
          ("decode", firstToken, lastToken),
        ]
      } else {
        [("first token", arrival, firstToken), ("decode", firstToken, lastToken)]
      }
    let long = parts.filter { $0.2 > $0.1 }
    return long.isEmpty ? [("prefill", arrival, arrival)] : long
  }
}

extension Timeline {
  /// Writes requests on as few tracks as keep them apart; returns each one's track.
  func write(_ requests: [RequestSpan], process: Int, to writer: inout TraceEventWriter)
    throws(OutputError) -> [Int]
  {
    let order = requests.indices.sorted {
      (requests[$0].arrival, $0) < (requests[$1].arrival, $1)
    }
    var tracks = Array(repeating: 0, count: requests.count)
    var lanes = Lanes()
    for index in order {
      let request = requests[index]
      tracks[index] =
        Self.firstRequestTrack + lanes.lane(from: request.arrival, to: request.lastToken)
    }
    for lane in 0..<lanes.count {
      try writer.name(
        "requests \(lane + 1)", process: process, thread: Self.firstRequestTrack + lane,
        order: Self.firstRequestTrack + lane)
    }
    for index in order {
      let request = requests[index]
      for phase in request.phases {
        try writer.slice(
          "\(phase.name) \(request.id)", category: "request", process: process,
          thread: tracks[index], start: phase.start, duration: phase.end - phase.start,
          request.arguments)
      }
    }
    return tracks
  }

  /// Writes an engine's steps and the curves that they tell.
  func write(_ steps: [StepRecord], process: Int, to writer: inout TraceEventWriter)
    throws(OutputError)
  {
    var last: (running: Int, waiting: Int, blocks: Int)?
    var end = Nanoseconds(.min)
    func show(_ time: Nanoseconds, _ running: Int, _ waiting: Int, _ blocks: Int)
      throws(OutputError)
    {
      if last?.running != running || last?.waiting != waiting {
        try writer.counter(
          "requests", process: process, time: time, [("running", running), ("waiting", waiting)])
      }
      if last?.blocks != blocks {
        try writer.counter("KV blocks", process: process, time: time, [("in use", blocks)])
      }
      last = (running, waiting, blocks)
    }
    for step in steps {
      if let last, step.start > end { try show(end, 0, last.waiting, last.blocks) }
      try writer.slice(
        step.title, category: "step", process: process, thread: Self.stepTrack, start: step.start,
        duration: step.duration, arguments(of: step))
      try show(step.start, step.running, Int(step.waiting), Int(step.blocksInUse))
      end = step.start + step.duration
    }
    if last != nil { try show(end, 0, 0, 0) }
  }

  private func arguments(of step: StepRecord) -> TraceEventWriter.Arguments {
    var arguments: TraceEventWriter.Arguments = [
      ("batch", .integer(step.running)), ("tokens", .integer(step.shape.tokens)),
      ("prefill_tokens", .integer(step.shape.prefillTokens)),
      ("context", .integer(step.shape.prefillContext + step.shape.decodeContext)),
      ("waiting", .integer(Int(step.waiting))), ("blocks", .integer(Int(step.blocksInUse))),
    ]
    if step.steps != 1 { arguments.append(("steps", .integer(Int(step.steps)))) }
    if step.preempted > 0 { arguments.append(("preempted", .integer(Int(step.preempted)))) }
    guard let price = price?(step), price.total > 0 else { return arguments }
    // Shares of the record's own duration, which may stand for many steps.
    let scale = Double(step.duration.rawValue) / price.total
    for evidence in Evidence.allCases where price[evidence] > 0 {
      let time = Nanoseconds(rounding: price[evidence] * scale)
      arguments.append(("\(String(describing: evidence))_us", .time(time)))
    }
    if price.hostTime > 0 {
      arguments.append(("host_us", .time(Nanoseconds(rounding: price.hostTime * scale))))
    }
    return arguments
  }

  /// Draws each request's arrow: its arrival, the step that first worked on it, its last step.
  func writeFlows(
    _ requests: [RequestSpan], _ tracks: [Int], _ steps: [StepRecord], process: Int,
    to writer: inout TraceEventWriter
  ) throws(OutputError) {
    for (request, track) in zip(requests, tracks) {
      guard let scheduled = request.scheduled,
        let first = steps.lastIndex(startingAtOrBefore: scheduled),
        let last = steps.lastIndex(startingAtOrBefore: request.lastToken - Nanoseconds(1)),
        steps[first].start >= request.arrival, last >= first
      else { continue }
      let number = request.number + 1
      try writer.flow(
        .start, number: number, process: process, thread: track, time: request.arrival)
      try writer.flow(
        .step, number: number, process: process, thread: Self.stepTrack, time: steps[first].start)
      try writer.flow(
        .end, number: number, process: process, thread: Self.stepTrack, time: steps[last].start)
    }
  }
}

extension StepRecord {
  /// Requests in the step's batch.
  var running: Int { shape.prefillSequences + shape.decodeSequences }

  /// What the step did, such as "prefill 2×812 + decode 31": sequences and their mean tokens.
  ///
  /// Perfetto colours by name without its numbers, so that steps of one sort look alike.
  var title: String {
    var parts: [String] = []
    if shape.prefillSequences == 1 {
      parts.append("prefill \(shape.prefillTokens)")
    } else if shape.prefillSequences > 1 {
      let mean =
        (shape.prefillTokens + shape.prefillSequences / 2) / shape.prefillSequences
      parts.append("prefill \(shape.prefillSequences)×\(mean)")
    }
    if shape.decodeSequences > 0 { parts.append("decode \(shape.decodeSequences)") }
    if parts.isEmpty { parts.append("empty") }
    return parts.joined(separator: " + ") + (steps > 1 ? " (\(steps) steps)" : "")
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
