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
  private let fields: FieldStore
  /// All that was measured.
  private let measured: [MeasuredCurve]
  /// The device's median log ratios by type; most models are never asked for any.
  private let medianLogRatios = Memo<DataType?, Double?>()

  /// The same of other devices, for what this one's curves do not hold.
  private let relatives: [(curves: CurveStore, fields: FieldStore)]
  /// What could price each operator that was asked for.
  private let prepared = Memo<Operator, Candidates>()
  /// What compiled curves need not reach beyond; nil where anything may be asked for.
  private let bounds: StepBounds?

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
    if op.kind.isStepAttention { return prediction(op, at: point, work) }
    let candidates = candidates(for: op)
    return prediction(
      estimate(candidates, sizes: point.sizes, work: work), candidates, light,
      size: op.kind.axes.count == 1 ? Double(point[0]) : nil)
  }

  /// Attention at a point that no field holds. Where the operator is several equal prefills its own curve is
  /// asked as it was measured, by the tokens of each; without one they are the prefills of a step.
  private func prediction(
    _ op: Operator, at point: AxisPoint, _ work: OperatorWork
  ) -> Prediction? {
    var single = op
    let sequences = max(1, single.attributes.removeValue(forKey: "sequences") ?? 1)
    guard sequences > 1 else { return predict(op, StepShape(attentionAt: point)) }
    let sizes = SIMD4(Double(point[0]), Double(point[1]), 0, 0)
    if point[2] == 0, let found = curves.curve(of: op)?.estimatePrefill(sizes, work) {
      return prediction(
        found, candidates(for: op), device.speedOfLight(work, op.dataType), size: nil)
    }
    return predict(single, StepShape(attentionAt: point, sequences: sequences))
  }

  /// The field that tells of an operator, where its own curve does not measure what a field cannot
  /// hold.
  private func field(for op: Operator, _ region: FieldRegion) -> LatencyField? {
    let own = curves.curve(of: op)
    if region == .prefill, own?.hasPast == true { return nil }
    return fields.field(for: op, region, runtime: own?.runtime)
      ?? (own == nil ? relatives.lazy.compactMap { $0.fields.field(for: op, region) }.first : nil)
  }

  /// Predicts the attention of a whole step from the sums over its batch.
  public func predict(_ op: Operator, _ shape: StepShape) -> Prediction? {
    let candidates = candidates(for: op)
    var prediction = prediction(
      estimate(candidates, attention: shape), candidates,
      device.speedOfLight(AttentionWork(op).work(in: shape), op.dataType),
      size: nil)
    if let told = candidates.explanation(of: shape, prediction.evidence) {
      prediction.explanation = told
    }
    return prediction
  }
}

// MARK: - Candidates

extension CostModel {
  /// Everything that could price one operator; found once, used for every step, and shared, as a copy
  /// would count a dozen of references.
  final class Candidates: Sendable {
    let `operator`: Operator
    /// Its own curve.
    let own: FittedCurve?
    /// For attention, the curves of several prefills under the same runtime.
    let batches: [PrefillBatch]
    /// The nearest other curves of its kind, at most four, with their distance in octaves.
    let others: [(curve: FittedCurve, octaves: Double)]
    /// For attention, what its work is made of.
    let attention: AttentionWork?
    /// Its work by its sizes; nil for kinds whose work is not known.
    let work: WorkLaw?
    /// What filled ``own``.
    private let fields: [(region: FieldRegion, field: LatencyField)]

    init(
      _ op: Operator, own: FittedCurve? = nil, batches: [PrefillBatch] = [],
      others: [(curve: FittedCurve, octaves: Double)] = [],
      fields: [(region: FieldRegion, field: LatencyField)] = []
    ) {
      self.fields = fields
      self.operator = op
      self.own = own
      self.batches = batches
      self.others = others
      self.attention = op.kind.isStepAttention ? AttentionWork(op) : nil
      self.work = WorkLaw(op)
    }

    /// How the attention of a step came about that no curve of the operator measured, by its fields, in
    /// words; nil where there is such a curve, or no field.
    func explanation(of shape: StepShape, _ evidence: Evidence) -> String? {
      guard own?.points == 0 else { return nil }
      let asked = fields.filter {
        $0.region == .prefill ? shape.prefillTokens > 0 : shape.decodeSequences > 0
      }.map { $0.field.explanation(evidence, own: nil) }
      return asked.isEmpty ? nil : asked.joined(separator: "; ")
    }
  }

  /// The curves that could price an operator: its own, or else the nearest of its kind with the
  /// same attribute names. Another data type counts as four octaves.
  func candidates(for op: Operator) -> Candidates {
    prepared.value(for: op) { filledCandidates(for: op) ?? plainCandidates(for: op) }
  }

  /// Finds what could price some operators, on several threads: what each asks for later is then there, and
  /// is what it would have been, had one been asked for after the other.
  ///
  /// First the fields, each once, as whoever asks for one that is being made waits; then what is laid
  /// along them for each operator.
  package func prepare(_ operators: [Operator]) {
    var asked: Set<String> = []
    let fields = operators.flatMap { op in
      regions(of: op).filter { asked.insert("\(op.kind) \($0)").inserted }.map { (op, $0) }
    }
    _ = onThreads(Self.threads, count: fields.count) { index in
      field(for: fields[index].0, fields[index].1)?.measureScatter()
    }
    _ = onThreads(Self.threads, count: operators.count) { index in
      _ = candidates(for: operators[index])
    }
  }

  /// A step has three or four kinds with fields.
  static let threads = 4

  private func regions(of op: Operator) -> [FieldRegion] {
    op.kind.isStepAttention ? [.prefill, .decode] : [.single]
  }

  /// The operator's own curve, or else the nearest of its kind, on another device where this one has none.
  private func plainCandidates(for op: Operator) -> Candidates {
    if let own = curves.curve(of: op) {
      return Candidates(op, own: own, batches: curves.batches(of: op))
    }
    let stores = [curves] + relatives.map(\.curves)
    for isStrict in [true, false] {
      for store in stores {
        let others = nearest(to: op, in: store, isStrict: isStrict)
        if !others.isEmpty { return Candidates(op, others: others) }
      }
    }
    return Candidates(op)
  }

  /// The four curves of an operator's kind whose attributes are most like its own, with the distance in
  /// octaves.
  ///
  /// - Parameter isStrict: whether only curves with the same attributes' names count; else each name that one of
  ///   the two lacks, such as that of narrow weights, is as far as another type.
  private func nearest(
    to op: Operator, in curves: CurveStore, isStrict: Bool
  ) -> [(curve: FittedCurve, octaves: Double)] {
    // In a fixed order: sums of other orders round to others, and equally near curves change places.
    let attributes = op.attributes.sorted { $0.key < $1.key }
    let others = (curves.operators[op.kind] ?? []).compactMap {
      like -> (op: Operator, octaves: Double)? in
      if isStrict, like.attributes.count != op.attributes.count { return nil }
      var octaves = like.dataType == op.dataType ? 0.0 : 4.0
      octaves += 4 * Double(like.attributes.keys.count { op.attributes[$0] == nil })
      for (name, value) in attributes {
        guard let other = like.attributes[name] else {
          if isStrict { return nil }
          octaves += 4
          continue
        }
        octaves += abs(logarithm(Double(max(1, value)) / Double(max(1, other)))) / logarithm(2)
      }
      return (like, octaves)
    }
    // Stable, so that the fixed order of curves decides between equals.
    let nearest = others.enumerated().sorted {
      ($0.element.octaves, $0.offset) < ($1.element.octaves, $1.offset)
    }
    let fitted = nearest.lazy.compactMap { _, near in
      curves.curve(of: near.op).map { (curve: $0, octaves: near.octaves) }
    }
    return Array(fitted.prefix(4))
  }

  /// The operator's own curve with its gaps filled from fields, or a curve of fields alone; nil where
  /// there is no field.
  private func filledCandidates(for op: Operator) -> Candidates? {
    let found = regions(of: op).compactMap { region in
      field(for: op, region).map { (region: region, field: $0) }
    }
    guard let runtime = found.first?.field.key.runtime else { return nil }
    // Attention of whole steps needs both of its regions; a curve may bring one of its own.
    let own = curves.curve(of: op)
    guard own != nil || found.count == regions(of: op).count else { return nil }
    var curve = own ?? FittedCurve(op, runtime: runtime, on: device)
    for (region, field) in found { curve = curve.filled(from: field, region, upTo: bounds) }
    var batches = curves.batches(of: op)
    if batches.isEmpty, let field = found.first(where: { $0.region == .prefill })?.field {
      batches = Self.sequences.filter { field.holdsSequences(upTo: $0) }.map { sequences in
        var several = op
        several.attributes["sequences"] = sequences
        return PrefillBatch(
          sequences: sequences,
          curve: FittedCurve(several, runtime: runtime, on: device)
            .filled(from: field, .prefill, upTo: bounds))
      }
    }
    return Candidates(op, own: curve, batches: batches, fields: found)
  }

  /// The numbers of equal prefills of which compiled steps have curves.
  private static let sequences = [2, 4, 8, 16]

  /// The time of an operator at sizes along its axes.
  func estimate(
    _ candidates: Candidates, sizes: SIMD4<Double>, work: OperatorWork
  ) -> FittedCurve.Estimate {
    if let estimate = candidates.own?.estimate(sizes: sizes, work: work) { return estimate }
    let light = device.speedOfLight(work, candidates.operator.dataType)
    return borrowed(
      candidates.others.compactMap { curve, octaves in
        curve.estimate(sizes: sizes, work: work).map {
          ($0.nanoseconds * transfer(of: curve, work, light), octaves)
        }
      }, op: candidates.operator, light, from: candidates.others.first?.curve.device)
  }

  /// By what a time on another device is multiplied so that its ratio to what the data sheet allows is the
  /// same here.
  private func transfer(of curve: FittedCurve, _ work: OperatorWork, _ light: Double) -> Double {
    let other = curve.device
    guard other.name != device.name else { return 1 }
    return (light + device.launchFloor)
      / (other.speedOfLight(work, curve.operator.dataType) + other.launchFloor)
  }

  /// The time of a step's attention.
  func estimate(_ candidates: Candidates, attention shape: StepShape) -> FittedCurve.Estimate {
    let op = candidates.operator
    let attention = candidates.attention ?? AttentionWork(op)
    let own = candidates.own?.estimate(attention: shape, attention, batches: candidates.batches)
    if let own { return own }
    let light = device.speedOfLight(attention.work(in: shape), op.dataType)
    // One surface, not a mean of several: they need not hold the same regions.
    let nearest = candidates.others.lazy.compactMap { curve, octaves in
      curve.estimate(attention: shape, attention).map {
        ($0.nanoseconds * transfer(of: curve, attention.work(in: shape), light), octaves)
      }
    }.first
    return borrowed(
      nearest.map { [$0] } ?? [], op: op, light, from: candidates.others.first?.curve.device)
  }

  /// The mean ratio of like operators, by inverse squared distance; without any, the device's
  /// median ratio for the type; without that, for all types; without that, the roofline.
  private func borrowed(
    _ times: [(nanoseconds: Double, octaves: Double)], op: Operator, _ light: Double,
    from other: Device?
  ) -> FittedCurve.Estimate {
    let anchor = light + device.launchFloor
    var (weights, sum, closest) = (0.0, 0.0, Double.infinity)
    for (nanoseconds, octaves) in times {
      let weight = 1 / max(0.01, octaves * octaves)
      weights += weight
      sum += weight * logarithm(nanoseconds / anchor)
      closest = min(closest, octaves)
    }
    if weights > 0 {
      let transfer =
        other.map { $0.name == device.name ? 0 : $0.transferError(of: op.kind, to: device) } ?? 0
      let unlike = 0.2 + 0.1 * closest
      return FittedCurve.Estimate(
        nanoseconds: max(light, anchor * exponential(sum / weights)),
        error: min(1, (unlike * unlike + transfer * transfer).squareRoot()), evidence: .borrowed)
    }
    guard let deviceLogRatio = medianLogRatio(of: op.dataType) ?? medianLogRatio(of: nil) else {
      // Where anything was measured, this is a guess of a time, and no launch is free; with the data sheet alone
      // it is the bound itself.
      let isBound = measured.isEmpty && relatives.isEmpty
      return FittedCurve.Estimate(
        nanoseconds: isBound ? light : anchor, error: isBound ? 0.5 : Self.errorOfMedian,
        evidence: .analytical)
    }
    return FittedCurve.Estimate(
      nanoseconds: max(light, anchor * exponential(deviceLogRatio)), error: Self.errorOfMedian,
      evidence: .borrowed)
  }

  /// The device's median log ratio of measured to attainable time by the type of the inputs, and of
  /// all types together under nil. Of operators over tokens where there are any: attention waits
  /// for its longest sequence and collectives for their link, which says nothing of a kind that
  /// does neither.
  private func medianLogRatio(of type: DataType?) -> Double? {
    medianLogRatios.value(for: type) {
      var ratios: [Double] = []
      let overTokens = measured.filter { $0.operator.kind.axes == ["tokens"] }
      for curve in overTokens.isEmpty ? measured : overTokens
      where type == nil || curve.operator.dataType == type {
        guard let law = WorkLaw(curve.operator) else { continue }
        let roofline = Roofline(device, curve.operator.dataType)
        // A median of a large table needs no more.
        for index in stride(from: 0, to: curve.samples.count, by: 1 + curve.samples.count / 32) {
          let sample = curve.samples[index]
          guard sample.duration.median > 0 else { continue }
          let anchor = roofline.nanoseconds(law.work(at: sample.point)) + device.launchFloor
          ratios.append(logarithm(sample.duration.median / anchor))
        }
      }
      return ratios.isEmpty ? nil : ratios.sorted()[ratios.count / 2]
    }
  }

  /// The relative standard error of a device's median ratio, for a kind that was not measured: that
  /// of an L40S for products, attention and experts in tables of vLLM.
  private static let errorOfMedian = 1.0

  /// An estimate with words.
  private func prediction(
    _ estimate: FittedCurve.Estimate, _ candidates: Candidates, _ light: Double, size: Double?
  ) -> Prediction {
    var explanation: String
    switch (estimate.evidence, candidates.own) {
    case (.analytical, _): explanation = "roofline of \(device.name) (\(device.source))"
    case (.borrowed, _) where candidates.others.isEmpty:
      explanation =
        "no \(candidates.operator.kind) measured: the device's median ratio to its roofline"
    case (.borrowed, _), (_, nil):
      let names = candidates.others.map { "\($0.curve.operator)" }.joined(separator: "; ")
      explanation = "ratio to the roofline borrowed from \(names)"
      if let other = candidates.others.first?.curve.device, other.name != device.name {
        explanation = "not measured on this device: on \(other.name), " + explanation
      }
    case (_, let own?):
      explanation = "own curve of \(own.points) points (\(own.runtime))"
      guard let size else { break }
      let (below, above) = own.neighbours(of: size)
      switch (estimate.evidence, below, above) {
      case (.measured, let point?, _): explanation += ", measured at \(point)"
      case (_, let low?, let high?): explanation += ", between \(low) and \(high)"
      case (_, let last?, nil): explanation += ", beyond its last point \(last)"
      case (_, nil, let first?): explanation += ", before its first point \(first)"
      default: break
      }
    }
    return Prediction(
      nanoseconds: estimate.nanoseconds, relativeError: estimate.error,
      evidence: estimate.evidence, speedOfLight: light, explanation: explanation)
  }
}

extension StepShape {
  /// The shape of a step whose attention is one point of a curve, of so many equal prefills.
  init(attentionAt point: AxisPoint, sequences: Int = 1) {
    self.init()
    if point[0] > 0 {
      for _ in 0..<min(sequences, 1 << 16) {
        addPrefill(tokens: point[0], past: point[1], finishes: true)
      }
    }
    decodeSequences = point[2]
    decodeContext = clampedProduct(point[2], point[3])
    longestDecodeContext = max(point[3], point[4])
    sampledSequences += point[2]
  }
}

/// A product that stays at a large value instead of overflowing: points may come from any file.
func clampedProduct(_ left: Int, _ right: Int) -> Int {
  let (product, overflow) = left.multipliedReportingOverflow(by: right)
  return overflow ? .max / 4 : product
}

extension AxisPoint {
  /// The sizes along the first four axes.
  var sizes: SIMD4<Double> {
    SIMD4(Double(self[0]), Double(self[1]), Double(self[2]), Double(self[3]))
  }
}
