public import Analytical
import CostModel
public import OperatorStore
public import Operators

/// How well a device's curves predict points that were kept from them, by kind of operator.
///
/// Held out by whole groups, never by single rows: of each curve, all points that share a value
/// along its longest axis leave together, a fifth of the values at a time, and are predicted from
/// what is left. Every fifth value leaves and the first and last stay, so that this is a check of
/// interpolation; nothing is said of sizes beyond the samples.
public struct HoldOutCheck: Sendable {
  /// The errors of one kind of operator.
  public struct Row: Sendable, Hashable {
    /// The kind.
    public var kind: OperatorKind
    /// The type of its inputs.
    public var dataType: DataType?
    /// Curves with enough points to hold some out.
    public var curves: Int
    /// Points held out in all.
    public var points: Int
    /// Mean absolute percentage error.
    public var meanAbsolutePercent: Double
    /// Median absolute percentage error.
    public var medianAbsolutePercent: Double
    /// 95th percentile of the absolute percentage error.
    public var percentile95: Double
    /// Share of points inside the predicted 90 % interval, in percent.
    public var coveragePercent: Double
    /// Mean absolute percentage error of the plain roofline on the same points.
    public var rooflinePercent: Double
  }

  /// One row for each kind and type, by name.
  public var rows: [Row] = []

  /// Checks all curves of a device.
  ///
  /// - Complexity: five fits of each curve.
  public init(_ curves: [MeasuredCurve], on device: Device) {
    struct Key: Hashable {
      var kind: String
      var type: String
    }
    var errors: [Key: Errors] = [:]
    for curve in curves {
      let key = Key(
        kind: curve.operator.kind.rawValue, type: curve.operator.dataType?.rawValue ?? "")
      let found = Self.errors(of: curve, on: device)
      guard !found.absolute.isEmpty else { continue }
      errors[key, default: Errors()].add(found)
    }
    rows = errors.sorted { ($0.key.kind, $0.key.type) < ($1.key.kind, $1.key.type) }.map {
      key, found in
      let sorted = found.absolute.sorted()
      let count = Double(sorted.count)
      return Row(
        kind: OperatorKind(rawValue: key.kind), dataType: DataType(rawValue: key.type),
        curves: found.curves, points: sorted.count,
        meanAbsolutePercent: 100 * sorted.reduce(0, +) / count,
        medianAbsolutePercent: 100 * sorted[sorted.count / 2],
        percentile95: 100 * sorted[min(sorted.count - 1, sorted.count * 95 / 100)],
        coveragePercent: 100 * Double(found.covered) / count,
        rooflinePercent: 100 * found.roofline / count)
    }
  }

  private struct Errors {
    var absolute: [Double] = []
    var roofline = 0.0
    var covered = 0
    var curves = 0

    mutating func add(_ other: Errors) {
      absolute += other.absolute
      roofline += other.roofline
      covered += other.covered
      curves += 1
    }
  }

  private static func errors(of curve: MeasuredCurve, on device: Device) -> Errors {
    var found = Errors()
    // Skewed batches are studied in triples and are not points of the grid.
    let samples = curve.samples.filter { $0.point[4] == 0 && $0.duration.median > 0 }
    let axes = curve.operator.kind.axes.indices
    guard !samples.contains(where: { OperatorWork(curve.operator, at: $0.point) == nil }),
      samples.count == curve.samples.count,
      let axis = axes.max(by: { distinct($0, samples).count < distinct($1, samples).count })
    else { return found }
    let values = distinct(axis, samples)
    guard values.count >= 5 else { return found }
    let inner = values.dropFirst().dropLast()
    let fold = Dictionary(uniqueKeysWithValues: inner.enumerated().map { ($1, $0 % 5) })
    for held in 0..<5 {
      let kept = samples.filter { fold[$0.point[axis]] != held }
      let model = CostModel(
        curves: [
          MeasuredCurve(
            curve.operator, device: curve.device, runtime: curve.runtime, samples: kept)
        ], on: device)
      for sample in samples where fold[sample.point[axis]] == held {
        guard let prediction = model.predict(curve.operator, at: sample.point) else { continue }
        let measured = sample.duration.median
        found.absolute.append(abs(prediction.nanoseconds / measured - 1))
        found.roofline += abs(prediction.speedOfLight / measured - 1)
        if prediction.interval90.contains(measured) { found.covered += 1 }
      }
    }
    return found
  }

  private static func distinct(_ axis: Int, _ samples: [MeasuredSample]) -> [Int] {
    Set(samples.map { $0.point[axis] }).sorted()
  }
}
