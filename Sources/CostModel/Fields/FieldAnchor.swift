internal import Analytical

/// What a field's times are divided by: a floor, and work at the device's peak rates times a share
/// that kernels of the kind reach at best.
///
/// Arithmetic and memory traffic overlap, but not wholly, hence the root of the sum of their squares.
struct FieldAnchor: Sendable, Hashable {
  /// Nanoseconds.
  var floor: Double
  /// The share of peak arithmetic.
  var arithmetic = 1.0
  /// The share of peak memory bandwidth.
  var traffic = 1.0

  /// The anchor in nanoseconds.
  func nanoseconds(_ work: OperatorWork, _ roofline: Roofline) -> Double {
    let times = roofline.times(work)
    let (first, second) = (times.arithmetic / arithmetic, times.traffic / traffic)
    return floor + (first * first + second * second).squareRoot() + times.link
  }

  /// The anchor that samples themselves show: nine tenths of the least time, and the shares of the
  /// peaks that one sample in twenty exceeds.
  ///
  /// - Parameter samples: each with its device's rates, its work and its time in nanoseconds.
  init(of samples: [(roofline: Roofline, work: OperatorWork, time: Double)]) {
    func share(_ values: [Double]) -> Double {
      guard !values.isEmpty else { return 1 }
      // None is negative: they are in the order of their bits.
      var bits = values.map(\.bitPattern)
      let rank = bits.count * 19 / 20
      let found = bits.withUnsafeMutableBufferPointer { bits in
        select(rank + 1, in: 0..<bits.count, of: bits)
        return bits[...rank].max() ?? 0
      }
      return min(1, max(1e-3, Double(bitPattern: found)))
    }
    floor = 0.9 * (samples.map(\.time).min() ?? 0)
    arithmetic = share(samples.map { $0.roofline.times($0.work).arithmetic / $0.time })
    traffic = share(samples.map { $0.roofline.times($0.work).traffic / $0.time })
  }

  init(floor: Double) { self.floor = floor }
}
