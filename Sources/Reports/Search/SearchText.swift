import Operators
import Scenarios
public import Search
import Validation

extension DesignSearch {
  /// What a search found, in lines: what became of the designs, the front, and the best of them.
  ///
  /// - Parameter rows: the most designs of the front to list.
  public func text(of result: SearchResult, rows: Int = 20) -> String {
    let replayed = result.verdicts.indices.count { result.outcome(of: $0) != nil }
    var lines = [
      "\(groupedCount(designs.count, "design")) of \(groupedText(kinds.count)) kinds of engines, "
        + "\(groupedCount(result.requests, "request"))",
      pruningTable(result, replayed: replayed).text,
    ]
    let front = TextTable(front: self, result, rows: rows)
    if result.front.isEmpty {
      lines.append(
        "no design that was replayed \(space.objective == .goodput ? "has a request within the limits" : "holds the SLO")"
      )
    } else {
      let shown = min(rows, result.front.count)
      lines.append(
        "the front, of which none is beaten in both cost and \(isLatency ? "latency" : "requests within the limits")"
          + (shown < result.front.count ? ", \(shown) of \(result.front.count)" : ""))
      lines.append(front.text)
    }
    lines.append(verdict(result))
    return lines.joined(separator: "\n")
  }

  /// Whether the objective is a latency.
  private var isLatency: Bool { space.objective == .ttft || space.objective == .tpot }

  private func pruningTable(_ result: SearchResult, replayed: Int) -> TextTable {
    var table = TextTable([.init("designs"), .init("what became of them", .left)])
    for reason in Pruning.Reason.allCases {
      let count = result.count(of: reason)
      if count > 0 { table.add([groupedText(count), reason.sentence]) }
    }
    table.add([groupedText(replayed), "replayed"])
    return table
  }

  private func verdict(_ result: SearchResult) -> String {
    guard let best = result.best, let outcome = result.outcome(of: best) else {
      return result.isCut
        ? "the search was stopped before it found a design that holds the SLO"
        : "no design holds the SLO within the budget"
    }
    let design = designs[best]
    let devices = deviceCount(of: design)
    let price = pricePerHour(of: design).map { ", $\(fixedText($0, decimals: 2)) an hour" } ?? ""
    return
      "\(result.isCut ? "best so far" : "best") by \(space.objective.rawValue): design \(best): "
      + "\(text(of: best))\n  \(counted(devices, "device"))\(price); "
      + "\(outcome.holds ? "holds the SLO" : "does not hold the SLO"), "
      + "\(fixedText(100 * outcome.attainment, decimals: 2)) % within the limits, "
      + "engines busy \(fixedText(100 * outcome.busyShare, decimals: 1)) % of the time"
  }
}

extension TextTable {
  /// The designs of a front, the cheapest first.
  init(front search: DesignSearch, _ result: SearchResult, rows: Int) {
    self.init([
      .init("design"), .init("$/h"), .init("devices"), .init("SLO", .left), .init("within %"),
      .init("goodput/s"), .init("TTFT p50"), .init("p99"), .init("TPOT p50"), .init("p99 ms"),
      .init("$/M tokens"), .init("engines", .left),
    ])
    for number in result.front.prefix(rows) {
      guard let outcome = result.outcome(of: number) else { continue }
      let design = search.designs[number]
      let price = search.pricePerHour(of: design)
      func time(_ values: [Nanoseconds?], _ place: Int, _ decimals: Int) -> String {
        values[place].map { fixedText($0.milliseconds, decimals: decimals) } ?? ""
      }
      add([
        "\(number)", price.map { fixedText($0, decimals: 2) } ?? "",
        "\(search.deviceCount(of: design))", outcome.holds ? "holds" : "no",
        fixedText(100 * outcome.attainment, decimals: 2),
        fixedText(outcome.goodput, decimals: 2), time(outcome.timeToFirstToken, 0, 1),
        time(outcome.timeToFirstToken, 2, 1), time(outcome.timePerOutputToken, 0, 2),
        time(outcome.timePerOutputToken, 2, 2),
        price.flatMap { outcome.dollarsPerMillionTokens(at: $0) }
          .map { fixedText($0, decimals: 3) } ?? "", search.text(of: number),
      ])
    }
  }
}

extension DesignOutcome {
  /// US dollars for a million generated tokens at so many an hour; nil where none were generated.
  func dollarsPerMillionTokens(at price: Double) -> Double? {
    outputTokensPerSecond > 0 ? price / 3600 / outputTokensPerSecond * 1e6 : nil
  }
}
