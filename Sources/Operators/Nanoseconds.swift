/// A duration, or an instant since a stated origin, in whole nanoseconds.
///
/// All arithmetic of a replay is done in this type, so that a run is the same to the bit
/// everywhere; floating-point durations are rounded once, when they enter.
public struct Nanoseconds: RawRepresentable, Hashable, Comparable, Sendable {
  /// The number of nanoseconds.
  public var rawValue: Int64

  /// Creates a duration of whole nanoseconds.
  @inlinable
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// Creates a duration of whole nanoseconds.
  @inlinable
  public init(_ nanoseconds: Int64) { self.rawValue = nanoseconds }

  /// Rounds a floating-point count of nanoseconds to the nearest whole one.
  ///
  /// What is not a number becomes zero; what does not fit is clamped.
  @inlinable
  public init(rounding nanoseconds: Double) {
    guard nanoseconds.isFinite else {
      self.rawValue = nanoseconds > 0 ? .max : (nanoseconds < 0 ? .min : 0)
      return
    }
    self.rawValue = Int64(exactly: nanoseconds.rounded()) ?? (nanoseconds > 0 ? .max : .min)
  }

  /// Rounds a count of seconds to the nearest whole nanosecond.
  @inlinable
  public init(seconds: Double) { self.init(rounding: seconds * 1e9) }

  /// No time at all; also the origin of a clock.
  public static let zero = Nanoseconds(0)

  /// The duration in seconds.
  @inlinable
  public var seconds: Double { Double(rawValue) / 1e9 }

  /// The duration in milliseconds.
  @inlinable
  public var milliseconds: Double { Double(rawValue) / 1e6 }

  /// The duration in microseconds.
  @inlinable
  public var microseconds: Double { Double(rawValue) / 1e3 }

  /// Orders by length, or by instant.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// The sum; clamped at the ends of the range instead of trapping.
  @inlinable
  public static func + (left: Self, right: Self) -> Self {
    let (sum, overflow) = left.rawValue.addingReportingOverflow(right.rawValue)
    return Self(overflow ? (right.rawValue > 0 ? .max : .min) : sum)
  }

  /// The difference; clamped at the ends of the range instead of trapping.
  @inlinable
  public static func - (left: Self, right: Self) -> Self {
    let (difference, overflow) = left.rawValue.subtractingReportingOverflow(right.rawValue)
    return Self(overflow ? (right.rawValue < 0 ? .max : .min) : difference)
  }

  /// Adds in place; see ``+(_:_:)``.
  @inlinable
  public static func += (left: inout Self, right: Self) { left = left + right }
}

extension Nanoseconds: Codable {
  /// Reads a whole number.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(Int64.self))
  }

  /// Writes a whole number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
