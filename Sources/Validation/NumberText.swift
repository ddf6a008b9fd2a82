/// A number with a fixed count of decimals, as reports print it: "-0.6", "+12.0", "n/a".
///
/// Never "-0.0"; what is not finite, or too large for such a form, is "n/a".
package func fixedText(_ value: Double, decimals: Int, signed: Bool = false) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = (value * scale).rounded()
  guard scaled.isFinite, let integer = Int64(exactly: scaled) else { return "n/a" }
  var digits = String(integer.magnitude)
  if decimals > 0 {
    if digits.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits
    }
    digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
  }
  return (integer < 0 ? "-" : (signed && integer > 0 ? "+" : "")) + digits
}
