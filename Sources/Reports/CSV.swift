/// Cells of comma-separated values (RFC 4180), safe to open in a spreadsheet.
package enum CSV {
  /// A cell, in quotes if it needs them.
  package static func quoted(_ cell: String) -> String {
    let special: [UInt8] = [
      UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
    ]
    guard cell.utf8.contains(where: special.contains) else { return cell }
    var quoted = "\""
    for scalar in cell.unicodeScalars {
      if scalar == "\"" { quoted.unicodeScalars.append("\"") }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }

  /// A cell that no spreadsheet takes for a formula; ``rearmed(_:)`` undoes it.
  package static func disarmed(_ cell: String) -> String {
    switch cell.utf8.first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
      UInt8(ascii: "'"), .some(0..<0x20):
      "'" + cell
    default: cell
    }
  }

  /// The cell that ``disarmed(_:)`` was given.
  static func rearmed(_ cell: String) -> String {
    cell.utf8.first == UInt8(ascii: "'") ? String(cell.unicodeScalars.dropFirst()) : cell
  }
}
