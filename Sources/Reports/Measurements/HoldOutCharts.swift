internal import Calibration
internal import CostModel
private import Foundation
internal import Validation

/// Three charts of one group's held-out points, each with a curve a protocol.
///
/// The first says which share of points erred at most so much: the farther left the better, and where it crosses 95 %
/// is the table's p95. The second is the mean error by the distance from the nearest sample that was left. The third
/// holds intervals against the share of points that lay in them: below the diagonal they are too narrow.
struct HoldOutCharts {
  private let rows: [HoldOutCheck.Row]

  init(_ rows: [HoldOutCheck.Row]) {
    self.rows = rows.sorted { $0.way.rawValue < $1.way.rawValue }
  }

  static func colour(of way: HoldOutProtocol) -> String {
    switch way {
    case .points: SVGCanvas.Colour.replayed
    case .sizes: "#1a7f37"
    case .curves: "#a85a1a"
    case .devices: "#7a3fa0"
    }
  }

  /// Where a chart stands; its sides are 0 to 1 from the lower left.
  private struct Frame {
    var left: Double
    var top: Double
    let width = 250.0
    let height = 140.0

    func x(_ share: Double) -> Double { left + width * share }
    func y(_ share: Double) -> Double { top + height * (1 - share) }
  }

  private typealias Tick = (share: Double, label: String)

  /// Draws the charts beside each other.
  func draw(on canvas: inout SVGCanvas, top: Double) {
    distribution(on: &canvas, Frame(left: 84, top: top))
    distances(on: &canvas, Frame(left: 422, top: top))
    coverage(on: &canvas, Frame(left: 760, top: top))
  }

  private func axes(
    on canvas: inout SVGCanvas, _ frame: Frame, x: (title: String, ticks: [Tick]),
    y: (title: String, ticks: [Tick])
  ) {
    let quiet = SVGCanvas.Colour.quiet
    for tick in x.ticks {
      let place = frame.x(tick.share)
      canvas.line(place, frame.top, place, frame.y(0), SVGCanvas.Colour.grid)
      canvas.text(tick.label, place, frame.y(0) + 15, size: 11, anchor: .middle, colour: quiet)
    }
    for tick in y.ticks {
      let place = frame.y(tick.share)
      canvas.line(frame.left, place, frame.x(1), place, SVGCanvas.Colour.grid)
      canvas.text(tick.label, frame.left - 6, place + 4, size: 11, anchor: .end, colour: quiet)
    }
    canvas.line(frame.left, frame.y(0), frame.x(1), frame.y(0), SVGCanvas.Colour.axis)
    canvas.text(x.title, frame.x(0.5), frame.y(0) + 32, size: 12, anchor: .middle, colour: quiet)
    canvas.text(
      y.title, frame.left - 44, frame.y(0.5), size: 12, anchor: .middle, colour: quiet,
      vertical: true)
  }

  // MARK: Errors

  /// Errors from a thousandth to one, on a logarithmic axis.
  private static let decades = 3.0
  private static let errorTicks: [Tick] = zip(0..., ["0.1 %", "1 %", "10 %", "100 %"]).map {
    (Double($0) / decades, $1)
  }

  /// Where an error lies on its axis.
  private static func share(ofError error: Double) -> Double {
    (log10(max(1e-3, min(1, error))) + decades) / decades
  }

  private func distribution(on canvas: inout SVGCanvas, _ frame: Frame) {
    axes(
      on: &canvas, frame, x: ("absolute error at most", Self.errorTicks),
      y: ("share of points", [0, 0.5, 0.95].map { ($0, "\(Int(100 * $0)) %") }))
    for row in rows {
      let errors = row.points.map { abs($0.error) }.sorted()
      let stride = max(1, errors.count / 200)
      let path = Swift.stride(from: stride - 1, to: errors.count, by: stride).map { index in
        (
          frame.x(Self.share(ofError: errors[index])),
          frame.y(Double(index + 1) / Double(errors.count))
        )
      }
      canvas.path(path, stroke: Self.colour(of: row.way))
    }
  }

  // MARK: Distances

  /// The bands of which a group has points; between devices all are as far.
  private func distances(on canvas: inout SVGCanvas, _ frame: Frame) {
    let bands = HoldOutCheck.DistanceBand.allCases
    func place(_ band: HoldOutCheck.DistanceBand) -> Double {
      (Double(band.rawValue) + 0.5) / Double(bands.count)
    }
    axes(
      on: &canvas, frame, x: ("octaves to the nearest sample", bands.map { (place($0), $0.text) }),
      y: ("mean absolute error", Self.errorTicks))
    for row in rows {
      let points = Dictionary(grouping: row.points) {
        HoldOutCheck.DistanceBand(octaves: $0.octaves)
      }
      let path = bands.compactMap { band -> (x: Double, y: Double)? in
        guard let errors = HoldOutCheck.Errors(points[band] ?? []) else { return nil }
        return (
          frame.x(place(band)), frame.y(Self.share(ofError: errors.meanAbsolutePercent / 100))
        )
      }
      canvas.path(path, stroke: Self.colour(of: row.way))
      for point in path {
        canvas.circle(point.x, point.y, radius: 3, fill: Self.colour(of: row.way))
      }
    }
  }

  // MARK: Intervals

  /// Half the widths of the intervals that are drawn, in standard errors.
  private static let widths = stride(from: 0.0, through: 3, by: 0.125)

  private func coverage(on canvas: inout SVGCanvas, _ frame: Frame) {
    let ticks: [Tick] = [0, 0.5, 0.9].map { ($0, "\(Int(100 * $0)) %") }
    axes(on: &canvas, frame, x: ("interval", ticks), y: ("points in it", ticks))
    canvas.line(
      frame.x(0), frame.y(0), frame.x(1), frame.y(1), SVGCanvas.Colour.axis, dash: "3 3")
    for row in rows where !row.points.isEmpty {
      let path = Self.widths.map { width -> (x: Double, y: Double) in
        let held = row.points.count {
          $0.prediction.interval(standardErrors: width).contains($0.measured)
        }
        // What a normal distribution has within so many standard errors.
        return (
          frame.x(erf(width / 2.0.squareRoot())),
          frame.y(Double(held) / Double(row.points.count))
        )
      }
      canvas.path(path, stroke: Self.colour(of: row.way))
    }
  }
}
