internal import Analytical
internal import OperatorStore
internal import Operators

extension CostModel {
  /// The time of an operator at sizes along its axes.
  func estimate(
    _ candidates: Candidates, sizes: SIMD4<Double>, work: OperatorWork
  ) -> FittedCurve.Estimate {
    if let estimate = candidates.own?.estimate(sizes: sizes, work: work) {
      return candidates.isTwin ? estimate.asTwin : estimate
    }
    let light = device.speedOfLight(work, candidates.operator.dataType)
    let others = candidates.lenders
    return borrowed(
      others.compactMap { lender in
        guard let alike = lender.work?.work(at: AxisPoint(sizes: sizes)) else { return nil }
        return lender.curve.estimate(sizes: sizes, work: alike).map { found in
          let time = found.nanoseconds * transfer(of: lender.curve, alike, candidates, light)
          return (time, lender.octaves, found.error)
        }
      }, op: candidates.operator, light, from: others.first?.curve.device)
  }

  /// What a like operator's ratio counts at a distance.
  static func weight(octaves: Double) -> Double { 1 / max(0.01, octaves * octaves) }

  /// The curve that the attention of a step is borrowed from; nil where its own one tells it, its phases are priced apart,
  /// or none does.
  func lender(_ candidates: Candidates, of shape: StepShape) -> FittedCurve? {
    guard candidates.ownEstimate(of: shape) == nil, phases(candidates, of: shape) == nil else {
      return nil
    }
    return nearest(candidates, of: shape)?.lender.curve
  }

  /// The nearest other curve that tells the attention of a step, and its time. One surface, not a mean of several: they
  /// need not be of like batches.
  private func nearest(
    _ candidates: Candidates, of shape: StepShape
  ) -> (lender: Lender, estimate: FittedCurve.Estimate)? {
    let others = candidates.others[shape.prefillTokens > 0 ? .prefill : .decode] ?? []
    return others.lazy.compactMap { other in
      other.curve.estimate(attention: shape, other.attention).map { (other, $0) }
    }.first
  }

  /// The prefills and the decodes of a step, where they are priced apart.
  func phases(
    _ candidates: Candidates, of shape: StepShape
  ) -> (prefills: StepShape, decodes: StepShape)? {
    guard candidates.pricesPhasesApart, shape.prefillTokens > 0, shape.decodeSequences > 0 else {
      return nil
    }
    return shape.phases
  }

  /// By what a time on another device, or of another type, is multiplied.
  ///
  /// On another device so that its ratio to what the data sheet allows is the same here. Of another type by the root of
  /// what the data sheet makes of the two: narrower types reach less of their rates. Of products in bf16 and fp8 that
  /// public tables of an H100 and an H200 have both of, the exponent that errs least is between a quarter and a half,
  /// and one errs most.
  ///
  /// - Parameters:
  ///   - alike: the work, were it of the lender's type and its keys of the lender's width.
  ///   - light: what the data sheet allows for what is asked.
  private func transfer(
    of curve: FittedCurve, _ alike: OperatorWork, _ candidates: Candidates, _ light: Double
  ) -> Double {
    let (other, type) = (curve.device, curve.operator.dataType)
    let anchor = device.speedOfLight(alike, type) + device.launchFloor
    let factor = anchor / (other.speedOfLight(alike, type) + other.launchFloor)
    let ratio = (light + device.launchFloor) / anchor
    return factor * (type == candidates.operator.dataType ? ratio : ratio.squareRoot())
  }

  /// The time of a step's attention.
  func estimate(_ candidates: Candidates, attention shape: StepShape) -> FittedCurve.Estimate {
    windowed(candidates, attention: shape).estimate
  }

  /// What prices the attention of a step with a window in its place: the same without one; nil where something else does.
  func whole(_ candidates: Candidates, for shape: StepShape) -> Candidates? {
    windowed(candidates, attention: shape).whole
  }

  /// The time of a step's attention, and what told it where that is the same without a window that nobody measured: what
  /// no context exceeds changes nothing, and beyond it fewer keys are read.
  private func windowed(
    _ candidates: Candidates, attention shape: StepShape
  ) -> (estimate: FittedCurve.Estimate, whole: Candidates?) {
    let own = candidates.ownEstimate(of: shape).map { candidates.isTwin ? $0.asTwin : $0 }
    let found = own ?? estimateByOthers(candidates, attention: shape)
    guard let whole = candidates.whole, let window = candidates.operator.attributes["window"] else {
      return (found, nil)
    }
    let binds = shape.longestContext > window
    guard let bound = estimate(whole, attention: shape).standsIn(for: found, binds: binds) else {
      return (found, nil)
    }
    return (bound, whole)
  }

  /// The time of a step's attention that an operator's own curve does not tell.
  private func estimateByOthers(
    _ candidates: Candidates, attention shape: StepShape
  ) -> FittedCurve.Estimate {
    let op = candidates.operator
    let attention = candidates.attention ?? AttentionWork(op)
    if let phases = phases(candidates, of: shape) {
      return FittedCurve.sum(
        ofPrefills: estimate(candidates, attention: phases.prefills),
        andDecodes: estimate(candidates, attention: phases.decodes),
        runsApart: candidates.own?.runsMixedApart ?? false)
    }
    let work = attention.work(in: shape)
    let light = device.speedOfLight(work, op.dataType)
    guard let (lender, estimate) = nearest(candidates, of: shape) else {
      return borrowed([], op: op, light, from: nil)
    }
    let nanoseconds =
      estimate.nanoseconds
      * transfer(of: lender.curve, lender.attention.work(in: shape), candidates, light)
    return borrowed(
      [(nanoseconds, lender.octaves, estimate.error)], op: op, light, from: lender.curve.device)
  }

  /// The mean ratio of like operators, by inverse squared distance; without any, the device's
  /// median ratio for the type; without that, for all types; without that, the roofline.
  private func borrowed(
    _ times: [(nanoseconds: Double, octaves: Double, error: Double)], op: Operator, _ light: Double,
    from other: Device?
  ) -> FittedCurve.Estimate {
    let anchor = light + device.launchFloor
    var (weights, sum, lenders, closest) = (0.0, 0.0, 0.0, Double.infinity)
    for (nanoseconds, octaves, error) in times {
      let weight = Self.weight(octaves: octaves)
      weights += weight
      sum += weight * logarithm(nanoseconds / anchor)
      // As if all erred the same way: like curves do.
      lenders += weight * error
      closest = min(closest, octaves)
    }
    if weights > 0 {
      let transfer =
        other.map { $0.name == device.name ? 0 : $0.transferError(of: op.kind, to: device) } ?? 0
      let (lender, unlike) = (lenders / weights, Self.unlikeness(octaves: closest))
      return FittedCurve.Estimate(
        nanoseconds: max(light, anchor * exponential(sum / weights)),
        error: (lender * lender + unlike * unlike + transfer * transfer).squareRoot(),
        evidence: .borrowed)
    }
    guard
      let deviceLogRatio = medianLogRatio(like: op, of: op.dataType)
        ?? medianLogRatio(like: op, of: nil)
    else {
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

  /// The relative standard error of a ratio that comes from the nearest curve at a distance. Of products in bf16 and fp8
  /// that tables of an H200 have both of, priced from each other, two thirds lay within 0.6.
  fileprivate static func unlikeness(octaves: Double) -> Double {
    0.2 + 0.1 * octaves + (octaves < 4 ? 0 : 0.3)
  }

  /// The device's median log ratio of measured to attainable time by the type of the inputs, and of
  /// all types together under nil. Of operators over tokens where there are any, attention waits
  /// for its longest sequence and collectives for their link, which says nothing of a kind that
  /// does neither; and of those that only stream their tokens for another one that does.
  private func medianLogRatio(like op: Operator, of type: DataType?) -> Double? {
    medianLogRatios.value(for: MedianKey(type: type, streams: op.kind.streams)) {
      var ratios: [Double] = []
      let overTokens = measured.filter { $0.operator.kind.axes == ["tokens"] }
      let alike = overTokens.filter { $0.operator.kind.streams == op.kind.streams }
      let told = [alike, overTokens, measured].first { !$0.isEmpty } ?? []
      for curve in told where type == nil || curve.operator.dataType == type {
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
}

extension FittedCurve.Estimate {
  /// This, of attention without a window, in the place of one with a window that nobody measured; nil where that is the
  /// better.
  ///
  /// - Parameter binds: whether any context exceeds the window: then it is a bound only, as fewer keys are read.
  func standsIn(for windowed: Self, binds: Bool) -> Self? {
    guard nanoseconds <= windowed.nanoseconds || !binds && evidence <= windowed.evidence else {
      return nil
    }
    guard binds else { return self }
    var bound = self
    bound.evidence = max(evidence, .borrowed)
    bound.addDoubt(CostModel.unlikeness(octaves: 0))
    return bound
  }

  /// The same for the twin of its type.
  var asTwin: Self {
    var twin = self
    twin.addDoubt(Self.twinError)
    twin.evidence = max(evidence, .borrowed)
    return twin
  }

  /// The relative standard error of a time for the twin of its type: other kernels of the same rates.
  static let twinError = 0.05
}
