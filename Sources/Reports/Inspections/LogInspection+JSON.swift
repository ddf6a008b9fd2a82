import Operators
import Replay
import RequestLogs

extension LogInspection {
  /// The members of a log in an ``InspectionFile``.
  func document(path: String) -> [String: ResultValue] {
    var members: [String: ResultValue] = [
      "path": .text(path), "format": .text(format.title),
      "requests": .integer(summary.requests), "bad_rows": .integer(summary.badRows),
      "duplicate_ids": .integer(summary.duplicateIDs), "repeated_rows": .integer(repeatedRows),
      "origin_ns": .integer(Int(origin)), "span_ns": .integer(Int(summary.span.rawValue)),
      "resolution_ns": .integer(Int(resolution.rawValue)),
      "distinct_arrivals": .integer(summary.distinctArrivals),
      "largest_tie": .integer(summary.largestTie), "busiest_second": .integer(busiestSecond),
      "input_tokens": .integer(summary.inputTokens),
      "output_tokens": .integer(summary.outputTokens),
      "longest_request": .integer(summary.longestRequest),
      "sessions": .integer(sessions), "longest_session": .integer(longestSession),
      "content_names": .integer(contentNames),
      "repeated_content_names": .integer(repeatedContentNames),
      "tokens_per_content_name": .list(blockSizes.map { .integer($0) }),
      "measured": .integer(summary.measured), "measured_ends": .integer(summary.measuredEnds),
      "measured_token_by_token": .integer(tokenByToken),
    ]
    if let unit { members["unit"] = .text(unit.rawValue) }
    if let typicalGap { members["typical_gap_ns"] = .integer(Int(typicalGap.rawValue)) }
    if let rate = summary.requestsPerSecond { members["requests_per_s"] = .number(rate) }
    if let gapVariation { members["gap_variation"] = .number(gapVariation) }
    if let betterBlockSize {
      members["better_tokens_per_content_name"] = .integer(betterBlockSize)
    }
    let latencies = [
      ("queue", queueTimes), ("ttft", timesToFirstToken), ("tpot", timesPerOutputToken),
      ("end_to_end", endToEnd),
    ].compactMap { name, times in
      LatencyStatistics(times).map { (name, ResultValue.object($0.document)) }
    }
    members["latencies"] = .object(Dictionary(latencies) { first, _ in first })
    let question = summary.unitDoubt?.question(format)
    if let question { members["question"] = .text(question) }
    members["warnings"] = .list(
      summary.warnings.filter { $0 != question }.map { .text($0) })
    return members
  }
}

extension LatencyStatistics {
  /// Count, mean and percentiles.
  fileprivate var document: [String: ResultValue] {
    func time(_ value: Nanoseconds) -> ResultValue { .integer(Int(value.rawValue)) }
    return [
      "count": .integer(count), "mean_ns": time(mean), "p50_ns": time(p50), "p90_ns": time(p90),
      "p95_ns": time(p95), "p99_ns": time(p99), "max_ns": time(maximum),
    ]
  }
}
