public import Analytical
internal import Foundation
internal import Operators
public import TraceIO
internal import Validation

/// Each operator of a step under its device's roofline, as an SVG: what limits it, how near it comes,
/// and how much of the step it takes.
///
/// Both axes are logarithmic: operations a byte of memory traffic, and operations a second. The roof
/// is the bandwidth's slope up to the peak; a circle's area is its operator's share of the step.
public struct RooflineFigure: Sendable {
  /// One step's operators in one colour.
  public struct Step: Sendable {
    /// What the step is, such as `prefill`.
    public var name: String
    /// Its operators.
    public var operators: [OperatorEstimate]

    /// Creates a step.
    public init(name: String, operators: [OperatorEstimate]) {
      self.name = name
      self.operators = operators
    }
  }

  /// The heading.
  public var title: String
  /// The device.
  public var device: Device
  /// The type of the inputs, whose peak is the roof.
  public var precision: Precision
  /// The steps; the first is drawn in prefill's colour, the second in decode's.
  public var steps: [Step]

  /// Creates a figure.
  public init(title: String, device: Device, precision: Precision, steps: [Step]) {
    self.title = title
    self.device = device
    self.precision = precision
    self.steps = steps
  }

  private typealias Colour = SVGCanvas.Colour
  private static let colours = [Colour.prefill, Colour.decode]
  private static let (left, right, top, bottom) = (76.0, 856.0, 96.0, 500.0)

  /// Writes the figure.
  public func write(to path: String) throws(OutputError) {
    try OutputFile.write(svg, to: path)
  }

  /// The figure's text.
  public var svg: String {
    let peak = device.peakFlops(precision.activations)
    let bandwidth = device.memoryBandwidth
    var canvas = SVGCanvas(
      width: 900, height: 560, title: title,
      description: "Operators under the roofline of \(device.name): operations a byte against "
        + "operations a second, both logarithmic.")
    canvas.text(title, 32, 38, size: 18, bold: true)
    canvas.text(
      "\(device.name): \(fixedText(peak / 1e12, decimals: 1)) TFLOP/s in "
        + "\(precision.activations.rawValue), \(fixedText(bandwidth / 1e9, decimals: 0)) GB/s; "
        + "area: share of the step",
      32, 60, size: 13, colour: Colour.quiet)
    let points = steps.flatMap(\.operators).filter { $0.bytes > 0 && $0.flops > 0 && $0.time > 0 }
    let intensities = points.map(\.intensity) + [peak / bandwidth]
    let x = LogAxis(
      covering: intensities.min() ?? 1, intensities.max() ?? 1, from: Self.left,
      to: Self.right)
    let rates = points.map { $0.flops / $0.time * 1e9 } + [peak]
    let y = LogAxis(
      covering: rates.min() ?? 1, peak, from: Self.bottom, to: Self.top)
    drawAxes(&canvas, x, y)
    drawRoof(&canvas, x, y, peak: peak, bandwidth: bandwidth)
    for (index, step) in steps.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      canvas.circle(
        Self.right - 190 + Double(index) * 110, 56, radius: 6, fill: colour, opacity: 0.75)
      canvas.text(
        step.name, Self.right - 178 + Double(index) * 110, 60, size: 13, colour: Colour.quiet)
      draw(step, colour, list: Self.right - 390 + Double(index) * 200, &canvas, x, y)
    }
    return canvas.svg
  }

  private func drawAxes(_ canvas: inout SVGCanvas, _ x: LogAxis, _ y: LogAxis) {
    for power in x.powers {
      canvas.line(x.place(power), Self.top, x.place(power), Self.bottom, Colour.grid)
      canvas.text(
        Self.label(power), x.place(power), Self.bottom + 20, anchor: .middle, colour: Colour.quiet)
    }
    for power in y.powers {
      canvas.line(Self.left, y.place(power), Self.right, y.place(power), Colour.grid)
      canvas.text(
        Self.label(power / 1e12), Self.left - 8, y.place(power) + 4, anchor: .end,
        colour: Colour.quiet)
    }
    canvas.line(Self.left, Self.bottom, Self.right, Self.bottom, Colour.axis)
    canvas.line(Self.left, Self.top, Self.left, Self.bottom, Colour.axis)
    canvas.text(
      "operations a byte of memory traffic", (Self.left + Self.right) / 2, Self.bottom + 44,
      size: 13, anchor: .middle)
    canvas.text(
      "TFLOP/s reached", 26, (Self.top + Self.bottom) / 2, size: 13, anchor: .middle,
      vertical: true)
  }

  private func drawRoof(
    _ canvas: inout SVGCanvas, _ x: LogAxis, _ y: LogAxis, peak: Double, bandwidth: Double
  ) {
    let ridge = peak / bandwidth
    // The slope enters at the left edge or at the bottom, whichever it meets first.
    let start = max(x.low, y.low / bandwidth)
    canvas.path(
      [
        (x.place(start), y.place(start * bandwidth)), (x.place(ridge), y.place(peak)),
        (x.place(x.high), y.place(peak)),
      ], stroke: Colour.measured, width: 2)
  }

  private func draw(
    _ step: Step, _ colour: String, list: Double, _ canvas: inout SVGCanvas, _ x: LogAxis,
    _ y: LogAxis
  ) {
    let total = step.operators.reduce(0) { $0 + $1.total }
    let drawn = step.operators.filter { $0.bytes > 0 && $0.flops > 0 && $0.time > 0 }
      .sorted { ($0.total, $0.role) > ($1.total, $1.role) }
    canvas.text(step.name, list, Self.bottom - 108, size: 12, colour: colour, bold: true)
    for (rank, op) in drawn.enumerated() {
      let share = op.total / total
      let (across, up) = (x.place(op.intensity), y.place(op.flops / op.time * 1e9))
      canvas.circle(
        across, up, radius: max(3, 30 * share.squareRoot()), fill: colour, opacity: 0.6)
      // The few that matter have a number, and their names in a list: beside circles they would
      // cover one another.
      guard rank < Self.mostNamed else { continue }
      canvas.text("\(rank + 1)", across, up + 4, size: 11, anchor: .middle)
      canvas.text(
        "\(rank + 1)  \(op.role)  \(fixedText(100 * share, decimals: 0)) %, \(op.bound.rawValue)",
        list, Self.bottom - 90 + Double(rank) * 16, size: 11, colour: Colour.text)
    }
  }

  /// How many operators of a step are named.
  private static let mostNamed = 5

  /// A power of ten: whole from one upward, else with as many decimals as it needs.
  private static func label(_ power: Double) -> String {
    let exponent = Int(log10(power).rounded())
    // A device file may describe anything: far powers are written as such.
    guard (-6...9).contains(exponent) else { return "1e\(exponent)" }
    return exponent >= 0
      ? groupedText(Int(power.rounded())) : fixedText(power, decimals: -exponent)
  }
}

/// A logarithmic axis over whole powers of ten.
private struct LogAxis {
  let low: Double
  let high: Double
  let powers: [Double]
  private let from: Double
  private let to: Double

  /// The powers of ten that hold two positive values, drawn between two places.
  init(covering least: Double, _ most: Double, from: Double, to: Double) {
    var low = 1.0
    while low > least, low > 1e-30 { low /= 10 }
    while low * 10 <= least, low < 1e30 { low *= 10 }
    var powers = [low]
    while powers[powers.count - 1] < most, powers.count < 60 {
      powers.append(powers[powers.count - 1] * 10)
    }
    if powers.count == 1 { powers.append(low * 10) }
    self.low = low
    self.high = powers[powers.count - 1]
    self.powers = powers
    self.from = from
    self.to = to
  }

  /// Where a value lies.
  func place(_ value: Double) -> Double {
    from + (to - from) * log10(value / low) / Double(powers.count - 1)
  }
}
