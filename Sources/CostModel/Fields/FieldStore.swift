internal import Analytical
internal import OperatorStore
internal import Operators

/// The fields of a device's curves, each made when it is first asked for.
final class FieldStore: Sendable {
  /// Where the curves were measured.
  private let device: Device
  /// What is predicted for.
  private let target: Device
  /// The curves of each field without its runtime, and those runtimes by what they measured, most
  /// samples first.
  private let groups: [Group: (curves: [MeasuredCurve], runtimes: [String])]
  private let made = Memo<LatencyField.Key, LatencyField?>()
  /// The curves that fields are made of, without what does not fit the others.
  private let clean = Memo<CleanKey, [MeasuredCurve]>()

  private struct CleanKey: Hashable {
    var group: Group
    var runtime: String
  }

  private struct Group: Hashable {
    var kind: OperatorKind
    var dataType: DataType?
    var others: [String: Int]

    init?(_ op: Operator, _ region: FieldRegion) {
      guard let shape = FieldShape.shape(of: op.kind, region) else { return nil }
      kind = op.kind
      dataType = shape.poolsTypes ? nil : op.dataType
      others = op.attributes.filter { !FieldShape.coordinates(of: op.kind).contains($0.key) }
    }
  }

  init(_ curves: [MeasuredCurve], on device: Device, for target: Device? = nil) {
    self.device = device
    self.target = target ?? device
    var groups: [Group: [MeasuredCurve]] = [:]
    for curve in curves {
      let op = curve.operator
      let region: FieldRegion = op.kind.isStepAttention ? .decode : .single
      if let group = Group(op, region) { groups[group, default: []].append(curve) }
    }
    self.groups = groups.mapValues { curves in
      var totals: [String: Int] = [:]
      for curve in curves { totals[curve.runtime, default: 0] += curve.samples.count }
      return (
        curves, totals.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key)
      )
    }
  }

  /// The field that tells most about an operator in a region; nil where nothing was measured.
  ///
  /// - Parameter runtime: the runtime to take; nil for that with the most samples.
  func field(
    for op: Operator, _ region: FieldRegion, runtime: String? = nil
  ) -> LatencyField? {
    guard let group = Group(op, region), let (curves, runtimes) = groups[group],
      let runtime = runtime ?? runtimes.first
    else { return nil }
    let key = LatencyField.Key(
      kind: op.kind, region: region, runtime: runtime, dataType: group.dataType,
      others: group.others)
    return made.value(for: key) {
      let clean = clean.value(for: CleanKey(group: group, runtime: runtime)) {
        let own = curves.filter { $0.runtime == runtime }
        return SampleOutliers(own, on: device).excluding(from: own)
      }
      return LatencyField(key, clean, on: device, for: target)
    }
  }
}
