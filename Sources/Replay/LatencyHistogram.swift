package import Histogram
package import Operators

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

extension Histogram {
  /// The quantile between 0 and 1 of what was recorded, in nanoseconds, to a thousandth; nil of nothing.
  ///
  /// - Parameter endless: how many more there are that no time is long enough for; nil is returned where the quantile is
  ///   theirs.
  package func quantile(_ quantile: Double, beside endless: Int = 0) -> Nanoseconds? {
    let count = Double(totalCount)
    let share = quantile * (count + Double(endless)) / Swift.max(1, count)
    guard count > 0, share <= 1 else { return nil }
    return Nanoseconds(Int64(clamping: valueAtPercentile(100 * share)))
  }
}
