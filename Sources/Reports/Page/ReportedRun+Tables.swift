import Operators
import Replay
import Validation

extension ReportedRun {
  /// How much was replayed, in a line.
  var subtitle: String {
    let log = result.inputs.first { $0.role == "request-log" }
    let what = log.map { "log \($0.path)" } ?? "drawn requests"
    return "\(groupedText(result.requests)) requests of \(what), "
      + "\(fixedText(result.makespan.seconds, decimals: 1)) s of simulated time"
  }

  /// Latencies replayed, and below them measured and by the roofline.
  var latencyTable: TextTable {
    var table = TextTable(
      [.init("ms", .left)] + LatencyStatistic.allCases.map { .init($0.rawValue) } + [.init("max")])
    func add(_ title: String, _ statistics: LatencyStatistics?) {
      guard let statistics else { return }
      table.add(
        [title] + LatencyStatistic.allCases.map { millisecondsText(statistics[$0]) }
          + [millisecondsText(statistics.maximum)])
    }
    if case .replay(let file) = result { add("queue", file.summary.queueTime) }
    for metric in LatencyMetric.allCases {
      add(metric.title, result.statistics(metric))
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
    switch result {
    case .replay(let file): add("between tokens", file.summary.interTokenLatency)
    case .pipeline(let file): add("between tokens", file.summary.interTokenLatency)
    }
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

  /// Energy and cost; empty where neither is known.
  var resourceTable: TextTable {
    var table = TextTable([
      .init("", .left), .init("total"), .init("of an output token"), .init("not known of", .left),
    ])
    guard let resources = result.resources else { return table }
    if let joules = resources.joules {
      table.add([
        "energy, kJ", fixedText(joules / 1000, decimals: 3),
        resources.joulesPerOutputToken.map { fixedText($0, decimals: 4) + " J" } ?? "",
        resources.poolsWithoutPower.prefix(6).joined(separator: ", "),
      ])
    }
    if let cost = resources.cost {
      table.add([
        "cost", fixedText(cost, decimals: 4),
        resources.costPerMillionOutputTokens.map { fixedText($0, decimals: 4) + " a million" }
          ?? "",
        resources.poolsWithoutPrice.prefix(6).joined(separator: ", "),
      ])
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
