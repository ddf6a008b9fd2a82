import Operators
import Replay
import Validation

extension ReportedRun {
  /// How much was replayed, in a line.
  var subtitle: String {
    let log = result.inputs.first { $0.role == "request-log" }
    let what = log.map { "log \($0.path)" } ?? "drawn requests"
    return "\(groupedCount(result.summary.requests, "request")) of \(what), "
      + "\(fixedText(result.summary.makespan.seconds, decimals: 1)) s of simulated time"
  }

  /// Latencies replayed, and below them measured and by the roofline.
  var latencyTable: TextTable {
    var table = TextTable.latencies
    if case .replay(let file) = result { table.add("queue", file.summary.queueTime) }
    for metric in LatencyMetric.allCases {
      table.add(metric.title, result.summary.statistics(metric))
      // A log may tell ends alone.
      guard let comparison = result.validation?[metric], comparison.count > 0 else { continue }
      table.add(
        ["  measured"]
          + LatencyStatistic.allCases.map {
            comparison[$0].map { millisecondsText($0.measured) } ?? ""
          })
      table.add(
        ["  replayed differs, %"]
          + LatencyStatistic.allCases.map { statistic in
            comparison[statistic]?.differencePercent.map {
              fixedText($0, decimals: 1, signed: true)
            } ?? ""
          })
      if comparison.rows.contains(where: { $0.roofline != nil }) {
        table.add(
          ["  roofline alone differs, %"]
            + LatencyStatistic.allCases.map { statistic in
              comparison[statistic]?.rooflineDifferencePercent.map {
                fixedText($0, decimals: 1, signed: true)
              } ?? ""
            })
      }
    }
    table.add("between tokens", result.summary.interTokenLatency)
    return table
  }

  /// Mean times by phase, of all requests and of the slowest.
  var spentTable: TextTable {
    var table = TextTable([
      .init("", .left), .init("requests"), .init("queue ms"), .init("prefill ms"),
      .init("decode ms"), .init("queue %"), .init("prefill %"), .init("decode %"),
    ])
    let names = ["all", "at or beyond p90 end to end", "at or beyond p99 end to end"]
    for (name, spent) in zip(names, digest.spent) where spent.requests > 0 {
      let parts = [spent.queue, spent.prefill, spent.decode]
      let sum = max(1, parts.reduce(0, +))
      table.add(
        [name, groupedText(spent.requests)]
          + parts.map {
            millisecondsText(Nanoseconds(rounding: $0 / Double(spent.requests)))
          } + parts.map { fixedText(100 * $0 / sum, decimals: 1) })
    }
    return table
  }

  /// What was simulated, as lines of text.
  var setUp: (title: String, lines: [String]) {
    switch result {
    case .pipeline(let file): return ("The scenario", file.scenario)
    case .replay(let file):
      let echo: ResultValue = .object([
        "deployment": .object(file.deployment), "workload": .object(file.workload ?? [:]),
      ])
      let text = (try? indentedJSON(echo)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return (
        "Deployment and workload as they were understood",
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      )
    }
  }
}
