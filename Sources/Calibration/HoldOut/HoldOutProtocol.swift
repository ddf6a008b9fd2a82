internal import CostModel
internal import OperatorStore
internal import Operators

/// Which measurements are kept from a cost model to be predicted from the others.
///
/// Three questions that a user may have of a table: a point that was not measured among others that
/// were, a size between two measured ones, an operator of which nothing was measured. And one of a
/// database: a kind of operator that was measured on other devices alone.
public enum HoldOutProtocol: String, CaseIterable, Sendable, Hashable {
  /// A fifth of all points, at random.
  case points
  /// Every second size along each curve's longest axis, its first and last left in.
  case sizes
  /// A fifth of all curves, whole; of decode attention a curve is one number of sequences.
  case curves
  /// A whole kind, predicted from other devices.
  case devices

  /// Those that need one device only.
  public static let withinDevice: [HoldOutProtocol] = [.points, .sizes, .curves]

  /// Divides measured curves, each already of one region, into what a model may see and what it is
  /// judged on. The same curves give the same division.
  func divide(_ curves: [MeasuredCurve], seed: UInt64) -> HeldOut {
    var divided = HeldOut()
    for curve in curves {
      let isHeld = holder(of: curve, seed)
      var kept = curve
      kept.samples = []
      for sample in curve.samples {
        if isHeld(sample.point) {
          divided.held.append((curve, sample))
        } else {
          kept.samples.append(sample)
        }
      }
      if !kept.samples.isEmpty { divided.kept.append(kept) }
    }
    return divided
  }

  /// Whether a point of a curve is held out.
  private func holder(of curve: MeasuredCurve, _ seed: UInt64) -> (AxisPoint) -> Bool {
    // Where types tell of each other, a curve is held out in all of them.
    var op = curve.operator
    if op.kind.poolsTypes { op.dataType = nil }
    let name = "\(op) \(curve.runtime)"
    switch self {
    case .devices:
      return { _ in true }
    case .points:
      return { point in Self.isChosen("\(name) \(point.values)", seed) }
    case .curves:
      return { point in
        Self.isChosen(point[0] == 0 ? "\(name) \(point[2])" : name, seed)
      }
    case .sizes:
      let points = curve.samples.map(\.point)
      func distinct(_ axis: Int) -> [Int] { Set(points.map { $0[axis] }).sorted() }
      // The length of the decodes, else whatever varies most.
      let axes = points.contains { $0[0] == 0 } ? [3] : Array(curve.operator.kind.axes.indices)
      let axis = axes.max { distinct($0).count < distinct($1).count } ?? 0
      var places: [[Int]: [Int]] = [:]
      func others(_ point: AxisPoint) -> [Int] { (0..<5).map { $0 == axis ? 0 : point[$0] } }
      for point in points { places[others(point), default: []].append(point[axis]) }
      let held = places.mapValues { values in
        let sorted = Set(values).sorted()
        return Set(
          sorted.indices.filter { $0 % 2 == 1 && $0 < sorted.count - 1 }.map { sorted[$0] })
      }
      return { point in held[others(point)]?.contains(point[axis]) ?? false }
    }
  }

  /// One name in five, as FNV-1a and a finaliser of SplitMix64 scatter them.
  private static func isChosen(_ name: String, _ seed: UInt64) -> Bool {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return SplitMix64.mixed(hash) % 5 == 0
  }
}

/// Curves without what was held out, and that.
struct HeldOut {
  var kept: [MeasuredCurve] = []
  var held: [(curve: MeasuredCurve, sample: MeasuredSample)] = []
}
