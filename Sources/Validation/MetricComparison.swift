public import Operators
public import Replay

/// One statistic of one metric on every side; the differences are signed and relative to measured.
public struct StatisticComparison: Sendable, Hashable {
  /// Which statistic.
  public var statistic: LatencyStatistic
  /// What the server showed.
  public var measured: Nanoseconds
  /// What the replay predicts.
  public var replayed: Nanoseconds
  /// What the same replay predicts with the roofline's step times alone, if it was run.
  public var roofline: Nanoseconds?

  /// Creates a comparison.
  public init(
    statistic: LatencyStatistic, measured: Nanoseconds, replayed: Nanoseconds,
    roofline: Nanoseconds? = nil
  ) {
    self.statistic = statistic
    self.measured = measured
    self.replayed = replayed
    self.roofline = roofline
  }

  /// 100 · (replayed − measured) ÷ measured; nil when nothing was measured to divide by.
  public var differencePercent: Double? { percentError(replayed, measured) }

  /// 100 · (roofline − measured) ÷ measured; nil without a roofline.
  public var rooflineDifferencePercent: Double? {
    roofline.flatMap { percentError($0, measured) }
  }
}

/// The errors of single requests, each against its own measurement.
public struct MatchedError: Sendable, Hashable, Codable {
  /// How many requests had a measurement above zero to divide by.
  public var count: Int
  /// Mean of |predicted − measured| ÷ measured, in percent (MAPE).
  public var meanAbsolutePercent: Double
  /// Median of the same, which single very short measurements do not move.
  public var medianAbsolutePercent: Double
  /// Mean of (predicted − measured) ÷ measured, in percent: above zero predicts too slow.
  public var biasPercent: Double

  /// Compares pairs of (predicted, measured); nil when none can be divided.
  public init?(_ pairs: [(predicted: Nanoseconds, measured: Nanoseconds)]) {
    let errors = pairs.compactMap { percentError($0.predicted, $0.measured) }
    guard !errors.isEmpty else { return nil }
    let absolute = errors.map(abs).sorted()
    count = errors.count
    meanAbsolutePercent = absolute.reduce(0, +) / Double(count)
    medianAbsolutePercent = (absolute[(count - 1) / 2] + absolute[count / 2]) / 2
    biasPercent = errors.reduce(0, +) / Double(count)
  }

  private enum CodingKeys: String, CodingKey {
    case count
    case meanAbsolutePercent = "mean_absolute_percent"
    case medianAbsolutePercent = "median_absolute_percent"
    case biasPercent = "bias_percent"
  }
}

/// One metric over the requests that every side has.
public struct MetricComparison: Sendable, Hashable, Codable {
  /// Which metric.
  public var metric: LatencyMetric
  /// The requests compared. For time per output token, those with two tokens or more.
  public var count: Int
  /// One row a statistic, in the order of ``LatencyStatistic``; none when no request compares.
  public var rows: [StatisticComparison]
  /// The replay's errors, request by request.
  public var replayError: MatchedError?
  /// The roofline's errors, request by request.
  public var rooflineError: MatchedError?

  private enum CodingKeys: String, CodingKey {
    case metric
    case count
    case rows = "statistics"
    case replayError = "replay_error"
    case rooflineError = "roofline_error"
  }

  /// The row of one statistic.
  public subscript(statistic: LatencyStatistic) -> StatisticComparison? {
    rows.first { $0.statistic == statistic }
  }

  /// Compares triples that were paired before. The roofline is told only if all have one.
  init(
    _ metric: LatencyMetric,
    _ triples: [(measured: Nanoseconds, replayed: Nanoseconds, roofline: Nanoseconds?)]
  ) {
    self.metric = metric
    count = triples.count
    let rooflineValues = triples.compactMap(\.roofline)
    let hasRoofline = rooflineValues.count == triples.count
    let roofline = hasRoofline ? LatencyStatistics(rooflineValues) : nil
    if let measured = LatencyStatistics(triples.map(\.measured)),
      let replayed = LatencyStatistics(triples.map(\.replayed))
    {
      rows = LatencyStatistic.allCases.map {
        StatisticComparison(
          statistic: $0, measured: measured[$0], replayed: replayed[$0], roofline: roofline?[$0])
      }
    } else {
      rows = []
    }
    replayError = MatchedError(triples.map { ($0.replayed, $0.measured) })
    rooflineError =
      hasRoofline
      ? MatchedError(zip(rooflineValues, triples).map { ($0, $1.measured) }) : nil
  }
}

/// 100 · (predicted − measured) ÷ measured, or nil when nothing was measured.
func percentError(_ predicted: Nanoseconds, _ measured: Nanoseconds) -> Double? {
  guard measured > .zero else { return nil }
  return Double((predicted - measured).rawValue) / Double(measured.rawValue) * 100
}
