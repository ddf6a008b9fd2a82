public import Operators

/// A request log in figures, with what a user should know before replaying it.
public struct LogSummary: Sendable, Hashable {
  /// Good rows.
  public var requests = 0
  /// Bad rows that were skipped.
  public var badRows = 0
  /// From the first arrival to the last.
  public var span = Nanoseconds.zero
  /// All prompt tokens.
  public var inputTokens = 0
  /// All generated tokens.
  public var outputTokens = 0
  /// The longest prompt and answer together.
  public var longestRequest = 0
  /// Requests without a generated token: failures.
  public var withoutOutput = 0
  /// Instants at which anything arrived.
  public var distinctArrivals = 0
  /// Requests that arrived together with another.
  public var tiedArrivals = 0
  /// The most requests that arrived at one instant.
  public var largestTie = 0
  /// Rows that stood behind a later one in the file.
  public var outOfOrder = 0
  /// Requests with measured latencies.
  public var measured = 0
  /// Requests whose prompt content has names.
  public var withContent = 0
  /// Requests whose content names do not cover the prompt, or more than it.
  public var contentMisfits = 0
  /// Requests that bear the name of an earlier one.
  public var duplicateIDs = 0
  /// What the user should know, a sentence each.
  public var warnings: [String] = []

  /// Sums up a log, whose records are in order of arrival.
  ///
  /// - Complexity: O(n).
  public init(_ log: RequestLog) {
    requests = log.records.count
    badRows = log.problems.count
    outOfOrder = log.outOfOrder
    var names: Set<String> = []
    names.reserveCapacity(requests)
    var tie = 0
    var previous: Nanoseconds?
    var isInWholeMilliseconds = true
    for record in log.records {
      inputTokens += record.inputTokens
      outputTokens += record.outputTokens
      longestRequest = max(longestRequest, record.inputTokens + record.outputTokens)
      if record.outputTokens == 0 { withoutOutput += 1 }
      if record.measured != nil { measured += 1 }
      if !names.insert(record.id).inserted { duplicateIDs += 1 }
      if record.arrival.rawValue % 1_000_000 != 0 { isInWholeMilliseconds = false }
      if !record.content.isEmpty {
        withContent += 1
        let size = max(1, record.tokensPerContentName)
        let whole = record.inputTokens / size
        // A partial last block may have a name or none.
        let fits =
          record.content.count == whole
          || record.content.count == whole + (record.inputTokens % size > 0 ? 1 : 0)
        if !fits { contentMisfits += 1 }
      }
      if record.arrival == previous {
        tie += 1
      } else {
        count(tie)
        distinctArrivals += 1
        tie = 1
      }
      previous = record.arrival
    }
    count(tie)
    if let first = log.records.first, let last = log.records.last {
      span = last.arrival - first.arrival
    }
    warnings = Self.warnings(
      self, log, isInWholeMilliseconds: isInWholeMilliseconds)
  }

  private mutating func count(_ tie: Int) {
    largestTie = max(largestTie, tie)
    if tie > 1 { tiedArrivals += tie }
  }

  /// Requests a second over the span; nil where that is no time.
  public var requestsPerSecond: Double? {
    span > .zero ? Double(requests) / span.seconds : nil
  }
  /// Prompt tokens of a request on average.
  public var meanInputTokens: Double { requests > 0 ? Double(inputTokens) / Double(requests) : 0 }
  /// Generated tokens of a request on average.
  public var meanOutputTokens: Double { requests > 0 ? Double(outputTokens) / Double(requests) : 0 }

  private static func warnings(
    _ summary: LogSummary, _ log: RequestLog, isInWholeMilliseconds: Bool
  ) -> [String] {
    var warnings = log.problems.sentences
    if summary.outOfOrder > 0 {
      warnings.append(
        "\(summary.outOfOrder) of \(summary.requests) rows were out of order and were sorted by arrival"
      )
    }
    if summary.tiedArrivals * 10 > summary.requests, summary.requests > 1 {
      warnings.append(
        "\(summary.tiedArrivals) of \(summary.requests) requests arrive together with another "
          + "(\(summary.distinctArrivals) distinct instants, up to \(summary.largestTie) at one): "
          + "the log's clock is coarse, and replays as bursts")
    }
    if log.format == .mooncake, !isInWholeMilliseconds {
      warnings.append(
        "some times have fractions of a millisecond: they were read as milliseconds, as Mooncake "
          + "has them; a log in seconds would play a thousand times too fast")
    }
    if summary.withoutOutput > 0 {
      warnings.append(
        "\(summary.withoutOutput) of \(summary.requests) requests generated nothing: failures in the log"
      )
    }
    if summary.contentMisfits > 0 {
      warnings.append(
        "the content names of \(summary.contentMisfits) of \(summary.requests) requests do not cover their prompts at "
          + "\(log.records.first { !$0.content.isEmpty }?.tokensPerContentName ?? 1) tokens a name: "
          + "the log may use another block size")
    }
    if summary.duplicateIDs > 0 {
      warnings.append(
        "\(summary.duplicateIDs) of \(summary.requests) requests bear the name of an earlier one")
    }
    if summary.measured > 0, summary.measured < summary.requests {
      warnings.append(
        "\(summary.requests - summary.measured) of \(summary.requests) requests have no measured "
          + "latency")
    }
    return warnings
  }
}
