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
}

extension OperatorStore {
  /// The curves of the device most like another of which the database holds any of these operators;
  /// nil where it holds none.
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
    for sheet in sheets.sorted(by: { device.octaves(to: $0) < device.octaves(to: $1) }) {
      let curves = try self.curves(on: sheet, like: operators)
      if !curves.isEmpty { return RelativeCurves(device: sheet, curves: curves) }
    }
    return nil
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
