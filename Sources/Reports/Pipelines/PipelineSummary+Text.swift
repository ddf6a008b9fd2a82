import Operators
public import Replay
import Validation

extension PipelineSummary {
  /// The verdict and tables of everything else, for a terminal.
  ///
  /// - Parameter links: how many of the busiest links are named; groups of links are told where there are more.
  public func text(links mostLinks: Int = 8) -> String {
    var parts = [verdict.joined(separator: "\n") + "\n", countsTable.text]
    let tables = [
      latencyTable, pipelineTable, classTable, objectiveTable, blameTable, stageTable, poolTable,
      loadTable,
      resources.table,
      storeTable, linkTable(mostLinks),
      linkGroups.contains { $0.used > 0 } && links.count > mostLinks ? groupTable : nil,
    ]
    parts += tables.compactMap { $0 }.filter { !$0.rows.isEmpty }.map(\.text)
    return parts.joined(separator: "\n")
  }

  private var countsTable: TextTable {
    func perSecond(_ value: Double) -> String { fixedText(value, decimals: 2) + "/s" }
    var table = TextTable([.init("", .left), .init("total"), .init("rate")])
    table.add([
      "requests finished", "\(groupedText(finished)) of \(groupedText(requests))",
      perSecond(requestsPerSecond),
    ])
    for (title, count) in [
      ("requests rejected", rejected), ("requests turned away", shed),
      (isCut ? "requests cut off" : "requests that never ended", unfinished),
      ("stages begun anew", retries),
    ] where count > 0 {
      table.add([title, groupedText(count)])
    }
    table.add(["most requests at once", groupedText(mostUnderWay)])
    table.add(["prompt tokens", groupedText(promptTokens)])
    table.add(["context tokens", groupedText(contextTokens)])
    table.add(["  found in memory or stores", groupedText(cachedTokens)])
    table.add(["  of these brought by stores", groupedText(fetchedTokens)])
    table.add(["output tokens", groupedText(outputTokens), perSecond(outputTokensPerSecond)])
    if steps > 0 { table.add(["engine steps", groupedText(steps)]) }
    if passes > 0 { table.add(["encoder passes", groupedText(passes)]) }
    table.add(["simulated time", fixedText(makespan.seconds, decimals: 3) + " s"])
    return table
  }

  var latencyTable: TextTable {
    var table = TextTable.latencies
    for (title, statistics) in [
      ("TTFT", timeToFirstToken), ("TPOT", timePerOutputToken), ("ITL", interTokenLatency),
      ("end to end", endToEnd),
    ] {
      table.add(title, statistics)
    }
    return table
  }

  /// Latencies by pipeline, where there are several.
  var pipelineTable: TextTable? {
    guard pipelines.count > 1 else { return nil }
    var table = Self.groupTable("pipeline")
    for pipeline in pipelines {
      table.add(
        [pipeline.name, groupedText(pipeline.finished)]
          + Self.cells(pipeline.timeToFirstToken, pipeline.timePerOutputToken, pipeline.endToEnd))
    }
    return table
  }

  /// Latencies by class, where there are several.
  var classTable: TextTable? {
    guard let classes, classes.count > 1 else { return nil }
    var table = Self.groupTable("class", objectives == nil ? [] : [.init("within SLO")])
    for one in classes {
      let share =
        one.within.map { [percent(Double($0) / Double(max(1, one.ended + (one.unfinished ?? 0))))] }
        ?? []
      table.add(
        [one.name ?? (one.later == true ? "later classes" : "no class"), groupedText(one.finished)]
          + Self.cells(one.timeToFirstToken, one.timePerOutputToken, one.endToEnd) + share)
    }
    return table
  }

  /// A table of latencies by what requests are put together by.
  private static func groupTable(_ title: String, _ more: [TextTable.Column] = []) -> TextTable {
    TextTable(
      [
        .init(title, .left), .init("finished"), .init("TTFT p50 ms"), .init("p99"),
        .init("TPOT p50"), .init("p99"), .init("end to end p50"), .init("p99"),
      ] + more)
  }

  private static func cells(_ latencies: LatencyStatistics?...) -> [String] {
    latencies.flatMap { latency in
      [latency?.p50, latency?.p99].map { $0.map(millisecondsText) ?? "" }
    }
  }

  var objectiveTable: TextTable? {
    guard let objectives else { return nil }
    var table = TextTable([.init("SLO", .left), .init("ms"), .init("limit ms"), .init("", .left)])
    for check in objectives.checks {
      table.add([
        check.name, check.value.map(millisecondsText) ?? (check.holds ? "n/a" : "never"),
        millisecondsText(check.limit),
        check.holds ? "holds" : "broken",
      ])
    }
    return table
  }

  var stageTable: TextTable {
    let many = pipelines.count > 1
    let prefetches = pipelines.contains { $0.stages.contains { $0.prefetched != nil } }
    var table = TextTable(
      (many ? [.init("pipeline", .left)] : []) + [
        .init("stage", .left), .init("on", .left), .init("served"), .init("skipped"),
        .init("transfer ms"), .init("queue ms"), .init("service ms"),
      ] + (prefetches ? [.init("fetch wait ms"), .init("hidden ms")] : [])
        + [.init("p50 ms"), .init("p90 ms"), .init("p99 ms")])
    for pipeline in pipelines {
      for (place, stage) in pipeline.stages.enumerated() {
        let times =
          [stage.meanTransfer, stage.meanQueue, stage.meanService]
          + (prefetches ? [stage.meanFetchWait, stage.meanFetchHidden] : [])
          + [stage.p50, stage.p90, stage.p99]
        table.add(
          (many ? [place == 0 ? pipeline.name : ""] : []) + [
            stage.name, stage.pool, groupedText(stage.served), groupedText(stage.skipped),
          ] + times.map { $0.map(millisecondsText) ?? "" })
      }
    }
    return table
  }

  var poolTable: TextTable {
    var table = TextTable([
      .init("engines", .left), .init("kind", .left), .init("count"), .init("served"),
      .init("busy"), .init("busiest"), .init("failures"), .init("turned away"), .init("kJ"),
      .init("cost"),
    ])
    for pool in pools {
      table.add([
        pool.name, pool.kind, groupedText(pool.engines), groupedText(pool.served),
        pool.utilisation.map(percent) ?? "", pool.peakUtilisation.map(percent) ?? "",
        groupedText(pool.failures), groupedText(pool.shed),
        pool.joules.map { fixedText($0 / 1000, decimals: 3) } ?? "",
        pool.cost.map { fixedText($0, decimals: 4) } ?? "",
      ])
    }
    return table
  }

  var loadTable: TextTable {
    var table = TextTable([
      .init("load of an engine", .left), .init("running"), .init("peak"), .init("waiting, peak"),
      .init("memory"), .init("peak"), .init("prefix hits"), .init("preemptions"),
    ])
    for pool in pools {
      guard let preemptions = pool.preemptions else { continue }
      table.add([
        pool.name, pool.meanRunning.map { fixedText($0, decimals: 1) } ?? "",
        pool.peakRunning.map(groupedText) ?? "", pool.peakWaiting.map(groupedText) ?? "",
        pool.meanMemoryUse.map(percent) ?? "", pool.peakMemoryUse.map(percent) ?? "",
        pool.prefixHitRate.map(percent) ?? "", groupedText(preemptions),
      ])
    }
    return table
  }
}

// MARK: Where time, money and bytes go

extension PipelineSummary {
  /// The shares of ``blame``, a row for each part and pool, in the order of their largest.
  var blameTable: TextTable? {
    guard !blame.isEmpty else { return nil }
    var table = TextTable(
      [.init("where the time goes", .left)]
        + blame.map { column in
          .init(
            column.slowest < 1
              ? "slowest \(fixedText(100 * column.slowest, decimals: 0)) %"
              : "\(column.metric.title), all")
        })
    var rows: [(words: String, largest: Double, cells: [String])] = []
    for (place, column) in blame.enumerated() {
      for share in column.shares {
        let row = rows.firstIndex { $0.words == share.words } ?? rows.count
        if row == rows.count {
          rows.append((share.words, 0, Array(repeating: "", count: blame.count)))
        }
        rows[row].largest = max(rows[row].largest, share.share)
        rows[row].cells[place] = percent(share.share)
      }
    }
    for row in rows.sorted(by: { ($0.largest, $1.words) > ($1.largest, $0.words) }) {
      table.add([row.words] + row.cells)
    }
    if blame.contains(where: { $0.rest >= 0.0005 }) {
      table.add(["what is below 1 %"] + blame.map { $0.rest > 0 ? percent($0.rest) : "" })
    }
    return table
  }

  var storeTable: TextTable {
    let drops = stores.contains { $0.dropped != nil }
    var table = TextTable(
      [
        .init("store", .left), .init("instances"), .init("looked for"), .init("hits"),
        .init("read GB"), .init("written GB"), .init("blocks"), .init("evicted"),
      ] + (drops ? [.init("not kept")] : []))
    for store in stores {
      table.add(
        [
          store.pool, groupedText(store.instances), groupedText(store.lookups),
          store.hitRate.map(percent) ?? "", gigabytes(store.bytesRead),
          gigabytes(store.bytesWritten), groupedText(store.blocks), groupedText(store.evictions),
        ] + (drops ? [groupedText(store.dropped ?? 0)] : []))
    }
    return table
  }

  func linkTable(_ most: Int) -> TextTable {
    var table = TextTable([
      .init("busiest links", .left), .init("used"), .init("GB"), .init("GB/s"),
      .init("transfers at once"),
    ])
    for link in links.prefix(max(0, most)) {
      table.add([
        link.name, percent(link.utilisation), gigabytes(link.bytes), gigabytes(link.capacity),
        groupedText(link.peakFlows),
      ])
    }
    return table
  }

  private var groupTable: TextTable {
    var table = TextTable([
      .init("links", .left), .init("count"), .init("used"), .init("mean"), .init("busiest"),
      .init("GB"), .init("transfers at once"),
    ])
    for group in linkGroups where group.used > 0 {
      table.add([
        group.name, groupedText(group.links), groupedText(group.used),
        percent(group.meanUtilisation), percent(group.peakUtilisation), gigabytes(group.bytes),
        groupedText(group.peakFlows),
      ])
    }
    return table
  }

  private func gigabytes(_ bytes: Double) -> String {
    let value = bytes / 1e9
    return fixedText(value, decimals: abs(value) >= 100 ? 1 : 3)
  }
}
