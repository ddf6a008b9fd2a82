public import Analytical
public import OperatorStore
public import Operators

/// Two devices side by side: operators that both measured at the same points.
///
/// Of one kind and type, curves of one runtime are compared with those of the same runtime on the
/// other device; only where no runtime measured both, each with each, and ``Row`` names them.
public struct DeviceComparison: Sendable {
  /// One kind and type under one pair of runtimes.
  public struct Row: Sendable, Hashable {
    /// The kind.
    public var kind: OperatorKind
    /// The type of its inputs.
    public var dataType: DataType?
    /// The software on the first device.
    public var firstRuntime: String
    /// The software on the second.
    public var secondRuntime: String
    /// The times of the second device over those of the first.
    public var ratio: Quantiles
    /// The median of what the data sheets allow, second over first; nil where the work is unknown.
    public var lightRatio: Double?
    /// The median share of the speed of light that each reaches: 0.5 is half of it.
    public var firstShare: Double?
    /// The same of the second device.
    public var secondShare: Double?
    /// The points, those whose times differ by the largest factor first.
    public var points: [Point]
  }

  /// One point that both measured.
  public struct Point: Sendable, Hashable {
    /// The operator.
    public var `operator`: Operator
    /// At which sizes.
    public var point: AxisPoint
    /// The first device's time in nanoseconds.
    public var first: Double
    /// The second device's time in nanoseconds.
    public var second: Double
    /// The least times in nanoseconds that the data sheets allow, first and second device; nil where
    /// the operator's work is unknown or none.
    public var light: SIMD2<Double>?

    /// The second device's time over the first's.
    public var ratio: Double { second / first }
  }

  /// What half and the outer tenths of some values lie below.
  public struct Quantiles: Sendable, Hashable {
    /// A tenth lies below.
    public var tenth: Double
    /// Half lies below.
    public var median: Double
    /// A tenth lies above.
    public var ninetieth: Double
  }

  /// One row for each kind, type and pair of runtimes with shared points, by name.
  public private(set) var rows: [Row] = []

  /// Compares the curves of two devices.
  ///
  /// A point that was measured more than once counts once, with the mean of its medians weighed by
  /// their counts.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples.
  public init(
    _ first: [MeasuredCurve], on firstDevice: Device, _ second: [MeasuredCurve],
    on secondDevice: Device
  ) {
    let (firsts, seconds) = (Self.grouped(first), Self.grouped(second))
    for key in firsts.keys.sorted(by: { ($0.kind, $0.type) < ($1.kind, $1.type) }) {
      guard let mine = firsts[key], let theirs = seconds[key] else { continue }
      for (left, right) in Self.pairs(mine.keys.sorted(), theirs.keys.sorted()) {
        var points: [Point] = []
        for (op, curve) in mine[left] ?? [:] {
          guard let other = theirs[right]?[op] else { continue }
          points += Self.shared(curve, firstDevice, other, secondDevice, of: op)
        }
        guard let row = Self.row(key, left, right, points) else { continue }
        rows.append(row)
      }
    }
  }

  private struct Key: Hashable {
    var kind: String
    var type: String
  }

  /// Curves by kind and type, then runtime, then operator. A device of two names may have two
  /// curves of one operator: their samples are put together.
  private static func grouped(
    _ curves: [MeasuredCurve]
  ) -> [Key: [String: [Operator: [MeasuredSample]]]] {
    var groups: [Key: [String: [Operator: [MeasuredSample]]]] = [:]
    for curve in curves {
      let op = curve.operator
      let key = Key(kind: op.kind.rawValue, type: op.dataType?.rawValue ?? "")
      groups[key, default: [:]][curve.runtime, default: [:]][op, default: []] += curve.samples
    }
    return groups
  }

  /// Which runtimes to compare: the same with the same, or without any such each with each.
  private static func pairs(_ first: [String], _ second: [String]) -> [(String, String)] {
    let common = first.filter(second.contains)
    guard common.isEmpty else { return common.map { ($0, $0) } }
    return first.flatMap { left in second.map { (left, $0) } }
  }

  private static func shared(
    _ first: [MeasuredSample], _ firstDevice: Device, _ second: [MeasuredSample],
    _ secondDevice: Device, of op: Operator
  ) -> [Point] {
    let others = times(second)
    return times(first).compactMap { point, time in
      guard let other = others[point] else { return nil }
      let work = OperatorWork(op, at: point)
      let light = work.map {
        SIMD2(
          firstDevice.speedOfLight($0, op.dataType), secondDevice.speedOfLight($0, op.dataType))
      }
      return Point(
        operator: op, point: point, first: time, second: other,
        light: light.flatMap { $0.min() > 0 ? $0 : nil })
    }
  }

  /// The time of each point in nanoseconds; samples without a time are left out.
  private static func times(_ samples: [MeasuredSample]) -> [AxisPoint: Double] {
    var sums: [AxisPoint: (time: Double, count: Double)] = [:]
    for sample in samples where sample.duration.median > 0 && sample.duration.median.isFinite {
      let count = Double(sample.duration.count)
      sums[sample.point, default: (0, 0)].time += count * sample.duration.median
      sums[sample.point, default: (0, 0)].count += count
    }
    return sums.mapValues { $0.time / $0.count }
  }

  private static func row(
    _ key: Key, _ first: String, _ second: String, _ points: [Point]
  ) -> Row? {
    guard let ratio = quantiles(points.map(\.ratio)) else { return nil }
    // Equal differences in an order of their own, so that no dictionary's shows.
    let named = points.map { (far: max($0.ratio, 1 / $0.ratio), point: $0) }
    let sorted = named.sorted { left, right in
      if left.far != right.far { return left.far > right.far }
      let names = (left.point.operator.description, right.point.operator.description)
      if names.0 != names.1 { return names.0 < names.1 }
      let axis = (0..<5).first { left.point.point[$0] != right.point.point[$0] } ?? 0
      return left.point.point[axis] < right.point.point[axis]
    }.map(\.point)
    func median(_ value: (Point, SIMD2<Double>) -> Double) -> Double? {
      quantiles(points.compactMap { point in point.light.map { value(point, $0) } })?.median
    }
    return Row(
      kind: OperatorKind(rawValue: key.kind), dataType: DataType(rawValue: key.type),
      firstRuntime: first, secondRuntime: second, ratio: ratio,
      lightRatio: median { $1[1] / $1[0] }, firstShare: median { $1[0] / $0.first },
      secondShare: median { $1[1] / $0.second }, points: sorted)
  }

  /// The quantiles by nearest rank; of an even number the median is the mean of the middle two.
  private static func quantiles(_ values: [Double]) -> Quantiles? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let count = sorted.count
    func rank(_ tenths: Int) -> Double {
      sorted[min(count - 1, max(0, (count * tenths + 9) / 10 - 1))]
    }
    return Quantiles(
      tenth: rank(1), median: (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
      ninetieth: rank(9))
  }
}
