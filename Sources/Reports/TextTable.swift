import TraceIO

/// A table of text with aligned columns, for terminals and logs.
///
/// Cells are made safe for terminals; widths count characters, which suits everything that reports
/// print.
public struct TextTable: Sendable, Hashable {
  /// Where a column's text stands.
  public enum Alignment: Sendable, Hashable {
    /// At the left: names.
    case left
    /// At the right: numbers.
    case right
  }

  /// A column's heading and alignment.
  public struct Column: Sendable, Hashable {
    /// The heading.
    public var title: String
    /// Where its cells stand.
    public var alignment: Alignment

    /// Creates a column.
    public init(_ title: String, _ alignment: Alignment = .right) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// The columns, from left to right.
  public var columns: [Column]
  /// The cells; missing ones are blank, surplus ones are not shown.
  public private(set) var rows: [[String]] = []

  /// Creates a table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row.
  public mutating func add(_ cells: [String]) { rows.append(cells.map(printableText)) }

  /// Adds a row that separates.
  public mutating func addRule() { rows.append([]) }

  /// The lines: headings, a rule, then the rows; no line ends in blanks.
  public var text: String {
    var widths = columns.map(\.title.count)
    for row in rows {
      for (index, cell) in row.enumerated() where index < widths.count {
        widths[index] = max(widths[index], cell.count)
      }
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    var lines = [line(columns.map(\.title), widths), rule]
    lines += rows.map { $0.isEmpty ? rule : line($0, widths) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (index, column) in columns.enumerated() {
      let cell = index < cells.count ? cells[index] : ""
      let blanks = String(repeating: " ", count: widths[index] - cell.count)
      if index > 0 { text += "  " }
      text += column.alignment == .left ? cell + blanks : blanks + cell
    }
    while text.last == " " { text.removeLast() }
    return text
  }
}
