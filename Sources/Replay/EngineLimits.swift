import Scenarios

/// What bounds an engine's scheduler: a group of a deployment with everything resolved.
struct EngineLimits: Sendable, Hashable {
  /// Requests that may run at once.
  var maxSequences: Int
  /// Tokens that one step may compute.
  var maxBatchedTokens: Int
  /// Prompt and generated tokens of one request.
  var maxModelLength: Int
  /// Tokens that one key-value block holds.
  var blockSize: Int
  /// Blocks that requests may use: the configured number less vLLM's null block.
  var usableBlocks: Int
  /// Whether a request may find blocks that others left.
  var prefixCaching: Bool
  /// Whether a prompt may be computed in several steps.
  var chunkedPrefill: Bool
  /// The most prompt tokens of one request in one step; 0 for no limit.
  var longPrefillThreshold: Int
  /// Whether a request is admitted only if all its present tokens fit into free memory.
  var fullSequenceAdmission: Bool
  /// Whether a step is scheduled while the one before it runs.
  var asyncScheduling: Bool
  /// How each step is chosen.
  var policy: SchedulingPolicy = .vllm
  /// Whether requests wait, and lose their memory, by priority.
  var usesPriority: Bool = false
  /// Batches that are in flight together: the stages of the pipeline.
  var stages: Int = 1
  /// Drafts, if there are any.
  var speculation: SpeculativeDecoding?
  /// What part of requests is computed here.
  var role: EngineRole = .both

  /// Whether a request of these lengths may be sent here when it arrives.
  func canAccept(input: Int, output: Int) -> Bool {
    switch role {
    case .both: canServe(input: input, output: output)
    case .prefill: canServe(input: input, output: min(1, output))
    case .decode: false
    }
  }

  /// Why nothing of a request of these lengths can be computed here, of what engines of this role compute.
  func obstacleToPart(input: Int, output: Int) -> RequestOutcome.Rejection? {
    obstacle(input: input, output: role == .prefill ? min(1, output) : output)
  }

  /// Whether a request of these lengths can ever run here, alone.
  func canServe(input: Int, output: Int) -> Bool { obstacle(input: input, output: output) == nil }

  /// Why a request of these lengths can never run here; nil if it can.
  func obstacle(input: Int, output: Int) -> RequestOutcome.Rejection? {
    guard input > 0, output > 0 else { return .noTokens }
    guard input + output <= maxModelLength else { return .modelLength }
    // The last token's keys and values are never stored, those of rejected drafts for a while.
    let stored = min(input + output - 1 + (speculation?.tokens ?? 0), maxModelLength)
    let blocks = (stored + blockSize - 1) / blockSize
    guard blocks <= usableBlocks else { return .memory }
    // SGLang admits only what leaves a token free, counted in whole blocks.
    if policy == .sglang, input + output + blockSize > usableBlocks * blockSize { return .memory }
    return chunkedPrefill || input + output - 1 <= maxBatchedTokens ? nil : .stepTokens
  }
}

extension EngineGroup {
  /// Of each request, whether the group's engines can ever compute their part of it.
  ///
  /// - Throws: ``ReplayError`` where the group's memory is not known or a setting is out of its bounds.
  package func servable(_ requests: RequestTable) throws(ReplayError) -> [Bool] {
    let limits = try EngineLimits(self)
    return (0..<requests.count).map {
      limits.obstacleToPart(
        input: Int(requests.inputTokens[$0]), output: Int(requests.outputTokens[$0])) == nil
    }
  }
}
