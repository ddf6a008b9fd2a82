/// Text of a page under construction. Whatever comes from outside is escaped; tags are ours.
struct HTML {
  private(set) var text = ""

  /// Adds an element with what `body` adds to it.
  mutating func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    _ body: (inout HTML) -> Void
  ) {
    open(name, attributes)
    body(&self)
    text += "</\(name)>\n"
  }

  /// Adds an element that holds text alone.
  mutating func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String
  ) {
    open(name, attributes)
    self.text += escaped(text)
    self.text += "</\(name)>\n"
  }

  /// Adds an element that is never closed.
  mutating func void(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:]
  ) {
    open(name, attributes)
  }

  /// Adds text.
  mutating func add(_ text: String) { self.text += escaped(text) }

  /// Adds what is HTML or SVG already, made by us.
  mutating func add(markup: String) { text += markup }

  private mutating func open(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>
  ) {
    text += "<\(name)"
    for (key, value) in attributes { text += " \(key)=\"\(escaped(value))\"" }
    text += ">"
  }
}

/// Text as XML and HTML carry it; what they cannot carry at all becomes a question mark.
func escaped(_ text: String) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "\n", "\t": escaped.unicodeScalars.append(scalar)
    case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}": escaped += "?"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
