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
  /// What is known for pricing operators on a device: its own curves, and of the kinds and types that it
  /// lacks those of the device most like it that measured them, if any did.
  ///
  /// Types come before likeness: what a device did not measure in a type it tells by its other types'
  /// median alone, which errs more than another device does; not so of kinds whose field holds all types.
  ///
  /// - Parameter runtime: the software to price by, by its name or the words that this begins with; nil for
  ///   any. What it did not measure of a kind and type on a device is priced by the others there.
  /// - Throws: also ``OperatorStoreError/noRuntime(path:name:device:known:)`` where it measured nothing of
  ///   what is asked for.
  public func evidence(
    for operators: [Operator], on device: Device, by runtime: String? = nil
  ) throws(OperatorStoreError) -> (curves: [MeasuredCurve], relatives: [RelativeCurves]) {
    let own = Self.preferring(runtime, try curves(on: device, like: operators))
    var missing = operators
    var relatives: [RelativeCurves] = []
    var seen: Set<String> = [device.name]
    let sheets = try deviceNames().compactMap(Device.builtIn(named:))
      .filter { seen.insert($0.name).inserted }
      .sorted { device.octaves(to: $0) < device.octaves(to: $1) }
    // Of what no device measured in the type, and this one not at all, other types tell more than nothing.
    for isOfAnyType in [false, true] {
      func asked(_ op: Operator) -> Asked { Asked(op, isOfAnyType: isOfAnyType) }
      func drop(_ found: [MeasuredCurve]) {
        let told = Set(found.map { asked($0.operator) })
        missing.removeAll { told.contains(asked($0)) }
      }
      drop(own)
      for sheet in sheets where !missing.isEmpty {
        let wanted = Set(missing.map(asked))
        let found = Self.preferring(
          runtime,
          try curves(on: sheet, like: missing).filter { wanted.contains(asked($0.operator)) })
        guard !found.isEmpty else { continue }
        relatives.append(RelativeCurves(device: sheet, curves: found))
        drop(found)
      }
    }
    let curves = own + relatives.flatMap(\.curves)
    if let runtime, curves.measured(by: runtime).isEmpty {
      throw .noRuntime(
        path: path, name: runtime, device: device.name, known: Set(curves.map(\.runtime)).sorted())
    }
    return (own, relatives)
  }

  /// Without what other software measured of the kinds and types that one measured.
  private static func preferring(_ runtime: String?, _ curves: [MeasuredCurve]) -> [MeasuredCurve] {
    guard let runtime else { return curves }
    let runtimes = Dictionary(grouping: curves) { Asked($0.operator) }
      .mapValues { Set($0.measured(by: runtime).map(\.runtime)) }
    return curves.filter { curve in
      let found = runtimes[Asked(curve.operator)] ?? []
      return found.isEmpty || found.contains(curve.runtime)
    }
  }
}

/// What is sought on one device after the other: a kind, and a type unless types tell of each other.
private struct Asked: Hashable {
  let kind: OperatorKind
  let dataType: DataType?

  init(_ op: Operator, isOfAnyType: Bool = false) {
    kind = op.kind
    dataType = isOfAnyType || op.kind.poolsTypes ? nil : op.dataType
  }
}
