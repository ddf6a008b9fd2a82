public import Analytical
public import OperatorStore
public import Operators

extension OperatorStore {
  /// Every curve measured on a device, under whatever name its sources gave it.
  ///
  /// - Parameter kinds: the kinds to load, or nil for all.
  public func curves(
    on device: Device, kinds: Set<OperatorKind>? = nil
  ) throws(OperatorStoreError) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    for name in try deviceNames() where name == device.name || device.matches(name) {
      curves += try self.curves(device: name, kinds: kinds)
    }
    return curves
  }

  /// Every engine step measured on a device, under whatever name its sources gave it.
  public func steps(on device: Device) throws(OperatorStoreError) -> [MeasuredStep] {
    var steps: [MeasuredStep] = []
    for name in try deviceNames() where name == device.name || device.matches(name) {
      steps += try self.steps(device: name)
    }
    return steps
  }
}
