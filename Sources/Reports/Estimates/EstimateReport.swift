public import Analytical
internal import Operators
internal import Validation

/// What a workload is estimated to take, as text and as JSON.
public struct EstimateReport: Sendable {
  /// The steps' estimator, for what was estimated on what.
  public var steps: StepEstimator
  /// The estimate.
  public var estimate: RequestEstimate
  /// The operators of the whole prompt's step, and of the mean decode step; empty to leave them out.
  public var prefillOperators: [OperatorEstimate] = []
  /// The same of the mean decode step.
  public var decodeOperators: [OperatorEstimate] = []

  /// Creates a report.
  public init(_ steps: StepEstimator, _ estimate: RequestEstimate) {
    self.steps = steps
    self.estimate = estimate
  }

  /// A page for the terminal.
  public var text: String {
    var text = "\(heading)\n\n\(stepTable.text)\n\(memoryTable.text)\n\(totals)\n"
    for (title, operators) in [
      ("prefill", prefillOperators), ("one decode step", decodeOperators),
    ] where !operators.isEmpty {
      text += "\n\(title), by operator\n\(Self.table(of: operators).text)"
    }
    return text
  }

  private var heading: String {
    let workload = estimate.workload
    let types = steps.precision
    var line = "\(steps.model.name), \(estimate.devices) × \(steps.platform.device.name)"
    if steps.platform.name != steps.platform.device.name { line += " (\(steps.platform.name))" }
    line += ", \(steps.layout), \(types.name)"
    line +=
      "\nbatch of \(groupedText(workload.batch)), \(groupedText(workload.inputTokens)) tokens in, "
      + "\(groupedText(workload.outputTokens)) out"
    if workload.cachedTokens > 0 {
      line += ", \(groupedText(workload.cachedTokens)) of them cached"
    }
    if workload.sharedTokens > 0 { line += ", \(groupedText(workload.sharedTokens)) shared by all" }
    if workload.beams > 1 { line += ", \(workload.beams) beams" }
    if workload.decodesBeside > 0 {
      line += ", \(groupedText(workload.decodesBeside)) others decode beside the prompts"
    }
    if let chunk = workload.chunk { line += ", chunks of \(groupedText(chunk))" }
    return line
  }

  private var stepTable: TextTable {
    var table = TextTable([
      .init("ms", .left), .init("time"), .init("compute"), .init("memory"), .init("communication"),
      .init("launch"), .init("offload"), .init("of light %"),
    ])
    for (name, step) in [("prefill", estimate.prefill), ("decode step", estimate.decode)]
    where step.time > 0 {
      table.add([
        name, milliseconds(step.time), milliseconds(step.compute), milliseconds(step.memory),
        milliseconds(step.communication), milliseconds(step.latency), milliseconds(step.offload),
        step.time > 0 ? fixedText(100 * step.speedOfLight / step.time, decimals: 1) : "",
      ])
    }
    return table
  }

  private var memoryTable: TextTable {
    var table = TextTable([
      .init("GiB a device", .left), .init("weights"), .init("cache"), .init("activations"),
      .init("total"), .init("of"), .init("%"),
    ])
    let memory = estimate.memory
    table.add([
      memory.fits ? "fits" : "DOES NOT FIT", gibibytes(memory.weights), gibibytes(memory.cache),
      gibibytes(memory.activations), gibibytes(memory.total), gibibytes(memory.capacity),
      fixedText(100 * memory.total / memory.capacity, decimals: 1),
    ])
    return table
  }

  private var totals: String {
    let devices = Double(estimate.devices)
    var lines = [
      "TTFT        \(milliseconds(estimate.timeToFirstToken)) ms",
      "TPOT        \(milliseconds(estimate.timePerOutputToken)) ms",
      "end to end  \(milliseconds(estimate.endToEnd)) ms",
      "throughput  \(fixedText(estimate.throughput, decimals: 1)) tokens/s, "
        + "\(fixedText(estimate.throughput / devices, decimals: 1)) a device; "
        + "\(fixedText(estimate.requestRate, decimals: 3)) requests/s",
    ]
    if let round = estimate.speculation {
      lines.append(
        "speculative \(fixedText(round.speculation.tokensPerRound, decimals: 2)) tokens in a round of "
          + "\(milliseconds(round.steps.time)) ms, of which the draft \(round.draft) takes "
          + "\(milliseconds(round.draftTime)) ms; without it a token takes \(milliseconds(round.plainTime)) ms"
      )
    }
    if let energy = estimate.energy, let perToken = estimate.energyPerToken {
      let seconds = estimate.endToEnd / 1e9
      lines.append(
        "energy      \(fixedText(perToken, decimals: 3)) J a generated token; "
          + "\(fixedText(energy / seconds / devices, decimals: 0)) W a device on average")
    }
    if let perToken = estimate.costPerToken {
      lines.append(
        "cost        $\(fixedText(perToken * 1e6, decimals: 3)) a million generated tokens")
    }
    return lines.joined(separator: "\n")
  }

  private static func table(of operators: [OperatorEstimate]) -> TextTable {
    var table = TextTable([
      .init("operator", .left), .init("runs"), .init("µs each"), .init("ms in all"), .init("%"),
      .init("bound by", .left), .init("GFLOP"), .init("MB"), .init("FLOP/byte"),
      .init("what", .left),
    ])
    let total = operators.reduce(0) { $0 + $1.total }
    for op in operators {
      table.add([
        op.role, "\(op.count)", fixedText(op.time / 1e3, decimals: 2),
        fixedText(op.total / 1e6, decimals: 3), fixedText(100 * op.total / total, decimals: 1),
        op.bound.rawValue, fixedText(op.flops / 1e9, decimals: 2),
        fixedText((op.bytes + op.linkBytes) / 1e6, decimals: 2),
        fixedText(op.intensity, decimals: 1), op.name,
      ])
    }
    return table
  }

  private func milliseconds(_ nanoseconds: Double) -> String {
    fixedText(nanoseconds / 1e6, decimals: nanoseconds >= 1e9 ? 1 : 3)
  }

  private func gibibytes(_ bytes: Double) -> String {
    fixedText(bytes.gibibytes, decimals: 2)
  }
}

extension Precision {
  /// The types in one word where they are one, or each by its tensors.
  public var name: String {
    let parts = [
      ("products", products), ("weights", weights), ("experts", experts), ("head", head),
      ("key-values", keyValues),
    ].filter { $0.1 != activations }
    return ([activations.rawValue] + parts.map { "\($0.0) \($0.1.rawValue)" })
      .joined(separator: ", ")
  }
}
