import Histogram
import Operators
import Validation

/// The latencies of one run's sides, or of several runs, laid over each other.
struct DistributionFigure {
  /// One curve in each panel.
  struct Side {
    var name: String
    var colour: String
    var width = 2.0
    var dash: String?
    /// By metric; nil where nothing has it.
    var latencies: [LatencyMetric: Histogram<UInt32>]
  }

  var sides: [Side]

  /// Colours of several runs: apart for most who see colours differently.
  static let palette = [
    "#0969da", "#d4762c", "#2da44e", "#b35988", "#8a6d00", "#6e7781", "#79aee6", "#cf222e",
  ]

  private typealias Colour = SVGCanvas.Colour
  private static let width = 1040.0
  private static let panel = 262.0

  /// The sides of one run; measured lies below in a broad line, so that a replay on top of it still shows both.
  init(_ run: ReportedRun) {
    let sides: [(RequestDigest.Side, String, String, Double, String?)] = [
      (.measured, "measured", "#afb8c1", 6, nil),
      (.roofline, "roofline alone", Colour.roofline, 2, "6 4"),
      (.replayed, "replayed", Colour.replayed, 2, nil),
    ]
    self.sides = sides.compactMap { side, name, colour, width, dash in
      let latencies = run.latencies(side)
      guard !latencies.isEmpty else { return nil }
      return Side(name: name, colour: colour, width: width, dash: dash, latencies: latencies)
    }
  }

  /// Several runs, replayed.
  init(comparing runs: [ReportedRun]) {
    sides = runs.enumerated().map { index, run in
      Side(
        name: run.name, colour: Self.palette[index % Self.palette.count],
        dash: index >= Self.palette.count ? "6 4" : nil, latencies: run.latencies(.replayed))
    }
  }

  /// The figure's text; empty where nothing has any latency.
  var svg: String {
    let metrics = LatencyMetric.allCases.filter { metric in
      sides.contains { $0.latencies[metric] != nil }
    }
    guard !metrics.isEmpty else { return "" }
    let legend = legendRows(
      sides.map { shortened($0.name, to: 60) }, mark: 34, character: 7.2, gap: 24, in: Self.width)
    let top = 44 + 22 * Double(legend.count)
    var canvas = SVGCanvas(
      width: Self.width, height: top + 222 + 58, title: "Distributions of latencies",
      description: "Cumulative distributions of \(metrics.map(\.title).joined(separator: ", ")): "
        + sides.map(\.name).joined(separator: ", "))
    for (row, entries) in legend.enumerated() {
      let y = 30 + 22 * Double(row)
      for entry in entries {
        let side = sides[entry.index]
        canvas.line(
          entry.x, y - 4, entry.x + 26, y - 4, side.colour, width: side.width, dash: side.dash)
        canvas.text(entry.label, entry.x + 34, y, size: 13, colour: Colour.quiet)
      }
    }
    for (place, metric) in metrics.enumerated() {
      let curves = sides.compactMap { side in
        side.latencies[metric].map {
          CumulativePanel.Curve(
            colour: side.colour, width: side.width, dash: side.dash, histogram: $0)
        }
      }
      // The slowest request in two hundred is let run off the panel, for the others' sake.
      let longest = sides.compactMap { $0.latencies[metric]?.valueAtPercentile(99.5) }.max() ?? 0
      CumulativePanel(
        title: metric.title, curves: curves,
        longest: Nanoseconds(rounding: Double(longest) * 1.02),
        left: 74 + Double(place) * (Self.panel + 66), top: top, width: Self.panel, height: 222,
        ticks: 5
      ).draw(on: &canvas)
    }
    return canvas.svg
  }
}

extension ReportedRun {
  /// A side's latencies by metric.
  fileprivate func latencies(_ side: RequestDigest.Side) -> [LatencyMetric: Histogram<UInt32>] {
    Dictionary(
      uniqueKeysWithValues: LatencyMetric.allCases.compactMap { metric in
        digest.latencies(side, metric).map { (metric, $0) }
      })
  }
}
