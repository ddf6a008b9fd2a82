import Operators
public import Replay
import Validation

extension ReplaySummary {
  /// Tables of counts and of latencies, for a terminal.
  public var text: String { text(engines: 1) }

  /// The same of several engines: the most requests that run at once are of one of them, their mean of all.
  public func text(engines: Int) -> String {
    func perSecond(_ value: Double) -> String { fixedText(value, decimals: 2) + "/s" }
    func percent(_ share: Double) -> String { fixedText(100 * share, decimals: 1) + " %" }
    var counts = TextTable([.init("", .left), .init("total"), .init("rate")])
    counts.add([
      "requests finished", "\(groupedText(finished)) of \(groupedText(requests))",
      perSecond(requestsPerSecond),
    ])
    if rejected > 0 { counts.add(["requests rejected", groupedText(rejected)]) }
    if unfinished > 0 { counts.add(["requests cut off", groupedText(unfinished)]) }
    if cancelled > 0 { counts.add(["requests given up", groupedText(cancelled)]) }
    if warmUp > 0 { counts.add(["requests of the warm-up", groupedText(warmUp)]) }
    counts.add(["input tokens", groupedText(inputTokens), perSecond(inputTokensPerSecond)])
    counts.add(["  found in the cache", groupedText(cachedTokens)])
    if let queriedBlocks, let hitBlocks, hitBlocks > 0 {
      counts.add([
        "cache blocks found, of resumed ones too",
        "\(groupedText(hitBlocks)) of \(groupedText(queriedBlocks))",
        percent(Double(hitBlocks) / Double(queriedBlocks)),
      ])
    }
    counts.add(["output tokens", groupedText(outputTokens), perSecond(outputTokensPerSecond)])
    counts.add(["preemptions", groupedText(preemptions)])
    counts.add(["engine steps", groupedText(steps)])
    counts.add(["simulated time", fixedText(makespan.seconds, decimals: 3) + " s"])

    var load = TextTable([.init("load", .left), .init("mean"), .init("peak")])
    let running = fixedText(meanRunning, decimals: 1)
    if engines > 1 {
      load.add(["running requests, all engines", running])
      load.add(["running requests, one engine", "", "\(peakRunning)"])
    } else {
      load.add(["running requests", running, "\(peakRunning)"])
    }
    load.add(["key-value memory", percent(meanMemoryUse), percent(peakMemoryUse)])
    if prefixHitRate > 0 {
      load.add(["prefix hits, resumed requests too", percent(prefixHitRate)])
    }

    var travel = TextTable(
      [.init("from prefill to decode", .left), .init("total"), .init("mean ms"), .init("max ms")])
    if let handovers, handovers.requests > 0 {
      func mean(_ sum: Nanoseconds) -> String {
        millisecondsText(Nanoseconds(rounding: Double(sum.rawValue) / Double(handovers.requests)))
      }
      travel.add(["requests handed over", groupedText(handovers.requests)])
      travel.add([
        "waited for a place or memory", "", mean(handovers.memoryQueueTime),
        millisecondsText(handovers.longestMemoryQueue),
      ])
      travel.add([
        "keys and values travelled", fixedText(handovers.bytes / 1e9, decimals: 3) + " GB",
        mean(handovers.transferTime), millisecondsText(handovers.longestTransfer),
      ])
      if handovers.convertedRequests > 0 {
        travel.add(["went whole to decode engines", groupedText(handovers.convertedRequests)])
      }
    }

    var table = TextTable.latencies
    for (title, statistics) in [
      ("queue", queueTime), ("TTFT", timeToFirstToken), ("TPOT", timePerOutputToken),
      ("ITL", interTokenLatency), ("end to end", endToEnd),
    ] {
      table.add(title, statistics)
    }
    return counts.text + "\n" + load.text + (travel.rows.isEmpty ? "" : "\n" + travel.text)
      + (finished > 0 ? "\n" + table.text : "")
      + (isCut ? "\n" + cutSentence + "\n" : "")
  }

  /// What a reader of a cut replay must know.
  public var cutSentence: String {
    "cut short after \(fixedText(makespan.seconds, decimals: 3)) s of simulated time: percentiles are of "
      + "the \(groupedText(finished)) requests that had finished, and the longest of the "
      + "\(groupedText(unfinished)) others are missing"
  }
}
