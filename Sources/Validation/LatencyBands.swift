public import CostModel
public import Operators
public import Replay

/// What the doubt of step times makes of a replay's latencies: an interval for each statistic of each
/// metric.
///
/// The same requests are replayed with every step at the low and at the high end of its 90 % interval,
/// so that queues that feed on slow steps grow as they would. That takes all steps to err the same way,
/// as they are priced from the same curves; a step's own error is the root of the sum of squares over
/// families of operators. Host time is taken as fitted, the scheduler as exact, and the machine as
/// steady as when it was measured: nothing else is in the bands.
public struct LatencyBands: Sendable, Hashable, Codable {
  /// A statistic and where it lies.
  public struct Band: Sendable, Hashable, Codable {
    /// Which statistic.
    public var statistic: LatencyStatistic
    /// The least.
    public var low: Nanoseconds
    /// What the replay itself gives.
    public var replayed: Nanoseconds
    /// The most.
    public var high: Nanoseconds

    /// Whether a time lies inside.
    public func contains(_ time: Nanoseconds) -> Bool { low <= time && time <= high }

    private enum CodingKeys: String, CodingKey {
      case statistic
      case low = "low_ns"
      case replayed = "replayed_ns"
      case high = "high_ns"
    }
  }

  /// The bands of one metric.
  public struct Metric: Sendable, Hashable, Codable {
    /// Which metric.
    public var metric: LatencyMetric
    /// One band for each of ``LatencyBands/statistics``.
    public var bands: [Band]

    private enum CodingKeys: String, CodingKey {
      case metric
      case bands = "statistics"
    }
  }

  /// How many measured statistics there were, and how many of them inside their bands.
  public struct Measured: Sendable, Hashable, Codable {
    /// Measured statistics.
    public var figures: Int
    /// Those inside.
    public var inside: Int
  }

  /// The statistics that have bands.
  public static let statistics: [LatencyStatistic] = [.mean, .p50, .p99]
  /// The probability of a band, if steps err as they are said to.
  public static let probability = 0.9
  /// Half of that interval, in standard errors of a step.
  public static let standardErrors = 1.645

  /// The metrics that any request has.
  public var metrics: [Metric]
  /// How the bands compare with what the log measured, if it did.
  public var measured: Measured?

  /// Puts three replays of the same requests together.
  ///
  /// - Parameters:
  ///   - nominal: with the predicted step times.
  ///   - low: with short ones.
  ///   - high: with long ones.
  public init(_ nominal: ReplaySummary, low: ReplaySummary, high: ReplaySummary) {
    metrics = LatencyMetric.allCases.compactMap { metric in
      guard let middle = nominal.statistics(metric) else { return nil }
      let ends = [low, high].compactMap { $0.statistics(metric) } + [middle]
      return Metric(
        metric: metric,
        bands: Self.statistics.map { statistic in
          // A schedule may turn so that faster steps make one request wait longer.
          let times = ends.map { $0[statistic] }
          return Band(
            statistic: statistic, low: times.min() ?? middle[statistic],
            replayed: middle[statistic], high: times.max() ?? middle[statistic])
        })
    }
  }

  /// Replays requests at both ends of the doubt.
  ///
  /// - Parameters:
  ///   - nominal: the summary of the simulation's own run of the requests.
  ///   - simulation: what gave it.
  /// - Complexity: two replays.
  public init<Pricing: StepPricing>(
    _ nominal: ReplaySummary, of simulation: Simulation<Pricing>, _ requests: RequestTable
  ) throws(ReplayError) {
    func summary(_ shift: Double) throws(ReplayError) -> ReplaySummary {
      var options = simulation.options
      options.recordsSteps = false
      let shifted = try Simulation(
        deployment: simulation.deployment,
        pricings: simulation.pricings.map { $0.shifted(by: shift) }, options: options)
      return ReplaySummary(shifted.run(requests), warmUp: options.warmUp)
    }
    self.init(
      nominal, low: try summary(-Self.standardErrors), high: try summary(Self.standardErrors))
  }

  /// Counts the measured statistics that lie inside.
  public mutating func hold(against validation: Validation) {
    var measured = Measured(figures: 0, inside: 0)
    for metric in metrics {
      for band in metric.bands {
        guard let row = validation[metric.metric]?[band.statistic] else { continue }
        measured.figures += 1
        measured.inside += band.contains(row.measured) ? 1 : 0
      }
    }
    self.measured = measured.figures > 0 ? measured : nil
  }

  /// The bands of a metric.
  public subscript(metric: LatencyMetric) -> [Band] {
    metrics.first { $0.metric == metric }?.bands ?? []
  }
}
