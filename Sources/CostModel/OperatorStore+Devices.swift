public import Analytical
public import OperatorStore
public import Operators

extension ModelArchitecture {
  /// One operator for each kind and set of attribute names that the model's step may ask for,
  /// whatever its type and ranks.
  public var askedOperators: [Operator] {
    let uses = forwardPass(.bfloat16, tensorParallel: 2, fusesResiduals: false).map(\.operator)
    let batches = uses.filter { $0.kind.isStepAttention }.map { op in
      var op = op
      op.attributes["sequences"] = 2
      return op
    }
    return uses + batches
  }
}

extension OperatorStore {
  /// Every curve measured on a device, under whatever name its sources gave it.
  ///
  /// - Parameter operators: what will be asked for, or nil to load every curve.
  public func curves(
    on device: Device, like operators: [Operator]? = nil
  ) throws(OperatorStoreError) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    for name in try deviceNames() where name == device.name || device.matches(name) {
      curves += try self.curves(device: name, like: operators)
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
