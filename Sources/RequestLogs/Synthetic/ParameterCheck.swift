/// Checks of what a person wrote into a synthetic workload.
enum ParameterCheck {
  /// The highest rate, a second: one request a nanosecond.
  static let highestRate = 1e9
  /// The lowest, but for silence: one request in 31 years.
  static let lowestRate = 1e-9
  /// The longest time, in seconds: 31 years, so that a few of them still fit 64 bits of nanoseconds.
  static let longestTime = 1e9
  /// The highest coefficient of variation.
  static let highestVariation = 10_000.0

  /// Checks a number, or what follows from several: then `quantity` says what it is.
  static func require(
    _ name: String, _ value: Double, in range: ClosedRange<Double>, of quantity: String? = nil
  ) throws(RequestLogError) {
    // NaN is in no range.
    guard range.contains(value) else {
      let bounds = "from \(short(range.lowerBound)) to \(short(range.upperBound))"
      throw .badParameter(
        name: name, value: "\(value)", expected: quantity.map { "\($0) \(bounds)" } ?? bounds)
    }
  }

  static func require(
    _ name: String, _ value: Int, in range: ClosedRange<Int>
  ) throws(RequestLogError) {
    guard range.contains(value) else {
      throw .badParameter(
        name: name, value: "\(value)", expected: "from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  static func rate(_ value: Double) throws(RequestLogError) {
    try require("rate", value, in: lowestRate...highestRate)
  }

  static func time(_ name: String, _ value: Double) throws(RequestLogError) {
    try require(name, value, in: 1e-9...longestTime)
  }

  /// Checks a part; an error's name is that of the part and its own.
  static func part(
    _ name: String, _ check: () throws(RequestLogError) -> Void
  ) throws(RequestLogError) {
    do {
      try check()
    } catch .badParameter(let inner, let value, let expected) {
      throw .badParameter(name: "\(name).\(inner)", value: value, expected: expected)
    } catch {
      throw error
    }
  }

  /// A bound as people write it: without the fraction of a whole number.
  private static func short(_ bound: Double) -> String {
    Int(exactly: bound).map(String.init) ?? "\(bound)"
  }
}
