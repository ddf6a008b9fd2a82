/// Amounts over time in a bounded number of equal bins, whose width doubles when time outgrows them.
///
/// Instants and spans may come in any order, and nothing need be known of how long it all takes. The
/// result is the same as if the last width had been there from the beginning, but for rounding.
///
/// - Complexity: O(1) a span, O(bins) a doubling.
package struct TimeBins: Sendable {
  /// The number of bins.
  package let count: Int
  /// The length of a bin in nanoseconds.
  package private(set) var width: Double
  /// By channel: what was added to single bins, and by how much the amount of all bins from one on grows.
  private var single: [[Double]]
  private var steps: [[Double]]

  /// Empty bins.
  ///
  /// - Parameters:
  ///   - count: an even number of bins.
  ///   - width: the least length of a bin in nanoseconds.
  package init(channels: Int, count: Int = 512, width: Double = 1000) {
    precondition(count >= 2 && count % 2 == 0 && width > 0)
    self.count = count
    self.width = width
    single = Array(repeating: Array(repeating: 0, count: count), count: channels)
    steps = Array(repeating: Array(repeating: 0, count: count + 1), count: channels)
  }

  /// Adds an amount at an instant, in nanoseconds from 0.
  package mutating func add(_ amount: Double, to channel: Int, at time: Double) {
    fit(time)
    single[channel][min(Int(time / width), count - 1)] += amount
  }

  /// Adds an amount that is spread evenly over a span of nanoseconds; all of it at its beginning where
  /// the span is empty.
  package mutating func add(_ amount: Double, to channel: Int, from start: Double, to end: Double) {
    guard end > start else { return add(amount, to: channel, at: start) }
    fit(end)
    let rate = amount / (end - start)
    let first = min(Int(start / width), count - 1)
    let last = min(Int(end / width), count - 1)
    guard last > first else {
      single[channel][first] += amount
      return
    }
    single[channel][first] += rate * (Double(first + 1) * width - start)
    single[channel][last] += rate * (end - Double(last) * width)
    steps[channel][first + 1] += rate * width
    steps[channel][last] -= rate * width
  }

  /// The amount in each bin of a channel.
  package func amounts(_ channel: Int) -> [Double] {
    var level = 0.0
    return (0..<count).map { bin in
      level += steps[channel][bin]
      return single[channel][bin] + level
    }
  }

  /// Doubles the width until an instant is within the bins.
  package mutating func fit(_ time: Double) {
    while time >= Double(count) * width {
      for channel in single.indices {
        let amounts = self.amounts(channel)
        for bin in 0..<count {
          single[channel][bin] =
            bin < count / 2 ? amounts[2 * bin] + amounts[2 * bin + 1] : 0
        }
        for place in steps[channel].indices { steps[channel][place] = 0 }
      }
      width *= 2
    }
  }
}
