/// A start and a duration in nanoseconds that have been checked: no later sum of them overflows.
struct TimeSpan: Equatable {
  var start: Int64
  var duration: Int64
}

extension RejectionReason: Error {}

extension ImportOptions {
  /// Half of the range is left free, so that no later sum can overflow.
  private static func isInRange(_ time: Int64) -> Bool {
    time.magnitude < UInt64(Int64.max) / 2
  }

  /// Checks the times of one record.
  func span(start: Int64?, duration: Int64?) throws(RejectionReason) -> TimeSpan {
    guard let start, Self.isInRange(start) else { throw .badTimestamp }
    guard let duration else { throw .badDuration }
    guard duration >= 0 else { throw .negativeDuration }
    guard duration <= maximumDuration, duration < .max / 4 else { throw .durationTooLong }
    return TimeSpan(start: start, duration: duration)
  }

  /// Checks the times of one record that says when it ended.
  func span(start: Int64?, end: Int64?) throws(RejectionReason) -> TimeSpan {
    guard let start, Self.isInRange(start) else { throw .badTimestamp }
    guard let end, Self.isInRange(end) else { throw .badDuration }
    return try span(start: start, duration: end - start)
  }
}
