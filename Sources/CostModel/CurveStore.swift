internal import Analytical
internal import OperatorStore
internal import Operators

/// A device's curves by what they predict, each fitted when it is first asked for.
///
/// Where several runtimes measured one operator, the curve with the most distinct points is taken;
/// among equals that of the runtime with the most points in all, so that one runtime prices what it
/// can, then the first by name; mixing runtimes in one curve would blur their kernels. A study of
/// skewed batches, a quarter of whose samples or more are such, gives its law to the operator, and its own
/// times only where there is no other curve: it ran under conditions of its own.
final class CurveStore: Sendable {
  private struct Choice: Sendable {
    var curve: MeasuredCurve
    var isStudy: Bool
    /// Distinct points.
    var points: Int
  }

  /// Whose samples are taken.
  private let clean: CleanCurves
  private let chosen: [Operator: Choice]
  private let skews: [Operator: SkewLaw]
  /// Curves of several equal prefills, by the attention of one.
  private let several: [Operator: [MeasuredCurve]]
  private let fitted = Memo<Operator, FittedCurve?>()
  private let operators = Memo<OperatorKind, [Operator]>()

  init(_ measured: [MeasuredCurve], _ clean: CleanCurves) {
    self.clean = clean
    var chosen: [Operator: Choice] = [:]
    var skews: [Operator: SkewLaw] = [:]
    var several: [Operator: [MeasuredCurve]] = [:]
    /// Whether the first goes behind the second.
    func yields(_ first: Choice, to second: Choice) -> Bool {
      if first.isStudy != second.isStudy { return first.isStudy }
      if first.points != second.points { return first.points < second.points }
      let (one, other) = (first.curve.runtime, second.curve.runtime)
      let (total, otherTotal) = (clean.points[one] ?? 0, clean.points[other] ?? 0)
      return total != otherTotal ? total < otherTotal : one > other
    }
    chosen.reserveCapacity(measured.count)
    for curve in measured {
      let skew = SkewLaw(curve)
      if let skew, skew.samples > skews[curve.operator]?.samples ?? 0 {
        skews[curve.operator] = skew
      }
      let choice = Choice(
        curve: curve, isStudy: skew != nil && curve.isSkewStudy,
        points: curve.distinctPoints)
      if let rival = chosen[curve.operator], !yields(rival, to: choice) { continue }
      chosen[curve.operator] = choice
    }
    for curve in measured where curve.operator.kind.isStepAttention {
      var single = curve.operator
      if let count = single.attributes.removeValue(forKey: "sequences"), count > 1 {
        several[single, default: []].append(curve)
      }
    }
    self.chosen = chosen
    self.skews = skews
    self.several = several
  }

  /// The operators of a kind that have a curve, in a fixed order.
  func operators(of kind: OperatorKind) -> [Operator] {
    operators.value(for: kind) {
      chosen.keys.filter { $0.kind == kind }
        .map { (name: $0.description, op: $0) }.sorted { $0.name < $1.name }.map(\.op)
    }
  }

  /// Whether an operator was measured.
  func holds(_ op: Operator) -> Bool { chosen[op] != nil }

  /// Whether anything of a kind was measured in a type.
  func holds(_ kind: OperatorKind, _ type: DataType) -> Bool {
    operators(of: kind).contains { $0.dataType == type }
  }

  /// An operator's own curve; nil where it has none that can be used.
  func curve(of op: Operator) -> FittedCurve? {
    guard let choice = chosen[op] else { return nil }
    return fitted.value(for: op) {
      FittedCurve(clean.clean(choice.curve), on: clean.device, skew: skews[op])
    }
  }

  /// The curves of several equal prefills that the runtime of a single one's curve measured, fewest
  /// first.
  func batches(of op: Operator) -> [PrefillBatch] {
    guard let runtime = curve(of: op)?.runtime else { return [] }
    return (several[op] ?? []).compactMap { curve -> PrefillBatch? in
      guard curve.runtime == runtime, let count = curve.operator.attributes["sequences"],
        let fitted = FittedCurve(clean.clean(curve), on: clean.device)
      else { return nil }
      return PrefillBatch(sequences: count, curve: fitted)
    }.sorted { $0.sequences < $1.sequences }
  }
}
