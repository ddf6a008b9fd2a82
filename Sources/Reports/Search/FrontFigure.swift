import Operators
import Scenarios
public import Search
public import TraceIO
import Validation

/// What designs cost against what they reach, as an SVG: each that was replayed a dot, the front a line.
public struct FrontFigure: Sendable {
  private struct Dot {
    var cost: Double
    var merit: Double
    var holds: Bool
  }

  private let title: String
  private let costName: String
  private let meritName: String
  private var dots: [Dot] = []
  private var front: [Dot] = []
  private var best: Dot?

  /// Takes the designs that were replayed; of a latency those that have one.
  public init(_ search: DesignSearch, _ result: SearchResult) {
    title = search.space.name
    costName = search.countsDevices ? "devices" : "US dollars an hour"
    meritName =
      switch search.space.objective {
      case .cost, .devices, .goodput: "requests within the limits, %"
      case .ttft: "P99 of the time to first token, ms"
      case .tpot: "P99 of the time per output token, ms"
      }
    func dot(_ number: Int) -> Dot? {
      guard let outcome = result.outcome(of: number) else { return nil }
      let merit: Double? =
        switch search.space.objective {
        case .cost, .devices, .goodput: 100 * outcome.attainment
        case .ttft: outcome.timeToFirstToken[2]?.milliseconds
        case .tpot: outcome.timePerOutputToken[2]?.milliseconds
        }
      return merit.map {
        Dot(cost: search.cost(of: search.designs[number]), merit: $0, holds: outcome.holds)
      }
    }
    dots = result.verdicts.indices.compactMap(dot)
    front = result.front.compactMap(dot)
    best = result.best.flatMap(dot)
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  private typealias Colour = SVGCanvas.Colour

  /// The figure's text.
  public var svg: String {
    var canvas = SVGCanvas(
      width: 760, height: 460, title: title,
      description: "\(costName) against \(meritName), of \(dots.count) designs that were replayed")
    canvas.text(title, 32, 38, size: 18, bold: true)
    let (left, right, top, bottom) = (84.0, 728.0, 100.0, 396.0)
    let mostCost = max(1e-9, 1.05 * (dots.map(\.cost).max() ?? 1))
    // Latencies of designs that are out of the question would squeeze the others together.
    let farthest = 4 * (front.map(\.merit).max() ?? dots.map(\.merit).max() ?? 1)
    let mostMerit = max(1e-9, 1.05 * (dots.map(\.merit).filter { $0 <= farthest }.max() ?? 1))
    func place(_ dot: Dot) -> (x: Double, y: Double) {
      (
        left + (right - left) * dot.cost / mostCost,
        bottom - (bottom - top) * min(1, dot.merit / mostMerit)
      )
    }
    let (columns, columnDecimals) = TimeAxis.ticks(upTo: mostCost, count: 8)
    for tick in columns {
      let x = left + (right - left) * tick / mostCost
      canvas.line(x, top, x, bottom, Colour.grid)
      canvas.text(
        fixedText(tick, decimals: columnDecimals), x, bottom + 18, anchor: .middle,
        colour: Colour.quiet)
    }
    let (lines, lineDecimals) = TimeAxis.ticks(upTo: mostMerit, count: 6)
    for tick in lines {
      let y = bottom - (bottom - top) * tick / mostMerit
      canvas.line(left, y, right, y, Colour.grid)
      canvas.text(
        fixedText(tick, decimals: lineDecimals), left - 8, y + 4, anchor: .end,
        colour: Colour.quiet)
    }
    canvas.line(left, bottom, right, bottom, Colour.axis)
    canvas.text(costName, (left + right) / 2, bottom + 42, anchor: .middle)
    canvas.text(meritName, 28, (top + bottom) / 2, anchor: .middle, vertical: true)
    // Designs that lie on each other are one dot.
    var drawn: Set<[Double]> = []
    for dot in dots
    where dot.merit <= farthest && drawn.insert([dot.cost, dot.merit, dot.holds ? 1 : 0]).inserted {
      let (x, y) = place(dot)
      canvas.circle(x, y, radius: 3, fill: dot.holds ? Colour.running : Colour.axis, opacity: 0.6)
    }
    canvas.path(front.map(place), stroke: Colour.replayed, width: 2)
    for dot in front {
      let (x, y) = place(dot)
      canvas.circle(x, y, radius: 4, fill: Colour.replayed)
    }
    if let best {
      let (x, y) = place(best)
      canvas.circle(x, y, radius: 7, fill: Colour.roofline)
    }
    legend(&canvas)
    return canvas.svg
  }

  private func legend(_ canvas: inout SVGCanvas) {
    var x = 36.0
    for (name, colour, width) in [
      ("holds the SLO", Colour.running, 130.0), ("does not", Colour.axis, 96),
      ("front", Colour.replayed, 78), ("best", Colour.roofline, 70),
    ] {
      canvas.circle(x, 66, radius: 5, fill: colour)
      canvas.text(name, x + 12, 70, size: 13, colour: Colour.quiet)
      x += width
    }
  }
}
