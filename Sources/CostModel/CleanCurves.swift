internal import Analytical
internal import OperatorStore
internal import Operators

/// A device's curves without the samples that do not fit the others (``SampleOutliers``), looked through
/// when they are first asked for.
///
/// What one runtime measured of a kind is judged together, and of a type unless a field pools them: so that
/// a field, the cells of a single curve and `reprise inspect --outliers` leave out the same samples.
final class CleanCurves: Sendable {
  /// Curves that are judged together, of any runtime.
  struct Group: Hashable, Sendable {
    var kind: OperatorKind
    /// Nil where types are pooled.
    var dataType: DataType?
    /// For kinds with a field, the attributes that are none of its coordinates.
    var others: [String: Int] = [:]

    init(_ op: Operator) {
      kind = op.kind
      let shape = FieldShape.shape(of: op.kind, op.kind.isStepAttention ? .decode : .single)
      dataType = shape?.poolsTypes == true ? nil : op.dataType
      guard shape != nil else { return }
      let coordinates = FieldShape.coordinates(of: op.kind)
      others = op.attributes.filter { !coordinates.contains($0.key) }
    }
  }

  private struct Key: Hashable {
    var group: Group
    var runtime: String
  }

  /// Where the curves were measured.
  let device: Device
  private let curves: [Group: [MeasuredCurve]]
  /// How many points each runtime measured in all.
  let points: [String: Int]
  private let clean = Memo<Key, [MeasuredCurve]>()

  init(_ curves: [MeasuredCurve], on device: Device) {
    self.device = device
    self.curves = Dictionary(grouping: curves) { Group($0.operator) }
    self.points = curves.reduce(into: [:]) { $0[$1.runtime, default: 0] += $1.distinctPoints }
  }

  /// The runtimes that measured anything of a group: studies of skewed batches last, preferred ones first,
  /// then by their points, the most first, in the group and in all, so that one runtime prices what it can.
  func runtimes(of group: Group, preferring preferred: Set<String> = []) -> [String] {
    var totals: [String: Int] = [:]
    var studies: Set<String> = []
    for curve in curves[group] ?? [] {
      totals[curve.runtime, default: 0] += curve.distinctPoints
      if curve.isSkewStudy { studies.insert(curve.runtime) }
    }
    func rank(_ runtime: String) -> Int {
      (studies.contains(runtime) ? 0 : 2) + (preferred.contains(runtime) ? 1 : 0)
    }
    return totals.sorted {
      (rank($0.key), $0.value, points[$0.key] ?? 0, $1.key)
        > (rank($1.key), $1.value, points[$1.key] ?? 0, $0.key)
    }.map(\.key)
  }

  /// What a runtime measured of a group, clean.
  func curves(of group: Group, runtime: String) -> [MeasuredCurve] {
    clean.value(for: Key(group: group, runtime: runtime)) {
      let own = (curves[group] ?? []).filter { $0.runtime == runtime }
      return SampleOutliers(own, on: device).excluding(from: own)
    }
  }

  /// One curve, clean.
  func clean(_ curve: MeasuredCurve) -> MeasuredCurve {
    curves(of: Group(curve.operator), runtime: curve.runtime)
      .first { $0.operator == curve.operator } ?? curve
  }
}
