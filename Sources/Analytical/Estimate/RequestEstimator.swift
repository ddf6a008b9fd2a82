public import Operators

/// Estimates what workloads take on one layout: first token, every further one, memory, energy and
/// cost.
///
///     let estimator = RequestEstimator(try StepEstimator(model, on: platform))
///     try estimator.estimate(Workload(batch: 8, inputTokens: 1024, outputTokens: 128))
public struct RequestEstimator: Sendable {
  /// Parts of weights and caches that lie in the host's memory and are read from there.
  public struct Offload: Hashable, Sendable {
    /// Part of the weights, from 0 to 1.
    public var weights = 0.0
    /// Part of keys and values, from 0 to 1.
    public var keyValues = 0.0

    /// Nothing.
    public init() {}
  }

  /// The time of steps.
  public let steps: StepEstimator
  /// Adapters, if any, that lie in memory too.
  public let adapters: Adapters?
  /// What lies in the host's memory.
  public var offload = Offload()
  /// A small model on the same devices that proposes tokens, if any.
  public var draft: (steps: StepEstimator, speculation: Speculation)?

  private let weightBytes: Double

  /// Creates an estimator; its adapters are those of the steps.
  public init(_ steps: StepEstimator, adapters: Adapters? = nil) {
    self.steps = steps
    self.adapters = adapters
    weightBytes =
      steps.weightBytes
      + (adapters?.bytes(in: steps.model, steps.precision, steps.layout) ?? 0)
  }

  /// Estimates a workload.
  ///
  /// Whole prompts are computed first, then all requests decode together; the decode step is that of
  /// the mean context. With pipeline stages the batch is split into as many parts, so that every stage
  /// has one to work on.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` where sizes make no sense or host memory is to be
  ///   read by a device whose sheet names no way there. Whether it fits is told by
  ///   ``RequestEstimate/memory``.
  public func estimate(_ workload: Workload) throws(AnalyticalError) -> RequestEstimate {
    if let fault = workload.fault { throw .layout(problem: fault) }
    let model = steps.model
    guard model.generates || workload.outputTokens == 1 else {
      throw .layout(problem: "\(model.name) has no head to generate with; ask for 1 output token")
    }
    let layout = steps.layout
    var estimate = RequestEstimate(workload: workload, devices: layout.devices)
    let (group, parts, part) = shares(of: workload)
    let shapes = workload.prefillSteps(part)
    for shape in shapes { estimate.prefill = estimate.prefill + steps.estimate(shape) }
    let decode = meanDecodeStep(workload)
    if model.generates { estimate.decode = steps.estimate(decode) }
    if let draft {
      let round = try draft.speculation.estimate(
        batch: decode.decodeSequences, context: decode.longestDecodeContext, target: steps,
        draft: draft.steps)
      estimate.speculation = round
      estimate.decode = round.steps.divided(by: draft.speculation.tokensPerRound)
      for shape in shapes { estimate.prefill = estimate.prefill + draft.steps.estimate(shape) }
    }
    let cached = cacheBytes(workload, group: group)
    estimate.memory = memory(
      workload, group: group, cached: cached, largestStep: shapes.map(\.tokens).max() ?? 0)
    // A decode step in the middle of the answer reads what there is by then; prompts read what was cached.
    var (middle, past) = (workload, workload)
    middle.outputTokens = workload.generatedOnAverage
    past.inputTokens = workload.cachedTokens
    (past.outputTokens, past.sharedTokens) = (0, 0)
    (middle.decodesBeside, past.decodesBeside) = (0, 0)
    try addOffload(
      to: &estimate, prefillSteps: shapes.count,
      read: workload.cachedTokens > 0 ? cacheBytes(past, group: group) / Double(parts) : 0,
      cached: cacheBytes(middle, group: group) / Double(parts))

    // One step passes all stages; behind it comes one more each time the slowest stage is free.
    let step = estimate.prefill.time / Double(shapes.count)
    let following =
      Double(shapes.count * parts - 1) * slowestStage(step, shapes[shapes.count - 1])
    estimate.timeToFirstToken = layout.pipeline > 1 ? step + following : estimate.prefill.time
    // A part's next token waits for its last one and for its turn at the slowest stage.
    estimate.timePerOutputToken =
      workload.outputTokens > 1
      ? max(estimate.decode.time, Double(parts) * slowestStage(estimate.decode.time, decode)) : 0
    addEnergyAndCost(to: &estimate, parts: parts, prefillSteps: shapes.count)
    return estimate
  }

  /// Nanoseconds of the slowest stage's part of a step: one with the most layers, or the last, which
  /// holds the head and no more layers than the least.
  private func slowestStage(_ step: Double, _ shape: StepShape) -> Double {
    let (layers, stages) = (steps.model.layers, steps.layout.pipeline)
    guard stages > 1 else { return step }
    let head = min(step, steps.headTime(shape))
    let layer = (step - head) / Double(layers)
    return max(
      layer * Double(shared(layers, by: stages)), layer * Double(layers / stages) + head)
  }

  /// The first step of a workload's prompts, as one part of a data-parallel group computes it.
  public func firstPrefillStep(_ workload: Workload) -> StepShape {
    workload.prefillSteps(shares(of: workload).part)[0]
  }

  /// The last step of a workload's prompts.
  func lastPrefillStep(_ workload: Workload) -> StepShape {
    let steps = workload.prefillSteps(shares(of: workload).part)
    return steps[steps.count - 1]
  }

  /// The step that generates one more token of each request, of one part of a data-parallel group,
  /// at the mean context.
  public func meanDecodeStep(_ workload: Workload) -> StepShape {
    workload.decodeStep(shares(of: workload).part, generated: workload.generatedOnAverage)
  }

  /// Requests of a data-parallel group; into how many parts its pipeline splits them; and requests
  /// of a part.
  private func shares(of workload: Workload) -> (group: Int, parts: Int, part: Int) {
    let group = (workload.batch + steps.layout.data - 1) / steps.layout.data
    let parts = min(steps.layout.pipeline, group)
    return (group, parts, (group + parts - 1) / parts)
  }

  /// The memory of the fullest device.
  private func memory(
    _ workload: Workload, group: Int, cached: Double, largestStep: Int
  ) -> MemoryPlan {
    let layout = steps.layout
    var plan = MemoryPlan()
    plan.capacity = steps.platform.device.memoryBytes
    plan.weights = weightBytes * (1 - offload.weights) + (draft?.steps.weightBytes ?? 0)
    plan.cache = cached * (1 - offload.keyValues)
    plan.activations = steps.model.activationBytes(
      tokens: (largestStep + layout.sequence - 1) / layout.sequence,
      sampled: group * workload.beams + workload.decodesBeside, steps.precision.activations,
      tensorParallel: layout.tensor)
    return plan
  }

  /// Bytes that the sequences of a group keep on the device with the most layers, those in the
  /// host's memory included.
  private func cacheBytes(_ workload: Workload, group: Int) -> Double {
    let drafted = draft.map { Self.cacheBytes($0.steps, workload, group: group) } ?? 0
    return Self.cacheBytes(steps, workload, group: group) + drafted
  }

  private static func cacheBytes(
    _ steps: StepEstimator, _ workload: Workload, group: Int
  ) -> Double {
    let (model, layout, precision) = (steps.model, steps.layout, steps.precision)
    // What generates nothing keeps nothing for later.
    guard model.generates else { return 0 }
    func cache(_ tokens: Int) -> Double {
      model.cacheBytes(
        tokens: Double(tokens) / Double(layout.sequence), precision,
        tensorParallel: layout.tensor)
    }
    // Beams share their prompt; what they generate is each one's own.
    let own = workload.inputTokens - workload.sharedTokens
    let growing = own + workload.outputTokens
    let sequence =
      workload.beams == 1
      ? cache(growing) : cache(own) + Double(workload.beams) * cache(workload.outputTokens)
    let deepest =
      Double((model.layers + layout.pipeline - 1) / layout.pipeline) / Double(model.layers)
    let all =
      Double(group) * sequence + (workload.sharedTokens > 0 ? cache(workload.sharedTokens) : 0)
      + Double(workload.decodesBeside) * cache(workload.inputTokens + workload.outputTokens)
    return all * deepest
  }

  /// Adds what reading from the host takes beyond the step, as it is read while the step computes.
  ///
  /// - Parameters:
  ///   - read: bytes of a device's part of the cache that were there before the prompts.
  ///   - cached: bytes that a decode step reads of it.
  private func addOffload(
    to estimate: inout RequestEstimate, prefillSteps: Int, read: Double, cached: Double
  ) throws(AnalyticalError) {
    guard offload != Offload() else { return }
    guard (0...1).contains(offload.weights), (0...1).contains(offload.keyValues) else {
      throw .layout(problem: "offloaded parts must be from 0 to 1")
    }
    guard let bandwidth = steps.platform.device.hostBandwidth else {
      throw .layout(
        problem: "device '\(steps.platform.device.name)' names no bandwidth to the host's memory")
    }
    let weights = weightBytes * offload.weights * Double(steps.layout.pipeline)
    let share = offload.keyValues * Double(steps.layout.pipeline)
    let perNanosecond = bandwidth * steps.efficiencies.link / 1e9
    let prefill = (weights * Double(prefillSteps) + read * share) / perNanosecond
    estimate.prefill.offload = max(0, prefill - estimate.prefill.time)
    let decode = (weights + cached * share) / perNanosecond
    estimate.decode.offload = max(0, decode - estimate.decode.time)
  }

  /// Energy: every device takes its idle power all the time, and the rest in proportion to how near
  /// it comes to the speed of light, so that it never takes more than its power.
  private func addEnergyAndCost(
    to estimate: inout RequestEstimate, parts: Int, prefillSteps: Int
  ) {
    let device = steps.platform.device
    let seconds = estimate.endToEnd / 1e9
    let devices = Double(estimate.devices)
    estimate.cost = device.pricePerHour.map { $0 * devices * seconds / 3600 }
    guard let power = device.power else { return }
    let idle = device.idlePower ?? power * steps.efficiencies.idlePower
    // Each device does its stage's share of every part's steps.
    let rounds = Double(parts) / Double(steps.layout.pipeline)
    let busy =
      rounds
      * (estimate.prefill.speedOfLight + Double(estimate.workload.outputTokens - 1)
        * estimate.decode.speedOfLight)
    estimate.energy =
      devices * (idle * seconds + (power - idle) * min(busy / 1e9, seconds))
  }
}
