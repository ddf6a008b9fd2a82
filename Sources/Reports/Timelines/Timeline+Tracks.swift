import CostModel
import Operators
import Replay
import TraceIO

extension Timeline {
  /// Draws an engine's steps and the curves that they tell.
  func draw(
    _ steps: [StepRecord], _ part: TimelinePart, _ arrows: [StepArrow], process: Int,
    to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    var curves = StepCurves(process: process)
    var tracks = try StepTracks(of: steps, process: process, naming: &writer)
    var next = 0
    for (index, step) in steps.enumerated() {
      var flows: [TimelineFlow] = []
      while next < arrows.count, arrows[next].step <= index {
        if arrows[next].step == index { flows.append(arrows[next].flow) }
        next += 1
      }
      guard part.shows(step) else { continue }
      let track = try tracks.track(of: step, naming: &writer)
      try writer.draw(
        TimelineSlice(
          name: step.title, category: "step", track: track, start: step.start,
          duration: step.duration, arguments: step.arguments(price: price?(step)), flows: flows,
          parts: step.start < part.detailEnd
            ? step.parts(operators?(step) ?? [], price: price?(step)) : []))
      try curves.add(step, to: &writer)
    }
    try curves.close(to: &writer)
  }
}

extension StepRecord {
  /// The operators of a step, each for all layers together, in the order of the forward pass, over its
  /// time; host time comes first.
  func parts(_ shares: [StepModel.Share], price: StepPrice?) -> [TimelineSlice.Part] {
    let whole = shares.reduce(0) { $0 + $1.prediction.nanoseconds * Double($1.count) }
    guard let price, price.total > 0, whole > 0 else { return [] }
    let stretch = Double(duration.rawValue) / price.total
    let scale = (price.total - price.hostTime) * stretch / whole
    var parts: [TimelineSlice.Part] = []
    var elapsed = 0.0
    func add(_ name: String, lasting time: Double, _ arguments: [TimelineArgument]) {
      // Rounded ends meet, and none lies after the step's.
      let begin = min(Nanoseconds(rounding: elapsed), duration)
      elapsed += time
      let end = min(Nanoseconds(rounding: elapsed), duration)
      parts.append(
        TimelineSlice.Part(
          name: name, start: start + begin, duration: end - begin, arguments: arguments))
    }
    if price.hostTime > 0 {
      add(
        "host", lasting: price.hostTime * stretch,
        [TimelineArgument("rests_on", .text("calibration"))])
    }
    for share in shares {
      let prediction = share.prediction
      add(
        share.role, lasting: prediction.nanoseconds * Double(share.count) * scale,
        [
          TimelineArgument("rests_on", .text("\(prediction.evidence)")),
          TimelineArgument("runs", .integer(share.count * Int(steps))),
          TimelineArgument(
            "standard_error_permille", .integer(Int(1_000 * min(prediction.relativeError, 9)))),
        ])
    }
    return parts
  }
}

extension StepRecord {
  /// What a person who selects it sees: what it computed, and what its time rests on.
  func arguments(price: StepPrice?) -> [TimelineArgument] {
    var arguments = [
      TimelineArgument("batch", .integer(running)),
      TimelineArgument("tokens", .integer(shape.tokens)),
      TimelineArgument("prefill_tokens", .integer(shape.promptTokens)),
      TimelineArgument("context", .integer(shape.prefillContext + shape.decodeContext)),
      TimelineArgument("waiting", .integer(Int(waiting))),
      TimelineArgument("blocks", .integer(Int(blocksInUse))),
    ]
    if steps != 1 { arguments.append(TimelineArgument("steps", .integer(Int(steps)))) }
    if preempted > 0 { arguments.append(TimelineArgument("preempted", .integer(Int(preempted)))) }
    guard let price, price.total > 0 else { return arguments }
    let most = Evidence.allCases.max { price[$0] < price[$1] }
    if let most { arguments.append(TimelineArgument("rests_on", .text("\(most)"))) }
    // Shares of the record's own duration, which may stand for many steps.
    let scale = Double(duration.rawValue) / price.total
    for evidence in Evidence.allCases where price[evidence] > 0 {
      arguments.append(
        TimelineArgument("\(evidence)", .time(Nanoseconds(rounding: price[evidence] * scale))))
    }
    if price.hostTime > 0 {
      arguments.append(
        TimelineArgument("host", .time(Nanoseconds(rounding: price.hostTime * scale))))
    }
    return arguments
  }

  /// Requests in the step's batch.
  var running: Int { shape.prefillSequences + shape.decodeSequences }

  /// What the step did, such as "prefill 2×812 + decode 31": sequences and their mean tokens.
  ///
  /// Perfetto colours by name without its numbers, so that steps of one sort look alike.
  var title: String {
    var parts: [String] = []
    func add(_ word: String, _ sequences: Int, _ tokens: Int) {
      guard sequences > 0 else { return }
      let mean = (tokens + sequences / 2) / sequences
      parts.append("\(word) " + (sequences == 1 ? "\(tokens)" : "\(sequences)×\(mean)"))
    }
    add("prefill", shape.prefillSequences - shape.verifiedSequences, shape.promptTokens)
    add("verify", shape.verifiedSequences, shape.verifiedTokens)
    if shape.decodeSequences > 0 { parts.append("decode \(shape.decodeSequences)") }
    // Beside ranks that work.
    if parts.isEmpty { parts.append("dummy") }
    return parts.joined(separator: " + ") + (steps > 1 ? " (\(steps) steps)" : "")
  }
}
