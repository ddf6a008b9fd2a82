/// The ratio of a predicted time to an anchor.
struct GridValue: Sendable {
  var ratio: Double
  /// Relative standard errors (``FittedCurve/Estimate/errors``).
  var errors: SIMD2<Double>
  /// What the ratio rests on.
  var evidence: Evidence
}

/// What a field predicts at the points of a grid, interpolated between: the logarithm of the ratio to
/// the anchor, over up to two sizes and their logarithms.
///
/// Its points are close enough for lines between them. Outside the grid the ratio is held.
struct RatioGrid: Sendable {
  /// A grid point whose ratio was predicted, or measured.
  struct Knot {
    /// Relative standard errors: beside the knot, and at it.
    fileprivate var errors: SIMD2<Double>
    let logRatio: Double
    let evidence: Evidence

    /// - Parameter error: relative standard error.
    init(logRatio: Double, error: Double, evidence: Evidence) {
      self.errors = SIMD2(repeating: error)
      self.logRatio = logRatio
      self.evidence = evidence
    }
  }

  /// Sorted coordinates along each axis.
  private let axes: [[Double]]
  /// The last axis fastest.
  private let knots: [Knot]

  /// Creates a grid.
  ///
  /// What lies beside a measured knot is doubted as the knots around it that were not measured: kernels change from one
  /// size to the next, so that doubt does not grow from a measured point's but begins above it.
  ///
  /// - Parameters:
  ///   - axes: sorted sizes along one or two axes.
  ///   - knots: one for each point of the grid, the last axis fastest.
  init(axes: [[Int]], knots: [Knot]) {
    self.axes = axes.map { $0.map { logCoordinate(Double($0)) } }
    var doubted = knots
    var stride = 1
    for sizes in axes.reversed() {
      for cell in knots.indices where knots[cell].evidence == .measured {
        let place = cell / stride % sizes.count
        let around =
          (place > 0 ? [knots[cell - stride]] : [])
          + (place < sizes.count - 1 ? [knots[cell + stride]] : [])
        for other in around {
          doubted[cell].errors[0] = max(doubted[cell].errors[0], other.errors[1])
        }
      }
      stride *= sizes.count
    }
    self.knots = doubted
  }

  /// The ratio at a place, given by one size an axis.
  func value(at place: SIMD4<Double>) -> GridValue {
    var lower = SIMD4<Int>.zero
    var fraction = SIMD4<Double>.zero
    var outside = 0.0
    for axis in axes.indices {
      let values = axes[axis]
      let wanted = logCoordinate(place[axis])
      (lower[axis], fraction[axis]) = position(of: wanted, in: values)
      outside += max(0, values[0] - wanted) + max(0, wanted - values[values.count - 1])
    }
    let isKnot = fraction == .zero && outside == 0
    var (logRatio, errors) = (0.0, SIMD2<Double>.zero)
    var evidence = Evidence.measured
    for corner in 0..<(1 << axes.count) {
      var weight = 1.0
      var cell = 0
      for axis in axes.indices {
        let upper = corner >> axis & 1
        weight *= upper == 1 ? fraction[axis] : 1 - fraction[axis]
        cell = cell * axes[axis].count + min(lower[axis] + upper, axes[axis].count - 1)
      }
      guard weight > 0 else { continue }
      let knot = knots[cell]
      logRatio += weight * knot.logRatio
      errors += weight * knot.errors
      evidence = max(evidence, knot.evidence)
    }
    if isKnot { errors[0] = errors[1] }
    // Beyond the grid doubt grows with the distance.
    let beyond = 0.15 * outside / logarithm(2)
    let own: Evidence = outside > 0 ? .extrapolated : isKnot ? .measured : .interpolated
    return GridValue(
      ratio: exponential(logRatio),
      errors: (errors * errors + SIMD2(repeating: beyond * beyond)).squareRoot(),
      evidence: max(own, evidence))
  }

  /// The sizes of knots around `size` along the first axis, for explanations.
  func neighbours(of size: Double) -> (below: Double?, above: Double?) {
    let coordinate = logCoordinate(size)
    func opened(_ coordinate: Double) -> Double { exponential(coordinate) - 1 }
    return (
      axes[0].last { $0 <= coordinate }.map(opened),
      axes[0].first { $0 > coordinate }.map(opened)
    )
  }
}
