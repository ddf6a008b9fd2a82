public import Operators
public import Replay
public import RequestLogs

/// The three latencies of one request, as a server showed them or as a replay predicts them.
///
/// Plain values, so that a validation does not depend on how a replay is run, and can be repeated
/// from files.
public struct RequestLatencies: Sendable, Hashable {
  /// The log's name for the request: what pairs the sides.
  public var id: String
  /// From arrival to the first token (TTFT); nil where only the end was measured.
  public var timeToFirstToken: Nanoseconds?
  /// Mean time of each token after the first (TPOT); nil with fewer than two tokens.
  public var timePerOutputToken: Nanoseconds?
  /// From arrival to the last token.
  public var endToEnd: Nanoseconds

  /// Creates latencies.
  public init(
    id: String, timeToFirstToken: Nanoseconds?, timePerOutputToken: Nanoseconds?,
    endToEnd: Nanoseconds
  ) {
    self.id = id
    self.timeToFirstToken = timeToFirstToken
    self.timePerOutputToken = timePerOutputToken
    self.endToEnd = endToEnd
  }

  /// What the log measured of this request; nil where it measured nothing.
  public init?(_ record: RequestRecord) {
    guard let measured = record.measured else { return nil }
    self.init(
      id: record.id, timeToFirstToken: measured.firstToken,
      timePerOutputToken: measured.timePerOutputToken(outputTokens: record.outputTokens),
      endToEnd: measured.lastToken)
  }

  /// What a replay made of the request of this name; nil unless it finished.
  public init?(_ outcome: RequestOutcome, id: String) {
    guard outcome.status == .finished else { return nil }
    self.init(
      id: id, timeToFirstToken: outcome.timeToFirstToken,
      timePerOutputToken: outcome.timePerOutputToken, endToEnd: outcome.endToEnd)
  }

  /// One of the latencies.
  public subscript(metric: LatencyMetric) -> Nanoseconds? {
    switch metric {
    case .timeToFirstToken: timeToFirstToken
    case .timePerOutputToken: timePerOutputToken
    case .endToEnd: endToEnd
    }
  }
}

/// What is compared of a request. Raw values are the names in files.
public enum LatencyMetric: String, CaseIterable, Codable, Sendable, Hashable {
  /// From arrival to the first token.
  case timeToFirstToken = "ttft"
  /// Mean time of each token after the first.
  case timePerOutputToken = "tpot"
  /// From arrival to the last token.
  case endToEnd = "end_to_end"

  /// The name that people read.
  public var title: String {
    switch self {
    case .timeToFirstToken: "TTFT"
    case .timePerOutputToken: "TPOT"
    case .endToEnd: "end-to-end"
    }
  }
}
