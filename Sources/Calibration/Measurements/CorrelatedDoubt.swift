import CostModel
import Foundation
import Operators

/// The joint doubt about one operator's points, and what measuring one of them does to it.
///
/// The errors of two points are correlated by exp(-d) for points d octaves apart. Where the
/// operator has no curve, three quarters of their variance come from the borrowed ratio, which is
/// one and the same along the curve: that part is correlated by exp(-d/8). Both are sums of products
/// of exponential kernels along the axes, and so the matrix is positive semidefinite.
///
/// A measurement conditions the matrix on one observation (a Gaussian process with this kernel):
/// the errors are then told by what is left.
struct CorrelatedDoubt {
  /// The points, in order.
  let demands: [OperatorDemand]
  /// Covariances of relative errors, row by row.
  private var covariance: [Double]
  /// The covariance of each relative error with the time of all points, in nanoseconds.
  private(set) var withTotal: [Double]
  private var isMeasured: [Bool]

  /// A measurement leaves this relative error: repeated ones differ by 2 to 3 %.
  static let errorOfMeasurement = 0.02
  /// Part of the variance that is common to a curve which is not there.
  private static let borrowedPart = 0.75
  /// Octaves over which that part is the same, about.
  private static let borrowedOctaves = 8.0

  /// Creates the doubt before anything is measured.
  ///
  /// - Complexity: O(*n*²).
  init(_ demands: [OperatorDemand]) {
    self.demands = demands
    let count = demands.count
    isMeasured = demands.map { !$0.isCandidate }
    covariance = [Double](repeating: 0, count: count * count)
    withTotal = [Double](repeating: 0, count: count)
    for row in 0..<count {
      for column in 0..<count {
        let value = Self.covariance(demands[row], demands[column])
        covariance[row * count + column] = value
        withTotal[row] += value * demands[column].nanoseconds
      }
    }
  }

  /// The variance of the time of all points, in nanoseconds squared.
  var variance: Double {
    max(0, zip(demands, withTotal).reduce(0) { $0 + $1.0.nanoseconds * $1.1 })
  }

  /// By how much a measurement of a point lowers ``variance``; 0 for one that is measured.
  func reduction(measuring index: Int) -> Double {
    guard !isMeasured[index] else { return 0 }
    let own = covariance[index * demands.count + index]
    let seen = own + Self.errorOfMeasurement * Self.errorOfMeasurement
    return withTotal[index] * withTotal[index] / seen
  }

  /// The index of the best point to measure, the first of equals, and what it lowers.
  func best() -> (index: Int, reduction: Double)? {
    var best: (index: Int, reduction: Double)?
    for index in demands.indices {
      let reduction = reduction(measuring: index)
      if reduction > best?.reduction ?? 0 { best = (index, reduction) }
    }
    return best
  }

  /// Conditions all doubts on a measurement of a point.
  ///
  /// - Complexity: O(*n*²).
  mutating func measure(_ index: Int) {
    let count = demands.count
    let row = Array(covariance[index * count..<(index + 1) * count])
    let seen = row[index] + Self.errorOfMeasurement * Self.errorOfMeasurement
    let total = withTotal[index]
    for left in 0..<count {
      let factor = row[left] / seen
      for right in 0..<count { covariance[left * count + right] -= factor * row[right] }
      withTotal[left] -= factor * total
    }
    isMeasured[index] = true
  }

  /// The time of all points that a point tells of, each by its correlation, in nanoseconds.
  func timeInformed(by index: Int) -> Double {
    let own = Self.covariance(demands[index], demands[index]).squareRoot()
    guard own > 0 else { return demands[index].nanoseconds }
    return demands.reduce(0) { sum, other in
      let doubt = own * other.relativeError
      guard doubt > 0 else { return sum }
      return sum + other.nanoseconds * Self.covariance(demands[index], other) / doubt
    }
  }

  private static func covariance(_ left: OperatorDemand, _ right: OperatorDemand) -> Double {
    let octaves = left.point.octaves(to: right.point)
    let (first, second) = (commonPart(left), commonPart(right))
    let local = ((1 - first) * (1 - second)).squareRoot() * exp(-octaves)
    let common = (first * second).squareRoot() * exp(-octaves / borrowedOctaves)
    return left.relativeError * right.relativeError * (local + common)
  }

  private static func commonPart(_ demand: OperatorDemand) -> Double {
    demand.evidence >= .borrowed ? borrowedPart : 0
  }
}
