internal import Analytical
internal import Operators

/// The matrix products that one runtime measured for one data type, as a grid over `n` and `k`.
///
/// A product between four measured ones is priced from them: the logarithm of measured over
/// attainable time, linear in log n and log k, at the step's own number of tokens. On public tables of
/// an H200, with whole sites held out so that the gaps are twice as wide as they are, that errs by
/// 3 to 5 % in the mean for two runtimes' bf16 products and by 8 % for a noisier third.
struct ProductLattice: Sendable {
  private struct Site: Hashable {
    var n: Int
    var k: Int
  }

  private let dataType: DataType?
  private let sites: [Site: FittedCurve]
  /// Distinct sizes, in order.
  private let ns: [Int]
  private let ks: [Int]

  /// What interpolation between sites adds to the doubt of the curves themselves.
  private static let gapError = 0.05
  /// Sites further apart than this factor say little of what lies between.
  private static let widestGap = 4

  /// The grids of a device's products, that with the most sites first.
  static func lattices(of curves: [Operator: FittedCurve]) -> [ProductLattice] {
    struct Key: Hashable {
      var dataType: DataType?
      var runtime: String
    }
    var grids: [Key: [Site: FittedCurve]] = [:]
    for (op, curve) in curves where op.kind == .gemm && op.attributes.count == 2 {
      guard let n = op.attributes["n"], let k = op.attributes["k"], n > 0, k > 0 else { continue }
      grids[Key(dataType: op.dataType, runtime: curve.runtime), default: [:]][Site(n: n, k: k)] =
        curve
    }
    return grids.sorted {
      $0.value.count != $1.value.count
        ? $0.value.count > $1.value.count
        : ($0.key.runtime, $0.key.dataType?.rawValue ?? "")
          < ($1.key.runtime, $1.key.dataType?.rawValue ?? "")
    }.map { ProductLattice(dataType: $0.key.dataType, sites: $0.value) }
  }

  private init(dataType: DataType?, sites: [Site: FittedCurve]) {
    self.dataType = dataType
    self.sites = sites
    self.ns = Set(sites.keys.map(\.n)).sorted()
    self.ks = Set(sites.keys.map(\.k)).sorted()
  }

  /// The curves of the sites around a product with their weights, which sum to one; nil where it
  /// is no such product, lies outside, or a site beside it was not measured.
  func curves(around op: Operator) -> [(curve: FittedCurve, weight: Double)]? {
    guard op.kind == .gemm, op.attributes.count == 2, op.dataType == dataType,
      let n = op.attributes["n"], let k = op.attributes["k"],
      let first = Self.neighbours(of: n, in: ns), let second = Self.neighbours(of: k, in: ks)
    else { return nil }
    var around: [(curve: FittedCurve, weight: Double)] = []
    for (n, share) in first {
      for (k, weight) in second {
        guard let curve = sites[Site(n: n, k: k)] else { return nil }
        around.append((curve, share * weight))
      }
    }
    return around
  }

  /// The one or two values beside a size, with their weights in log space; nil outside.
  private static func neighbours(of size: Int, in values: [Int]) -> [(Int, Double)]? {
    guard let upper = values.firstIndex(where: { $0 >= size }) else { return nil }
    if values[upper] == size { return [(size, 1)] }
    guard upper > 0, values[upper] / widestGap <= values[upper - 1] else { return nil }
    let (low, high) = (values[upper - 1], values[upper])
    let fraction =
      logarithm(Double(size) / Double(low)) / logarithm(Double(high) / Double(low))
    return [(low, 1 - fraction), (high, fraction)]
  }

  /// The time of a product between sites; nil without sites.
  ///
  /// - Parameters:
  ///   - around: the sites and their weights.
  ///   - size: tokens.
  ///   - work: the work of the product asked for.
  static func estimate(
    _ around: [(curve: FittedCurve, weight: Double)], size: Double, work: OperatorWork
  ) -> FittedCurve.Estimate? {
    guard !around.isEmpty else { return nil }
    var (logTime, variance) = (0.0, gapError * gapError)
    var evidence = Evidence.interpolated
    for (curve, weight) in around {
      // The ratio of the site on the work asked for: their logarithms differ by the ratios alone.
      guard let estimate = curve.estimate(size: size, work: work) else { return nil }
      logTime += weight * logarithm(estimate.nanoseconds)
      variance += weight * estimate.error * estimate.error
      evidence = max(evidence, estimate.evidence)
    }
    return FittedCurve.Estimate(
      nanoseconds: exponential(logTime), error: variance.squareRoot(), evidence: evidence)
  }
}
