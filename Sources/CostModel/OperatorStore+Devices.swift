public import Analytical
public import OperatorStore

extension OperatorStore {
  /// Every curve measured on a device, under whatever name its sources gave it.
  public func curves(on device: Device) throws(OperatorStoreError) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    for name in try deviceNames() where name == device.name || device.matches(name) {
      curves += try self.curves(device: name)
    }
    return curves
  }
}
