/// Reads instants such as `2023-11-16 18:15:46.6805900` or `2024-05-12T00:00:00+00:00`.
enum Timestamp {
  /// Nanoseconds since the beginning of 1970, exact; without a zone the text counts as UTC.
  ///
  /// At most nine digits of a fraction. Nil where the text is anything else, or does not fit.
  static func nanoseconds(_ text: String) -> Int64? {
    var text = Cursor(text: Array(text.utf8))
    guard let year = text.digits(4), text.take("-"), let month = text.digits(2), text.take("-"),
      let day = text.digits(2), text.take(" ") || text.take("T"), let hour = text.digits(2),
      text.take(":"), let minute = text.digits(2), text.take(":"), let second = text.digits(2),
      (1...12).contains(month), day > 0, hour < 24, minute < 60, second < 61
    else { return nil }
    var fraction: Int64 = 0
    if text.take(".") {
      guard let value = text.fraction() else { return nil }
      fraction = value
    }
    guard let zone = zone(&text), text.isAtEnd else { return nil }
    let days = daysSince1970(year: year, month: month, day: day)
    let (nextYear, nextMonth) = month == 12 ? (year + 1, 1) : (year, month + 1)
    guard days < daysSince1970(year: nextYear, month: nextMonth, day: 1) else { return nil }
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - zone
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(fraction)
    return overflow || carry ? nil : sum
  }

  /// Seconds east of Greenwich; 0 without a zone, nil where what follows is none.
  private static func zone(_ text: inout Cursor) -> Int64? {
    while text.take(" ") {}
    if text.isAtEnd || text.take("Z") || text.take("z") { return 0 }
    if text.take("U") { return text.take("T") && text.take("C") ? 0 : nil }
    let isEast = text.take("+")
    guard isEast || text.take("-"), let hour = text.digits(2) else { return nil }
    _ = text.take(":")
    guard let minute = text.isAtEnd ? 0 : text.digits(2), hour < 24, minute < 60 else { return nil }
    let seconds = hour * 3_600 + minute * 60
    return isEast ? seconds : -seconds
  }

  /// Days of the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private struct Cursor {
    var text: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == text.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func digits(_ count: Int) -> Int64? {
      guard position + count <= text.count else { return nil }
      var value: Int64 = 0
      for _ in 0..<count {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    /// Nanoseconds of one to nine digits.
    mutating func fraction() -> Int64? {
      var value: Int64 = 0
      var unit: Int64 = 1_000_000_000
      while let digit = digit() {
        guard unit > 1 else { return nil }
        unit /= 10
        value += digit * unit
      }
      return unit < 1_000_000_000 ? value : nil
    }

    private mutating func digit() -> Int64? {
      guard position < text.count, text[position] &- UInt8(ascii: "0") < 10 else { return nil }
      defer { position += 1 }
      return Int64(text[position] - UInt8(ascii: "0"))
    }
  }
}
