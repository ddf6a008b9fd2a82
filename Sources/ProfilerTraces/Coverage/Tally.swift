/// A number of kernels, or operator calls on a processor, and their time.
public struct Tally: Hashable, Sendable {
  /// How many.
  public var count: Int
  /// The sum of their durations.
  public var nanoseconds: Int64

  /// Creates a tally.
  public init(count: Int = 0, nanoseconds: Int64 = 0) {
    self.count = count
    self.nanoseconds = nanoseconds
  }

  /// Adds one duration; a sum that does not fit stays at the largest value.
  mutating func add(_ duration: Int64) {
    count += 1
    nanoseconds = nanoseconds.adding(duration)
  }
}

extension Int64 {
  /// The sum, which stays at the largest value (or the smallest) instead of trapping.
  package func adding(_ duration: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(duration)
    return overflow ? (duration < 0 ? .min : .max) : sum
  }
}
