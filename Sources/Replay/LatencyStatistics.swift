public import Operators

/// What a distribution of latencies is reduced to. Raw values are the names in files.
public enum LatencyStatistic: String, CaseIterable, Codable, Sendable, Hashable {
  /// The arithmetic mean.
  case mean
  /// The median.
  case p50
  /// Nine in ten are at most this.
  case p90
  /// 19 in 20 are at most this.
  case p95
  /// 99 in 100 are at most this.
  case p99

  /// The quantile between 0 and 1, or nil for the mean.
  public var quantile: Double? {
    switch self {
    case .mean: nil
    case .p50: 0.5
    case .p90: 0.9
    case .p95: 0.95
    case .p99: 0.99
    }
  }
}

/// Mean and percentiles of some latencies, in whole nanoseconds.
///
/// Percentiles interpolate linearly between the closest ranks: with n sorted values, quantile q
/// lies at rank q · (n − 1), counted from 0. NumPy's default does the same (Hyndman and Fan's
/// type 7).
public struct LatencyStatistics: Sendable, Hashable {
  /// How percentiles are taken, in the words that files carry.
  public static let percentileMethod = "linear interpolation between closest ranks"

  /// How many values there were; at least 1.
  public var count: Int
  /// The arithmetic mean.
  public var mean: Nanoseconds
  /// The median.
  public var p50: Nanoseconds
  /// Nine in ten are at most this.
  public var p90: Nanoseconds
  /// 19 in 20 are at most this.
  public var p95: Nanoseconds
  /// 99 in 100 are at most this.
  public var p99: Nanoseconds
  /// The largest.
  public var maximum: Nanoseconds

  /// Creates statistics from their values.
  init(
    count: Int, mean: Nanoseconds, p50: Nanoseconds, p90: Nanoseconds, p95: Nanoseconds,
    p99: Nanoseconds, maximum: Nanoseconds
  ) {
    self.count = count
    self.mean = mean
    self.p50 = p50
    self.p90 = p90
    self.p95 = p95
    self.p99 = p99
    self.maximum = maximum
  }

  /// Reduces latencies in any order; nil when there are none.
  ///
  /// - Complexity: O(n log n).
  public init?(_ values: [Nanoseconds]) {
    let sorted = values.sorted()
    guard let last = sorted.last else { return nil }
    count = sorted.count
    maximum = last
    let sum = values.reduce(0.0) { $0 + Double($1.rawValue) }
    mean = Nanoseconds(rounding: sum / Double(values.count))
    p50 = Self.quantile(0.5, ofSorted: sorted)
    p90 = Self.quantile(0.9, ofSorted: sorted)
    p95 = Self.quantile(0.95, ofSorted: sorted)
    p99 = Self.quantile(0.99, ofSorted: sorted)
  }

  /// One of the statistics.
  public subscript(statistic: LatencyStatistic) -> Nanoseconds {
    switch statistic {
    case .mean: mean
    case .p50: p50
    case .p90: p90
    case .p95: p95
    case .p99: p99
    }
  }

  /// The quantile `q`, between 0 and 1, of values in ascending order; zero when there are none.
  public static func quantile(_ q: Double, ofSorted sorted: [Nanoseconds]) -> Nanoseconds {
    guard let last = sorted.last else { return .zero }
    let rank = min(max(q, 0), 1) * Double(sorted.count - 1)
    let lower = Int(rank)
    guard lower + 1 < sorted.count else { return last }
    let step = Double((sorted[lower + 1] - sorted[lower]).rawValue)
    return sorted[lower] + Nanoseconds(rounding: step * (rank - Double(lower)))
  }
}

extension LatencyStatistics: Codable {
  private enum CodingKeys: String, CodingKey {
    case count
    case mean = "mean_ns"
    case p50 = "p50_ns"
    case p90 = "p90_ns"
    case p95 = "p95_ns"
    case p99 = "p99_ns"
    case maximum = "max_ns"
  }
}
