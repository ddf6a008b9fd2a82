import Operators
import Replay
public import TraceIO
public import Validation

/// The distributions of TTFT and TPOT, measured, replayed and by the roofline, as an SVG; of end-to-end
/// latency and TPOT where nothing but ends was measured.
///
/// A curve says which share of requests had at most a latency: where two curves meet, as many
/// requests were as fast on both sides. The line under each panel gives the matched errors, which
/// curves alone cannot show.
public struct LatencyFigure: Sendable {
  /// The heading.
  public var title: String
  /// What was measured.
  public var measured: [RequestLatencies]
  /// What the replay predicts.
  public var replayed: [RequestLatencies]
  /// What the roofline predicts; empty leaves its curve out.
  public var roofline: [RequestLatencies]

  /// Creates a figure.
  public init(
    title: String, measured: [RequestLatencies], replayed: [RequestLatencies],
    roofline: [RequestLatencies] = []
  ) {
    self.title = title
    self.measured = measured
    self.replayed = replayed
    self.roofline = roofline
  }

  private typealias Colour = SVGCanvas.Colour

  private struct Side {
    var name: String
    var colour: String
    var width: Double
    var dash: String?
    var requests: [RequestLatencies]
  }

  private var sides: [Side] {
    // Measured lies below in a broad line, so that a replay on top of it still shows both.
    [
      Side(name: "measured", colour: "#afb8c1", width: 6, requests: measured),
      Side(
        name: "roofline alone", colour: Colour.roofline, width: 2, dash: "6 4",
        requests: roofline),
      Side(name: "replayed", colour: Colour.replayed, width: 2, requests: replayed),
    ].filter { !$0.requests.isEmpty }
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    let knowsFirstTokens = measured.isEmpty || measured.contains { $0.timeToFirstToken != nil }
    let left: (LatencyMetric, String) =
      knowsFirstTokens
      ? (.timeToFirstToken, "Time to first token") : (.endToEnd, "End-to-end latency")
    var canvas = SVGCanvas(
      width: 960, height: 420, title: title,
      description: "Cumulative distributions of \(left.1.lowercased()) and time per output token: "
        + sides.map(\.name).joined(separator: ", "))
    canvas.text(title, 32, 38, size: 18, bold: true)
    legend(&canvas)
    panel(left.0, left.1, left: 74, &canvas)
    panel(.timePerOutputToken, "Time per output token", left: 554, &canvas)
    return canvas.svg
  }

  private func legend(_ canvas: inout SVGCanvas) {
    var x = 32.0
    for side in sides.sorted(by: { rank($0.name) < rank($1.name) }) {
      canvas.line(x, 60, x + 26, 60, side.colour, width: side.width, dash: side.dash)
      let text = "\(side.name) (n = \(groupedText(side.requests.count)))"
      canvas.text(text, x + 34, 64, size: 13, colour: Colour.quiet)
      x += 34 + Double(text.count) * 7.2 + 24
    }
  }

  private func rank(_ name: String) -> Int {
    ["measured", "replayed", "roofline alone"].firstIndex(of: name) ?? 3
  }

  private func panel(
    _ metric: LatencyMetric, _ name: String, left: Double, _ canvas: inout SVGCanvas
  ) {
    let curves = sides.map { side in
      (side: side, values: side.requests.compactMap { $0[metric] }.sorted())
    }
    // The slowest request in two hundred is let run off the panel, for the others' sake.
    let longest = curves.map { LatencyStatistics.quantile(0.995, ofSorted: $0.values) }.max()
    let panel = CumulativePanel(
      title: name,
      curves: curves.map {
        .init(
          colour: $0.side.colour, width: $0.side.width, dash: $0.side.dash, sorted: $0.values)
      },
      longest: Nanoseconds(rounding: Double((longest ?? .zero).rawValue) * 1.02), left: left,
      top: 92, width: 374, height: 222)
    panel.draw(on: &canvas)
    caption(metric, left, panel.top + panel.height + 66, &canvas)
  }

  private func caption(
    _ metric: LatencyMetric, _ x: Double, _ y: Double, _ canvas: inout SVGCanvas
  ) {
    let hasRoofline = !roofline.isEmpty
    guard
      let validation = try? Validation(
        measured: measured, replayed: replayed, roofline: hasRoofline ? roofline : nil),
      let comparison = validation[metric], let mean = comparison[.mean],
      let error = comparison.replayError
    else { return }
    var line = "Replay: mean " + signed(mean.differencePercent)
    line += ", p99 " + signed(comparison[.p99]?.differencePercent)
    line += ", MAPE " + fixedText(error.meanAbsolutePercent, decimals: 1) + " %."
    canvas.text(line, x, y, size: 12.5, colour: Colour.replayed)
    guard let roofline = comparison.rooflineError else { return }
    line = "Roofline: mean " + signed(mean.rooflineDifferencePercent)
    line += ", p99 " + signed(comparison[.p99]?.rooflineDifferencePercent)
    line += ", MAPE " + fixedText(roofline.meanAbsolutePercent, decimals: 1) + " %."
    canvas.text(line, x, y + 18, size: 12.5, colour: "#a85a1a")
  }

  private func signed(_ percent: Double?) -> String {
    percent.map {
      fixedText($0, decimals: 1, signed: true).replacing("-", with: "−") + " %"
    } ?? "n/a"
  }
}
