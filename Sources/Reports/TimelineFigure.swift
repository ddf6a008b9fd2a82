import CostModel
public import Operators
public import Replay
public import TraceIO

/// A replay at a glance, as an SVG: what each engine did over time, and below how many requests
/// ran and waited.
///
/// Time is cut into equal bins. A bin's bar is as high as the share of it in which the engine ran
/// steps; it is split by the steps' tokens into prefill and decode. Curves are means over the bin.
public struct TimelineFigure: Sendable {
  /// The heading.
  public var title: String
  /// The steps of all engines.
  public var steps: [StepRecord]
  /// What part of the replay to show; nil shows all of it.
  public var window: Range<Nanoseconds>?

  /// Creates a figure.
  public init(title: String, steps: [StepRecord], window: Range<Nanoseconds>? = nil) {
    self.title = title
    self.steps = steps
    self.window = window
  }

  private typealias Colour = SVGCanvas.Colour
  private static let left = 92.0
  private static let plotWidth = 836.0
  private static let binWidth = 4.0
  /// More engines than this are not drawn one by one; the heading says so.
  private static let mostEngines = 8

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    let window = self.window ?? whole
    let engines = Set(steps.map(\.engine)).sorted()
    let drawn = Array(engines.prefix(Self.mostEngines))
    let band = drawn.count > 3 ? 44.0 : 84.0
    let curvesTop = 104 + Double(drawn.count) * (band + 14) + 6
    let height = curvesTop + 120 + 58
    var canvas = SVGCanvas(
      width: 960, height: height, title: title,
      description: "Engine steps over time by prefill and decode, requests running and waiting")
    canvas.text(title, 32, 38, size: 18, bold: true)
    legend(&canvas, hidden: engines.count - drawn.count)
    let axis = TimeAxis(longest: window.upperBound - window.lowerBound, count: 10)
    for tick in axis.ticks {
      let x = Self.left + Self.plotWidth * tick / axis.end
      canvas.line(x, 92, x, curvesTop + 120, Colour.grid)
      canvas.text(
        axis.label(tick), x, curvesTop + 138, size: 12, anchor: .middle, colour: Colour.quiet)
    }
    canvas.text(
      "simulated time [\(axis.unit)]", Self.left + Self.plotWidth / 2, curvesTop + 160, size: 13,
      anchor: .middle, bold: true)

    let count = Int(Self.plotWidth / Self.binWidth)
    var total = StepBins(count: count, window: window)
    for (row, engine) in drawn.enumerated() {
      var bins = StepBins(count: count, window: window)
      for step in steps where step.engine == engine { bins.add(step) }
      draw(bins, engine: engine, top: 92 + Double(row) * (band + 14), height: band, &canvas)
    }
    for step in steps { total.add(step) }
    drawCurves(total, top: curvesTop, height: 120, &canvas)
    return canvas.svg
  }

  private var whole: Range<Nanoseconds> {
    guard let start = steps.map(\.start).min(),
      let end = steps.map({ $0.start + $0.duration }).max(), end > start
    else { return .zero..<Nanoseconds(1) }
    return start..<end
  }

  private func legend(_ canvas: inout SVGCanvas, hidden: Int) {
    var x = 32.0
    for (name, colour) in [
      ("prefill", Colour.prefill), ("decode", Colour.decode), ("running", Colour.running),
      ("waiting", Colour.waiting),
    ] {
      canvas.rectangle(x, 54, 14, 14, fill: colour, radius: 3)
      canvas.text(name, x + 21, 66, size: 13, colour: Colour.quiet)
      x += 92
    }
    if hidden > 0 {
      canvas.text(
        "\(hidden) more engines are in the curves only", 928, 66, size: 12, anchor: .end,
        colour: Colour.quiet)
    }
  }

  private func draw(
    _ bins: StepBins, engine: Int32, top: Double, height: Double, _ canvas: inout SVGCanvas
  ) {
    let bottom = top + height
    var prefill: [(x: Double, y: Double)] = []
    var all: [(x: Double, y: Double)] = []
    for index in 0..<bins.count {
      let left = Self.left + Double(index) * Self.binWidth
      let lower = bottom - height * min(bins.prefill[index], 1)
      let upper = bottom - height * min(bins.prefill[index] + bins.decode[index], 1)
      prefill += [(left, lower), (left + Self.binWidth, lower)]
      all += [(left, upper), (left + Self.binWidth, upper)]
    }
    canvas.path(all, fill: Colour.decode, base: bottom)
    canvas.path(prefill, fill: Colour.prefill, base: bottom)
    canvas.line(Self.left, bottom, Self.left + Self.plotWidth, bottom, Colour.axis)
    canvas.text(
      "engine \(engine)", Self.left - 10, top + height / 2, size: 12, anchor: .end, bold: true)
    canvas.text(
      "busy share", Self.left - 10, top + height / 2 + 16, size: 11, anchor: .end,
      colour: Colour.quiet)
  }

  private func drawCurves(
    _ bins: StepBins, top: Double, height: Double, _ canvas: inout SVGCanvas
  ) {
    let bottom = top + height
    let most = max(bins.running.max() ?? 0, bins.waiting.max() ?? 0, 1)
    let ticks = TimeAxis.ticks(upTo: most * 1.05, count: 4).ticks
    for tick in ticks {
      let y = bottom - height * tick / (most * 1.05)
      canvas.line(Self.left, y, Self.left + Self.plotWidth, y, Colour.grid)
      canvas.text(
        groupedText(Int(tick.rounded())), Self.left - 10, y + 4, size: 12, anchor: .end,
        colour: Colour.quiet)
    }
    for (values, colour) in [(bins.waiting, Colour.waiting), (bins.running, Colour.running)] {
      canvas.path(
        values.enumerated().map { index, value in
          (
            Self.left + (Double(index) + 0.5) * Self.binWidth,
            bottom - height * value / (most * 1.05)
          )
        }, stroke: colour, width: 2)
    }
    canvas.line(Self.left, bottom, Self.left + Self.plotWidth, bottom, Colour.axis)
    canvas.text(
      "requests", 34, top + height / 2, size: 12, anchor: .middle, bold: true, vertical: true)
  }
}
