import TraceIO

/// Tells how a file writes numbers: with `1,234.5` or with `1.234,5`.
///
/// Nsight Compute writes in the locale of the machine. A single value such as `117.344` can be
/// either, so all values of a file are looked at: one with both marks, with a mark twice, or with
/// other than three digits after its only mark decides for all. Values that contradict each other
/// are an error of the file.
struct DecimalMark {
  private var isDot = false
  private var isComma = false

  /// The mark, if values told it; nil where none did.
  var mark: Character? { isDot == isComma ? nil : isDot ? "." : "," }

  /// Whether values contradict each other.
  var isContradictory: Bool { isDot && isComma }

  /// Looks at one more value; texts that are no numbers tell nothing.
  mutating func look(at text: String) {
    switch Self.decimalMark(of: text) {
    case ".": isDot = true
    case ",": isComma = true
    default: break
    }
  }

  /// The decimal mark of a text that can be read in one way only.
  private static func decimalMark(of text: String) -> Character? {
    guard let number = LocaleNumber(text) else { return nil }
    let marks = number.digits.filter { $0 == "." || $0 == "," }
    guard let first = marks.first, let last = marks.last else { return nil }
    if first != last { return last }
    let other: Character = first == "." ? "," : "."
    if marks.count > 1 { return other }
    let parts = number.digits.split(separator: first, omittingEmptySubsequences: false)
    let isGroup =
      parts[1].count == 3 && (1...3).contains(parts[0].count) && parts[0] != "0"
      && number.exponent.isEmpty
    return isGroup ? nil : first
  }
}

/// A number as text, split into what the locale changes and what it does not.
struct LocaleNumber {
  private let sign: String
  /// Digits and marks.
  fileprivate let digits: String
  fileprivate let exponent: String

  /// Nil for what is no number.
  init?(_ text: String) {
    var rest = Substring(text).drop { $0 == " " }
    while rest.last == " " { rest.removeLast() }
    sign = rest.first == "-" ? "-" : ""
    if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
    let mantissa = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == ",") }
    digits = String(mantissa)
    exponent = String(rest[mantissa.endIndex...])
    guard digits.first?.isNumber == true, exponent.isEmpty || exponent.first?.lowercased() == "e",
      digits.utf8.count <= 64, exponent.utf8.count <= 8
    else { return nil }
  }

  /// The number in units of 10 to the minus `decimals`.
  ///
  /// Where no value of the file tells the mark (`nil`), a mark before exactly three digits is
  /// ambiguous: in whole nanoseconds (`decimals` is 0) a comma is taken for thousands, as the tool
  /// writes by default; in larger units, which it scales to less than a thousand, a dot is taken for
  /// the decimal mark. Anything else is refused.
  func value(decimals: Int, mark: Character?) -> Int64? {
    var decimal = mark
    if decimal == nil {
      let marks = digits.filter { $0 == "." || $0 == "," }
      guard marks.count <= 1 else { return nil }
      if let only = marks.first {
        guard only == (decimals == 0 ? "," : ".") else { return nil }
      }
      decimal = "."
    }
    let parts = digits.split(separator: decimal ?? ".", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { return nil }
    let groups = parts[0].split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "." || $0 == "," })
    guard groups.count == 1 || groups.dropFirst().allSatisfy({ $0.count == 3 }),
      (1...3).contains(groups[0].count) || groups.count == 1
    else { return nil }
    let fraction = parts.count == 2 ? "." + parts[1] : ""
    guard !fraction.dropFirst().contains(where: { !$0.isNumber }) else { return nil }
    return FixedPoint(sign + groups.joined() + fraction + exponent, decimals: decimals).value
  }
}
