import Operators
import Yams

extension Deployment {
  /// Reads a deployment from YAML.
  ///
  /// Every key must be known and within its bounds; aliases and anchors are not taken.
  ///
  /// - Parameters:
  ///   - yaml: The text, at most 1 MiB.
  ///   - path: The file's path, for errors.
  public init(yaml: String, path: String) throws(ScenarioError) {
    let reader = try MappingReader(
      try parse(yaml, what: "a deployment", path: path), what: "a deployment",
      keys: DeploymentFormat.keys, path: path)
    _ = try reader.integer("version")
    var engines: [EngineGroup] = []
    for node in try reader.list("engines") {
      let group = try EngineGroup(node, path: path)
      guard !engines.contains(where: { $0.name == group.name }) else {
        throw ScenarioError(
          path: path, line: node.mark?.line ?? 1,
          message: "two groups of engines are called '\(group.name)'; give each its own name")
      }
      engines.append(group)
    }
    guard engines.reduce(0, { $0 + $1.count }) <= Deployment.maxEngines else {
      throw ScenarioError(
        path: path, line: reader.line(of: "engines"),
        message: "there are at most \(Deployment.maxEngines) engines, all groups together")
    }
    self.init(
      model: try reader.text("model") ?? "", engines: engines,
      routing: try reader.choice("routing").flatMap(Routing.init) ?? .roundRobin)
    try readRoles(reader)
  }

  /// Reads how engines with roles work together.
  private mutating func readRoles(_ reader: MappingReader) throws(ScenarioError) {
    decodePool = try reader.choice("decode_pool").flatMap(DecodePool.init) ?? decodePool
    conversionQueue = try reader.integer("convert_at_waiting")
    if let links = try reader.mapping("transfer", what: "a transfer") {
      transfer = try KeyValueTransfer(links)
    }
    if let conflict = roleConflict {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: conflict.key), message: conflict.message)
    }
    if reader.has("decode_pool"), !isDisaggregated {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "decode_pool"),
        message: "'decode_pool' has no effect where no engines have role prefill")
    }
  }
}

extension Deployment {
  /// The line of a group's key in a deployment's text, for what only shows when the model is known; that of the
  /// group where the key is not there, and 1 where the text is none.
  public static func line(of key: String, ofGroup index: Int, in yaml: String) -> Int {
    let root = try? parse(yaml, what: "a deployment", path: "")
    return root?.line(at: [.key("engines"), .item(index), .key(key)]) ?? 1
  }
}

extension KeyValueTransfer {
  /// Reads links from a mapping with their keys.
  init(_ links: MappingReader) throws(ScenarioError) {
    self.init(
      bandwidth: try links.number("bandwidth_gb_s") ?? 0,
      latency: try links.number("latency_us") ?? 0,
      mode: try links.choice("mode").flatMap(Mode.init) ?? .whole)
  }
}

extension EngineGroup {
  fileprivate init(_ node: Node, path: String) throws(ScenarioError) {
    let reader = try MappingReader(
      node, what: "a group of engines", keys: DeploymentFormat.engineKeys, path: path)
    try self.init(reader)
    if let conflict = layoutConflict {
      throw ScenarioError(
        path: path, line: reader.line(of: conflict.key), message: conflict.message)
    }
  }

  /// Reads a group from a mapping with its keys, or some of them; the others have their defaults.
  init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      name: try reader.text("name") ?? "", device: try reader.text("device") ?? "",
      maxModelLength: try reader.integer("max_model_len") ?? 0)
    count = try reader.integer("count") ?? count
    tensorParallel = try reader.integer("tensor_parallel") ?? tensorParallel
    expertParallel = try reader.integer("expert_parallel") ?? expertParallel
    runtime = try reader.text("runtime")
    dataType = try reader.choice("data_type").flatMap(DataType.init) ?? dataType
    // None has the name `auto`.
    keyValueType = try reader.choice("kv_cache_dtype").flatMap(DataType.init)
    maxSequences = try reader.integer("max_num_seqs") ?? maxSequences
    maxBatchedTokens = try reader.integer("max_num_batched_tokens") ?? maxBatchedTokens
    blockSize = try reader.integer("block_size") ?? blockSize
    blockCount = try reader.integer("num_gpu_blocks")
    memoryUtilization = try reader.number("memory_utilization") ?? memoryUtilization
    enablesPrefixCaching = try reader.boolean("enable_prefix_caching") ?? enablesPrefixCaching
    enablesChunkedPrefill = try reader.boolean("enable_chunked_prefill") ?? enablesChunkedPrefill
    longPrefillTokenThreshold =
      try reader.integer("long_prefill_token_threshold") ?? longPrefillTokenThreshold
    fullSequenceAdmission = try reader.boolean("full_sequence_admission") ?? fullSequenceAdmission
    asyncScheduling = try reader.boolean("async_scheduling") ?? asyncScheduling
    try readGraphs(reader)
    try readPolicy(reader)
    if blockCount != nil, reader.has("memory_utilization") {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "memory_utilization"),
        message: "'memory_utilization' has no effect beside 'num_gpu_blocks'; give one of them")
    }
    if !enablesChunkedPrefill || policy.computesWholePrompts, maxBatchedTokens < maxModelLength {
      throw ScenarioError(
        path: reader.path,
        line: reader.line(of: enablesChunkedPrefill ? "policy" : "enable_chunked_prefill"),
        message: "without chunked prefill 'max_num_batched_tokens' (\(maxBatchedTokens)) must be "
          + "at least 'max_model_len' (\(maxModelLength))")
    }
  }
}

extension EngineGroup {
  /// Reads which graphs are captured: given one by one, or by the largest.
  fileprivate mutating func readGraphs(_ reader: MappingReader) throws(ScenarioError) {
    let largest = try reader.integer("max_cudagraph_capture_size") ?? 0
    graphSizes =
      try reader.ascending("cudagraph_capture_sizes") ?? Self.defaultGraphSizes(upTo: largest)
    if reader.has("cudagraph_capture_sizes"), reader.has("max_cudagraph_capture_size") {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "max_cudagraph_capture_size"),
        message: "'max_cudagraph_capture_size' has no effect beside 'cudagraph_capture_sizes'; "
          + "give one of them")
    }
  }

  /// Reads the policy, and what only vLLM's policy knows.
  fileprivate mutating func readPolicy(_ reader: MappingReader) throws(ScenarioError) {
    policy = try reader.choice("policy").flatMap(SchedulingPolicy.init) ?? policy
    queueOrder = try reader.choice("scheduling_policy").flatMap(QueueOrder.init) ?? queueOrder
    pipelineParallel = try reader.integer("pipeline_parallel") ?? pipelineParallel
    lockstep = try reader.boolean("data_parallel_lockstep") ?? lockstep
    role = try reader.choice("role").flatMap(EngineRole.init) ?? role
    if let tokens = try reader.integer("num_speculative_tokens") {
      guard let acceptance = try reader.number("draft_acceptance_rate") else {
        throw ScenarioError(
          path: reader.path, line: reader.line(of: "num_speculative_tokens"),
          message: "'num_speculative_tokens' needs 'draft_acceptance_rate'")
      }
      speculation = SpeculativeDecoding(
        tokens: tokens, acceptance: acceptance, cost: try reader.number("draft_cost") ?? 0,
        microseconds: try reader.number("draft_time_us") ?? 0)
    } else if let key = ["draft_acceptance_rate", "draft_cost", "draft_time_us"].first(
      where: reader.has)
    {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: key),
        message: "'\(key)' has no effect without 'num_speculative_tokens'")
    }
    if let conflict {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: conflict.key), message: conflict.message)
    }
  }

  /// The first setting that cannot be had beside another, or nil, and why.
  public var conflict: (key: String, message: String)? {
    if policy != .vllm {
      let only = "is known to policy vllm alone, and this engine's is \(policy.rawValue)"
      if queueOrder != .firstCome { return ("scheduling_policy", "priority " + only) }
      if pipelineParallel > 1 { return ("pipeline_parallel", "pipeline_parallel " + only) }
      if speculation != nil {
        return ("num_speculative_tokens", "speculative decoding " + only)
      }
      if asyncScheduling { return ("async_scheduling", "async_scheduling " + only) }
    }
    if role != .both {
      let rest = " is not replayed together with role \(role.rawValue)"
      if policy != .vllm { return ("policy", "policy \(policy.rawValue)" + rest) }
      if pipelineParallel > 1 { return ("pipeline_parallel", "pipeline_parallel" + rest) }
      if lockstep { return ("data_parallel_lockstep", "data_parallel_lockstep" + rest) }
      if speculation != nil { return ("num_speculative_tokens", "speculative decoding" + rest) }
      if asyncScheduling { return ("async_scheduling", "async_scheduling" + rest) }
    }
    if pipelineParallel > 1, lockstep {
      return (
        "data_parallel_lockstep",
        "data_parallel_lockstep and pipeline_parallel are not replayed together; give one of them"
      )
    }
    if pipelineParallel > 1, asyncScheduling {
      return (
        "async_scheduling",
        "async_scheduling and pipeline_parallel are not replayed together; give one of them"
      )
    }
    return nil
  }
}

extension EngineGroup {
  /// The key of the first number that a file could not have given, or nil: for groups that are
  /// made in code.
  public var numberOutOfBounds: String? {
    DeploymentFormat.firstOutOfBounds([
      ("count", count), ("tensor_parallel", tensorParallel), ("expert_parallel", expertParallel),
      ("max_num_seqs", maxSequences),
      ("max_num_batched_tokens", maxBatchedTokens), ("max_model_len", maxModelLength),
      ("block_size", blockSize), ("num_gpu_blocks", blockCount ?? 2),
      ("long_prefill_token_threshold", longPrefillTokenThreshold),
      ("pipeline_parallel", pipelineParallel),
      ("num_speculative_tokens", speculation?.tokens ?? 1),
    ])
  }
}
