import Operators
public import Replay
public import TraceIO
import Validation

/// What requests of a scenario waited for, as an SVG: stacked bars for the time to first token and the whole,
/// each of all requests, of the slowest tenth and of the slowest hundredth.
///
/// A bar is all the time of these requests; its parts are their shares by what was done and where.
public struct CriticalPathFigure: Sendable {
  /// The heading.
  public var title: String
  private let blame: [BlameSummary]
  private let summary: PipelineSummary

  private typealias Colour = SVGCanvas.Colour
  private static let width = 960.0
  private static let left = 172.0
  private static let barWidth = 660.0
  private static let barHeight = 34.0
  /// From one bar to the next.
  private static let pitch = 44.0
  /// A character's width at the size of labels.
  private static let character = 6.6

  /// Creates a figure.
  public init(title: String, summary: PipelineSummary) {
    self.title = title
    self.summary = summary
    blame = summary.blame
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    let colours = BlameColours(blame)
    let hasRest = blame.contains { $0.rest > 0 }
    let labels = colours.keys.map(\.words) + (hasRest ? ["each below 1 %"] : [])
    let legend = legendRows(
      labels.map { shortened($0, to: 40) }, mark: 18, character: Self.character, gap: 26,
      in: Self.width)
    let metrics = [PipelineSummary.Metric.timeToFirstToken, .endToEnd].filter { metric in
      blame.contains { $0.metric == metric }
    }
    let barsTop = 74 + 22 * Double(max(1, legend.count))
    let panel = 34 + Self.pitch * Double(BlameSummary.slowest.count)
    var canvas = SVGCanvas(
      width: Self.width, height: barsTop + panel * Double(max(1, metrics.count)) + 60,
      title: title,
      description: "What requests waited for on their critical paths, as shares of their time, by "
        + "part and pool: all requests, the slowest 10 % and the slowest 1 %")
    canvas.text(shortened(title, to: 96), 32, 38, size: 18, bold: true)
    for (row, entries) in legend.enumerated() {
      for entry in entries {
        let y = 62 + 22 * Double(row)
        let fill =
          entry.index < colours.keys.count
          ? colours.colour(of: colours.keys[entry.index]).fill : BlameColours.rest
        canvas.rectangle(entry.x, y - 10, 12, 12, fill: fill, radius: 2)
        canvas.text(entry.label, entry.x + 18, y, size: 12.5, colour: Colour.quiet)
      }
    }
    if metrics.isEmpty {
      canvas.text("No request finished.", 32, barsTop + 24, size: 13, colour: Colour.quiet)
    }
    for (place, metric) in metrics.enumerated() {
      draw(metric, top: barsTop + panel * Double(place), colours, &canvas)
    }
    if !metrics.isEmpty { axis(barsTop + panel * Double(metrics.count), &canvas) }
    return canvas.svg
  }

  private func draw(
    _ metric: PipelineSummary.Metric, top: Double, _ colours: BlameColours,
    _ canvas: inout SVGCanvas
  ) {
    let name = metric == .timeToFirstToken ? "Time to first token" : "End to end"
    canvas.text(name, 32, top + 18, size: 13, bold: true)
    for (place, bar) in blame.filter({ $0.metric == metric }).enumerated() {
      let y = top + 28 + Self.pitch * Double(place)
      let whose =
        bar.slowest < 1
        ? "slowest \(fixedText(100 * bar.slowest, decimals: 0)) %" : "all requests"
      canvas.text(
        whose, Self.left - 12, y + Self.barHeight / 2 + 4.5, size: 13, anchor: .end,
        colour: Colour.quiet)
      var x = Self.left
      for share in bar.shares {
        let key = BlameColours.Key(part: share.part, pool: share.pool)
        let width = Self.barWidth * share.share
        segment(key.words, share.share, x, y, width, colours.colour(of: key), &canvas)
        x += width
      }
      let rest = Self.barWidth * bar.rest
      if rest > 0.5 {
        segment("", bar.rest, x, y, rest, (BlameColours.rest, Colour.text), &canvas)
      }
      if let latency = latency(metric, bar.slowest) {
        canvas.text(
          latency, Self.left + Self.barWidth + 10, y + Self.barHeight / 2 + 4.5, size: 12,
          colour: Colour.quiet)
      }
    }
  }

  /// One part of a bar, with as much of its label as there is room for.
  private func segment(
    _ words: String, _ share: Double, _ x: Double, _ y: Double, _ width: Double,
    _ colour: (fill: String, text: String), _ canvas: inout SVGCanvas
  ) {
    canvas.rectangle(
      x, y, width, Self.barHeight, fill: colour.fill, stroke: Colour.background)
    let number = "\(fixedText(100 * share, decimals: 0)) %"
    let fits = [words.isEmpty ? number : "\(words) \(number)", number].first {
      Self.character * Double($0.count) + 8 <= width
    }
    guard let fits else { return }
    canvas.text(
      fits, x + width / 2, y + Self.barHeight / 2 + 4.5, size: 12, anchor: .middle,
      colour: colour.text)
  }

  /// From which latency on requests are of this bar; of all their median.
  private func latency(_ metric: PipelineSummary.Metric, _ slowest: Double) -> String? {
    let statistics =
      metric == .timeToFirstToken ? summary.timeToFirstToken : summary.endToEnd
    guard let statistics else { return nil }
    let (name, value) =
      slowest >= 1
      ? ("p50", statistics.p50) : slowest > 0.05 ? ("p90", statistics.p90) : ("p99", statistics.p99)
    return "\(name) \(millisecondsText(value)) ms"
  }

  private func axis(_ y: Double, _ canvas: inout SVGCanvas) {
    canvas.line(Self.left, y, Self.left + Self.barWidth, y, Colour.axis)
    for percent in stride(from: 0, through: 100, by: 25) {
      let x = Self.left + Self.barWidth * Double(percent) / 100
      canvas.line(x, y, x, y + 4, Colour.axis)
      canvas.text(
        "\(percent) %", x, y + 18, size: 12, anchor: .middle, colour: Colour.quiet)
    }
    canvas.text(
      "share of these requests' time", Self.left + Self.barWidth / 2, y + 40, size: 13,
      anchor: .middle, bold: true)
  }
}
