public import Operators

/// The time of any step of one model on one layout of devices, by the roofline with what real
/// kernels reach.
///
/// The forward pass is compiled once into a few numbers an operator; a step then costs a fraction
/// of a microsecond and no memory.
///
///     let estimator = try StepEstimator(model, on: Platform.builtIn(named: "dgx-h100")!)
///     var step = StepShape()
///     step.addDecode(context: 1024)
///     estimator.estimate(step).time  // nanoseconds
public struct StepEstimator: Sendable {
  /// The model.
  public let model: ModelArchitecture
  /// The types of its numbers.
  public let precision: Precision
  /// How it lies on devices.
  public let layout: Parallelism
  /// What it runs on.
  public let platform: Platform
  /// What kernels reach.
  public let efficiencies: Efficiencies
  private let uses: [OperatorUse]
  private var terms: [StepTerm]

  /// Compiles the forward pass.
  ///
  /// - Parameters:
  ///   - adapters: low-rank adapters that the batch uses, if any.
  /// - Throws: ``AnalyticalError/layout(problem:)`` where the model cannot lie on devices so.
  public init(
    _ model: ModelArchitecture, _ precision: Precision = Precision(.bfloat16),
    _ layout: Parallelism = .single, on platform: Platform,
    _ efficiencies: Efficiencies = Efficiencies(), adapters: Adapters? = nil
  ) throws(AnalyticalError) {
    if let fault = model.fault(in: layout) { throw .layout(problem: fault) }
    self.model = model
    self.precision = precision
    self.layout = layout
    self.platform = platform
    self.efficiencies = efficiencies
    uses =
      model.forwardPass(precision, layout)
      + (adapters?.uses(in: model, precision, layout) ?? [])
    terms = []
    terms.reserveCapacity(uses.count)
    // Only products and attention have units of their own for small types.
    let vector = platform.device.peakFlops(.float32)
    for use in uses { terms.append(term(use, vectorPeak: vector)) }
  }

  /// Estimates a step of one data-parallel group, of which all compute the same (``StepShape/groupTokens`` is
  /// not looked at); all pipeline stages in turn.
  ///
  /// - Parameter isGraph: whether an engine replays it as a graph; nil for steps of decodes alone.
  /// - Complexity: O(operators), some 20; no memory is allocated.
  public func estimate(_ shape: StepShape, isGraph: Bool? = nil) -> StepEstimate {
    var sizes = StepSizes(share(of: shape))
    if let isGraph { sizes.isGraph = isGraph }
    var step = StepEstimate()
    for term in terms { term.add(sizes, efficiencies, to: &step) }
    return step
  }

  /// Nanoseconds of what a step does behind its last layer, on the last pipeline stage.
  func headTime(_ shape: StepShape) -> Double {
    let sizes = StepSizes(share(of: shape))
    var step = StepEstimate()
    for (use, term) in zip(uses, terms) where use.isBehindLayers {
      term.add(sizes, efficiencies, to: &step)
    }
    return step.time
  }

  /// Bytes of weights on the fullest device.
  var weightBytes: Double { model.weightBytes(precision, layout) }

  /// Estimates each operator of a step, in the order of the forward pass; those without work are
  /// left out.
  public func operators(_ shape: StepShape) -> [OperatorEstimate] {
    let sizes = StepSizes(share(of: shape))
    return zip(uses, terms).compactMap { use, term in
      var step = StepEstimate()
      var once = term
      once.count = 1
      once.add(sizes, efficiencies, to: &step)
      guard step.time > 0 else { return nil }
      let busiest = max(step.compute, step.memory, step.communication, step.latency)
      let bound: OperatorEstimate.Bound =
        step.communication > 0
        ? .communication
        : busiest == step.latency ? .latency : step.compute > step.memory ? .compute : .memory
      return OperatorEstimate(
        role: use.role, name: "\(use.operator)", count: use.count, time: step.time, bound: bound,
        flops: step.flops, bytes: step.bytes, linkBytes: step.linkBytes)
    }
  }

  /// A sequence-parallel part's share of a step: its tokens, pairs and keys.
  private func share(of shape: StepShape) -> StepShape {
    guard layout.sequence > 1 else { return shape }
    let parts = layout.sequence
    func part(_ size: Int) -> Int { (size + parts - 1) / parts }
    var share = shape
    share.prefillTokens = part(shape.prefillTokens)
    share.prefillPairs = part(shape.prefillPairs)
    // Keys of all parts pass by; those of decodes stay where they are.
    share.decodeContext = part(shape.decodeContext)
    share.longestDecodeContext = part(shape.longestDecodeContext)
    return share
  }
}

// MARK: - Compiling

extension StepEstimator {
  private func term(_ use: OperatorUse, vectorPeak: Double) -> StepTerm {
    let group = group(of: use)
    var term = StepTerm(
      work: work(of: use, isExchange: group != nil), count: Double(use.count))
    if let group {
      term.collective = CollectiveCost(
        use.operator.kind, ranks: group.ranks, stride: group.stride, on: platform, efficiencies)
      return term
    }
    let (kernel, hasUnits) = efficiencies.kernel(use.operator.kind)
    let peak = hasUnits ? platform.device.peakFlops(use.operator.dataType) : vectorPeak
    term.lightPerFlop = 1e9 / peak
    term.lightPerByte = 1e9 / platform.device.memoryBandwidth
    term.perFlop = term.lightPerFlop / kernel.compute
    term.perByte = term.lightPerByte / kernel.memory
    // Without dealing out, every device does its share of all visits, whomever they are to.
    if layout.expert > 1, use.operator.kind == .moe {
      // At worst one device has everything.
      term.perFlop *= min(efficiencies.expertImbalance, Double(layout.expert))
    }
    term.latency = kernel.latency
    return term
  }

  /// The devices among which an exchange takes place; nil for what one device does alone.
  ///
  /// Tensor-parallel devices are neighbours, then come sequence parts, data groups and stages.
  private func group(of use: OperatorUse) -> (ranks: Int, stride: Int)? {
    switch use.size {
    case .tokens, .groupTokens, .sampledSequences, .attention, .rows, .scan: return nil
    case .sampledBytes: return (layout.tensor, 1)
    case .decodeBytes, .prefillBytes: return (layout.sequence, layout.tensor)
    case .bytes, .fullestBytes: break
    }
    switch use.operator.kind {
    case .allToAll: return (layout.expert, layout.expertTensor)
    case .sendReceive: return (2, layout.tensor * layout.sequence * layout.data)
    default: return (layout.tensor, 1)
    }
  }

  /// An operator's work as a function of a step's sizes, found by asking for it at two of them, and
  /// at three for scans, which have two sizes.
  private func work(of use: OperatorUse, isExchange: Bool) -> StepTerm.Work {
    let op = use.operator
    func at(_ size: Int) -> OperatorWork {
      let point = use.point(size: size)
      if isExchange { return OperatorWork(linkBytes: Double(point[0])) }
      return OperatorWork(op, at: point) ?? OperatorWork()
    }
    if use.size == .attention {
      return .attention(
        AttentionCost(op), window: op.window, isCausal: op.kind != .bidirectionalAttention)
    }
    let fixed = at(0)
    switch use.size {
    case .sampledSequences, .sampledBytes: return .sampled(fixed: fixed, each: at(1) - fixed)
    case .decodeBytes: return .decodes(each: at(1))
    case .prefillBytes: return .prefill(each: at(1))
    case .scan:
      let none = OperatorWork(op, at: AxisPoint(0, 0)) ?? OperatorWork()
      let token = OperatorWork(op, at: AxisPoint(1, 0)) ?? OperatorWork()
      let sequence = OperatorWork(op, at: AxisPoint(0, 1)) ?? OperatorWork()
      return .affine(fixed: none, perToken: token - none, perSequence: sequence - none)
    case .tokens, .groupTokens, .bytes, .fullestBytes, .rows, .attention: break
    }
    guard op.kind == .moe, let network = experts(op) else {
      return .affine(fixed: fixed, perToken: at(1) - fixed, perSequence: OperatorWork())
    }
    // The weights of one token's experts, taken out of its work, are those of each touched one.
    let groups = Double(use.point(size: 1)[0])
    let one = at(1)
    let weights = op.weightBytesPerExpert
    var perToken = one
    perToken.bytes -= weights * network.touched(byTokens: groups)
    return .experts(perToken: perToken, weightBytes: weights, network, groups: groups)
  }

  private func experts(_ op: Operator) -> ExpertNetwork? {
    guard let experts = op.attributes["experts"], let perToken = op.attributes["topK"] else {
      return nil
    }
    return ExpertNetwork(experts: experts, perToken: perToken, width: 1)
  }
}
