package import Operators
package import Replay

/// The figures that replays of logs and of scenarios have in common.
package protocol RunSummary {
  /// Requests that arrived and count.
  var requests: Int { get }
  /// Those that ended as they should.
  var finished: Int { get }
  /// Whether the replay was stopped before its end.
  var isCut: Bool { get }
  /// First arrival to the end of the last.
  var makespan: Nanoseconds { get }
  /// Finished requests, and their generated tokens, for each second of the makespan.
  var requestsPerSecond: Double { get }
  var outputTokensPerSecond: Double { get }
  /// Latencies; nil where no request has any.
  var timeToFirstToken: LatencyStatistics? { get }
  var timePerOutputToken: LatencyStatistics? { get }
  var interTokenLatency: LatencyStatistics? { get }
  var endToEnd: LatencyStatistics? { get }
}

extension RunSummary {
  /// The statistics of a latency; nil where no request has any.
  package func statistics(_ metric: LatencyMetric) -> LatencyStatistics? {
    switch metric {
    case .timeToFirstToken: timeToFirstToken
    case .timePerOutputToken: timePerOutputToken
    case .endToEnd: endToEnd
    }
  }
}

extension ReplaySummary: RunSummary {}
extension PipelineSummary: RunSummary {}
