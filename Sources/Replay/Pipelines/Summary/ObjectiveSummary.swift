public import Operators
import Scenarios

/// How the latencies of a replay stand to a scenario's objectives.
///
/// A request that was rejected, turned away, or never ended is later than all others, as in a search over designs.
public struct ObjectiveSummary: Sendable, Hashable, Codable {
  /// One limit.
  public struct Check: Sendable, Hashable, Codable {
    /// What is held against it.
    public var metric: PipelineSummary.Metric
    /// Which quantile of it.
    public var quantile: Double
    /// The most that it may be.
    public var limit: Nanoseconds
    /// What it is; nil where no request has any, and where it is of one that did not finish.
    public var value: Nanoseconds?
    /// Whether it is at most the limit; where no request has any, it is.
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
      _ latencies: LatencyRecord, beside lost: Int
    ) -> [Check] {
      zip(LatencyObjectives.quantiles, factors).map { quantile, factor in
        let limit = Nanoseconds(rounding: 1e6 * base * factor)
        let value = latencies.quantile(quantile, beside: lost)
        return Check(
          metric: metric, quantile: quantile, limit: limit, value: value,
          holds: value.map { $0 <= limit } ?? (latencies.count + lost == 0))
      }
    }
    let all =
      checks(
        .timeToFirstToken, objectives.timeToFirstToken, objectives.firstTokenFactors,
        result.timeToFirstToken, beside: result.unanswered)
      + checks(
        .timePerOutputToken, objectives.timePerOutputToken, objectives.outputTokenFactors,
        result.timePerOutputToken, beside: result.unansweredGaps)
    self.checks = all
    holds = result.finished > 0 && all.allSatisfy(\.holds)
    within = result.withinObjectives
    attainment = result.arrivals > 0 ? Double(within) / Double(result.arrivals) : 0
    goodput = result.makespan > .zero ? Double(within) / result.makespan.seconds : 0
  }
}
