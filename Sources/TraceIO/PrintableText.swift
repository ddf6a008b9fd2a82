/// Text for a terminal: what could move its cursor, change its state or reorder what it shows is
/// written as an escape, such as `\n` or `\u{1b}`.
///
/// Names, paths and facts come from files that anyone may have written; all of them pass here
/// before they are printed. Escaped are controls (C0, DEL, C1), line and paragraph separators and
/// invisible format characters, those of bidirectional text among them.
public func printableText(_ text: String) -> String {
  if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default: result += "\\u{" + String(scalar.value, radix: 16) + "}"
      }
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
