import Operators
public import RequestLogs
import Validation

extension LogSummary {
  /// A table of what the log holds, then its warnings, for a terminal.
  public var text: String {
    var table = TextTable([.init("", .left), .init("total"), .init("")])
    table.add([
      "requests", groupedText(requests),
      requestsPerSecond.map { fixedText($0, decimals: 2) + "/s" } ?? "",
    ])
    if badRows > 0 { table.add(["bad rows, skipped", groupedText(badRows)]) }
    table.add(["span", fixedText(span.seconds, decimals: 3) + " s"])
    table.add([
      "input tokens", groupedText(inputTokens), fixedText(meanInputTokens, decimals: 1) + " each",
    ])
    table.add([
      "output tokens", groupedText(outputTokens),
      fixedText(meanOutputTokens, decimals: 1) + " each",
    ])
    table.add(["longest request", groupedText(longestRequest), "tokens"])
    table.add(["distinct arrivals", groupedText(distinctArrivals)])
    table.add([
      "measured latencies", groupedText(measured),
      measuredEnds > 0 ? "\(groupedText(measuredEnds)) ends alone" : "",
    ])
    table.add(["content names", groupedText(withContent)])
    return table.text + warnings.map { "warning: \($0)\n" }.joined()
  }
}
