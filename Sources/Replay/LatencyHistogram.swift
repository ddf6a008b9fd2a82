import Histogram

extension Histogram where Count == UInt64 {
  /// Records a latency, in nanoseconds.
  ///
  /// The first one decides how far the counts reach at first: to let them grow from the least, one octave at a time,
  /// takes longer than all else of a short replay.
  mutating func recordLatency(_ value: UInt64, count: UInt64 = 1) {
    if totalCount == 0, value > highestTrackableValue, value < UInt64(Int64.max) / 16 {
      self = Histogram(
        highestTrackableValue: 16 * value,
        numberOfSignificantValueDigits: numberOfSignificantValueDigits)
      autoResize = true
    }
    record(value, count: count)
  }
}
