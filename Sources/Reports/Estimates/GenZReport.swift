public import Analytical
internal import Validation

/// GenZ's numbers for a workload, as text and as JSON, under GenZ's own definitions.
public struct GenZReport: Sendable {
  /// The model's name.
  public var model: String
  /// The estimator, for what was estimated on what.
  public var estimator: GenZEstimator
  /// Requests at once.
  public var batch: Int
  /// The whole prompts.
  public var prefill: GenZEstimate?
  /// One more token of each request.
  public var decode: GenZEstimate?
  /// A chunk of a prompt with decodes beside it.
  public var chunked: GenZEstimate?
  /// Speculative decoding.
  public var speculation: GenZSpeculation?

  /// Creates an empty report.
  public init(model: String, _ estimator: GenZEstimator, batch: Int) {
    self.model = model
    self.estimator = estimator
    self.batch = batch
  }

  private var passes: [(name: String, estimate: GenZEstimate)] {
    [("prefill", prefill), ("decode", decode), ("chunked", chunked)].compactMap { name, estimate in
      estimate.map { (name, $0) }
    }
  }

  /// A page for the terminal.
  public var text: String {
    var table = TextTable([
      .init("GenZ", .left), .init("latency ms"), .init("attention"), .init("linear"),
      .init("exchange"), .init("requests/s"), .init("weights MiB"), .init("cache MiB"),
    ])
    for (name, estimate) in passes {
      table.add([
        name, fixedText(estimate.latency, decimals: 6),
        fixedText(estimate.attention, decimals: 6), fixedText(estimate.linear, decimals: 6),
        fixedText(estimate.communication, decimals: 6),
        fixedText(estimate.throughput, decimals: 3), fixedText(estimate.weights, decimals: 1),
        fixedText(estimate.keyValues, decimals: 1),
      ])
    }
    var text =
      "\(model) on \(estimator.system.name) as GenZ 0.0.16 computes it, \(estimator.bits.rawValue), "
      + "TP \(estimator.tensorParallel), PP \(estimator.pipelineParallel), "
      + "EP \(estimator.expertParallel), efficiency \(estimator.efficiency), batch \(batch)\n"
    if !passes.isEmpty { text += table.text }
    if let speculation {
      text +=
        "speculative: \(fixedText(speculation.latency, decimals: 6)) ms a round of "
        + "\(fixedText(speculation.tokensPerRound, decimals: 4)) tokens, "
        + "\(fixedText(speculation.throughput, decimals: 3)) tokens/s\n"
    }
    if passes.contains(where: { $0.estimate.requiredMemory > estimator.memoryCapacity }) {
      text += "GenZ itself refuses this: it needs more memory than the system has\n"
    }
    return text
  }

  /// One JSON object.
  public var json: String {
    var members: [String: ResultValue] = [
      "model": .text(model), "system": .text(estimator.system.name),
      "compatibility": .text("genz 0.0.16"),
    ]
    for (name, estimate) in passes {
      members[name] = .object([
        "latency_ms": .number(estimate.latency), "attention_ms": .number(estimate.attention),
        "linear_ms": .number(estimate.linear),
        "exchange_ms": .number(estimate.communication),
        "requests_per_s": .number(estimate.throughput), "weights_mib": .number(estimate.weights),
        "cache_mib": .number(estimate.keyValues),
      ])
    }
    if let speculation {
      members["speculation"] = .object([
        "latency_ms": .number(speculation.latency),
        "tokens_per_round": .number(speculation.tokensPerRound),
        "tokens_per_s": .number(speculation.throughput),
      ])
    }
    return EstimateFile.text(.object(members))
  }
}
