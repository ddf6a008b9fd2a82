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

  /// Sorted coordinates along the first axis, and along the second, if there is one.
  private let rows: [Double]
  private let columns: [Double]
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
    self.rows = axes[0].map { logCoordinate(Double($0)) }
    self.columns = axes.count > 1 ? axes[1].map { logCoordinate(Double($0)) } : []
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
    let row = Place(place[0], in: rows)
    let column = columns.count > 1 ? Place(place[1], in: columns) : Place()
    let width = max(1, columns.count)
    let (low, high) = (row.low * width, row.high * width)
    let corners = (
      knots[low + column.low], knots[low + column.high],
      knots[high + column.low], knots[high + column.high]
    )
    let weights = (
      (1 - row.fraction) * (1 - column.fraction), (1 - row.fraction) * column.fraction,
      row.fraction * (1 - column.fraction), row.fraction * column.fraction
    )
    let logRatio =
      weights.0 * corners.0.logRatio + weights.1 * corners.1.logRatio
      + (weights.2 * corners.2.logRatio + weights.3 * corners.3.logRatio)
    var errors =
      weights.0 * corners.0.errors + weights.1 * corners.1.errors
      + (weights.2 * corners.2.errors + weights.3 * corners.3.errors)
    let evidence = max(
      max(corners.0.evidence, corners.1.evidence), max(corners.2.evidence, corners.3.evidence))
    let outside = row.outside + column.outside
    let isKnot = row.fraction == 0 && column.fraction == 0 && outside == 0
    if isKnot { errors[0] = errors[1] }
    if outside > 0 {
      // Beyond the grid doubt grows with the distance.
      let beyond = 0.15 * outside / logarithm(2)
      errors = (errors * errors + SIMD2(repeating: beyond * beyond)).squareRoot()
    }
    let own: Evidence = outside > 0 ? .extrapolated : isKnot ? .measured : .interpolated
    return GridValue(
      ratio: exponential(logRatio), errors: errors, evidence: max(own, evidence))
  }

  /// Where a size lies along an axis: between which knots, at which part of the way; at one if on it, or outside.
  private struct Place {
    var low = 0
    var high = 0
    var fraction = 0.0
    /// How far it is from the nearest knot, beyond the ends.
    var outside = 0.0

    init() {}

    init(_ size: Double, in knots: [Double]) {
      let wanted = logCoordinate(size)
      (low, fraction) = position(of: wanted, in: knots)
      high = fraction > 0 ? low + 1 : low
      outside = max(0, knots[0] - wanted) + max(0, wanted - knots[knots.count - 1])
    }
  }

  /// The sizes of knots around `size` along the first axis, for explanations.
  func neighbours(of size: Double) -> (below: Double?, above: Double?) {
    let coordinate = logCoordinate(size)
    func opened(_ coordinate: Double) -> Double { exponential(coordinate) - 1 }
    return (
      rows.last { $0 <= coordinate }.map(opened),
      rows.first { $0 > coordinate }.map(opened)
    )
  }
}
