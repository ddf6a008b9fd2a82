public import Analytical
public import CostModel
public import OperatorStore
public import Operators

/// How well a cost model predicts points that were kept from it.
///
/// Each runtime's curves of one kind are checked by themselves, as predictions come from one runtime
/// alone. Of more than ``mostPoints`` held-out points of a group, evenly spread ones are judged
/// (``mostPointsBetweenDevices`` of a check between devices).
public struct HoldOutCheck: Sendable {
  /// What is judged together.
  public struct Group: Sendable, Hashable {
    /// The kind.
    public var kind: OperatorKind
    /// `prefill`, `decode` or `mixed` for attention, else empty.
    public var region: String
    /// The type of the inputs.
    public var dataType: DataType?
    /// The software.
    public var runtime: String
  }

  /// A held-out point.
  public struct Point: Sendable, Hashable {
    /// What was measured.
    public var `operator`: Operator
    /// At which sizes.
    public var point: AxisPoint
    /// The measured time in nanoseconds.
    public var measured: Double
    /// What the model said without it.
    public var prediction: Prediction
    /// How far the nearest sample lies that the model saw, in octaves over all sizes and attributes;
    /// nil where it saw none of the same type and attributes.
    public var octaves: Double?

    /// Predicted over measured, less one.
    public var error: Double { prediction.nanoseconds / measured - 1 }
  }

  /// The errors of some points.
  public struct Errors: Sendable, Hashable {
    /// How many points.
    public var points: Int
    /// Mean absolute percentage error.
    public var meanAbsolutePercent: Double
    /// Median absolute percentage error.
    public var medianAbsolutePercent: Double
    /// 95th percentile of the absolute percentage error, between closest ranks.
    public var percentile95: Double
    /// Share of points inside the predicted 90 % interval, in percent.
    public var coveragePercent: Double
    /// Mean absolute percentage error of the plain roofline on the same points.
    public var rooflinePercent: Double

    /// Nil without points.
    public init?(_ points: [Point]) {
      guard !points.isEmpty else { return nil }
      let sorted = points.map { 100 * abs($0.error) }.sorted()
      let count = Double(sorted.count)
      func percentile(_ share: Double) -> Double {
        let rank = share * (count - 1)
        let low = Int(rank)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (rank - Double(low)) * (sorted[high] - sorted[low])
      }
      self.points = sorted.count
      meanAbsolutePercent = sorted.reduce(0, +) / count
      medianAbsolutePercent = percentile(0.5)
      percentile95 = percentile(0.95)
      coveragePercent =
        100 * Double(points.count { $0.prediction.interval90.contains($0.measured) }) / count
      rooflinePercent =
        100 * points.reduce(0) { $0 + abs($1.prediction.speedOfLight / $1.measured - 1) } / count
    }
  }

  /// One group's result.
  public struct Row: Sendable, Hashable {
    /// What was judged.
    public var group: Group
    /// What was held out.
    public var way: HoldOutProtocol
    /// Curves in the group.
    public var curves: Int
    /// Errors over all of it.
    public var errors: Errors
    /// The judged points.
    public var points: [Point]
  }

  /// One row for each group with held-out points, by name.
  public var rows: [Row] = []

  /// Checks a device's curves.
  ///
  /// - Parameters:
  ///   - curves: of one device; samples of skewed batches are passed over.
  ///   - all: everything measured on it, for a kind of which every curve is held out; the curves, if not given.
  ///   - device: its data sheet.
  ///   - way: which points are held out.
  ///   - seed: of the random choices.
  /// - Complexity: one model for each runtime and kind, and one prediction for each judged point.
  public init(
    _ curves: [MeasuredCurve], among all: [MeasuredCurve]? = nil, on device: Device,
    by way: HoldOutProtocol, seed: UInt64 = 1
  ) {
    let all = all ?? curves
    for (group, curves) in Self.divided(curves) {
      let parts = way.divide(curves, seed: seed)
      let distances = SampleDistances(parts.kept)
      // A kind that nothing is left of is priced as one that was never measured.
      let known =
        parts.kept.isEmpty ? all.filter { $0.operator.kind != group.kind } : parts.kept
      judge(
        group, by: way, curves: curves, parts.held, CostModel(curves: known, on: device),
        most: Self.mostPoints
      ) { distances.octaves(from: $0, at: $1) }
    }
    rows.sort { $0.group.sortKey < $1.group.sortKey }
  }

  /// Checks what is borrowed between devices: each kind of operator of a device is predicted from the
  /// device most like it that measured the kind (in the type, as ``OperatorStore/evidence(for:on:)`` has
  /// it), under the same software if it measured that, and from its own other kinds, as if it had not been
  /// measured itself. Distances are those between the devices (``RelativeCurves``).
  ///
  /// - Parameters:
  ///   - curves: of the device, those to judge.
  ///   - all: everything measured on it; of this a prediction sees what is of another kind.
  ///   - device: its data sheet.
  ///   - others: what was measured on other devices.
  public init(
    _ curves: [MeasuredCurve], among all: [MeasuredCurve], on device: Device,
    from others: [RelativeCurves]
  ) {
    let nearest = others.sorted { device.octaves(to: $0.device) < device.octaves(to: $1.device) }
    // The same software where it was measured there, as a user would import it; else all of the kind.
    struct Source: Hashable {
      var kind: OperatorKind
      var device: String
      var runtime: String?
    }
    var models: [Source: CostModel] = [:]
    for (group, held) in Self.divided(curves) {
      for (type, held) in Dictionary(grouping: held, by: \.operator.dataType) {
        guard var relative = Self.relative(of: group.kind, type, among: nearest) else { continue }
        let same = relative.curves.filter { $0.runtime == group.runtime }
        func hasType(_ curves: [MeasuredCurve]) -> Bool {
          curves.contains { $0.operator.dataType == type }
        }
        let isSame =
          !same.isEmpty && (group.kind.poolsTypes || hasType(same) || !hasType(relative.curves))
        if isSame { relative.curves = same }
        let source = Source(
          kind: group.kind, device: relative.device.name, runtime: isSame ? group.runtime : nil)
        let model =
          models[source]
          ?? CostModel(
            curves: all.filter { $0.operator.kind != group.kind }, on: device, relatives: [relative]
          )
        models[source] = model
        let octaves = device.octaves(to: relative.device)
        judge(
          group, by: .devices, curves: held,
          held.flatMap { curve in curve.samples.map { (curve, $0) } }, model,
          most: Self.mostPointsBetweenDevices
        ) { _, _ in octaves }
      }
    }
    rows.sort { $0.group.sortKey < $1.group.sortKey }
  }

  /// What the first device measured of a kind that has it in the type, or else in any; in any, if types
  /// tell of each other.
  private static func relative(
    of kind: OperatorKind, _ type: DataType?, among devices: [RelativeCurves]
  ) -> RelativeCurves? {
    let found = devices.lazy.map { other in
      RelativeCurves(
        device: other.device, curves: other.curves.filter { $0.operator.kind == kind })
    }.filter { !$0.curves.isEmpty }
    guard !kind.poolsTypes else { return found.first }
    return found.first { $0.curves.contains { $0.operator.dataType == type } } ?? found.first
  }

  /// Curves by what is judged together, types still mixed, as a field of experts pools them.
  static func divided(_ curves: [MeasuredCurve]) -> [Group: [MeasuredCurve]] {
    var divided: [Group: [MeasuredCurve]] = [:]
    for curve in curves {
      for (region, samples) in regions(of: curve) where !samples.isEmpty {
        var part = curve
        part.samples = samples
        let group = Group(
          kind: curve.operator.kind, region: region, dataType: nil, runtime: curve.runtime)
        divided[group, default: []].append(part)
      }
    }
    return divided
  }

  /// Adds a row for each type of a group's held-out samples.
  private mutating func judge(
    _ group: Group, by way: HoldOutProtocol, curves: [MeasuredCurve],
    _ held: [(curve: MeasuredCurve, sample: MeasuredSample)], _ model: CostModel,
    most: Int, octaves: (Operator, AxisPoint) -> Double?
  ) {
    for (type, held) in Dictionary(grouping: held, by: \.curve.operator.dataType) {
      let points = (0..<min(most, held.count)).compactMap { number -> Point? in
        let (curve, sample) = held[goldenPlace(number, of: min(most, held.count), in: held.count)]
        return model.predict(curve.operator, at: sample.point).map {
          Point(
            operator: curve.operator, point: sample.point, measured: sample.duration.median,
            prediction: $0, octaves: octaves(curve.operator, sample.point))
        }
      }
      guard let errors = Errors(points) else { continue }
      var typed = group
      typed.dataType = type
      rows.append(
        Row(
          group: typed, way: way, curves: curves.count { $0.operator.dataType == type },
          errors: errors, points: points))
    }
  }

  /// The most points that are judged of a group and type.
  public static let mostPoints = 20_000
  /// The same of a check between devices, which holds out everything.
  public static let mostPointsBetweenDevices = 2_000

  /// A curve's usable samples by the part of the operator's space that they lie in.
  private static func regions(of curve: MeasuredCurve) -> [(String, [MeasuredSample])] {
    let usable = curve.samples.filter {
      $0.point[4] == 0 && $0.duration.median > 0 && $0.duration.median.isFinite
        && OperatorWork(curve.operator, at: $0.point) != nil
    }
    guard curve.operator.kind.isStepAttention else { return [("", usable)] }
    return [
      ("prefill", usable.filter { $0.point[2] == 0 }),
      ("decode", usable.filter { $0.point[0] == 0 }),
      ("mixed", usable.filter { $0.point[0] > 0 && $0.point[2] > 0 }),
    ]
  }
}

extension HoldOutCheck.Group {
  /// By kind, part, type and runtime.
  var sortKey: (String, String, String, String) {
    (kind.rawValue, region, dataType?.rawValue ?? "", runtime)
  }
}
