import CostModel
import Foundation
import Operators

/// The joint doubt about one operator's points, and what measuring one of them does to it.
///
/// The variance of a point's error has three parts: one that is common to the curve and fades over some
/// octaves, one that near points share (e⁻²ᵈ for points d octaves apart), and one that is the point's
/// alone. Where the operator has no curve, most is the borrowed ratio's, and common. Each part is a sum
/// of products of exponential kernels along the axes, or a diagonal, and so the matrix is positive
/// semidefinite.
///
/// The parts are those of held-out points of products, attention and experts in tables of an H100
/// (TensorRT-LLM 1.3.0rc20), each error divided by its standard error. Within curves whose other points
/// are known, and within products of unseen sizes, two errors correlate by 0.2 to 0.4 up to a quarter of
/// an octave, 0.1 to 0.4 at a half, 0 to 0.2 at one and 0 to 0.15 beyond; where a ratio was borrowed, by
/// 0.7 to 1 up to an octave, and by some 0.3 at four. (Errors of several products at one size
/// correlate by some 0.1, which is left out.)
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
  /// The relative error that a measurement leaves.
  private let errorOfMeasurement: Double

  /// A measurement leaves this relative error at least: repeated ones differ by 2 to 3 %.
  static let leastErrorOfMeasurement = 0.02
  /// The part of the variance that is common to a curve: where its own or near points tell of it, and
  /// where it is borrowed.
  private static let common = (known: 0.1, borrowed: 0.75)
  /// Octaves over which that part fades.
  private static let commonOctaves = 4.0
  /// The part of the rest that near points share.
  private static let near = 0.4
  /// Octaves over which that part fades.
  private static let nearOctaves = 0.5

  /// Creates the doubt before anything is measured.
  ///
  /// - Parameters:
  ///   - demands: of one region.
  ///   - errorOfMeasurement: the relative error that a measurement leaves.
  /// - Complexity: O(*n*²).
  init(_ demands: [OperatorDemand], errorOfMeasurement: Double) {
    self.demands = demands
    self.errorOfMeasurement = errorOfMeasurement
    let count = demands.count
    isMeasured = demands.map { !$0.isCandidate }
    covariance = [Double](repeating: 0, count: count * count)
    withTotal = [Double](repeating: 0, count: count)
    for row in 0..<count {
      for column in 0..<count {
        var value = Self.shared(demands[row], demands[column])
        if row == column { value += Self.alone(demands[row]) * demands[row].independence }
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
    return withTotal[index] * withTotal[index] / seen(index)
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
    let seen = seen(index)
    let total = withTotal[index]
    for left in 0..<count {
      let factor = row[left] / seen
      for right in 0..<count { covariance[left * count + right] -= factor * row[right] }
      withTotal[left] -= factor * total
    }
    isMeasured[index] = true
  }

  /// The variance of what would be observed at a point: of one point, where a demand stands for several.
  private func seen(_ index: Int) -> Double {
    covariance[index * demands.count + index]
      + Self.alone(demands[index]) * (1 - demands[index].independence)
      + errorOfMeasurement * errorOfMeasurement
  }

  /// The time of all points that a point tells of, each by its correlation, in nanoseconds.
  func timeInformed(by index: Int) -> Double {
    let own = demands[index].relativeError
    guard own > 0 else { return demands[index].nanoseconds }
    var sum = demands[index].nanoseconds
    for (place, other) in demands.enumerated() where place != index && other.relativeError > 0 {
      sum +=
        other.nanoseconds * Self.shared(demands[index], other) / (own * other.relativeError)
    }
    return sum
  }

  /// The covariance of two points' errors, but for what is a point's alone.
  private static func shared(_ left: OperatorDemand, _ right: OperatorDemand) -> Double {
    let octaves = left.point.octaves(to: right.point)
    let (first, second) = (commonPart(left), commonPart(right))
    let common = (first * second).squareRoot() * exp(-octaves / commonOctaves)
    let near =
      ((1 - first) * (1 - second)).squareRoot() * Self.near * exp(-octaves / nearOctaves)
    return left.relativeError * right.relativeError * (common + near)
  }

  /// The variance that is a point's alone.
  private static func alone(_ demand: OperatorDemand) -> Double {
    demand.relativeError * demand.relativeError * (1 - commonPart(demand)) * (1 - near)
  }

  private static func commonPart(_ demand: OperatorDemand) -> Double {
    demand.evidence >= .borrowed ? common.borrowed : common.known
  }
}
