/// The numbers of GenZ, a Python tool for the analytical cost of LLM inference, without it.
///
/// ```swift
/// let estimator = try GenZEstimator(
///   model: model, system: system, bits: .fp8, tensorParallel: 8, efficiency: 0.8)
/// estimator.estimate(.prefill(batch: 1, inputTokens: 4096)).latency
/// estimator.operators(.prefill(batch: 1, inputTokens: 4096)).map(\.name.rawValue)
/// ```
///
/// Each operator costs the longest of its arithmetic, its memory traffic and its communication; a
/// pass costs the sum (Bambhaniya et al., arXiv:2406.01698). This is for comparison with GenZ 0.0.16,
/// whose habits are kept: attention without a causal mask, an embedding multiplied out, a head over
/// every prompt token, decode steps that read as many experts as one token visits. Mamba, DeepSeek's
/// experts, GenZ's search, its offloading and its energy are not here.
public struct GenZEstimator: Hashable, Sendable {
  /// The model.
  public let model: GenZModel
  /// Each of the chips.
  public let system: GenZSystem
  /// The format of everything.
  public let bits: GenZBits
  /// Chips that share each layer.
  public let tensorParallel: Int
  /// Stages that share the layers.
  public let pipelineParallel: Int
  /// Chips that share the experts; they share attention as well.
  public let expertParallel: Int
  /// The share of its peak rate and of its memory bandwidth that a chip reaches.
  public let efficiency: Double
  let shard: GenZShard
  let roofline: GenZRoofline

  /// Creates an estimator.
  ///
  /// - Throws: ``GenZRefusal`` where GenZ stops too, or would divide by nothing.
  public init(
    model: GenZModel, system: GenZSystem, bits: GenZBits = .bf16, tensorParallel: Int = 1,
    pipelineParallel: Int = 1, expertParallel: Int = 1, efficiency: Double = 1
  ) throws(GenZRefusal) {
    shard = try GenZShard(
      model, tensorParallel: tensorParallel, pipelineParallel: pipelineParallel,
      expertParallel: expertParallel)
    roofline = try GenZRoofline(system, bits: bits, efficiency: efficiency)
    self.model = model
    self.system = system
    self.bits = bits
    self.tensorParallel = tensorParallel
    self.pipelineParallel = pipelineParallel
    self.expertParallel = expertParallel
    self.efficiency = efficiency
  }

  /// The totals of a pass.
  ///
  /// - Complexity: O(1), and O(chunks and decoding requests) for a chunked pass; no allocation.
  public func estimate(_ pass: GenZPass) -> GenZEstimate {
    var estimate = GenZOperatorWalk.run(pass, self, into: GenZEstimate())
    guard estimate.latency > 0 else { return estimate }
    let work = 1000 * Double(pass.throughputUnits)
    estimate.throughput = work / estimate.latency
    estimate.pipelinedThroughput = estimate.throughput
    if case .chunked = pass { return estimate }
    estimate.pipelinedThroughput =
      work / pipelined(estimate.latency, batch: pass.throughputUnits)
    return estimate
  }

  /// The operators of a pass in GenZ's order.
  public func operators(_ pass: GenZPass) -> [GenZOperator] {
    GenZOperatorWalk.run(pass, self, into: OperatorList()).operators
  }

  /// MiB of memory that ``GenZEstimate/requiredMemory`` may take: beyond it GenZ gives no estimate.
  public var memoryCapacity: Double { system.memoryGB * 1024 * Double(pipelineParallel) }

  /// Milliseconds until the last micro-batch is through, each a stage behind the one before.
  func pipelined(_ latency: Double, batch: Int) -> Double {
    guard pipelineParallel > 1 else { return latency }
    let microBatches = batch / GenZPass.microBatch(batch, stages: pipelineParallel)
    return Double(microBatches - 1) * (latency / Double(pipelineParallel)) + latency
  }
}

private struct OperatorList: GenZOperatorSink {
  var operators: [GenZOperator] = []
  mutating func add(_ op: GenZOperator) { operators.append(op) }
}
