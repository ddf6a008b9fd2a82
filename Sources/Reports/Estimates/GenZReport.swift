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
  /// Whether every pass lists its operators.
  public var listsOperators = false
  /// Speculative decoding.
  public var speculation: GenZSpeculation?
  private var passes: [(name: String, pass: GenZPass)] = []

  /// Creates an empty report.
  public init(model: String, _ estimator: GenZEstimator, batch: Int) {
    self.model = model
    self.estimator = estimator
    self.batch = batch
  }

  /// Adds a pass under a name such as `prefill`.
  public mutating func add(_ name: String, _ pass: GenZPass) { passes.append((name, pass)) }

  private var estimates: [(name: String, estimate: GenZEstimate)] {
    passes.map { ($0.name, estimator.estimate($0.pass)) }
  }

  /// A page for the terminal.
  public var text: String {
    var table = TextTable([
      .init("GenZ", .left), .init("latency ms"), .init("attention"), .init("linear"),
      .init("communication"), .init("a second"), .init("weights MiB"), .init("cache MiB"),
    ])
    for (name, estimate) in estimates {
      table.add([
        name, fixedText(estimate.latency, decimals: 6),
        fixedText(estimate.attention, decimals: 6), fixedText(estimate.linear, decimals: 6),
        fixedText(estimate.communication, decimals: 6),
        "\(fixedText(estimate.throughput, decimals: 3)) \(Self.unit(of: name))",
        fixedText(estimate.weights, decimals: 1),
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
    for (name, pass) in passes where listsOperators {
      text += "\n\(name), by operator\n\(Self.table(of: estimator.operators(pass)).text)"
    }
    if estimates.contains(where: { $0.estimate.requiredMemory > estimator.memoryCapacity }) {
      text += "GenZ itself refuses this: it needs more memory than the system has\n"
    }
    return text
  }

  private static func table(of operators: [GenZOperator]) -> TextTable {
    var table = TextTable([
      .init("operator", .left), .init("runs"), .init("ms each"), .init("ms in all"),
      .init("bound by", .left),
    ])
    for op in operators {
      table.add([
        op.name.rawValue, "\(op.count)", fixedText(op.latency, decimals: 6),
        fixedText(op.latency * Double(op.count), decimals: 6), op.bound.rawValue,
      ])
    }
    return table
  }

  /// What a pass's throughput counts: prompts, and otherwise tokens.
  private static func unit(of pass: String) -> String { pass == "prefill" ? "requests" : "tokens" }

  /// One JSON object; an error where a figure is infinite or no number.
  public func json() throws -> String {
    var members: [String: ResultValue] = [
      "model": .text(model), "system": .text(estimator.system.name),
      "compatibility": .text("genz 0.0.16"),
    ]
    for (name, estimate) in estimates {
      members[name] = .object([
        "latency_ms": .number(estimate.latency), "attention_ms": .number(estimate.attention),
        "linear_ms": .number(estimate.linear),
        "communication_ms": .number(estimate.communication),
        "\(Self.unit(of: name))_per_s": .number(estimate.throughput),
        "weights_mib": .number(estimate.weights),
        "cache_mib": .number(estimate.keyValues),
      ])
    }
    for (name, pass) in passes where listsOperators {
      members[name + "_operators"] = .list(
        estimator.operators(pass).map { op in
          .object([
            "role": .text(op.name.rawValue), "runs": .integer(op.count),
            "latency_ms": .number(op.latency), "weight_bytes": .number(op.weightBytes),
          ])
        })
    }
    if let speculation {
      members["speculation"] = .object([
        "latency_ms": .number(speculation.latency),
        "tokens_per_round": .number(speculation.tokensPerRound),
        "tokens_per_s": .number(speculation.throughput),
      ])
    }
    return try EstimateFile.text("genz-estimate", members)
  }
}
