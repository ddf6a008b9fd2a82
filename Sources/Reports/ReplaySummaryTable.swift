import Operators
public import Replay
import Validation

extension ReplaySummary {
  /// Tables of counts, load and latencies, for a terminal.
  public var text: String {
    var counts = TextTable([.init("", .left), .init("total"), .init("rate")])
    counts.add([
      "requests finished", "\(groupedText(finished)) of \(groupedText(requests))",
      perSecond(requestsPerSecond),
    ])
    if rejected > 0 { counts.add(["requests rejected", groupedText(rejected)]) }
    if unfinished > 0 { counts.add(["requests cut off", groupedText(unfinished)]) }
    counts.add(["input tokens", "", perSecond(inputTokensPerSecond)])
    counts.add(["output tokens", "", perSecond(outputTokensPerSecond)])
    counts.add(["engine steps", groupedText(steps)])
    counts.add(["preemptions", groupedText(preemptions)])
    counts.add(["simulated time", seconds(makespanNanoseconds)])
    counts.add(["engines busy", seconds(busyNanoseconds)])
    counts.add(["running, mean", fixedText(meanRunning, decimals: 1)])
    counts.add(["running, peak of an engine", groupedText(peakRunning)])
    counts.add(["key-value memory, mean", percent(meanMemoryUse)])
    counts.add(["key-value memory, peak", percent(peakMemoryUse)])
    counts.add(["prefix cache hits", percent(prefixHitRate)])

    var table = TextTable(
      [.init("ms", .left)] + ["mean", "p50", "p90", "p95", "p99"].map { .init($0) })
    add("queue", queueTime, to: &table)
    add(LatencyMetric.timeToFirstToken.title, timeToFirstToken, to: &table)
    add(LatencyMetric.timePerOutputToken.title, timePerOutputToken, to: &table)
    add("between tokens", interTokenLatency, to: &table)
    add(LatencyMetric.endToEnd.title, endToEnd, to: &table)
    return counts.text + (finished > 0 ? "\n" + table.text : "")
  }

  private func add(_ title: String, _ values: Distribution, to table: inout TextTable) {
    guard values.count > 0 else { return }
    table.add(
      [title]
        + [values.mean, values.p50, values.p90, values.p95, values.p99].map {
          millisecondsText(Nanoseconds(rounding: $0))
        })
  }

  private func perSecond(_ value: Double) -> String { fixedText(value, decimals: 2) + "/s" }

  private func percent(_ share: Double) -> String { fixedText(share * 100, decimals: 1) + " %" }

  private func seconds(_ nanoseconds: Int64) -> String {
    fixedText(Nanoseconds(nanoseconds).seconds, decimals: 3) + " s"
  }
}
