/// A measured point: an operator, its sizes, and the distribution of its durations.
public struct OperatorSample: Sendable, Hashable {
  /// What ran.
  public var `operator`: Operator
  /// At which sizes.
  public var point: AxisPoint
  /// The profiler's own words for it, such as `aten::mm [[8944,1024],[1024,2816]]`.
  public var label: String
  /// How long it took.
  public var duration: DurationStatistics

  /// Creates a sample.
  public init(
    _ operator: Operator, at point: AxisPoint, label: String, duration: DurationStatistics
  ) {
    self.operator = `operator`
    self.point = point
    self.label = label
    self.duration = duration
  }
}

/// The distribution of repeated measurements of one duration, in nanoseconds.
public struct DurationStatistics: Sendable, Hashable {
  /// How many measurements there were; at least 1.
  public var count: Int
  /// The shortest.
  public var minimum: Double
  /// The median, or the mean where the source gives no median.
  public var median: Double
  /// The mean.
  public var mean: Double
  /// The population standard deviation; zero for a single measurement.
  public var deviation: Double

  /// Creates statistics from their values.
  public init(count: Int, minimum: Double, median: Double, mean: Double, deviation: Double) {
    self.count = count
    self.minimum = minimum
    self.median = median
    self.mean = mean
    self.deviation = deviation
  }

  /// Statistics of a duration known only as one number, such as a published mean of `count`.
  public init(mean: Double, count: Int = 1) {
    self.init(count: count, minimum: mean, median: mean, mean: mean, deviation: 0)
  }

  /// Statistics of the given durations, or nil if there are none.
  ///
  /// - Complexity: O(*n* log *n*).
  public init?(_ durations: some Collection<Int64>) {
    guard !durations.isEmpty else { return nil }
    // Sorted as an array: a generic sort is twenty times slower.
    var sorted = Array(durations)
    sorted.sort()
    let count = sorted.count
    let mean = sorted.reduce(0) { $0 + Double($1) } / Double(count)
    let variance =
      sorted.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
    let middle = count / 2
    let median =
      count % 2 == 1
      ? Double(sorted[middle]) : (Double(sorted[middle - 1]) + Double(sorted[middle])) / 2
    self.init(
      count: count, minimum: Double(sorted[0]), median: median, mean: mean,
      deviation: variance.squareRoot())
  }
}
