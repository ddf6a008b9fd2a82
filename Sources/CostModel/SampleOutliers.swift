public import Analytical
public import OperatorStore
public import Operators

/// Measured points that do not fit the others, and which of them a fit should leave out.
///
///     let outliers = SampleOutliers(curves, on: device)
///     let model = CostModel(curves: outliers.excluding(from: curves), on: device)
///
/// Three kinds (``Reason``). A bump that like curves show at the same point is no outlier but a step
/// of the kernels, counted in ``sharedSteps``. Where more than a quarter of a curve would be left out,
/// nothing is: then the data sheet is wrong for it, or the curve has no shape to judge by.
public struct SampleOutliers: Sendable {
  /// What is wrong with a point.
  public enum Reason: String, Sendable, Hashable, CaseIterable {
    /// Above both neighbours, in time and in ratio to the roofline, along every axis on which it has
    /// two, by 1.3 times and by six times the curve's noise. Left out, except where the curve is too
    /// short to tell its noise and the point is less than three times what was to be expected.
    case spike
    /// Measured more than once, with times that differ by more than a tenth: by no noise of the curve,
    /// as such points are what makes it noisy. Left out are those that are off as far as a spike from the
    /// median of all, or of two, or where no more than half are near it, from what the neighbours let expect,
    /// if others are not. Where none is near either, the point as a whole may be a spike; else their mean stands.
    case duplicates
    /// Faster than the data sheet allows. Left out where it stands alone and is faster by a twentieth; of several in a row
    /// the cause is a cache or the data sheet, and they are kept. Not told of experts: how many of them
    /// a step reads is an average over routings, which skewed ones stay below.
    /// Nor of a point of which some repetitions were judged wrong: their mean is no time that was measured.
    case fasterThanLight = "faster than light"
  }

  /// One point with its reason.
  public struct Finding: Sendable, Hashable {
    /// The curve's place among those that were given.
    public var curve: Int
    /// What was measured.
    public var `operator`: Operator
    /// Under which software.
    public var runtime: String
    /// At which sizes.
    public var point: AxisPoint
    /// Why it is listed.
    public var reason: Reason
    /// The time in nanoseconds; of duplicates the longest.
    public var measured: Double
    /// What was to be expected, in nanoseconds: of a spike by its neighbours, of one faster than
    /// light the data sheet's least, of duplicates the shortest.
    public var expected: Double
    /// The curve's noise (``CurveNoise/scale``).
    public var noise: Double
    /// The samples that ``SampleOutliers/excluding(from:)`` leaves out, by their places in the curve.
    public var excluded: [Int]

    /// How far off it is: measured over expected, or its inverse where that is above 1.
    public var factor: Double { max(measured / expected, expected / measured) }
  }

  /// What was found, the farthest off first.
  public private(set) var findings: [Finding] = []
  /// Bumps as high as spikes that like curves share: steps of their kernels.
  public private(set) var sharedSteps = 0

  /// The least factor of a spike (public tables show such ones in 0.2 % to 2.3 % of their rows).
  public static let leastSpike = 1.3
  /// The least factor of a spike that is left out of a curve of unknown noise.
  public static let leastGrossSpike = 3.0
  /// The least factor between duplicates that is listed.
  public static let leastDisagreement = 1.1
  /// The share of the data sheet's least time below which a lone time is wrong: rates are rounded, and ends of a curve
  /// have one neighbour.
  public static let sureLight = 0.95
  /// Above how many times its noise a curve's points are outliers.
  public static let noises = 6.0

  /// Looks through the curves of one device, whatever their runtimes.
  ///
  /// - Complexity: O(*s* · log *s*) for *s* samples, and one look at all curves of a kind for each
  ///   bump.
  public init(_ curves: [MeasuredCurve], on device: Device) {
    let likes = LikeCurves(curves, on: device)
    for (index, curve) in curves.enumerated() {
      let lines = likes.lines[index]
      let bumps = lines.places.indices.compactMap { place in
        lines.height(of: place).flatMap { $0 > logarithm(Self.leastSpike) ? (place, $0) : nil }
      }
      let isBound = curve.operator.kind != .moe
      let isFast = lines.places.map { isBound && exponential($0.logTime) < $0.light }
      guard
        !bumps.isEmpty || isFast.contains(true)
          || lines.places.contains(where: { $0.samples.count > 1 })
      else { continue }
      let noise = CurveNoise(lines, curve)
      var found: [Finding] = []
      func add(
        _ place: Int, _ reason: Reason, _ measured: Double, _ expected: Double, excluded: [Int]
      ) {
        found.append(
          Finding(
            curve: index, operator: curve.operator, runtime: curve.runtime,
            point: lines.places[place].point, reason: reason, measured: measured,
            expected: expected, noise: noise.scale, excluded: excluded))
      }
      // A point that some of its own repetitions raise is theirs to judge, not a spike as a whole.
      var contradicted: Set<Int> = []
      for (place, members) in lines.places.enumerated() where members.samples.count > 1 {
        let samples = Array(lines.samples(at: place))
        let times = samples.map { logarithm(curve.samples[$0].duration.median) }
        guard let longest = times.max(), let shortest = times.min(),
          longest - shortest > logarithm(Self.leastDisagreement)
        else { continue }
        let wild = Self.wild(times, lines, place, noise.alongAxes ?? 0)
        if !wild.isEmpty { contradicted.insert(place) }
        add(
          place, .duplicates, exponential(longest), exponential(shortest),
          excluded: wild.map { samples[$0] })
      }
      for (place, height) in bumps
      where height > Self.noises * noise.scale && !contradicted.contains(place) {
        if likes.share(bump: height, at: lines.places[place].point, of: index) {
          sharedSteps += 1
          continue
        }
        let expected = lines.expectedLogTime(at: place) ?? lines.places[place].logTime
        let isSure = noise.alongAxes != nil || height > logarithm(Self.leastGrossSpike)
        add(
          place, .spike, exponential(lines.places[place].logTime), exponential(expected),
          excluded: isSure ? Array(lines.samples(at: place)) : [])
      }
      for place in lines.places.indices where isFast[place] && !contradicted.contains(place) {
        let (time, light) = (exponential(lines.places[place].logTime), lines.places[place].light)
        let isAlone = !lines.neighbours(of: place).contains {
          [$0.below, $0.above].contains { $0.map { isFast[$0] } ?? false }
        }
        let isWrong = isAlone && time < Self.sureLight * light
        add(
          place, .fasterThanLight, time, light,
          excluded: isWrong ? Array(lines.samples(at: place)) : [])
      }
      let excluded = Set(found.filter { !$0.excluded.isEmpty }.map(\.point)).count
      if 4 * excluded > lines.places.count {
        for number in found.indices { found[number].excluded = [] }
      }
      findings += found
    }
    // Stable, so that equal ones stay in the order of the curves.
    findings = findings.enumerated().sorted {
      ($1.element.factor, $0.offset) < ($0.element.factor, $1.offset)
    }.map(\.element)
  }

  /// Which of a point's log times are off, where others of them are not.
  private static func wild(
    _ times: [Double], _ lines: CurveLines, _ place: Int, _ noise: Double
  ) -> [Int] {
    let sorted = times.sorted()
    let median = (sorted[(times.count - 1) / 2] + sorted[times.count / 2]) / 2
    let limit = max(logarithm(leastSpike), noises * noise)
    func wild(from centre: Double) -> [Int] {
      times.indices.filter { abs(times[$0] - centre) > limit }
    }
    let ofMedian = wild(from: median)
    // Two are equally far from their own median.
    if times.count > 2, 2 * ofMedian.count < times.count { return ofMedian }
    let ofNeighbours = lines.expectedLogTime(at: place).map(wild) ?? []
    return ofNeighbours.count < times.count ? ofNeighbours : []
  }

  /// The curves without the samples that do not count.
  ///
  /// - Parameter curves: those that were looked through, in the same order.
  public func excluding(from curves: [MeasuredCurve]) -> [MeasuredCurve] {
    var gone: [Int: Set<Int>] = [:]
    for finding in findings where !finding.excluded.isEmpty {
      gone[finding.curve, default: []].formUnion(finding.excluded)
    }
    var kept = curves
    for (curve, samples) in gone where curves.indices.contains(curve) {
      kept[curve].samples = curves[curve].samples.enumerated()
        .filter { !samples.contains($0.offset) }.map(\.element)
    }
    return kept
  }
}
