public import Analytical
public import ProfilerTraces

/// Latency and bandwidth of a level of storage, fitted to measured reads, with the measured curve beside
/// it.
///
/// Below some size a host's caches answer, and no latency and bandwidth describe both. The line is
/// therefore fitted to blocks of at least ``smallest`` bytes alone, and blocks below it are judged, not
/// fitted.
public struct StorageFit: Hashable, Sendable {
  /// What the level is called.
  public var level: String
  /// The least size that was fitted, in bytes.
  public var smallest: Double
  /// The fitted line: seconds, and bytes/s.
  public var latency: Double, bandwidth: Double
  /// All reads as a curve.
  public var curve: StorageCurve
  /// The line on the blocks that it was fitted to.
  public var inSample: RelativeErrors
  /// The line on each of these blocks, fitted without it.
  public var leftOut: RelativeErrors
  /// The line on the blocks below, which were not fitted.
  public var below: RelativeErrors
  /// The curve on each block between two others, drawn without it.
  public var curveLeftOut: RelativeErrors

  /// The least size unless asked for otherwise: 16 MiB.
  public static let usualSmallest = 16_777_216.0

  /// Fits a level.
  ///
  /// - Throws: ``CalibrationError/tooFewReads(level:found:needed:)`` where fewer than three sizes are large enough.
  public init(
    _ reads: StorageReads, smallest: Double = usualSmallest
  ) throws(CalibrationError) {
    let large = reads.reads.filter { $0.bytes >= smallest }
    let sizes = Set(large.map(\.bytes)).count
    guard sizes >= 3, let curve = StorageCurve(reads.reads), let line = Self.line(large) else {
      throw .tooFewReads(level: reads.level, found: sizes, needed: 3)
    }
    level = reads.level
    self.smallest = smallest
    self.curve = curve
    (latency, bandwidth) = line
    func errors(_ points: [StorageCurve.Point]) -> RelativeErrors {
      RelativeErrors(points.map { (line.latency + $0.bytes / line.bandwidth, $0.seconds) })
    }
    inSample = errors(large)
    below = errors(reads.reads.filter { $0.bytes < smallest })
    leftOut = RelativeErrors(
      Set(large.map(\.bytes)).sorted().flatMap { size -> [(predicted: Double, measured: Double)] in
        guard let line = Self.line(large.filter { $0.bytes != size }) else { return [] }
        return large.filter { $0.bytes == size }.map {
          (line.latency + size / line.bandwidth, $0.seconds)
        }
      })
    let ends = (reads.reads.map(\.bytes).min() ?? 0, reads.reads.map(\.bytes).max() ?? 0)
    curveLeftOut = RelativeErrors(
      reads.reads.filter { $0.bytes > ends.0 && $0.bytes < ends.1 }.compactMap { point in
        StorageCurve(reads.reads.filter { $0.bytes != point.bytes }).map {
          ($0.seconds(bytes: point.bytes), point.seconds)
        }
      })
  }

  /// The fitted line as the simulator's law.
  public var law: StorageLaw { .line(latency: latency, bandwidth: bandwidth) }

  private static func line(
    _ points: [StorageCurve.Point]
  ) -> (latency: Double, bandwidth: Double)? {
    guard
      let fitted = logLeastSquares(
        rows: points.map { [1, $0.bytes] }, targets: points.map(\.seconds)),
      fitted[1] > 0
    else { return nil }
    return (fitted[0], 1 / fitted[1])
  }
}
