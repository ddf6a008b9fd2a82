internal import Analytical
internal import Operators

/// The fields of a device's curves, each made when it is first asked for.
final class FieldStore: Sendable {
  /// What fields are made of.
  private let curves: CleanCurves
  /// What is predicted for.
  private let target: Device
  /// Whose fields are taken first where several runtimes measured an operator.
  private let preferred: Set<String>
  private let runtimes = Memo<CleanCurves.Group, [String]>()
  private let made = Memo<LatencyField.Key, LatencyField?>()

  /// - Parameters:
  ///   - curves: of one device.
  ///   - target: what is predicted for; the same device if not given.
  ///   - preferred: runtimes whose fields are taken before others'.
  init(_ curves: CleanCurves, for target: Device? = nil, preferring preferred: Set<String> = []) {
    self.curves = curves
    self.target = target ?? curves.device
    self.preferred = preferred
  }

  /// The field that tells most about an operator in a region; nil where nothing was measured.
  ///
  /// - Parameter runtime: the runtime to take; nil for that with the most samples, of preferred ones
  ///   where there are any.
  func field(
    for op: Operator, _ region: FieldRegion, runtime: String? = nil
  ) -> LatencyField? {
    guard let runtime = runtime ?? runtimes(of: op).first else { return nil }
    return made(op, region, runtime)
  }

  /// The same of the first runtime that measured enough of the region.
  func anyField(for op: Operator, _ region: FieldRegion) -> LatencyField? {
    runtimes(of: op).lazy.compactMap { self.made(op, region, $0) }.first
  }

  /// The runtimes that measured anything like an operator, the first to be asked in front.
  private func runtimes(of op: Operator) -> [String] {
    let group = CleanCurves.Group(op)
    return runtimes.value(for: group) { curves.runtimes(of: group, preferring: preferred) }
  }

  private func made(_ op: Operator, _ region: FieldRegion, _ runtime: String) -> LatencyField? {
    guard FieldShape.shape(of: op.kind, region) != nil else { return nil }
    let group = CleanCurves.Group(op)
    let key = LatencyField.Key(
      kind: op.kind, region: region, runtime: runtime, dataType: group.dataType,
      others: group.others)
    return made.value(for: key) {
      LatencyField(key, curves.curves(of: group, runtime: runtime), on: curves.device, for: target)
    }
  }
}
