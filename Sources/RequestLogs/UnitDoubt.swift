public import Operators

/// A question that a log leaves open: in which unit its arrivals are.
///
/// Only formats whose rows do not tell the unit (``RequestLogFormat/customaryUnit``) leave it open, and only where
/// the customary one gives times that make no sense and another one gives some that do. Then nothing but the
/// user knows.
public struct UnitDoubt: Sendable, Hashable {
  /// What the log is in one unit.
  public struct Reading: Sendable, Hashable {
    /// The unit.
    public var unit: LogTimeUnit
    /// From the first arrival to the last, in seconds.
    public var span: Double
    /// Requests a second over that; infinite where that is no time.
    public var rate: Double
  }

  /// What makes one doubt.
  public var reason: String
  /// As the log is read, then the other ways that make sense.
  public var readings: [Reading]

  /// Rates that somebody may have logged, in requests a second: from one in an hour to those of large fleets.
  static let plausible = 1.0 / 3_600...200
  /// Fewer requests tell nothing by their rate.
  static let fewest = 5

  /// The doubt that a log leaves; nil where it leaves none.
  ///
  /// - Parameters:
  ///   - span: from the first arrival to the last, in the customary unit.
  ///   - hasFractions: whether any arrival is no whole number of that unit.
  public init?(
    _ format: RequestLogFormat, requests: Int, span: Nanoseconds, hasFractions: Bool
  ) {
    guard let customary = format.customaryUnit, span > .zero || hasFractions else { return nil }
    func reading(_ unit: LogTimeUnit) -> Reading {
      let seconds = span.seconds * unit.inSeconds / customary.inSeconds
      return Reading(unit: unit, span: seconds, rate: Double(requests) / seconds)
    }
    let others = LogTimeUnit.allCases.filter { $0 != customary }.map(reading).filter {
      Self.plausible.contains($0.rate)
    }
    let own = reading(customary)
    if requests >= Self.fewest, !Self.plausible.contains(own.rate), !others.isEmpty {
      reason =
        own.rate > Self.plausible.upperBound
        ? "so many requests a second are rare" : "so few requests a second are rare"
      readings = [own] + others
    } else if hasFractions, customary == .milliseconds {
      reason = "some have fractions of a millisecond"
      readings = [own, reading(.seconds)]
    } else {
      return nil
    }
  }

  /// The question, in a sentence that says how to answer it.
  public func question(_ format: RequestLogFormat) -> String {
    func text(_ reading: Reading) -> String {
      "as \(reading.unit.title) (--unit \(reading.unit.rawValue))"
        + (reading.span > 0
          ? " \(Self.text(reading.rate)) requests/s over \(Self.text(reading.span)) s" : "")
    }
    return "in which unit are its times? " + readings.map(text).joined(separator: ", ")
      + "; they are read as \(readings[0].unit.title), as \(format.title) have them, but \(reason)"
  }

  /// A number to four digits that matter, without an exponent where that can be.
  private static func text(_ value: Double) -> String {
    guard value.isFinite, value < 1e15 else { return "\(value)" }
    if value >= 100 { return "\(Int(value.rounded()))" }
    var scale = 1.0
    while value * scale < 1_000, scale < 1e9 { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
  }
}
