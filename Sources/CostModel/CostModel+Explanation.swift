internal import Analytical
internal import Operators

// What predictions that no field tells of rest on, for a person.
extension CostModel {
  /// How the time of an operator with sizes came about, in words.
  ///
  /// - Parameters:
  ///   - lenders: the curves that its ratio was borrowed from; none where its own one told it.
  ///   - size: of an operator with one size.
  func explanation(
    _ evidence: Evidence, _ candidates: Candidates, lenders: [FittedCurve], size: Double?
  ) -> String {
    if evidence == .analytical { return "roofline of \(device.name) (\(device.source))" }
    if let first = lenders.first {
      let type = candidates.operator.dataType
      let borrowed =
        "ratio to the roofline borrowed from "
        + lenders.map { "\($0.operator)" }.joined(separator: "; ")
        + (lenders.contains { $0.operator.dataType != type }
          ? ", halfway to the roofline of the other type" : "")
      return first.device.name == device.name
        ? borrowed : "not measured on this device: on \(first.device.name), \(borrowed)"
    }
    guard evidence < .borrowed, let own = candidates.own else {
      return
        "no \(candidates.operator.kind) measured that tells of it: the device's median ratio to its roofline"
    }
    guard let size else { return own.described }
    let (below, above) = own.neighbours(of: size)
    return switch (evidence, below, above) {
    case (.measured, let point?, _): own.described + ", measured at \(point)"
    case (_, let low?, let high?): own.described + ", between \(low) and \(high)"
    case (_, let last?, nil): own.described + ", beyond its last point \(last)"
    case (_, nil, let first?): own.described + ", before its first point \(first)"
    case (_, nil, nil): own.described
    }
  }

  /// How the attention of a step came about, in words.
  func explanation(
    _ evidence: Evidence, _ candidates: Candidates, of shape: StepShape
  ) -> String {
    if let whole = whole(candidates, for: shape) {
      return "as without its window: " + explanation(evidence, whole, of: shape)
    }
    if let phases = phases(candidates, of: shape) {
      func told(_ phase: StepShape) -> String {
        explanation(estimate(candidates, attention: phase).evidence, candidates, of: phase)
      }
      return
        "prefills: \(told(phases.prefills)); decodes: \(told(phases.decodes)); measured apart: their sum"
    }
    let lenders = lender(candidates, of: shape).map { [$0] } ?? []
    guard lenders.isEmpty, evidence != .analytical, let own = candidates.own else {
      return explanation(evidence, candidates, lenders: lenders, size: nil)
    }
    var told =
      candidates.explanation(of: shape, evidence)
      ?? explanation(evidence, candidates, lenders: [], size: nil)
    if own.takesPastFromWholePrompts(shape) {
      told += "; no prompt with cached tokens was measured: by whole ones"
    }
    if own.addsPrefillsAndDecodes(of: shape) {
      told += "; prefills and decodes were measured apart: their sum"
    }
    return told
  }

  /// The samples that a prediction rests on, by their weights: of the cell around a point in the operator's own curve, or
  /// in those that it borrows from. What was filled in where nobody measured is left out.
  func support(_ op: Operator, at point: AxisPoint) -> [Prediction.Support] {
    let candidates = candidates(for: op)
    guard !op.kind.isStepAttention else { return support(ofAttention: candidates, at: point) }
    guard OperatorWork(op, at: point) != nil else { return [] }
    guard !candidates.lenders.isEmpty else { return candidates.own?.support(at: point) ?? [] }
    return Self.ordered(candidates.lenders.map { ($0.curve, Self.weight(octaves: $0.octaves)) }) {
      $0.support(at: point)
    }
  }

  private func support(
    ofAttention candidates: Candidates, at point: AxisPoint
  ) -> [Prediction.Support] {
    let op = candidates.operator
    let shape = StepShape(attentionAt: point)
    if let whole = whole(candidates, for: shape) { return support(ofAttention: whole, at: point) }
    let points = [AxisPoint(point[0], point[1]), AxisPoint(0, 0, point[2], point[3])]
    if let lender = lender(candidates, of: shape) {
      guard lender.addsPrefillsAndDecodes(of: shape) else { return lender.support(at: point) }
      let attention = AttentionWork(op)
      let parts = points.map { part in
        let estimate = lender.estimate(attention: StepShape(attentionAt: part), attention)
        return (part, estimate?.nanoseconds ?? 0)
      }
      return Self.ordered(parts) { lender.support(at: $0) }
    }
    guard
      phases(candidates, of: shape) != nil
        || candidates.own?.addsPrefillsAndDecodes(of: shape) == true
    else { return curves.curve(of: op)?.support(at: point) ?? [] }
    let parts = points.compactMap { predict(op, at: $0, explains: true) }
    return Self.ordered(parts.map { ($0, $0.nanoseconds) }) { $0.support }
  }

  /// The samples of several parts, each part by its weight, those that count most first.
  private static func ordered<Part>(
    _ parts: [(part: Part, weight: Double)], _ support: (Part) -> [Prediction.Support]
  ) -> [Prediction.Support] {
    let total = parts.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return [] }
    return parts.flatMap { part, weight in
      support(part).map { sample in
        var sample = sample
        sample.weight *= weight / total
        return sample
      }
    }.heaviestFirst
  }
}
