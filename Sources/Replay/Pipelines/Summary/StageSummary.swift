import Histogram
public import Operators
import Scenarios

/// A pipeline and its stages.
public struct PipelineStages: Sendable, Hashable, Codable {
  /// The pipeline's name.
  public var name: String
  /// Requests that finished on it.
  public var finished: Int
  /// Sending to first token; nil where no request has one, as are those below.
  public var timeToFirstToken: LatencyStatistics?
  /// Time per output token.
  public var timePerOutputToken: LatencyStatistics?
  /// Sending to end.
  public var endToEnd: LatencyStatistics?
  /// Its stages, in its order.
  public var stages: [StageSummary]

  private enum CodingKeys: String, CodingKey {
    case name, finished, stages
    case timeToFirstToken = "ttft"
    case timePerOutputToken = "tpot"
    case endToEnd = "end_to_end"
  }

  init(_ pipeline: StagePipeline, _ totals: [StageTotals], _ latencies: PipelineLatencies) {
    timeToFirstToken = latencies.timeToFirstToken.statistics
    timePerOutputToken = latencies.timePerOutputToken.statistics
    endToEnd = latencies.endToEnd.statistics
    name = pipeline.name
    finished = totals.first.map { $0.served + $0.skipped } ?? 0
    stages = zip(pipeline.stages, totals).map { StageSummary($0, $1) }
  }
}

/// What a stage took, of finished requests that it was done for.
public struct StageSummary: Sendable, Hashable, Codable {
  /// Its name.
  public var name: String
  /// The pool that serves it.
  public var pool: String
  /// Requests that it was done for.
  public var served: Int
  /// Requests that it was not for.
  public var skipped: Int
  /// Mean time that bytes were on their way; nil where it served nobody, as are those below.
  public var meanTransfer: Nanoseconds?
  /// Mean time of waiting on an engine, or for one.
  public var meanQueue: Nanoseconds?
  /// Mean time of service.
  public var meanService: Nanoseconds?
  /// Requests whose blocks a `prefetch` brought meanwhile; nil for none, as are those below.
  public var prefetched: Int?
  /// Of these, mean time in which the engine would have begun, had the blocks been there.
  public var meanFetchWait: Nanoseconds?
  /// Of these, mean time that the blocks were on their way while the request waited for something else.
  public var meanFetchHidden: Nanoseconds?
  /// Quantiles of the whole, from the end of what was before to its own.
  public var p50: Nanoseconds?
  /// See ``p50``.
  public var p90: Nanoseconds?
  /// See ``p50``.
  public var p99: Nanoseconds?

  private enum CodingKeys: String, CodingKey {
    case name, pool, served, skipped, prefetched
    case meanTransfer = "mean_transfer_ns"
    case meanQueue = "mean_queue_ns"
    case meanService = "mean_service_ns"
    case meanFetchWait = "mean_fetch_wait_ns"
    case meanFetchHidden = "mean_fetch_hidden_ns"
    case p50 = "p50_ns"
    case p90 = "p90_ns"
    case p99 = "p99_ns"
  }

  init(_ stage: Stage, _ totals: StageTotals) {
    name = stage.name
    pool = stage.pool
    served = totals.served
    skipped = totals.skipped
    guard served > 0 else { return }
    func mean(_ sum: Double) -> Nanoseconds { Nanoseconds(rounding: sum / Double(totals.served)) }
    func percentile(_ percent: Double) -> Nanoseconds {
      Nanoseconds(Int64(clamping: totals.durations.valueAtPercentile(percent)))
    }
    meanTransfer = mean(totals.transferTime)
    meanQueue = mean(totals.queueTime)
    meanService = mean(totals.serviceTime)
    if totals.prefetched > 0 {
      prefetched = totals.prefetched
      let count = Double(totals.prefetched)
      meanFetchWait = Nanoseconds(rounding: totals.fetchWait / count)
      meanFetchHidden = Nanoseconds(rounding: totals.fetchHidden / count)
    }
    (p50, p90, p99) = (percentile(50), percentile(90), percentile(99))
  }
}
