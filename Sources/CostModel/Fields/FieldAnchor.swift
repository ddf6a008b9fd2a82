internal import Analytical
internal import Operators

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
  func nanoseconds(_ work: OperatorWork, _ type: DataType?, _ device: Device) -> Double {
    let first = 1e9 * work.flops / device.peakFlops(type) / arithmetic
    let second = 1e9 * work.bytes / device.memoryBandwidth / traffic
    return floor + (first * first + second * second).squareRoot()
      + 1e9 * work.linkBytes / device.linkBandwidth
  }

  /// The anchor that samples themselves show: nine tenths of the least time, and the shares of the
  /// peaks that one sample in twenty exceeds.
  init(of samples: [LatencyField.Sample], on device: Device) {
    func share(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      guard !sorted.isEmpty else { return 1 }
      return min(1, max(1e-3, sorted[sorted.count * 19 / 20]))
    }
    floor = 0.9 * (samples.map(\.time).min() ?? 0)
    arithmetic = share(
      samples.map { 1e9 * $0.work.flops / device.peakFlops($0.operator.dataType) / $0.time })
    traffic = share(samples.map { 1e9 * $0.work.bytes / device.memoryBandwidth / $0.time })
  }

  init(floor: Double) { self.floor = floor }
}
