import Operators
public import Replay
public import TraceIO
import Validation

/// What the stages of a scenario's pipelines took, as an SVG: for each pipeline a bar a stage, split into the
/// mean times of transfer, queue and service.
///
/// All bars stand on one axis of time. Stages that fork are beside each other in time, so bars need not add up
/// to the whole of a request.
public struct StagesFigure: Sendable {
  /// The heading.
  public var title: String
  private let pipelines: [PipelineStages]

  private typealias Colour = SVGCanvas.Colour
  private static let width = 960.0
  private static let left = 252.0
  private static let barWidth = 560.0
  private static let barHeight = 20.0
  /// From one bar to the next.
  private static let pitch = 28.0
  /// More bars are left out: nobody reads them.
  private static let mostBars = 120

  /// Creates a figure.
  public init(title: String, summary: PipelineSummary) {
    self.title = title
    pipelines = summary.pipelines
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  private static let parts:
    [(name: String, part: BlamePart, time: @Sendable (StageSummary) -> Nanoseconds?)] =
      [
        ("transfer", .transfer, { $0.meanTransfer }), ("queue", .queue, { $0.meanQueue }),
        ("service", .service, { $0.meanService }),
      ]

  /// The figure's text.
  public var svg: String {
    let (drawn, leftOut) = drawnPipelines
    let bars = drawn.reduce(0) { $0 + $1.stages.count }
    let top = 84.0
    let height = 40 * Double(drawn.count) + Self.pitch * Double(bars)
    var canvas = SVGCanvas(
      width: Self.width, height: top + height + 62, title: title,
      description: "Mean times of transfer, queue and service of each stage, by pipeline")
    canvas.text(shortened(title, to: 96), 32, 38, size: 18, bold: true)
    var x = 32.0
    for (name, part, _) in Self.parts {
      canvas.rectangle(x, 54, 12, 12, fill: BlameColours.colour(of: part), radius: 2)
      canvas.text("mean \(name)", x + 18, 64, size: 12.5, colour: Colour.quiet)
      x += 130
    }
    if leftOut > 0 {
      canvas.text(
        "\(groupedText(leftOut)) more stages are not drawn", x, 64, size: 12.5,
        colour: Colour.quiet)
    }
    let longest = drawn.flatMap(\.stages).map(total).max() ?? .zero
    let axis = TimeAxis(longest: longest, count: 6)
    let bottom = top + height + 6
    for tick in axis.ticks {
      let x = Self.left + Self.barWidth * tick / axis.end
      canvas.line(x, top, x, bottom, Colour.grid)
      canvas.line(x, bottom, x, bottom + 4, Colour.axis)
      canvas.text(
        axis.label(tick), x, bottom + 18, size: 12, anchor: .middle, colour: Colour.quiet)
    }
    var y = top
    for pipeline in drawn {
      let heading = "\(pipeline.name) (\(groupedText(pipeline.finished)) finished)"
      canvas.text(shortened(heading, to: 100), 32, y + 22, size: 13, bold: true)
      y += 36
      for stage in pipeline.stages {
        draw(stage, y, axis, &canvas)
        y += Self.pitch
      }
      y += 4
    }
    canvas.line(Self.left, bottom, Self.left + Self.barWidth, bottom, Colour.axis)
    canvas.text(
      "mean of the requests that a stage was done for [\(axis.unit)]",
      Self.left + Self.barWidth / 2, bottom + 40, size: 13, anchor: .middle, bold: true)
    return canvas.svg
  }

  /// The pipelines with as many stages as are drawn, and how many are not.
  private var drawnPipelines: (drawn: [PipelineStages], leftOut: Int) {
    var (drawn, room, leftOut) = ([PipelineStages](), Self.mostBars, 0)
    for var pipeline in pipelines {
      let count = min(room, pipeline.stages.count)
      leftOut += pipeline.stages.count - count
      room -= count
      guard count > 0 else { continue }
      pipeline.stages = Array(pipeline.stages.prefix(count))
      drawn.append(pipeline)
    }
    return (drawn, leftOut)
  }

  private func total(_ stage: StageSummary) -> Nanoseconds {
    Self.parts.reduce(.zero) { $0 + ($1.time(stage) ?? .zero) }
  }

  private func draw(
    _ stage: StageSummary, _ y: Double, _ axis: TimeAxis, _ canvas: inout SVGCanvas
  ) {
    let name = stage.name == stage.pool ? stage.name : "\(stage.name) on \(stage.pool)"
    canvas.text(
      shortened(name, to: 32), Self.left - 10, y + Self.barHeight / 2 + 4.5, size: 12.5,
      anchor: .end)
    var x = Self.left
    for (_, part, time) in Self.parts {
      let width = Self.barWidth * axis.fraction(time(stage) ?? .zero)
      guard width > 0 else { continue }
      canvas.rectangle(x, y, width, Self.barHeight, fill: BlameColours.colour(of: part))
      x += width
    }
    let text =
      stage.served > 0
      ? "\(millisecondsText(total(stage))) ms"
        + (stage.skipped > 0 ? " · \(groupedText(stage.served)) served" : "")
      : "served nobody"
    // Beside the bar, or on a light ground over the grid's lines where it ends within.
    canvas.text(text, x + 8, y + Self.barHeight / 2 + 4.5, size: 12, colour: Colour.quiet)
  }
}
