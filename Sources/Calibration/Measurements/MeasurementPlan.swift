public import CostModel
public import Operators

/// The operator points whose measurement would lower the doubt about a run's time the most.
///
///     let plan = MeasurementPlan(demands, count: 10)
///     for point in plan.points { print(point.operator, point.point, point.standardErrorAfter) }
///
/// The time of a run is the sum over operators and points of count times prediction. Errors of one
/// operator go together: wholly over its layers and steps, and in part the more the nearer two points
/// are (``CorrelatedDoubt``); errors of different operators are independent. Points are chosen greedily:
/// the one that lowers the variance of the total the most, given that those before it are measured.
/// Greedy is not optimal (two points may tell together what neither does alone), but near it where
/// points are not all but copies of each other (Das and Kempe, 2008), and a list in this order may
/// be cut anywhere.
///
/// How predictions are made plays no part: it takes their doubt at their word.
public struct MeasurementPlan: Sendable {
  /// A point to measure.
  public struct Point: Sendable, Hashable {
    /// What is to be run.
    public var `operator`: Operator
    /// At which sizes.
    public var point: AxisPoint
    /// The part of the run's time that it tells of, from 0 to 1: that of all points of the operator,
    /// each by its correlation with this one.
    public var informedShare: Double
    /// The standard error of the prediction now, relative to it.
    public var relativeError: Double
    /// What the prediction rests on now.
    public var evidence: Evidence
    /// The standard error of the run's time in nanoseconds, once the points before it are measured.
    public var standardErrorBefore: Double
    /// The same once it is measured, too.
    public var standardErrorAfter: Double
  }

  /// A part of the run's time and of the variance.
  public struct Part: Sendable, Hashable {
    /// What it is of.
    public var `operator`: Operator
    /// Its time in nanoseconds.
    public var nanoseconds: Double
    /// Its standard error in nanoseconds, before any point of the plan is measured.
    public var standardError: Double
    /// The same once all of them are.
    public var standardErrorAfter: Double
    /// Whether a plan may ask for any point of it.
    public var isMeasurable: Bool
  }

  /// The points, the one that tells most first.
  public let points: [Point]
  /// Every operator of the run, the most doubtful first.
  public let parts: [Part]
  /// The time of all demands, in nanoseconds.
  public let nanoseconds: Double
  /// Its standard error in nanoseconds, before anything is measured.
  public let standardError: Double

  /// The standard error of the run's time in nanoseconds, once all points are measured.
  public var standardErrorAfter: Double { points.last?.standardErrorAfter ?? standardError }

  /// More points of one region than these are gathered into cells: pairs of points are looked at.
  static let mostPoints = 256

  /// Chooses the points.
  ///
  /// - Parameters:
  ///   - demands: the run. Demands of one operator at one point are added up; those that are
  ///     negative or no numbers are passed over. A demand of no time may be chosen for what it tells
  ///     of others.
  ///   - count: points to choose at most. The plan is shorter where no further point lowers the
  ///     variance.
  /// - Complexity: O(*n* · log *n* + *r* · 256² + `count` · (*r* · 256 + 256²)) for *n* demands in
  ///   *r* regions.
  public init(_ demands: [OperatorDemand], count: Int) {
    let error = Self.errorOfMeasurement(demands)
    var regions = Self.regions(of: demands).map { CorrelatedDoubt($0, errorOfMeasurement: error) }
    var variances = regions.map(\.variance)
    let before = variances
    var best = regions.map { $0.best() }
    let total = regions.reduce(0) { $0 + $1.demands.reduce(0) { $0 + $1.nanoseconds } }
    let first = variances.reduce(0, +)
    var points: [Point] = []
    while points.count < count {
      guard
        let region = regions.indices.max(by: {
          // The first of equals: the later one must be larger to be preferred.
          (best[$0]?.reduction ?? 0, $1) < (best[$1]?.reduction ?? 0, $0)
        }), let choice = best[region],
        // Less is lost in rounding.
        choice.reduction > 1e-12 * first
      else { break }
      let demand = regions[region].demands[choice.index]
      let standardErrorBefore = variances.reduce(0, +).squareRoot()
      regions[region].measure(choice.index)
      variances[region] = max(0, variances[region] - choice.reduction)
      best[region] = regions[region].best()
      points.append(
        Point(
          operator: demand.operator, point: demand.point,
          informedShare: total > 0
            ? min(1, regions[region].timeInformed(by: choice.index) / total) : 0,
          relativeError: demand.relativeError, evidence: demand.evidence,
          standardErrorBefore: standardErrorBefore,
          standardErrorAfter: variances.reduce(0, +).squareRoot()))
    }
    self.points = points
    self.nanoseconds = total
    self.standardError = first.squareRoot()
    self.parts = Self.parts(regions, before, variances)
  }

  /// What a measurement leaves: the median of what the run's measured points are doubted by.
  private static func errorOfMeasurement(_ demands: [OperatorDemand]) -> Double {
    let errors = demands.filter { $0.isSound && $0.evidence == .measured }.map(\.relativeError)
      .sorted()
    let least = CorrelatedDoubt.leastErrorOfMeasurement
    return errors.isEmpty ? least : max(least, errors[errors.count / 2])
  }

  /// The regions of each operator, summed.
  private static func parts(
    _ regions: [CorrelatedDoubt], _ before: [Double], _ after: [Double]
  ) -> [Part] {
    var parts: [Operator: Part] = [:]
    for (index, region) in regions.enumerated() {
      guard let op = region.demands.first?.operator else { continue }
      var part =
        parts[op]
        ?? Part(
          operator: op, nanoseconds: 0, standardError: 0, standardErrorAfter: 0, isMeasurable: false
        )
      // Variances while they are summed.
      part.standardError += before[index]
      part.standardErrorAfter += after[index]
      part.nanoseconds += region.demands.reduce(0) { $0 + $1.nanoseconds }
      if region.demands.contains(where: \.isMeasurable) { part.isMeasurable = true }
      parts[op] = part
    }
    return parts.values.map { part in
      var part = part
      part.standardError = part.standardError.squareRoot()
      part.standardErrorAfter = part.standardErrorAfter.squareRoot()
      return (part, part.operator.description)
    }.sorted { ($1.0.standardError, $0.1) < ($0.0.standardError, $1.1) }.map(\.0)
  }
}

// MARK: - Regions

extension MeasurementPlan {
  /// The demands of each region, in a fixed order, none twice and not too many.
  static func regions(of demands: [OperatorDemand]) -> [[OperatorDemand]] {
    var regions: [CorrelatedRegion: [OperatorDemand]] = [:]
    for demand in demands where demand.isSound {
      regions[CorrelatedRegion(demand), default: []].append(demand)
    }
    return regions.map { (key: $0.key.order, demands: $0.value) }.sorted { $0.key < $1.key }
      .map { gathered($0.demands) }
  }

  /// Demands of one point as one; then those of a cell, in the finest cells that leave few enough.
  private static func gathered(_ demands: [OperatorDemand]) -> [OperatorDemand] {
    var gathered = merged(demands) { Place(cell: $0.point.values, isCandidate: true) }
    for parts in [16.0, 8, 4, 2, 1, 0.5, 0.25] where gathered.count > mostPoints {
      gathered = merged(gathered) {
        Place(cell: $0.point.cell(parts: parts), isCandidate: $0.isCandidate)
      }
    }
    return gathered
  }

  /// Where demands are one. What may not be asked for does not hide what may.
  private struct Place: Hashable {
    var cell: SIMD8<Int64>
    var isCandidate: Bool
  }

  /// One demand for each place: at the point of the most time times doubt, with the time of all and
  /// the best evidence. Of different points' errors what near ones share adds up, what is a point's alone
  /// in squares.
  private static func merged(
    _ demands: [OperatorDemand], by place: (OperatorDemand) -> Place
  ) -> [OperatorDemand] {
    var cells: [Place: [OperatorDemand]] = [:]
    for demand in demands { cells[place(demand), default: []].append(demand) }
    return cells.values.compactMap { cell in
      let sorted = cell.sorted {
        $0.doubt != $1.doubt ? $0.doubt > $1.doubt : $0.point.precedes($1.point)
      }
      guard var first = sorted.first else { return nil }
      let (time, doubt) = cell.reduce((0.0, 0.0)) { ($0.0 + $1.nanoseconds, $0.1 + $1.doubt) }
      if time > 0 { first.relativeError = doubt / time }
      let isOne = cell.allSatisfy { $0.point == first.point }
      let alone = cell.reduce(0) { $0 + $1.doubt * $1.doubt * $1.independence }
      if !isOne, doubt > 0, doubt.isFinite { first.independence = min(1, alone / doubt / doubt) }
      first.nanoseconds = time
      for other in cell where other.point == first.point {
        first.evidence = min(first.evidence, other.evidence)
        first.isMeasurable = first.isMeasurable || other.isMeasurable
      }
      return first
    }.sorted { $0.point.precedes($1.point) }
  }
}
