public import Analytical
public import OperatorStore
public import Operators

extension ModelArchitecture {
  /// One operator for each kind, type and set of attribute names that the model's step may ask for,
  /// whatever its ranks.
  public func askedOperators(_ dataType: DataType) -> [Operator] {
    let uses = forwardPass(
      Precision(dataType), Parallelism(tensor: 2, pipeline: 2), fusesResiduals: false
    ).map(\.operator)
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
  /// - Parameter operators: what will be asked for, or nil to load every curve. Curves of other types
  ///   are loaded where those of one that is asked for are missing, or tell of it, too.
  public func curves(
    on device: Device, like operators: [Operator]? = nil
  ) throws(OperatorStoreError) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    let pooling = Set(
      OperatorKind.known.filter { FieldShape.shape(of: $0, .single)?.poolsTypes == true })
    for name in try deviceNames() where name == device.name || device.matches(name) {
      curves += try self.curves(
        device: name, like: operators, types: .asked(butAllOf: pooling))
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
