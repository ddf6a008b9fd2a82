/// Numbers as a page carries them by the hundred thousand: five digits and a mark, in four characters.
///
/// Each is `(mark · 16 + exponent + 4) · 100000 + digits`, where the number is digits · 10^(exponent − 4), in base
/// 64. JSON text of as many digits takes up to twice as much. What is not there is four blanks, and blanks at the
/// end are left out.
struct PackedNumbers {
  /// The characters so far.
  private(set) var text = ""
  private var blanks = 0

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let exponents = -4...11

  /// The numbers of a list, without marks; nil is nothing.
  init(_ values: [Double?] = []) {
    for value in values { add(value) }
  }

  /// Adds a number, rounded to five digits, or nothing.
  ///
  /// - Parameters:
  ///   - value: 0, or from 0.0001 to below 10^12; beyond that it is taken for 0 or for the largest.
  ///   - mark: from 0 to 3.
  mutating func add(_ value: Double?, mark: Int = 0) {
    guard let value else {
      blanks += 1
      return
    }
    text += String(repeating: "    ", count: blanks)
    blanks = 0
    let (digits, exponent) = Self.rounded(value)
    let code = (mark * 16 + exponent - Self.exponents.lowerBound) * 100_000 + digits
    let characters = [18, 12, 6, 0].map { Self.alphabet[code >> $0 & 63] }
    text += String(decoding: characters, as: UTF8.self)
  }

  /// Five digits, and the exponent of the first; 0 for what is too small.
  private static func rounded(_ value: Double) -> (digits: Int, exponent: Int) {
    guard value >= 1e-4 else { return (0, exponents.lowerBound) }
    guard value < 9.99995e11 else { return (99_999, exponents.upperBound) }
    // Powers of ten are exact up to 10^22, so that no error gathers.
    let exponent = exponents.last { value >= tenTo($0) } ?? exponents.lowerBound
    let scaled = exponent > 4 ? value / tenTo(exponent - 4) : value * tenTo(4 - exponent)
    let digits = Int(scaled.rounded())
    return digits < 100_000 ? (digits, exponent) : (10_000, exponent + 1)
  }

  private static func tenTo(_ exponent: Int) -> Double {
    let power = (0..<abs(exponent)).reduce(1.0) { power, _ in power * 10 }
    return exponent < 0 ? 1 / power : power
  }
}
