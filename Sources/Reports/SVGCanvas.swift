import Validation

/// A drawing written as SVG by hand: no library, no script, the same bytes for the same input.
///
/// It brings its own background, so that it reads alike on light and dark pages.
struct SVGCanvas {
  /// The colours of all our figures.
  enum Colour {
    static let background = "#ffffff"
    static let border = "#d0d7de"
    static let grid = "#eaeef2"
    static let axis = "#8c959f"
    static let text = "#1f2328"
    static let quiet = "#59636e"
    static let measured = "#1f2328"
    static let replayed = "#0969da"
    static let roofline = "#d4762c"
    static let prefill = "#e8833a"
    static let decode = "#4a90d9"
    static let waiting = "#b35988"
    static let running = "#2da44e"
  }

  enum Anchor: String {
    case start, middle, end
  }

  let width: Double
  let height: Double
  private var body = ""

  /// Begins a drawing; `description` is read to those who do not see it.
  init(width: Double, height: Double, title: String, description: String) {
    self.width = width
    self.height = height
    body += "<title>\(escaped(title))</title>\n<desc>\(escaped(description))</desc>\n"
    rectangle(
      0.5, 0.5, width - 1, height - 1, fill: Colour.background, stroke: Colour.border, radius: 8)
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String,
    stroke: String? = nil, radius: Double = 0
  ) {
    body += "<rect x=\"\(n(x))\" y=\"\(n(y))\" width=\"\(n(width))\" height=\"\(n(height))\""
    if radius > 0 { body += " rx=\"\(n(radius))\"" }
    body += " fill=\"\(fill)\""
    if let stroke { body += " stroke=\"\(stroke)\"" }
    body += "/>\n"
  }

  mutating func circle(
    _ x: Double, _ y: Double, radius: Double, fill: String, opacity: Double = 1
  ) {
    body += "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\" fill=\"\(fill)\""
    if opacity < 1 { body += " fill-opacity=\"\(fixedText(opacity, decimals: 2))\"" }
    body += "/>\n"
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ stroke: String, width: Double = 1,
    dash: String? = nil
  ) {
    body += "<line x1=\"\(n(x1))\" y1=\"\(n(y1))\" x2=\"\(n(x2))\" y2=\"\(n(y2))\""
    body += " stroke=\"\(stroke)\" stroke-width=\"\(n(width))\""
    if let dash { body += " stroke-dasharray=\"\(dash)\"" }
    body += "/>\n"
  }

  /// A line through points; closed down to `base`, it is filled instead.
  mutating func path(
    _ points: [(x: Double, y: Double)], stroke: String? = nil, width: Double = 2,
    dash: String? = nil, fill: String? = nil, base: Double? = nil
  ) {
    guard let first = points.first, let last = points.last else { return }
    body += "<path d=\"M\(n(first.x)) \(n(first.y))"
    for point in points.dropFirst() { body += "L\(n(point.x)) \(n(point.y))" }
    if let base { body += "L\(n(last.x)) \(n(base))L\(n(first.x)) \(n(base))Z" }
    body += "\" fill=\"\(fill ?? "none")\""
    if let stroke {
      body += " stroke=\"\(stroke)\" stroke-width=\"\(n(width))\" stroke-linejoin=\"round\""
    }
    if let dash { body += " stroke-dasharray=\"\(dash)\"" }
    body += "/>\n"
  }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, size: Double = 12, anchor: Anchor = .start,
    colour: String = Colour.text, bold: Bool = false, vertical: Bool = false
  ) {
    body += "<text x=\"\(n(x))\" y=\"\(n(y))\" font-size=\"\(n(size))\" fill=\"\(colour)\""
    if anchor != .start { body += " text-anchor=\"\(anchor.rawValue)\"" }
    if bold { body += " font-weight=\"600\"" }
    if vertical { body += " transform=\"rotate(-90 \(n(x)) \(n(y)))\"" }
    body += ">\(escaped(text))</text>\n"
  }

  /// The whole file.
  var svg: String {
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(n(width))\" height=\"\(n(height))\" "
      + "viewBox=\"0 0 \(n(width)) \(n(height))\" role=\"img\" font-family=\"-apple-system, "
      + "'Segoe UI', 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif\">\n"
      + body + "</svg>\n"
  }

  /// A coordinate, to a tenth of a pixel.
  private func n(_ value: Double) -> String {
    let text = fixedText(value, decimals: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
