public import Analytical
internal import Foundation
internal import Operators

/// Estimates as JSON, as `TraceSchemas/estimate.schema.json` describes it: every number with its unit
/// in its name.
public enum EstimateFile {
  /// One estimate.
  public static func json(_ report: EstimateReport) throws -> String {
    var members = members(report.steps, report.estimate)
    for (name, operators) in [
      ("prefill_operators", report.prefillOperators), ("decode_operators", report.decodeOperators),
    ] where !operators.isEmpty {
      members[name] = .list(operators.map(Self.operator))
    }
    if let round = report.estimate.speculation {
      members["speculation"] = .object([
        "draft": .text(round.draft), "proposed_tokens": .integer(round.speculation.proposed),
        "acceptance": .number(round.speculation.acceptance),
        "tokens_per_round": .number(round.speculation.tokensPerRound),
        "round_ms": .number(round.steps.time / 1e6), "draft_ms": .number(round.draftTime / 1e6),
        "plain_ms": .number(round.plainTime / 1e6),
      ])
    }
    return try text("estimate", members)
  }

  /// Plans in their order.
  public static func json(
    _ plans: [Plan], _ search: PlanSearch, front: [Plan] = []
  ) throws -> String {
    func list(_ plans: [Plan]) -> ResultValue { .list(plans.map(plan)) }
    var members: [String: ResultValue] = [
      "model": .text(search.model.name), "platform": .text(search.platform.name),
      "device": .text(search.platform.device.name),
      "objective": .text(search.objective.rawValue), "plans": list(plans),
    ]
    if !front.isEmpty { members["front"] = list(front) }
    return try text("plans", members)
  }

  /// One layout and what it reaches.
  static func plan(_ plan: Plan) -> ResultValue {
    var members = figures(plan.estimate)
    members["layout"] = layout(plan.layout)
    return .object(members)
  }

  private static func members(
    _ steps: StepEstimator, _ estimate: RequestEstimate
  ) -> [String: ResultValue] {
    let workload = estimate.workload
    var asked: [String: ResultValue] = [
      "batch": .integer(workload.batch), "input_tokens": .integer(workload.inputTokens),
      "output_tokens": .integer(workload.outputTokens), "beams": .integer(workload.beams),
      "cached_tokens": .integer(workload.cachedTokens),
      "shared_tokens": .integer(workload.sharedTokens),
      "decodes_beside": .integer(workload.decodesBeside),
    ]
    if let chunk = workload.chunk { asked["chunk_tokens"] = .integer(chunk) }
    var members = figures(estimate)
    members["model"] = .text(steps.model.name)
    members["parameters"] = .integer(steps.model.parameterCount)
    members["platform"] = .text(steps.platform.name)
    members["device"] = .text(steps.platform.device.name)
    members["layout"] = layout(steps.layout)
    members["types"] = .object([
      "activations": .text(steps.precision.activations.rawValue),
      "products": .text(steps.precision.products.rawValue),
      "weights": .text(steps.precision.weights.rawValue),
      "experts": .text(steps.precision.experts.rawValue),
      "head": .text(steps.precision.head.rawValue),
      "key_values": .text(steps.precision.keyValues.rawValue),
    ])
    members["workload"] = .object(asked)
    return members
  }

  private static func layout(_ layout: Parallelism) -> ResultValue {
    .object([
      "tensor": .integer(layout.tensor), "pipeline": .integer(layout.pipeline),
      "expert": .integer(layout.expert), "data": .integer(layout.data),
      "sequence": .integer(layout.sequence),
    ])
  }

  private static func figures(_ estimate: RequestEstimate) -> [String: ResultValue] {
    func step(_ step: StepEstimate) -> ResultValue {
      .object([
        "time_ms": .number(step.time / 1e6), "compute_ms": .number(step.compute / 1e6),
        "memory_ms": .number(step.memory / 1e6),
        "communication_ms": .number(step.communication / 1e6),
        "launch_ms": .number(step.latency / 1e6), "offload_ms": .number(step.offload / 1e6),
        "speed_of_light_ms": .number(step.speedOfLight / 1e6), "flops": .number(step.flops),
        "bytes": .number(step.bytes), "link_bytes": .number(step.linkBytes),
      ])
    }
    let memory = estimate.memory
    var members: [String: ResultValue] = [
      "devices": .integer(estimate.devices), "prefill": step(estimate.prefill),
      "decode": step(estimate.decode), "ttft_ms": .number(estimate.timeToFirstToken / 1e6),
      "tpot_ms": .number(estimate.timePerOutputToken / 1e6),
      "end_to_end_ms": .number(estimate.endToEnd / 1e6),
      "tokens_per_s": .number(estimate.throughput),
      "requests_per_s": .number(estimate.requestRate),
      "memory": .object([
        "weights_bytes": .number(memory.weights), "cache_bytes": .number(memory.cache),
        "activations_bytes": .number(memory.activations),
        "capacity_bytes": .number(memory.capacity), "fits": .flag(memory.fits),
      ]),
    ]
    if let energy = estimate.energy { members["energy_joules"] = .number(energy) }
    if let cost = estimate.cost { members["cost_usd"] = .number(cost) }
    return members
  }

  private static func `operator`(_ op: OperatorEstimate) -> ResultValue {
    .object([
      "role": .text(op.role), "operator": .text(op.name), "runs": .integer(op.count),
      "time_us": .number(op.time / 1e3), "bound_by": .text(op.bound.rawValue),
      "flops": .number(op.flops), "bytes": .number(op.bytes), "link_bytes": .number(op.linkBytes),
    ])
  }

  /// The text of a document that `TraceSchemas/NAME.schema.json` describes, in its first version.
  ///
  /// - Throws: where a figure is infinite or no number.
  static func text(_ name: String, _ members: [String: ResultValue]) throws -> String {
    var members = members
    members["schema"] = .text("reprise.\(name)")
    members["version"] = .integer(1)
    return String(decoding: try indentedJSON(ResultValue.object(members)), as: UTF8.self)
  }
}
