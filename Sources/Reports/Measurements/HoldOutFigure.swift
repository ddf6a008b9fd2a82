internal import Calibration
internal import Operators
public import TraceIO

/// How far predictions of held-out points were off, as an SVG: a line of three charts for each device, kind, type
/// and software, in each a curve for each protocol (``HoldOutCharts``).
public struct HoldOutFigure: Sendable {
  /// What one line of charts is of.
  private struct Group: Hashable {
    var device: String
    var group: HoldOutCheck.Group
  }

  /// One line of charts.
  private struct Panel {
    var name: String
    var rows: [HoldOutCheck.Row]
    var points: Int
  }

  private let panels: [Panel]
  /// Groups that were left out because a page holds no more.
  private let leftOut: Int

  private static let mostPanels = 24
  private static let width = 1040.0
  /// From one line of charts to the next.
  private static let pitch = 240.0
  /// Where the first line begins.
  private static let head = 84.0

  /// Creates a figure; the groups with the most points are drawn.
  public init(_ report: HoldOutReport) {
    let devices = Set(report.parts.map(\.device))
    var rows: [Group: [HoldOutCheck.Row]] = [:]
    for part in report.parts {
      for row in part.check.rows {
        rows[Group(device: part.device, group: row.group), default: []].append(row)
      }
    }
    let all = rows.map { key, rows in
      let names = [
        devices.count > 1 ? key.device : "", key.group.title, key.group.dataType?.rawValue ?? "",
        key.group.runtime,
      ]
      return Panel(
        name: names.filter { !$0.isEmpty }.joined(separator: " · "), rows: rows,
        points: rows.reduce(0) { $0 + $1.errors.points })
    }
    let most = all.sorted { ($1.points, $0.name) < ($0.points, $1.name) }.prefix(Self.mostPanels)
    panels = most.sorted { $0.name < $1.name }
    leftOut = all.count - panels.count
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    var canvas = SVGCanvas(
      width: Self.width, height: Self.head + Double(max(1, panels.count)) * Self.pitch,
      title: "Errors of held-out points",
      description:
        "By kind of operator, type and software: which share of predictions of points that "
        + "were held out erred at most so much, the mean error by distance, and how often intervals held."
    )
    canvas.text("Errors of held-out points", 32, 38, size: 18, bold: true)
    var x = 32.0
    let drawn = Set(panels.flatMap(\.rows).map(\.way))
    for way in HoldOutProtocol.allCases where drawn.contains(way) {
      canvas.line(x, 60, x + 26, 60, HoldOutCharts.colour(of: way), width: 2)
      canvas.text(way.rawValue, x + 34, 64, size: 13, colour: SVGCanvas.Colour.quiet)
      x += 120
    }
    if leftOut > 0 {
      canvas.text(
        "\(leftOut) smaller groups are not drawn", x, 64, size: 13,
        colour: SVGCanvas.Colour.quiet)
    }
    for (index, panel) in panels.enumerated() {
      let top = Self.head + Double(index) * Self.pitch
      canvas.text(String(panel.name.prefix(100)), 32, top + 16, size: 13, bold: true)
      HoldOutCharts(panel.rows).draw(on: &canvas, top: top + 32)
    }
    return canvas.svg
  }
}
