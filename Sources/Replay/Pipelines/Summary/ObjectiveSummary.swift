public import Operators
import Scenarios

/// How the latencies of a replay stand to a scenario's objectives.
///
/// Latencies are those of finished requests; what was turned away or had not ended has none, and shows in
/// ``attainment`` alone.
public struct ObjectiveSummary: Sendable, Hashable, Codable {
  /// One limit.
  public struct Check: Sendable, Hashable, Codable {
    /// What is held against it.
    public var metric: PipelineSummary.Metric
    /// Which quantile of it.
    public var quantile: Double
    /// The most that it may be.
    public var limit: Nanoseconds
    /// What it is; nil where no request has any.
    public var value: Nanoseconds?
    /// Whether it is at most the limit; nothing is, too.
    public var holds: Bool

    private enum CodingKeys: String, CodingKey {
      case metric, quantile, holds
      case limit = "limit_ns"
      case value = "value_ns"
    }
  }

  /// The limits: quantiles of the time to first token, then of the time per output token.
  public var checks: [Check]
  /// Whether all limits hold, and any request finished.
  public var holds: Bool
  /// Finished requests within the last limits of both latencies.
  public var within: Int
  /// These, as a share of all requests that arrived.
  public var attainment: Double
  /// These, for each second of the makespan.
  public var goodput: Double

  private enum CodingKeys: String, CodingKey {
    case checks, holds, within, attainment
    case goodput = "goodput_per_second"
  }

  /// Holds a replay against objectives.
  init(_ objectives: LatencyObjectives, _ result: PipelineResult) {
    func checks(
      _ metric: PipelineSummary.Metric, _ base: Double, _ factors: [Double],
      _ latencies: LatencyRecord
    ) -> [Check] {
      zip(LatencyObjectives.quantiles, factors).map { quantile, factor in
        let limit = Nanoseconds(rounding: 1e6 * base * factor)
        let value = latencies.quantile(quantile)
        return Check(
          metric: metric, quantile: quantile, limit: limit, value: value,
          holds: value.map { $0 <= limit } ?? true)
      }
    }
    let all =
      checks(
        .timeToFirstToken, objectives.timeToFirstToken, objectives.firstTokenFactors,
        result.timeToFirstToken)
      + checks(
        .timePerOutputToken, objectives.timePerOutputToken, objectives.outputTokenFactors,
        result.timePerOutputToken)
    self.checks = all
    holds = result.finished > 0 && all.allSatisfy(\.holds)
    within = result.withinObjectives
    attainment = result.arrivals > 0 ? Double(within) / Double(result.arrivals) : 0
    goodput = result.makespan > .zero ? Double(within) / result.makespan.seconds : 0
  }
}
