public import Calibration
private import Foundation
import Operators
public import TraceIO

/// How far predictions of held-out points were off, as an SVG: for each kind, type and software a
/// panel, in it a curve for each protocol.
///
/// A curve says which share of points erred at most so much. The farther left, the better; where it
/// crosses the line at 95 % is the table's p95.
public struct HoldOutFigure: Sendable {
  private let panels: [(name: String, rows: [HoldOutCheck.Row])]
  /// Groups that were left out because a page holds no more.
  private let leftOut: Int

  private static let mostPanels = 24
  private static let columns = 3
  private static let cell = (width: 330.0, height: 210.0)
  /// Errors from a thousandth to one, on a logarithmic axis.
  private static let decades = 3.0
  private static let colours: [HoldOutProtocol: String] = [
    .points: SVGCanvas.Colour.replayed, .sizes: "#1a7f37", .curves: "#a85a1a",
    .devices: "#7a3fa0",
  ]

  /// Creates a figure; the groups with the most points are drawn.
  public init(_ rows: [HoldOutCheck.Row]) {
    let groups = Dictionary(grouping: rows, by: \.group).map { group, rows in
      let kind = group.region.isEmpty ? group.kind.rawValue : "\(group.kind), \(group.region)"
      return (
        name: "\(kind) \(group.dataType?.rawValue ?? "") · \(group.runtime)", rows: rows
      )
    }
    let most = groups.sorted {
      let (left, right) = ($0.rows.map(\.errors.points), $1.rows.map(\.errors.points))
      return (right.reduce(0, +), $0.name) < (left.reduce(0, +), $1.name)
    }.prefix(Self.mostPanels)
    panels = most.sorted { $0.name < $1.name }
    leftOut = groups.count - panels.count
  }

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    let lines = (panels.count + Self.columns - 1) / Self.columns
    var canvas = SVGCanvas(
      width: 1040, height: 110 + Double(max(1, lines)) * Self.cell.height,
      title: "Errors of held-out points",
      description: "Cumulative distributions of the absolute error of predictions of points that "
        + "were held out, by kind of operator, type and software.")
    canvas.text("Errors of held-out points", 32, 38, size: 18, bold: true)
    var x = 32.0
    let drawn = Set(panels.flatMap(\.rows).map(\.way))
    for way in HoldOutProtocol.allCases where drawn.contains(way) {
      canvas.line(x, 60, x + 26, 60, Self.colours[way] ?? "", width: 2)
      canvas.text("\(way)", x + 34, 64, size: 13, colour: SVGCanvas.Colour.quiet)
      x += 120
    }
    if leftOut > 0 {
      canvas.text(
        "\(leftOut) smaller groups are not drawn", x, 64, size: 13,
        colour: SVGCanvas.Colour.quiet)
    }
    for (index, panel) in panels.enumerated() {
      let column = Double(index % Self.columns)
      let line = Double(index / Self.columns)
      draw(
        panel, left: 56 + column * Self.cell.width, top: 104 + line * Self.cell.height, &canvas)
    }
    return canvas.svg
  }

  private func draw(
    _ panel: (name: String, rows: [HoldOutCheck.Row]), left: Double, top: Double,
    _ canvas: inout SVGCanvas
  ) {
    let (width, height) = (Self.cell.width - 60, Self.cell.height - 70)
    let bottom = top + height
    canvas.text(String(panel.name.prefix(48)), left, top - 8, size: 12, bold: true)
    for percent in [0, 50, 95] {
      let y = bottom - height * Double(percent) / 100
      canvas.line(left, y, left + width, y, SVGCanvas.Colour.grid)
      canvas.text(
        "\(percent) %", left - 6, y + 4, size: 11, anchor: .end, colour: SVGCanvas.Colour.quiet)
    }
    for (decade, label) in ["0.1 %", "1 %", "10 %", "100 %"].enumerated() {
      let x = left + width * Double(decade) / Self.decades
      canvas.line(x, top, x, bottom, SVGCanvas.Colour.grid)
      canvas.text(
        label, x, bottom + 15, size: 11, anchor: .middle, colour: SVGCanvas.Colour.quiet)
    }
    for row in panel.rows.sorted(by: { $0.way.rawValue < $1.way.rawValue }) {
      let errors = row.points.map { abs($0.error) }.sorted()
      let stride = max(1, errors.count / 200)
      let path = Swift.stride(from: stride - 1, to: errors.count, by: stride).map { index in
        let decades = log10(max(1e-3, min(1, errors[index]))) + Self.decades
        let share = Double(index + 1) / Double(errors.count)
        return (left + width * decades / Self.decades, bottom - height * share)
      }
      canvas.path(path, stroke: Self.colours[row.way] ?? "", width: 2)
    }
    canvas.line(left, bottom, left + width, bottom, SVGCanvas.Colour.axis)
  }
}
