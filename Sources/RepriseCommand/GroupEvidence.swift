import Reprise

/// What a database knows of groups of engines that serve one model, read once for all that are priced by the same.
struct GroupEvidence {
  private struct Key: Hashable {
    var device: String
    var precision: Precision
    var runtime: String?
    var dealsExpertsOut: Bool
  }

  /// Nil for none, so that nothing is known.
  let store: OperatorStore?
  let model: ModelArchitecture
  private var known: [Key: (curves: [MeasuredCurve], relatives: [RelativeCurves])] = [:]

  init(from store: OperatorStore?, of model: ModelArchitecture) {
    (self.store, self.model) = (store, model)
  }

  /// The curves of a group's device, and those that may be borrowed from others.
  mutating func of(
    _ group: EngineGroup, on device: Device
  ) throws -> (curves: [MeasuredCurve], relatives: [RelativeCurves]) {
    let key = Key(
      device: device.name, precision: group.precision, runtime: group.runtime,
      dealsExpertsOut: group.dealsExpertsOut)
    let found =
      try known[key] ?? store?.evidence(for: group, serving: model, on: device) ?? ([], [])
    known[key] = found
    return found
  }

  /// The most curves that any group on a device has of it.
  func mostCurves(on device: Device) -> Int {
    known.lazy.filter { $0.key.device == device.name }.map(\.value.curves.count).max() ?? 0
  }
}
