public import Analytical
public import OperatorStore
public import Operators

/// What was measured on another device, for operators that a device's own curves do not hold.
public struct RelativeCurves: Sendable {
  /// The other device's data sheet.
  public var device: Device
  /// What was measured on it.
  public var curves: [MeasuredCurve]

  /// Creates curves to borrow from.
  public init(device: Device, curves: [MeasuredCurve]) {
    self.device = device
    self.curves = curves
  }
}

extension Device {
  /// How unlike two devices are: the factors between their rates of memory and of arithmetic, in
  /// octaves together.
  package func octaves(to other: Device, _ dataType: DataType = .bfloat16) -> Double {
    let factors = [
      memoryBandwidth / other.memoryBandwidth, peakFlops(dataType) / other.peakFlops(dataType),
    ]
    return factors.reduce(0) { $0 + abs(logarithm($1)) } / logarithm(2)
  }

  /// The relative standard error of a kind's ratio to the roofline that comes from another device.
  ///
  /// It grows with what makes the devices unlike, the link for collectives, and is bounded, as kernels
  /// of any two devices are somewhat alike. Set so that on an A100 and an L40S, predicted from each
  /// other, an H100 and a B200 in tables of vLLM, nine points of ten lie in the 90 % interval
  /// (`reprise calibrate --check --protocol devices`).
  func transferError(of kind: OperatorKind, to other: Device) -> Double {
    let (most, octaves) =
      switch kind {
      case .allReduce, .allGather, .reduceScatter, .allToAll:
        (1.5, abs(logarithm(linkBandwidth / other.linkBandwidth)) / logarithm(2))
      case .gemm: (0.6, self.octaves(to: other))
      default: (0.7, self.octaves(to: other))
      }
    let unlike = most * (1 - exponential(-octaves))
    return (Self.leastTransferError * Self.leastTransferError + unlike * unlike).squareRoot()
  }

  private static let leastTransferError = 0.1
}

extension OperatorKind {
  /// Whether what was measured of it in one type tells of the others.
  package var poolsTypes: Bool { FieldShape.shape(of: self, .single)?.poolsTypes ?? false }
}

extension OperatorStore {
  /// The curves of the device most like another of which the database holds any of these operators, in
  /// their type if any device has it; nil where it holds none.
  ///
  /// Types come before likeness: what a device did not measure in a type it tells by its other types'
  /// median alone, which errs more than another device does; not so of kinds whose field holds all types.
  ///
  /// - Parameters:
  ///   - device: for which curves are wanted; its own are never returned.
  ///   - operators: what will be asked for.
  public func relative(
    of device: Device, like operators: [Operator]
  ) throws(OperatorStoreError) -> RelativeCurves? {
    var seen: Set<String> = [device.name]
    var sheets: [Device] = []
    for name in try deviceNames() {
      guard let sheet = Device.builtIn(named: name), seen.insert(sheet.name).inserted else {
        continue
      }
      sheets.append(sheet)
    }
    let types = Set(operators.map(\.dataType))
    var nearest: RelativeCurves?
    for sheet in sheets.sorted(by: { device.octaves(to: $0) < device.octaves(to: $1) }) {
      let curves = try self.curves(on: sheet, like: operators)
      guard !curves.isEmpty else { continue }
      let found = RelativeCurves(device: sheet, curves: curves)
      let isEnough = curves.contains {
        $0.operator.kind.poolsTypes || types.contains($0.operator.dataType)
      }
      if isEnough { return found }
      nearest = nearest ?? found
    }
    return nearest
  }

  /// What is known for pricing operators on a device: its own curves, and of the kinds that it lacks
  /// those of the device most like it.
  public func evidence(
    for operators: [Operator], on device: Device
  ) throws(OperatorStoreError) -> (curves: [MeasuredCurve], relative: RelativeCurves?) {
    let own = try curves(on: device, like: operators)
    let held = Set(own.map(\.operator.kind))
    let missing = operators.filter { !held.contains($0.kind) }
    return (own, missing.isEmpty ? nil : try relative(of: device, like: missing))
  }
}
