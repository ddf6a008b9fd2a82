public import Analytical
public import OperatorStore
public import Operators

extension ModelArchitecture {
  /// One operator for each kind, type and set of attribute names that the model's step may ask for,
  /// whatever its ranks, and those that may lend to them.
  ///
  /// - Parameter dealsExpertsOut: whether its experts are dealt out among data-parallel ranks, which then exchange
  ///   tokens.
  public func askedOperators(
    _ precision: Precision, dealsExpertsOut: Bool = false
  ) -> [Operator] {
    let ways = dealsExpertsOut ? 2 : 1
    let uses = forwardPass(
      precision, Parallelism(tensor: 2, pipeline: 2, expert: ways, data: ways),
      fusesResiduals: false
    ).map(\.operator)
    let batches = uses.filter { $0.kind.isStepAttention }.map { op in
      var op = op
      op.attributes["sequences"] = 2
      return op
    }
    return uses + batches + uses.compactMap(\.withoutOptions)
  }
}

extension Operator {
  /// The same without what only some of its kind have, such as a window: what others of its kind may lend from. Nil where
  /// it has nothing of that.
  public var withoutOptions: Operator? {
    var plain = self
    for name in kind.attributeNames?.optional ?? [] { plain.attributes[name] = nil }
    return plain.attributes.count < attributes.count ? plain : nil
  }
}

extension OperatorStore {
  /// Every curve measured on a device, under whatever name its sources gave it. What one runtime measured of
  /// an operator under several names is one curve.
  ///
  /// - Parameter operators: what will be asked for, or nil to load every curve. Curves of other types
  ///   are loaded where those of one that is asked for are missing, or tell of it, too.
  public func curves(
    on device: Device, like operators: [Operator]? = nil
  ) throws(OperatorStoreError) -> [MeasuredCurve] {
    var curves: [MeasuredCurve] = []
    let pooling = Set(
      OperatorKind.known.filter { FieldShape.shape(of: $0, .single)?.poolsTypes == true })
    // Tables of prefills in a narrow type have its decodes in a wide one, with narrow keys and values.
    let operators = operators.map { $0 + $0.compactMap(\.withWideQueries) }
    var names = 0
    for name in try self.names(of: device) {
      let found = try self.curves(
        device: name, like: operators, types: .asked(butAllOf: pooling))
      names += found.isEmpty ? 0 : 1
      curves += found
    }
    return names > 1 ? Self.merged(curves) : curves
  }

  /// One curve for each operator and runtime, its samples in the order of their points.
  private static func merged(_ curves: [MeasuredCurve]) -> [MeasuredCurve] {
    struct Key: Hashable {
      var `operator`: Operator
      var runtime: String
    }
    var merged: [MeasuredCurve] = []
    var places: [Key: Int] = [:]
    for curve in curves {
      let key = Key(operator: curve.operator, runtime: curve.runtime)
      guard let place = places[key] else {
        places[key] = merged.count
        merged.append(curve)
        continue
      }
      merged[place].samples += curve.samples
      merged[place].samples.sort {
        $0.point == $1.point ? $0.source < $1.source : $0.point.precedes($1.point)
      }
    }
    return merged
  }

  /// The names that sources gave a device.
  private func names(of device: Device) throws(OperatorStoreError) -> [String] {
    try deviceNames().filter { $0 == device.name || device.matches($0) }
  }

  /// Every engine step measured on a device, under whatever name its sources gave it.
  public func steps(on device: Device) throws(OperatorStoreError) -> [MeasuredStep] {
    var steps: [MeasuredStep] = []
    for name in try self.names(of: device) {
      steps += try self.steps(device: name)
    }
    return steps
  }

  /// How many engine steps of a device there are, those among them whose batch is not known.
  public func stepCount(on device: Device) throws(OperatorStoreError) -> Int {
    var count = 0
    for name in try self.names(of: device) {
      count += try stepCount(device: name)
    }
    return count
  }
}
