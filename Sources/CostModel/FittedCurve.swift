internal import Analytical
internal import OperatorStore
public import Operators

/// One operator's measurements, anchored on the device's roofline and ready for interpolation.
///
/// What is interpolated is the logarithm of measured time over ``anchor(_:)``: the roofline plus
/// the time of an empty launch. A latency has cliffs and spans decades; this ratio is far smoother
/// and its boundary value can be held beyond the samples, the roofline carrying the growth.
public struct FittedCurve: Sendable {
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
  var single: RatioGrid?
  var prefill: RatioGrid?
  var decode: RatioGrid?
  private let mixed: RatioGrid?
  /// Whether any of the prefills that were measured had cached tokens before it.
  let hasPast: Bool
  /// What unequal lengths of decodes add, where that was measured.
  private let skew: SkewLaw?

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
    self.device = device
    self.roofline = Roofline(device, op.dataType)
    self.skew = skew
    var byRegion: [Region: [RatioGrid.Point]] = [:]
    var (places, hasPast) = (0, false)
    // A single duration says nothing of its noise; the curve does.
    let noise = CurveNoise(curve, on: device).known
    for measured in curve.points {
      let point = measured.point
      guard point[4] == 0, let work = OperatorWork(op, at: point) else { continue }
      let region = Region(op, point)
      let anchor = roofline.nanoseconds(work) + device.launchFloor
      byRegion[region, default: []].append(
        RatioGrid.Point(
          coordinates: region.axes.map { logCoordinate(Double(point[$0])) },
          logRatio: measured.logTime - logarithm(anchor), noise: noise ?? measured.noise))
      places += 1
      if point[0] > 0 && point[2] == 0 && point[1] > 0 { hasPast = true }
    }
    guard places > 0 else { return nil }
    self.points = places
    self.hasPast = hasPast
    self.single = byRegion[.single].flatMap(RatioGrid.init)
    self.prefill = byRegion[.prefill].flatMap(RatioGrid.init)
    self.decode = byRegion[.decode].flatMap(RatioGrid.init)
    self.mixed = byRegion[.mixed].flatMap(RatioGrid.init)
  }

  /// A curve without samples of its own, for a field to fill.
  init(_ op: Operator, runtime: String, on device: Device) {
    self.operator = op
    self.runtime = runtime
    self.points = 0
    self.device = device
    self.roofline = Roofline(device, op.dataType)
    self.mixed = nil
    self.hasPast = false
    self.skew = nil
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
    var axes: [Int] {
      switch self {
      case .single: [0]
      case .prefill: [0, 1]
      case .decode: [2, 3]
      case .mixed: [0, 1, 2, 3]
      }
    }
  }
}

// MARK: - Prediction

extension FittedCurve {
  /// A time with its doubt.
  struct Estimate {
    var nanoseconds: Double
    var error: Double
    var evidence: Evidence
  }

  /// The time of an operator with one size.
  ///
  /// - Parameters:
  ///   - size: tokens or bytes.
  ///   - work: the work of the operator asked for, which may be a like one of other attributes.
  func estimate(size: Double, work: OperatorWork) -> Estimate? {
    single.map { estimate($0, SIMD4(logCoordinate(size), 0, 0, 0), work) }
  }

  /// The time of a step's attention, from the sums over its batch.
  ///
  /// Where the batch holds prefills and decodes but the samples hold no mixed batches, the two
  /// are taken to run one after the other.
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
    guard let skew, decodes > 1, !isEqual else { return estimate }
    var longest = shape
    longest.decodeContext = atLongest
    let share = skew.share(decodes: decodes, mixed: shape.prefillTokens > 0)
    guard share > 0, longest.decodeContext > shape.decodeContext,
      let upper = self.estimate(equal: longest, attention, batches)
    else { return estimate }
    let added = share * max(0, upper.nanoseconds - estimate.nanoseconds)
    let error = estimate.error * estimate.nanoseconds + upper.error * added
    estimate.nanoseconds += added
    estimate.error = error / estimate.nanoseconds
    estimate.evidence = max(estimate.evidence, upper.evidence)
    return estimate
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
    let place = SIMD4(
      logCoordinate(queries), logCoordinate(past), logCoordinate(decodes), logCoordinate(context))
    if queries > 0 && decodes > 0 {
      if let mixed {
        let work = OperatorWork(
          flops: prefillWork.flops + decodeWork.flops, bytes: prefillWork.bytes + decodeWork.bytes)
        return estimate(mixed, place, work)
      }
      guard let decode, let first = estimate(prefillsOf: shape, prefillWork, batches) else {
        return nil
      }
      let second = estimate(decode, SIMD4(place[2], place[3], 0, 0), decodeWork)
      let (total, errors) = (
        first.nanoseconds + second.nanoseconds,
        first.error * first.nanoseconds + second.error * second.nanoseconds
      )
      return Estimate(
        nanoseconds: total, error: errors / total,
        evidence: max(first.evidence, second.evidence))
    }
    if queries > 0 { return estimate(prefillsOf: shape, prefillWork, batches) }
    return decode.map { estimate($0, SIMD4(place[2], place[3], 0, 0), decodeWork) }
  }

  /// The time of a prefill at a place of its grid, or nil where none was measured.
  func estimatePrefill(_ place: SIMD4<Double>, _ work: OperatorWork) -> Estimate? {
    prefill.map { estimate($0, place, work) }
  }

  private func estimate(
    _ grid: RatioGrid, _ place: SIMD4<Double>, _ work: OperatorWork
  ) -> Estimate {
    let anchor = roofline.nanoseconds(work) + device.launchFloor
    let value = grid.value(at: place)
    return Estimate(
      nanoseconds: anchor * exponential(value.logRatio), error: value.error,
      evidence: value.evidence)
  }

  /// The measured sizes around `size`, for explanations.
  func neighbours(of size: Double) -> (below: Int?, above: Int?) {
    guard let single else { return (nil, nil) }
    let (below, above) = single.neighbours(of: logCoordinate(size), axis: 0)
    func whole(_ coordinate: Double) -> Int { Int((exponential(coordinate) - 1).rounded()) }
    return (below.map(whole), above.map(whole))
  }
}
