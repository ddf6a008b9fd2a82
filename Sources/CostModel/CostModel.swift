public import Analytical
public import OperatorStore
public import Operators

/// How large the steps of a deployment get.
public struct StepBounds: Sendable, Hashable {
  /// Query tokens of a step.
  public var tokens: Int
  /// Sequences that decode in a step.
  public var sequences: Int
  /// Tokens of a sequence, prompt and generated.
  public var context: Int

  /// Creates bounds.
  public init(tokens: Int, sequences: Int, context: Int) {
    self.tokens = tokens
    self.sequences = sequences
    self.context = context
  }
}

/// Predicts the time of any operator on one device from what was measured on it.
///
///     let model = CostModel(curves: try store.curves(on: device), on: device)
///     let gemm = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
///     model.predict(gemm, at: AxisPoint(128))?.nanoseconds
///
/// From the best evidence to the least: the operator's own samples and those around them, which for
/// products, attention, experts and collectives make one field (``LatencyField``), for others a curve
/// (``FittedCurve``); the nearest curves of its kind (by their attributes, in log space); the median of
/// the whole device; the plain roofline.
public struct CostModel: Sendable {
  /// The device's data sheet.
  public let device: Device
  /// What was measured of single operators.
  let curves: CurveStore
  /// What curves of one kind tell together.
  let fields: FieldStore
  /// All that was measured.
  let measured: [MeasuredCurve]
  /// Whose median log ratio to the roofline is asked for: of a type, nil for all, and of what streams its tokens or not.
  struct MedianKey: Hashable {
    var type: DataType?
    var streams: Bool
  }

  /// The device's median log ratios; most models are never asked for any.
  let medianLogRatios = Memo<MedianKey, Double?>()

  /// The same of other devices, for what this one's curves do not hold.
  let relatives: [(curves: CurveStore, fields: FieldStore)]
  /// What could price each operator that was asked for.
  let prepared = Memo<Operator, Candidates>()
  /// What compiled curves need not reach beyond; nil where anything may be asked for.
  let bounds: StepBounds?

  /// Creates a model; curves are fitted when they are first asked for.
  ///
  /// - Parameters:
  ///   - measured: what was measured on the device.
  ///   - device: its data sheet.
  ///   - relatives: what was measured on others, for operators of which this one has nothing, the device
  ///     to ask first in front.
  ///   - bounds: how large steps get at most, so that less is compiled; larger ones are then priced by
  ///     the largest. ``predict(_:at:explains:)`` has no bounds.
  public init(
    curves measured: [MeasuredCurve], on device: Device, relatives: [RelativeCurves] = [],
    upTo bounds: StepBounds? = nil
  ) {
    self.device = device
    self.bounds = bounds
    let clean = CleanCurves(measured, on: device)
    self.curves = CurveStore(measured, clean)
    self.fields = FieldStore(clean)
    // The same software first, whose kernels are the same.
    let runtimes = Set(measured.map(\.runtime))
    self.relatives = relatives.map { relative in
      let clean = CleanCurves(relative.curves, on: relative.device)
      return (
        CurveStore(relative.curves, clean), FieldStore(clean, for: device, preferring: runtimes)
      )
    }
    self.measured = measured
  }

  /// A model that knows the data sheet only.
  public init(analytical device: Device) {
    self.init(curves: [], on: device)
  }

  /// Predicts an operator at a point; nil for operators whose work is not known (opaque ones).
  ///
  /// - Parameter explains: whether the samples that it rests on are wanted
  ///   (``Prediction/support``).
  public func predict(
    _ op: Operator, at point: AxisPoint, explains: Bool = false
  ) -> Prediction? {
    let (measured, isTwin) = asMeasured(op)
    if isTwin {
      return predict(measured, at: point, explains: explains).map { asTwin($0, of: op, measured) }
    }
    guard let own = predictAsAsked(op, at: point, explains: explains) else { return nil }
    return withoutWindow(op, at: point, explains: explains, own) ?? own
  }

  /// A prediction of attention as without its window, where nobody measured it with that: what no context exceeds changes
  /// nothing, and beyond it fewer keys are read. Nil where the one with the window is the better.
  private func withoutWindow(
    _ op: Operator, at point: AxisPoint, explains: Bool, _ own: Prediction
  ) -> Prediction? {
    var plain = op
    guard op.kind.isStepAttention, let window = plain.attributes.removeValue(forKey: "window"),
      curves.curve(of: op) == nil, var whole = predict(plain, at: point, explains: explains)
    else { return nil }
    let estimate = { (prediction: Prediction) in
      FittedCurve.Estimate(
        nanoseconds: prediction.nanoseconds, error: prediction.relativeError,
        evidence: prediction.evidence)
    }
    let binds = StepShape(attentionAt: point).longestContext > window
    guard let bound = estimate(whole).standsIn(for: estimate(own), binds: binds) else { return nil }
    (whole.evidence, whole.relativeError) = (bound.evidence, bound.error)
    whole.speedOfLight = own.speedOfLight
    whole.explanation = "as without its window: " + whole.explanation
    return whole
  }

  private func predictAsAsked(
    _ op: Operator, at point: AxisPoint, explains: Bool
  ) -> Prediction? {
    guard let work = OperatorWork(op, at: point) else { return nil }
    let light = device.speedOfLight(work, op.dataType)
    if let region = FieldRegion(op, point), let field = field(for: op, region),
      let found =
        curves.curve(of: op)?.estimate(at: point, work, with: field)
        ?? field.estimate(op, at: point, work)
    {
      var prediction = Prediction(
        nanoseconds: found.nanoseconds, relativeError: found.error, evidence: found.evidence,
        speedOfLight: light,
        explanation: field.explanation(found.evidence, own: curves.curve(of: op)))
      if explains { prediction.support = field.support(op, at: point) }
      return prediction
    }
    var prediction =
      op.kind.isStepAttention
      ? attention(op, at: point, work)
      : prediction(candidates(for: op), sizes: point.sizes, work, light)
    if explains { prediction?.support = support(op, at: point) }
    return prediction
  }

  /// An operator of a kind without fields.
  private func prediction(
    _ candidates: Candidates, sizes: SIMD4<Double>, _ work: OperatorWork, _ light: Double
  ) -> Prediction {
    let found = estimate(candidates, sizes: sizes, work: work)
    let isPlain = candidates.operator.kind.axes.count == 1
    return Prediction(
      nanoseconds: found.nanoseconds, relativeError: found.error, evidence: found.evidence,
      speedOfLight: light,
      explanation: explanation(
        found.evidence, candidates,
        lenders: candidates.lenders.map(\.curve),
        size: isPlain ? sizes[0] : nil))
  }

  /// Attention at a point that no field holds. Where the operator is several equal prefills its own curve is
  /// asked as it was measured, by the tokens of each; without one they are the prefills of a step.
  private func attention(
    _ op: Operator, at point: AxisPoint, _ work: OperatorWork
  ) -> Prediction? {
    var single = op
    let sequences = max(1, single.attributes.removeValue(forKey: "sequences") ?? 1)
    guard sequences > 1 else { return predict(op, StepShape(attentionAt: point)) }
    let sizes = SIMD4(Double(point[0]), Double(point[1]), 0, 0)
    // Behind a past, where steps have sums of it alone, what was measured of equal ones is asked at its own points.
    if point[2] == 0, let own = curves.curve(of: op),
      let found = own.estimatePrefill(sizes, work), point[1] == 0 || found.evidence == .measured
    {
      return Prediction(
        nanoseconds: found.nanoseconds, relativeError: found.error, evidence: found.evidence,
        speedOfLight: device.speedOfLight(work, op.dataType), explanation: own.described)
    }
    return predict(single, StepShape(attentionAt: point, sequences: sequences))
  }

  /// The field that tells of an operator, where its own curve does not measure what a field cannot
  /// hold.
  func field(for op: Operator, _ region: FieldRegion) -> LatencyField? {
    guard let own = curves.curve(of: op) else {
      return fields.field(for: op, region)
        ?? relatives.lazy.compactMap { $0.fields.field(for: op, region) }.first
    }
    if region == .prefill, own.hasPast { return nil }
    return fields.field(for: op, region, runtime: own.runtime)
      // What the curve's own software did not measure of the region, another may have.
      ?? (own.holds(region) ? nil : fields.anyField(for: op, region))
  }

  /// Predicts the attention of a whole step from the sums over its batch.
  public func predict(_ op: Operator, _ shape: StepShape) -> Prediction? {
    let candidates = candidates(for: op)
    let found = estimate(candidates, attention: shape)
    let prediction = Prediction(
      nanoseconds: found.nanoseconds, relativeError: found.error, evidence: found.evidence,
      speedOfLight: device.speedOfLight(AttentionWork(op).work(in: shape), op.dataType),
      explanation: explanation(found.evidence, candidates, of: shape))
    guard candidates.isTwin else { return prediction }
    return told(prediction, of: op, by: candidates.operator)
  }

  /// A prediction of what an operator's twin takes, for the operator.
  private func asTwin(
    _ prediction: Prediction, of op: Operator, _ twin: Operator
  ) -> Prediction {
    var prediction = told(prediction, of: op, by: twin)
    let error = FittedCurve.Estimate.twinError
    prediction.relativeError =
      (prediction.relativeError * prediction.relativeError + error * error).squareRoot()
    prediction.evidence = max(prediction.evidence, .borrowed)
    return prediction
  }

  private func told(_ prediction: Prediction, of op: Operator, by twin: Operator) -> Prediction {
    var prediction = prediction
    prediction.explanation =
      "not measured in \(op.dataType?.rawValue ?? ""), as fast as \(twin.dataType?.rawValue ?? ""): "
      + prediction.explanation
    return prediction
  }
}
