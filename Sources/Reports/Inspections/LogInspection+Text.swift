import Foundation
import Operators
import Replay
public import RequestLogs
import Validation

extension LogInspection {
  /// What a log is, line by line, then its warnings, and the question that it leaves.
  public func report(path: String) -> [String] {
    var lines = ["\(path): \(format.title)"]
    func add(_ name: String, _ text: String) {
      lines.append("  " + name.padding(toLength: 14, withPad: " ", startingAt: 0) + text)
    }
    var rows = groupedCount(summary.requests, "request")
    if summary.badRows > 0 { rows += ", \(groupedCount(summary.badRows, "bad row"))" }
    if summary.duplicateIDs > 0 { rows += ", \(groupedCount(summary.duplicateIDs, "name")) twice" }
    if repeatedRows > 0 {
      rows += ", " + groupedCount(repeatedRows, "row repeats another", "rows repeat another")
    }
    add("rows", rows)
    add("times", unitText)
    add("clock", clockText)
    add("stamps", stampText)
    add("span", "\(fixedText(summary.span.seconds, decimals: 3)) s\(rateText)")
    add(
      "tokens",
      "\(groupedText(summary.inputTokens)) in (\(fixedText(summary.meanInputTokens, decimals: 1)) each), "
        + "\(groupedText(summary.outputTokens)) out "
        + "(\(fixedText(summary.meanOutputTokens, decimals: 1)) each); longest request "
        + groupedText(summary.longestRequest))
    add(
      "sessions",
      sessions == 0
        ? "none named"
        : "\(groupedText(sessions)), the longest of \(groupedCount(longestSession, "turn"))")
    add("content", contentText)
    add("measured", summary.measured == 0 ? "no latencies" : measuredText)
    for (name, times) in [
      ("queue", queueTimes), ("TTFT", timesToFirstToken), ("TPOT", timesPerOutputToken),
      ("end to end", endToEnd),
    ] {
      guard let all = LatencyStatistics(times) else { continue }
      add(
        "  " + name,
        "\(groupedText(all.count)): mean \(millisecondsText(all.mean)), p50 \(millisecondsText(all.p50)), "
          + "p99 \(millisecondsText(all.p99)) ms")
    }
    let question = summary.unitDoubt?.question(format)
    lines += summary.warnings.filter { $0 != question }.map { "warning: \($0)" }
    if let question { lines.append("question: \(question)") }
    return lines
  }

  private var unitText: String {
    guard let customary = format.customaryUnit else {
      return format == .mapped ? "by the mapping" : "their unit is told by the format"
    }
    if let unit { return "\(unit.title), as given" }
    return "\(customary.title), as these logs have them"
      + (summary.unitDoubt == nil ? "; rows do not tell" : ": in doubt")
  }

  private var clockText: String {
    let seconds = Double(origin) / 1e9
    // From 2000 to 2100: no other clock reads so.
    if (946_684_800...4_102_444_800).contains(seconds) {
      let date = Date(timeIntervalSince1970: seconds)
      return "since 1970; the first row is of \(date.ISO8601Format())"
    }
    if format == .agentSessions { return "each session's own" }
    return origin == 0
      ? "from the log's own zero"
      : "of no known beginning; the first row is at \(fixedText(seconds, decimals: 3)) s"
  }

  private var stampText: String {
    var text = "\(groupedText(summary.distinctArrivals)) distinct"
    if resolution > .zero { text += ", all multiples of \(duration(resolution))" }
    if let typicalGap { text += ", typically \(duration(typicalGap)) apart" }
    if summary.largestTie > 1 { text += ", up to \(summary.largestTie) requests at one" }
    return text
  }

  private var rateText: String {
    guard let rate = summary.requestsPerSecond else { return "" }
    var text = ", \(fixedText(rate, decimals: 3)) requests/s, at most \(busiestSecond) in a second"
    if let gapVariation {
      text += "; times between them vary by \(fixedText(gapVariation, decimals: 2)) of their mean"
    }
    return text
  }

  private var contentText: String {
    guard contentNames > 0 else { return "not named: prefix caching finds nothing" }
    let sizes = blockSizes.prefix(4).map(String.init).joined(separator: ", ")
    let share = 100 * Double(repeatedContentNames) / Double(contentNames)
    var text =
      "\(groupedText(contentNames)) names of \(sizes) tokens, \(fixedText(share, decimals: 1)) % of them "
      + "seen before"
    if let betterBlockSize { text += "; \(betterBlockSize) tokens a name would fit better" }
    return text
  }

  private var measuredText: String {
    var text = groupedCount(summary.measured, "request")
    if summary.measuredEnds > 0 {
      text += ", of \(groupedText(summary.measuredEnds)) the end alone"
    }
    if tokenByToken > 0 { text += ", \(groupedText(tokenByToken)) token by token" }
    return text
  }

  private func duration(_ time: Nanoseconds) -> String {
    let value = time.rawValue
    for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)]
      as [(String, Int64)]
    where value >= size {
      return
        (value % size == 0
        ? "\(value / size)" : fixedText(Double(value) / Double(size), decimals: 3))
        + " \(unit)"
    }
    return "\(value) ns"
  }
}
