/// A decimal number read as a whole number of small units, without floating-point.
///
/// `1712195495505582.988` microseconds read with 3 decimals are exactly 1712195495505582988
/// nanoseconds; as a `Double` they would be up to 253 ns off.
public enum FixedPoint: Hashable, Sendable {
  /// The number is a whole number of units.
  case exact(Int64)
  /// The number was rounded, half away from zero, to the nearest unit.
  case rounded(Int64)
  /// The number does not fit in 64 bits.
  case overflow
  /// The text is not a number.
  case malformed

  /// The number of units, or nil where there is none.
  public var value: Int64? {
    switch self {
    case .exact(let value), .rounded(let value): value
    case .overflow, .malformed: nil
    }
  }

  /// Reads a decimal number, such as `-12.5e3`, in units of 10 to the minus `decimals`.
  public init(_ text: String, decimals: Int) {
    var text = text
    self = text.withUTF8 { FixedPoint($0, decimals: decimals) }
  }

  /// Reads a decimal number from bytes.
  @usableFromInline
  init(_ bytes: UnsafeBufferPointer<UInt8>, decimals: Int) {
    if let value = Self.plain(bytes, decimals: decimals) {
      self = .exact(value)
      return
    }
    guard let parts = Self.split(bytes) else {
      self = .malformed
      return
    }
    // The digits, taken together, are `wanted` digits before the end of the last unit.
    let wanted = parts.whole.count + parts.exponent + decimals
    var magnitude: UInt64 = 0
    var taken = 0
    var isExact = true
    for range in [parts.whole, parts.fraction] {
      for index in range {
        let digit = UInt64(bytes[index] - UInt8(ascii: "0"))
        if taken == wanted, digit >= 5 { magnitude += 1 }
        if taken >= wanted {
          if digit != 0 { isExact = false }
        } else if !Self.append(digit, to: &magnitude) {
          self = .overflow
          return
        }
        taken += 1
      }
    }
    while taken < wanted, magnitude > 0 {
      guard Self.append(0, to: &magnitude) else {
        self = .overflow
        return
      }
      taken += 1
    }
    guard let value = Int64(exactly: magnitude) else {
      self = .overflow
      return
    }
    let signed = parts.isNegative ? -value : value
    self = isExact ? .exact(signed) : .rounded(signed)
  }

  /// The common case: no sign, no exponent, no more decimals than wanted, and no more than 19 digits
  /// with the zeros for missing decimals, so that 64 bits hold them.
  private static func plain(_ bytes: UnsafeBufferPointer<UInt8>, decimals: Int) -> Int64? {
    guard bytes.count <= 20, decimals >= 0, decimals <= 18 else { return nil }
    var value: UInt64 = 0
    var digits = 0
    var index = 0
    while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
      value = value &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0"))
      index += 1
    }
    digits = index
    var missing = decimals
    if index < bytes.count, bytes[index] == UInt8(ascii: "."), digits > 0 {
      index += 1
      while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
        value = value &* 10 &+ UInt64(bytes[index] &- UInt8(ascii: "0"))
        index += 1
        digits += 1
        missing -= 1
      }
    }
    guard index == bytes.count, digits > 0, missing >= 0, digits + missing <= 19 else { return nil }
    for _ in 0..<missing { value = value &* 10 }
    return Int64(exactly: value)
  }

  private struct Parts {
    var isNegative = false
    var whole = 0..<0
    var fraction = 0..<0
    var exponent = 0
  }

  private static func split(_ bytes: UnsafeBufferPointer<UInt8>) -> Parts? {
    var parts = Parts()
    var index = 0
    if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      parts.isNegative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    parts.whole = digits(bytes, &index)
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      parts.fraction = digits(bytes, &index)
    }
    guard !parts.whole.isEmpty || !parts.fraction.isEmpty else { return nil }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      var isNegative = false
      if index < bytes.count,
        bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+")
      {
        isNegative = bytes[index] == UInt8(ascii: "-")
        index += 1
      }
      let range = digits(bytes, &index)
      guard !range.isEmpty else { return nil }
      for position in range {
        // Beyond 10,000 every number is an overflow or zero anyway.
        parts.exponent = min(
          10_000, parts.exponent * 10 + Int(bytes[position] - UInt8(ascii: "0")))
      }
      if isNegative { parts.exponent = -parts.exponent }
    }
    return index == bytes.count ? parts : nil
  }

  private static func digits(
    _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int
  ) -> Range<Int> {
    let start = index
    while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
    return start..<index
  }

  private static func append(_ digit: UInt64, to magnitude: inout UInt64) -> Bool {
    guard magnitude <= (UInt64(Int64.max) - digit) / 10 else { return false }
    magnitude = magnitude * 10 + digit
    return true
  }
}
