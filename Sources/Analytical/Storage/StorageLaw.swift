/// How long a level of storage takes to deliver a block.
public enum StorageLaw: Hashable, Sendable {
  /// `latency + bytes / bandwidth`: seconds, and bytes/s.
  case line(latency: Double, bandwidth: Double)
  /// Measured times, between which is interpolated.
  case curve(StorageCurve)

  /// Seconds for a block alone; a negative size counts as none.
  public func seconds(bytes: Double) -> Double {
    let bytes = max(0, bytes)
    switch self {
    case .line(let latency, let bandwidth): return latency + bytes / bandwidth
    case .curve(let curve): return curve.seconds(bytes: bytes)
    }
  }
}

/// Measured times of blocks by size, straight between points in logarithms of both.
///
/// Times never fall with the size: where a larger block was measured faster, both get the geometric mean
/// (pool adjacent violators). A block below the smallest takes as long as that; beyond the largest the
/// mean rate of the largest is held.
public struct StorageCurve: Hashable, Sendable {
  /// A measured block.
  public struct Point: Hashable, Sendable {
    /// Its size in bytes.
    public var bytes: Double
    /// What it took, in seconds.
    public var seconds: Double

    /// Creates a point.
    public init(bytes: Double, seconds: Double) {
      self.bytes = bytes
      self.seconds = seconds
    }
  }

  /// The points after pooling, by size.
  public let points: [Point]

  /// Creates a curve; points without a positive finite size and time are left out, and of several of one
  /// size the geometric mean is taken.
  ///
  /// - Returns: nil without a point.
  public init?(_ measured: [Point]) {
    let sound = measured.filter {
      $0.bytes > 0 && $0.seconds > 0 && $0.bytes.isFinite && $0.seconds.isFinite
    }.sorted { ($0.bytes, $0.seconds) < ($1.bytes, $1.seconds) }
    guard !sound.isEmpty else { return nil }
    var blocks: [(sum: Double, count: Double, sizes: [Double])] = []
    for point in sound {
      if let last = blocks.last, last.sizes.last == point.bytes {
        blocks[blocks.count - 1].sum += logarithm(point.seconds)
        blocks[blocks.count - 1].count += 1
      } else {
        blocks.append((logarithm(point.seconds), 1, [point.bytes]))
      }
      while blocks.count > 1 {
        let (last, before) = (blocks[blocks.count - 1], blocks[blocks.count - 2])
        guard before.sum / before.count > last.sum / last.count else { break }
        blocks.removeLast(2)
        blocks.append(
          (before.sum + last.sum, before.count + last.count, before.sizes + last.sizes))
      }
    }
    points = blocks.flatMap { block in
      block.sizes.map {
        Point(bytes: $0, seconds: exponential(block.sum / block.count))
      }
    }
  }

  /// The largest mean rate of any block, in bytes a second. Between points rates rise or fall throughout, so that
  /// it is a point's.
  public var peakRate: Double { points.reduce(0) { max($0, $1.bytes / $1.seconds) } }

  /// Seconds for a block.
  ///
  /// - Complexity: O(log of the number of points).
  public func seconds(bytes: Double) -> Double {
    let (first, last) = (points[0], points[points.count - 1])
    guard bytes > first.bytes else { return first.seconds }
    guard bytes < last.bytes else { return last.seconds * (bytes / last.bytes) }
    var (low, high) = (0, points.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if points[middle].bytes <= bytes { low = middle } else { high = middle }
    }
    let (left, right) = (points[low], points[high])
    let part = logarithm(bytes / left.bytes) / logarithm(right.bytes / left.bytes)
    return exponential(
      logarithm(left.seconds) + part * logarithm(right.seconds / left.seconds))
  }
}
