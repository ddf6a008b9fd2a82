import Histogram
import Operators
import Replay

/// One panel of cumulative distributions: which share of requests had at most a latency.
struct CumulativePanel {
  /// A distribution, as the corners of its steps in ascending order.
  struct Curve {
    var colour: String
    var width: Double
    var dash: String?
    var corners: [(time: Nanoseconds, share: Double)]

    /// How many steps a curve has at most, about.
    private static let mostSteps = 400

    /// The distribution of sorted latencies.
    init(colour: String, width: Double, dash: String? = nil, sorted: [Nanoseconds]) {
      (self.colour, self.width, self.dash) = (colour, width, dash)
      corners = []
      guard let first = sorted.first else { return }
      corners.append((first, 0))
      let stride = max(1, sorted.count / Self.mostSteps)
      var share = 0.0
      for index in Swift.stride(from: stride - 1, to: sorted.count, by: stride) {
        corners.append((sorted[index], share))
        share = Double(index + 1) / Double(sorted.count)
        corners.append((sorted[index], share))
      }
    }

    /// The distribution that a histogram of nanoseconds holds.
    init(colour: String, width: Double, dash: String? = nil, histogram: Histogram<UInt32>) {
      (self.colour, self.width, self.dash) = (colour, width, dash)
      corners = []
      let total = Double(max(1, histogram.totalCount))
      var sum = 0.0
      var drawn = 0.0
      for value in histogram.recordedValues() {
        let time = Nanoseconds(Int64(clamping: value.value))
        if corners.isEmpty { corners.append((time, 0)) }
        sum += Double(value.count)
        guard sum / total - drawn >= 1 / Double(Self.mostSteps) || sum >= total else { continue }
        corners.append((time, drawn))
        drawn = sum / total
        corners.append((time, drawn))
      }
    }
  }

  var title: String
  var curves: [Curve]
  /// The end of the axis of time.
  var longest: Nanoseconds
  var left: Double
  var top: Double
  var width: Double
  var height: Double
  /// About how many ticks the axis of time has.
  var ticks = 6

  private typealias Colour = SVGCanvas.Colour

  func draw(on canvas: inout SVGCanvas) {
    let axis = TimeAxis(longest: longest, count: ticks)
    let bottom = top + height
    for percent in [0, 25, 50, 75, 100] {
      let y = bottom - height * Double(percent) / 100
      canvas.line(left, y, left + width, y, Colour.grid)
      canvas.text("\(percent) %", left - 8, y + 4, size: 12, anchor: .end, colour: Colour.quiet)
    }
    for tick in axis.ticks {
      let x = left + width * tick / axis.end
      canvas.line(x, top, x, bottom, Colour.grid)
      canvas.line(x, bottom, x, bottom + 4, Colour.axis)
      canvas.text(
        axis.label(tick), x, bottom + 18, size: 12, anchor: .middle, colour: Colour.quiet)
    }
    for curve in curves {
      canvas.path(
        points(curve, axis).map { (left + width * $0.x, bottom - height * $0.y) },
        stroke: curve.colour, width: curve.width, dash: curve.dash)
    }
    canvas.line(left, bottom, left + width, bottom, Colour.axis)
    canvas.text(
      "\(title) [\(axis.unit)]", left + width / 2, bottom + 40, size: 13, anchor: .middle,
      bold: true)
    canvas.text(
      "share of requests", left - 50, top + height / 2, size: 12, anchor: .middle,
      colour: Colour.quiet, vertical: true)
  }

  /// A curve as fractions of the panel, cut where it leaves it.
  private func points(_ curve: Curve, _ axis: TimeAxis) -> [(x: Double, y: Double)] {
    var points: [(x: Double, y: Double)] = []
    for corner in curve.corners {
      let x = axis.fraction(corner.time)
      guard x <= 1 || points.isEmpty else { break }
      points.append((x, corner.share))
    }
    if let last = points.last { points.append((1, last.y)) }
    return points
  }
}
