import Operators
import Replay
import Validation

/// The figures of a run that people ask for first, each with what was measured and what the roofline says
/// beside it.
struct RunTiles {
  private struct Tile {
    var label: String
    var value: String
    var unit: String
    var beside: [(name: String, text: String)] = []
  }

  private let run: ReportedRun

  init(_ run: ReportedRun) { self.run = run }

  func add(to html: inout HTML) {
    html.element("ul", ["class": "tiles", "aria-label": "Figures"]) { list in
      for tile in tiles {
        list.element("li") { item in
          item.element("div", ["class": "label"], text: tile.label)
          item.element("div", ["class": "value"]) { value in
            value.add(tile.value + " ")
            value.element("small", text: tile.unit)
          }
          for (name, text) in tile.beside {
            item.element("div", ["class": "beside"]) { line in
              line.add(name + " ")
              line.element("b", text: text)
            }
          }
        }
      }
    }
  }

  /// The latencies that have a tile, in their order.
  static let latencies: [(metric: LatencyMetric, statistic: LatencyStatistic)] =
    [LatencyMetric.timeToFirstToken, .timePerOutputToken, .endToEnd].flatMap { metric in
      [LatencyStatistic.p50, .p99].map { (metric, $0) }
    }

  private var tiles: [Tile] {
    var tiles: [Tile] = []
    for (metric, statistic) in Self.latencies {
      guard let value = run.result.summary.statistics(metric)?[statistic] else { continue }
      tiles.append(
        Tile(
          label: "\(statistic.rawValue) \(metric.title)", value: millisecondsText(value),
          unit: "ms", beside: lines(run.beside(metric, statistic))))
    }
    let result = run.result
    tiles.append(
      Tile(
        label: "output throughput",
        value: fixedText(result.summary.outputTokensPerSecond, decimals: 1),
        unit: "tokens/s",
        beside: [("requests", fixedText(result.summary.requestsPerSecond, decimals: 2) + "/s")]))
    if let goodput = run.goodput {
      tiles.append(
        Tile(
          label: "goodput", value: fixedText(goodput.rate, decimals: 2), unit: "requests/s",
          beside: [("within the SLO", percent(goodput.share))]))
    }
    tiles.append(
      Tile(
        label: "finished", value: groupedText(result.summary.finished),
        unit: "of \(groupedText(result.summary.requests))",
        beside: [("simulated", fixedText(result.summary.makespan.seconds, decimals: 1) + " s")]))
    if let cost = result.resources?.costPerMillionOutputTokens {
      tiles.append(
        Tile(
          label: "cost of output", value: fixedText(cost, decimals: 3), unit: "$/M tokens",
          beside: result.resources?.joulesPerOutputToken.map {
            [("energy", fixedText($0, decimals: 3) + " J a token")]
          } ?? []))
    }
    if case .replay(let file) = result {
      tiles.append(
        Tile(
          label: "key-value memory", value: percent(file.summary.peakMemoryUse), unit: "at most",
          beside: [("mean", percent(file.summary.meanMemoryUse))]))
    }
    return tiles
  }

  private func lines(_ beside: BesideLatency) -> [(name: String, text: String)] {
    var lines: [(name: String, text: String)] = []
    if let measured = beside.measured {
      let difference = beside.differencePercent.map {
        " (" + fixedText($0, decimals: 1, signed: true) + "\u{A0}%)"
      }
      lines.append(("measured", millisecondsText(measured) + (difference ?? "")))
    }
    if let low = beside.low, let high = beside.high {
      lines.append(("90 %", "\(millisecondsText(low)) to \(millisecondsText(high))"))
    }
    if let roofline = beside.roofline {
      lines.append(("roofline alone", millisecondsText(roofline)))
    }
    return lines
  }
}

/// What a replayed latency is read against, as far as a run knows it.
struct BesideLatency {
  var measured: Nanoseconds?
  /// By which the replayed one differs from the measured.
  var differencePercent: Double?
  /// The 90 % band.
  var low: Nanoseconds?
  var high: Nanoseconds?
  /// By the roofline alone.
  var roofline: Nanoseconds?
}

extension ReportedRun {
  /// What stands beside a replayed latency.
  func beside(_ metric: LatencyMetric, _ statistic: LatencyStatistic) -> BesideLatency {
    let row = result.validation?[metric]?[statistic]
    let band = result.bands?.metrics.first { $0.metric == metric }?.bands.first {
      $0.statistic == statistic
    }
    return BesideLatency(
      measured: row?.measured, differencePercent: row?.differencePercent, low: band?.low,
      high: band?.high,
      roofline: statistic.quantile.flatMap { digest.quantile($0, .roofline, metric) })
  }
}
