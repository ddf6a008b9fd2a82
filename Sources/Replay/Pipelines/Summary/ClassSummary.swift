import Operators

/// What became of the requests of one class.
public struct ClassSummary: Sendable, Hashable, Codable {
  /// Its name; nil of requests without a class, and of ``later``.
  public var name: String?
  /// True of all classes that came after the first ``ClassTotals/most``; nil of others.
  public var later: Bool?
  /// Requests that finished, were rejected or turned away.
  public var ended: Int
  /// Requests that had not ended when the replay did; nil for none.
  public var unfinished: Int?
  /// Of those that ended, requests that did as they should; what follows is of them.
  public var finished: Int
  /// Tokens of their answers.
  public var outputTokens: Int
  /// Sending to first token; nil where no request has one, as are those below.
  public var timeToFirstToken: LatencyStatistics?
  /// Time per output token.
  public var timePerOutputToken: LatencyStatistics?
  /// Sending to end.
  public var endToEnd: LatencyStatistics?
  /// Finished requests within the last limits of both latencies; nil where the scenario has none.
  public var within: Int?
  /// These, for each second of the makespan.
  public var goodput: Double?

  private enum CodingKeys: String, CodingKey {
    case name, later, ended, unfinished, finished, within
    case outputTokens = "output_tokens"
    case timeToFirstToken = "ttft"
    case timePerOutputToken = "tpot"
    case endToEnd = "end_to_end"
    case goodput = "goodput_per_second"
  }

  init(_ totals: ClassTotals, over makespan: Nanoseconds, hasObjectives: Bool) {
    name = totals.name
    later = totals.isLater ? true : nil
    unfinished = totals.unfinished > 0 ? totals.unfinished : nil
    (ended, finished, outputTokens) = (totals.ended, totals.finished, totals.outputTokens)
    timeToFirstToken = totals.latencies.timeToFirstToken.statistics
    timePerOutputToken = totals.latencies.timePerOutputToken.statistics
    endToEnd = totals.latencies.endToEnd.statistics
    guard hasObjectives else { return }
    within = totals.within
    goodput = makespan > .zero ? Double(totals.within) / makespan.seconds : 0
  }
}
