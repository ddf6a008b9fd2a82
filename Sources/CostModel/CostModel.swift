public import Analytical
public import OperatorStore
public import Operators

/// Predicts the time of any operator on one device from what was measured on it.
///
///     let model = CostModel(curves: try store.curves(device: "H100"), on: device)
///     let gemm = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
///     model.predict(gemm, at: AxisPoint(128)).nanoseconds
///
/// From the best evidence to the least: the operator's own curve; the nearest curves of its kind
/// (by their attributes, in log space); the median of the whole device; the plain roofline.
public struct CostModel: Sendable {
  /// The device's data sheet.
  public let device: Device
  /// The curves, by what they predict.
  public let curves: [Operator: FittedCurve]
  /// The curves of each kind, in a fixed order.
  private let byKind: [OperatorKind: [FittedCurve]]
  /// The device's median log ratio of measured to attainable time, if anything was measured.
  private let deviceLogRatio: Double?

  /// Fits every curve.
  ///
  /// Where several runtimes measured one operator, the curve with the most points is taken, the
  /// first by name among equals; mixing runtimes in one curve would blur their kernels.
  public init(curves measured: [MeasuredCurve], on device: Device) {
    self.device = device
    var chosen: [Operator: MeasuredCurve] = [:]
    var skews: [Operator: SkewLaw] = [:]
    for curve in measured {
      // A study of skew was made for its differences; its own times are those of another set-up.
      if let skew = SkewLaw(curve) {
        skews[curve.operator] = skew
        continue
      }
      if let rival = chosen[curve.operator],
        (rival.samples.count, curve.runtime) >= (curve.samples.count, rival.runtime)
      {
        continue
      }
      chosen[curve.operator] = curve
    }
    var curves: [Operator: FittedCurve] = [:]
    for (op, curve) in chosen {
      curves[op] = FittedCurve(curve, on: device, skew: skews[op])
    }
    self.curves = curves
    self.byKind = Dictionary(
      grouping: curves.values.sorted { $0.operator.description < $1.operator.description },
      by: \.operator.kind)
    var ratios: [Double] = []
    for curve in measured {
      for sample in curve.samples where sample.duration.median > 0 {
        guard let work = OperatorWork(curve.operator, at: sample.point) else { continue }
        let anchor = device.speedOfLight(work, curve.operator.dataType) + device.launchFloor
        ratios.append(logarithm(sample.duration.median / anchor))
      }
    }
    ratios.sort()
    self.deviceLogRatio = ratios.isEmpty ? nil : ratios[ratios.count / 2]
  }

  /// A model that knows the data sheet only.
  public init(analytical device: Device) {
    self.init(curves: [], on: device)
  }

  /// Whether anything was measured of this kind.
  public func knows(_ kind: OperatorKind) -> Bool { byKind[kind] != nil }

  /// Predicts an operator at a point; nil for operators whose work is not known (opaque ones).
  public func predict(_ op: Operator, at point: AxisPoint) -> Prediction? {
    if op.kind == .attention {
      return predict(op, StepShape(attentionAt: point))
    }
    return predict(op, size: Double(point[0]), work: OperatorWork(op, at: point))
  }

  /// Predicts the attention of a whole step from the sums over its batch.
  public func predict(_ op: Operator, _ shape: StepShape) -> Prediction? {
    let work = OperatorWork(
      attention: op, queries: Double(shape.prefillTokens), pairs: Double(shape.prefillPairs),
      context: Double(shape.prefillContext), decodes: Double(shape.decodeSequences),
      decodeContext: Double(shape.decodeContext))
    let light = device.speedOfLight(work, op.dataType)
    if let curve = curves[op], let estimate = curve.estimate(attention: shape, of: op) {
      return prediction(estimate, light, curve, size: nil)
    }
    for (curve, octaves) in nearest(op) {
      guard let estimate = curve.estimate(attention: shape, of: op) else { continue }
      return borrowed(
        logRatio: logarithm(estimate.nanoseconds / (light + device.launchFloor)), light,
        octaves: octaves, from: "\(curve.operator)")
    }
    return fallback(light, op)
  }

  /// ``predict(_:_:)`` without words, for the replay's inner loop.
  func estimate(_ op: Operator, _ curve: FittedCurve?, _ shape: StepShape)
    -> FittedCurve.Estimate?
  {
    if let estimate = curve?.estimate(attention: shape, of: op) { return estimate }
    return predict(op, shape).map {
      .init(
        nanoseconds: $0.nanoseconds, error: $0.relativeError, evidence: $0.evidence, distance: 0)
    }
  }

  private func predict(_ op: Operator, size: Double, work: OperatorWork?) -> Prediction? {
    guard let work else { return nil }
    let light = device.speedOfLight(work, op.dataType)
    if let curve = curves[op], let estimate = curve.estimate(size: size, work: work) {
      return prediction(estimate, light, curve, size: size)
    }
    // Up to four nearest curves of the kind, by inverse squared distance.
    var (weights, sum, closest) = (0.0, 0.0, Double.infinity)
    var names: [String] = []
    for (curve, octaves) in nearest(op).prefix(4) {
      guard let estimate = curve.estimate(size: size, work: work) else { continue }
      let weight = 1 / max(0.01, octaves * octaves)
      weights += weight
      sum += weight * logarithm(estimate.nanoseconds / (light + device.launchFloor))
      closest = min(closest, octaves)
      names.append("\(curve.operator)")
    }
    guard weights > 0 else { return fallback(light, op) }
    return borrowed(
      logRatio: sum / weights, light, octaves: closest, from: names.joined(separator: "; "))
  }

  private func prediction(
    _ estimate: FittedCurve.Estimate, _ light: Double, _ curve: FittedCurve, size: Double?
  ) -> Prediction {
    var explanation = "own curve of \(curve.points) points (\(curve.runtime))"
    if let size {
      let (below, above) = curve.neighbours(of: size)
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

  private func borrowed(
    logRatio: Double, _ light: Double, octaves: Double, from names: String
  ) -> Prediction {
    Prediction(
      nanoseconds: (light + device.launchFloor) * exponential(logRatio),
      relativeError: min(1, 0.1 + 0.1 * octaves), evidence: .borrowed, speedOfLight: light,
      explanation: "ratio to the roofline borrowed from \(names)")
  }

  private func fallback(_ light: Double, _ op: Operator) -> Prediction {
    guard let deviceLogRatio else {
      return Prediction(
        nanoseconds: light, relativeError: 0.5, evidence: .analytical, speedOfLight: light,
        explanation: "roofline of \(device.name) (\(device.source))")
    }
    return Prediction(
      nanoseconds: (light + device.launchFloor) * exponential(deviceLogRatio), relativeError: 0.5,
      evidence: .borrowed, speedOfLight: light,
      explanation: "no \(op.kind) measured: the device's median ratio to its roofline")
  }

  /// Curves of the same kind with the same attribute names, nearest first, with their distance in
  /// octaves; another data type counts as four octaves.
  private func nearest(_ op: Operator) -> [(curve: FittedCurve, octaves: Double)] {
    (byKind[op.kind] ?? []).compactMap { curve in
      var octaves = curve.operator.dataType == op.dataType ? 0.0 : 4.0
      guard curve.operator.attributes.count == op.attributes.count else { return nil }
      for (name, value) in op.attributes {
        guard let other = curve.operator.attributes[name] else { return nil }
        octaves += abs(logarithm(Double(max(1, value)) / Double(max(1, other)))) / logarithm(2)
      }
      return (curve, octaves)
    }
    .sorted {
      ($0.octaves, $0.curve.operator.description) < ($1.octaves, $1.curve.operator.description)
    }
  }
}

extension StepShape {
  /// The shape of a step whose attention is one point of a curve.
  public init(attentionAt point: AxisPoint) {
    self.init()
    if point[0] > 0 { addPrefill(tokens: point[0], past: point[1], finishes: true) }
    decodeSequences = point[2]
    decodeContext = point[2] * point[3]
    longestDecodeContext = point[3]
    sampledSequences += point[2]
  }
}
