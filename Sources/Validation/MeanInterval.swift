import Foundation

/// Student's t: the quantile that makes a two-sided interval of 95 %.
///
/// - Parameter degrees: Degrees of freedom, at least 1; between rows of the table the quantile's logarithm is
///   taken as linear in 1/degrees, which is right to 3 % below two degrees and to 0.2 % from there on.
/// - Source: the usual tables of the t distribution at 0.975.
func studentQuantile95(degrees: Double) -> Double {
  let table: [(degrees: Double, quantile: Double)] = [
    (1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (6, 2.447), (7, 2.365),
    (8, 2.306), (9, 2.262), (10, 2.228), (12, 2.179), (15, 2.131), (20, 2.086), (30, 2.042),
    (60, 2.000), (120, 1.980), (.infinity, 1.960),
  ]
  let degrees = max(1, degrees)
  let upper = table.firstIndex { $0.degrees >= degrees } ?? table.count - 1
  guard upper > 0 else { return table[0].quantile }
  let (low, high) = (table[upper - 1], table[upper])
  let share = (1 / low.degrees - 1 / degrees) / (1 / low.degrees - 1 / high.degrees)
  return low.quantile * exp(share * log(high.quantile / low.quantile))
}

/// A mean, and how far the true one may be from it.
public struct MeanInterval: Sendable, Hashable {
  /// The mean.
  public var mean: Double
  /// Half the width of its 95 % interval; nil of a single value.
  public var halfWidth: Double?

  /// The mean of independent values, by Student's t; nil of none.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let count = Double(values.count)
    mean = values.reduce(0, +) / count
    guard values.count > 1 else { return }
    let error = (variance(values, around: mean) / count).squareRoot()
    halfWidth = studentQuantile95(degrees: count - 1) * error
  }

  /// The difference of two means.
  ///
  /// - Parameter paired: whether values of one place belong together (as of one seed), which takes what they
  ///   share out of the doubt; otherwise Welch's interval, which lets the sides scatter differently.
  public static func difference(
    of values: [Double], from others: [Double], paired: Bool
  ) -> MeanInterval? {
    if paired, values.count == others.count {
      return MeanInterval(zip(values, others).map { $0 - $1 })
    }
    guard let left = MeanInterval(values), let right = MeanInterval(others) else { return nil }
    var difference = MeanInterval(mean: left.mean - right.mean)
    guard values.count > 1, others.count > 1 else { return difference }
    let parts = [
      variance(values, around: left.mean) / Double(values.count),
      variance(others, around: right.mean) / Double(others.count),
    ]
    let sum = parts[0] + parts[1]
    guard sum > 0 else {
      difference.halfWidth = 0
      return difference
    }
    // Welch and Satterthwaite's degrees of freedom.
    let degrees =
      sum * sum
      / (parts[0] * parts[0] / Double(values.count - 1)
        + parts[1] * parts[1] / Double(others.count - 1))
    difference.halfWidth = studentQuantile95(degrees: degrees) * sum.squareRoot()
    return difference
  }

  private init(mean: Double) { self.mean = mean }
}

/// The unbiased variance of two or more values.
private func variance(_ values: [Double], around mean: Double) -> Double {
  values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
}
