internal import Analytical
internal import OperatorStore
public import Operators

/// One operator's measurements, anchored on the device's roofline and ready for interpolation.
///
/// What is predicted is the ratio of measured time to an anchor: the roofline plus the time of an
/// empty launch. Where a curve stands alone it is the time itself that is interpolated (``CellGrid``),
/// and where a field has filled it the logarithm of the ratio (``RatioGrid``); the boundary's ratio is
/// held beyond the samples, the anchor carrying the growth.
///
/// Never changed once made, and shared: a copy would count a dozen references at each query.
public final class FittedCurve: Sendable {
  /// What it predicts.
  public let `operator`: Operator
  /// The software that it was measured under.
  public let runtime: String
  /// How many distinct points it rests on.
  public let points: Int

  let device: Device
  /// The device's rates for the operator's type.
  private let roofline: Roofline
  /// Points with one kind of work: a single size, prefill alone or decode alone, or all mixed.
  let single: Shared<Surface>?
  let prefill: Shared<Surface>?
  let decode: Shared<Surface>?
  let mixed: Shared<Surface>?
  /// Whether any of the prefills that were measured had cached tokens before it.
  let hasPast: Bool
  /// Whether the software runs prefills and decodes of a step one after the other.
  let runsMixedApart: Bool
  /// What unequal lengths of decodes add, where that was measured.
  private let skew: SkewLaw?
  /// How prefills fill the device's multiprocessors; nil where nothing is known of these.
  let waves: BlockWaves?

  /// Fits a curve, or nil if no sample can be used (no time, or an operator of unknown work).
  ///
  /// - Parameters:
  ///   - curve: the measurements.
  ///   - device: the data sheet to anchor them on.
  ///   - skew: for attention, what unequal lengths of decodes add.
  init?(_ curve: MeasuredCurve, on device: Device, skew: SkewLaw? = nil) {
    let op = curve.operator
    self.operator = op
    self.runtime = curve.runtime
    self.runsMixedApart = Self.runsMixedApart(curve.runtime)
    self.device = device
    self.roofline = Roofline(device, op.dataType)
    self.skew = skew
    self.waves = BlockWaves(of: op, on: device)
    var byRegion: [Region: [CellGrid.Point]] = [:]
    var (places, hasPast) = (0, false)
    // A single duration says nothing of its noise; the curve does.
    let noise = CurveNoise(curve, on: device).known
    for measured in curve.points {
      let point = measured.point
      guard point[4] == 0, OperatorWork(op, at: point) != nil else { continue }
      let region = Region(op, point)
      byRegion[region, default: []].append(
        CellGrid.Point(
          sizes: region.axes(of: op).map { point[$0] }, nanoseconds: exponential(measured.logTime),
          noise: noise ?? measured.noise))
      places += 1
      if point[0] > 0 && point[2] == 0 && point[1] > 0 { hasPast = true }
    }
    guard places > 0 else { return nil }
    self.points = places
    self.hasPast = hasPast
    func surface(_ region: Region) -> Shared<Surface>? {
      byRegion[region].flatMap { CellGrid($0, anchor: region.anchor(of: op, on: device)) }
        .map { Shared(.cells($0)) }
    }
    self.single = surface(.single)
    self.prefill = surface(.prefill)
    self.decode = surface(.decode)
    self.mixed = surface(.mixed)
  }

  /// How times are interpolated between what is known of them.
  enum Surface: Sendable {
    /// Between measured points of this curve.
    case cells(CellGrid)
    /// Between points that a field predicted.
    case knots(RatioGrid)

    func value(at place: SIMD4<Double>) -> GridValue {
      switch self {
      case .cells(let grid): grid.value(at: place)
      case .knots(let grid): grid.value(at: place)
      }
    }

    func neighbours(of size: Double) -> (below: Double?, above: Double?) {
      switch self {
      case .cells(let grid): grid.neighbours(of: size)
      case .knots(let grid): grid.neighbours(of: size)
      }
    }
  }

  /// A curve without samples of its own, for a field to fill.
  init(_ op: Operator, runtime: String, on device: Device) {
    self.operator = op
    self.runtime = runtime
    self.runsMixedApart = Self.runsMixedApart(runtime)
    self.points = 0
    self.device = device
    self.roofline = Roofline(device, op.dataType)
    (self.single, self.prefill, self.decode, self.mixed) = (nil, nil, nil, nil)
    self.hasPast = false
    self.skew = nil
    self.waves = BlockWaves(of: op, on: device)
  }

  /// A curve of which one surface is another.
  init(_ curve: FittedCurve, _ region: FieldRegion, is surface: Shared<Surface>?) {
    self.operator = curve.operator
    self.runtime = curve.runtime
    self.runsMixedApart = curve.runsMixedApart
    self.points = curve.points
    self.device = curve.device
    self.roofline = curve.roofline
    self.single = region == .single ? surface : curve.single
    self.prefill = region == .prefill ? surface : curve.prefill
    self.decode = region == .decode ? surface : curve.decode
    self.mixed = curve.mixed
    self.hasPast = curve.hasPast
    self.skew = curve.skew
    self.waves = curve.waves
  }

  /// Whether any point of a region was measured.
  func holds(_ region: FieldRegion) -> Bool {
    switch region {
    case .single: single != nil
    case .prefill: prefill != nil
    case .decode: decode != nil
    }
  }

  /// The part of an operator's space that a point lies in; only attention has several.
  enum Region: Hashable {
    case single, prefill, decode, mixed

    init(_ op: Operator, _ point: AxisPoint) {
      guard op.kind.isStepAttention else {
        self = .single
        return
      }
      self = point[0] > 0 ? (point[2] > 0 ? .mixed : .prefill) : .decode
    }

    /// The axes that vary within it.
    func axes(of op: Operator) -> [Int] {
      switch self {
      case .single: Array(0..<min(4, max(1, op.kind.axes.count)))
      case .prefill: [0, 1]
      case .decode: [2, 3]
      case .mixed: [0, 1, 2, 3]
      }
    }

    /// The anchor of cells (``Roofline/sum(_:)`` and an empty launch) at sizes along ``axes``.
    func anchor(of op: Operator, on device: Device) -> CellGrid.Anchor {
      let (roofline, floor) = (Roofline(device, op.dataType), device.launchFloor)
      let (law, attention) = (WorkLaw(op), AttentionWork(op))
      func time(_ work: OperatorWork) -> Double { roofline.sum(work) + floor }
      return switch self {
      case .single:
        { sizes in
          law.map {
            time($0.work(at: AxisPoint(wholeSize(sizes[0]), wholeSize(sizes[1]))))
          } ?? floor
        }
      case .prefill:
        { time(attention.work(tokens: $0[0], past: $0[1], decodes: 0, context: 0)) }
      case .decode:
        { time(attention.work(tokens: 0, past: 0, decodes: $0[0], context: $0[1])) }
      case .mixed:
        { time(attention.work(tokens: $0[0], past: $0[1], decodes: $0[2], context: $0[3])) }
      }
    }
  }
}

// MARK: - Prediction

extension FittedCurve {
  /// A time with its doubt.
  public struct Estimate: Sendable, Hashable {
    /// The predicted duration in nanoseconds.
    public var nanoseconds: Double
    /// Standard errors relative to it: of this very size, and what sizes near it err alike.
    var errors: SIMD2<Double>
    /// What it rests on.
    public var evidence: Evidence

    /// Its standard error relative to it.
    public var error: Double { errors[0] }
    /// The part of ``error`` by which sizes near this one err alike. What is each size's own averages out over the
    /// many steps of a run.
    var commonError: Double { errors[1] }

    /// Adds a relative standard error that all sizes near this one share.
    mutating func addDoubt(_ error: Double) {
      errors = (errors * errors + SIMD2(repeating: error * error)).squareRoot()
    }

    init(nanoseconds: Double, errors: SIMD2<Double>, evidence: Evidence) {
      self.nanoseconds = nanoseconds
      self.errors = errors
      self.evidence = evidence
    }

    /// An estimate that errs as those of all sizes near it do.
    init(nanoseconds: Double, error: Double, evidence: Evidence) {
      self.init(
        nanoseconds: nanoseconds, errors: SIMD2(repeating: error), evidence: evidence)
    }
  }

  /// The time of an operator with one size.
  ///
  /// - Parameters:
  ///   - sizes: along the operator's axes, mostly one: tokens or bytes.
  ///   - work: the work of the operator asked for, which may be a like one of other attributes.
  func estimate(sizes: SIMD4<Double>, work: OperatorWork) -> Estimate? {
    single.map { estimate($0.value, sizes, work) }
  }

  /// The time of a step's attention, from the sums over its batch.
  ///
  /// Where the batch holds prefills and decodes but the samples hold no mixed batches, the two
  /// are taken to run one after the other (``sum(ofPrefills:andDecodes:runsApart:)``).
  ///
  /// - Parameters:
  ///   - shape: the step.
  ///   - attention: the work of the operator asked for.
  ///   - batches: curves of several equal prefills, by their number, where they were measured.
  func estimate(
    attention shape: StepShape, _ attention: AttentionWork, batches: [PrefillBatch] = []
  ) -> Estimate? {
    guard var estimate = estimate(equal: shape, attention, batches) else { return nil }
    let decodes = shape.decodeSequences
    let atLongest = clampedProduct(shape.longestDecodeContext, decodes)
    let isEqual = atLongest == shape.decodeContext
    // A sample is one prefill and decodes of one length; any other batch is taken to be like it.
    if shape.prefillSequences > 1 || !isEqual {
      estimate.evidence = max(estimate.evidence, .interpolated)
    }
    guard decodes > 1, !isEqual else { return estimate }
    guard let skew else {
      let excess = Double(atLongest) / Double(max(1, shape.decodeContext)) - 1
      estimate.addDoubt(SkewLaw.unknownShare * excess * decodeShare(of: shape, attention))
      return estimate
    }
    var longest = shape
    longest.decodeContext = atLongest
    let share = skew.share(decodes: decodes, mixed: shape.prefillTokens > 0)
    guard share > 0, longest.decodeContext > shape.decodeContext,
      let upper = self.estimate(equal: longest, attention, batches)
    else { return estimate }
    let added = share * max(0, upper.nanoseconds - estimate.nanoseconds)
    let errors = estimate.errors * estimate.nanoseconds + upper.errors * added
    estimate.nanoseconds += added
    estimate.errors = errors / estimate.nanoseconds
    estimate.evidence = max(estimate.evidence, upper.evidence)
    return estimate
  }

  /// The part of a batch's work that its decodes are, by the roofline; none where the software takes sequences one by
  /// one, so that none waits for the longest.
  private func decodeShare(of shape: StepShape, _ attention: AttentionWork) -> Double {
    if runtime.hasPrefix("PyTorch") { return 0 }
    guard shape.prefillTokens > 0 else { return 1 }
    let (prefill, decode) = attention.parts(in: shape)
    let (first, second) = (roofline.nanoseconds(prefill), roofline.nanoseconds(decode))
    return first + second > 0 ? second / (first + second) : 0
  }

  /// The same for a batch whose decodes are all of their mean length.
  private func estimate(
    equal shape: StepShape, _ attention: AttentionWork, _ batches: [PrefillBatch]
  ) -> Estimate? {
    let queries = Double(shape.prefillTokens)
    let decodes = Double(shape.decodeSequences)
    let (prefillWork, decodeWork) = attention.parts(in: shape)
    // The past of one sequence that would have as many query-key pairs.
    let past =
      queries > 0 ? max(0, (Double(shape.prefillPairs) - queries * (queries + 1) / 2) / queries) : 0
    let context = decodes > 0 ? Double(shape.decodeContext) / decodes : 0
    let place = SIMD4(queries, past, decodes, context)
    if queries > 0 && decodes > 0 {
      if let mixed {
        let work = OperatorWork(
          flops: prefillWork.flops + decodeWork.flops, bytes: prefillWork.bytes + decodeWork.bytes)
        return estimate(mixed.value, place, work)
      }
      guard let decode, let first = estimate(prefillsOf: shape, prefillWork, batches) else {
        return nil
      }
      let second = estimate(decode.value, SIMD4(place[2], place[3], 0, 0), decodeWork)
      return Self.sum(ofPrefills: first, andDecodes: second, runsApart: runsMixedApart)
    }
    if queries > 0 { return estimate(prefillsOf: shape, prefillWork, batches) }
    return decode.map { estimate($0.value, SIMD4(place[2], place[3], 0, 0), decodeWork) }
  }

  /// The time of a prefill at a place of its grid, or nil where none was measured.
  func estimatePrefill(_ place: SIMD4<Double>, _ work: OperatorWork) -> Estimate? {
    prefill.map { estimate($0.value, place, work) }
  }

  func estimate(
    _ surface: Surface, _ place: SIMD4<Double>, _ work: OperatorWork
  ) -> Estimate {
    let value = surface.value(at: place)
    let light =
      switch surface {
      case .cells: roofline.sum(work)
      case .knots: roofline.nanoseconds(work)
      }
    // A ratio held to where the other of arithmetic and traffic rules would be faster than light. Between
    // measurements, which caches may have made faster, it stays between them.
    let least = value.evidence >= .extrapolated ? roofline.nanoseconds(work) : 0
    return Estimate(
      nanoseconds: max(least, (light + device.launchFloor) * value.ratio), errors: value.errors,
      evidence: value.evidence)
  }

  /// What it is, for explanations.
  var described: String { "own curve of \(points) points (\(runtime))" }

  /// The measured sizes around `size`, for explanations.
  func neighbours(of size: Double) -> (below: Int?, above: Int?) {
    guard let single else { return (nil, nil) }
    let (below, above) = single.value.neighbours(of: size)
    return (below.map(wholeSize), above.map(wholeSize))
  }
}

/// A size as a whole number; sizes may come from any file.
func wholeSize(_ size: Double) -> Int { Int(exactly: size.rounded()) ?? .max / 4 }
