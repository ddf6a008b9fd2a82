import Operators
import Validation

/// Milliseconds for a table: four or five digits that matter.
func millisecondsText(_ time: Nanoseconds) -> String {
  let magnitude = abs(time.milliseconds)
  return fixedText(time.milliseconds, decimals: magnitude >= 1_000 ? 1 : magnitude >= 1 ? 2 : 4)
}

/// An integer with commas between thousands.
func groupedText(_ value: Int) -> String {
  let digits = String(value.magnitude)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return (value < 0 ? "-" : "") + text
}

/// A count with commas between thousands, and its noun: `1 row`, `2,000 rows`.
func groupedCount(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  "\(groupedText(count)) \(noun(of: count, singular, plural))"
}

/// A quantile as a percentile with no more decimals than it needs, three at most: 0.99 is "99", 0.999 "99.9".
func percentileText(_ quantile: Double) -> String {
  var text = fixedText(100 * quantile, decimals: 3)[...]
  while text.hasSuffix("0") { text.removeLast() }
  if text.hasSuffix(".") { text.removeLast() }
  return String(text)
}

/// Appends nanoseconds as exact decimal microseconds: 1234567 becomes `1234.567`, 2000 `2`.
func appendMicroseconds(_ time: Nanoseconds, to bytes: inout [UInt8]) {
  if time.rawValue < 0 { bytes.append(UInt8(ascii: "-")) }
  let (whole, rest) = time.rawValue.magnitude.quotientAndRemainder(dividingBy: 1_000)
  bytes.append(contentsOf: String(whole).utf8)
  guard rest > 0 else { return }
  bytes.append(UInt8(ascii: "."))
  var digits = [rest / 100, rest / 10 % 10, rest % 10]
  while digits.last == 0 { digits.removeLast() }
  for digit in digits { bytes.append(UInt8(ascii: "0") + UInt8(digit)) }
}

extension Double {
  /// Bytes in GiB.
  var gibibytes: Double { self / 1_073_741_824 }
}
