import Operators

extension Deployment {
  /// The deployment as text that ``init(yaml:path:)`` reads: what has another value than the default.
  ///
  /// What only a search or a caller knows (``EngineGroup/keyValues``) is derived anew by who reads it.
  public var yaml: String {
    var lines = [
      "version: \(Self.version)", "model: \(quoted(model))", "routing: \(routing.rawValue)",
    ]
    if isDisaggregated {
      lines.append("decode_pool: \(decodePool.rawValue)")
      if let conversionQueue { lines.append("convert_at_waiting: \(conversionQueue)") }
      if let transfer {
        lines += ["transfer:", "  bandwidth_gb_s: \(plainNumber(transfer.bandwidth))"]
        if transfer.latency > 0 { lines.append("  latency_us: \(plainNumber(transfer.latency))") }
        lines.append("  mode: \(transfer.mode.rawValue)")
      }
    }
    lines.append("engines:")
    for group in engines {
      for (place, line) in group.yamlLines.enumerated() {
        lines.append((place == 0 ? "  - " : "    ") + line)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension EngineGroup {
  /// The keys of the group with their values.
  fileprivate var yamlLines: [String] {
    let usual = EngineGroup(name: name, device: device, maxModelLength: maxModelLength)
    var lines = ["name: \(quoted(name))", "count: \(count)", "device: \(quoted(device))"]
    func add(_ key: String, _ value: String, _ isUsual: Bool) {
      if !isUsual { lines.append("\(key): \(value)") }
    }
    add("role", role.rawValue, role == usual.role)
    lines.append("tensor_parallel: \(tensorParallel)")
    add("expert_parallel", "\(expertParallel)", expertParallel == usual.expertParallel)
    add("pipeline_parallel", "\(pipelineParallel)", pipelineParallel == usual.pipelineParallel)
    lines.append("data_type: \(dataType.rawValue)")
    if let keyValueType { lines.append("kv_cache_dtype: \(keyValueType.rawValue)") }
    if let runtime { lines.append("runtime: \(quoted(runtime))") }
    lines.append("max_num_seqs: \(maxSequences)")
    lines.append("max_num_batched_tokens: \(maxBatchedTokens)")
    lines.append("max_model_len: \(maxModelLength)")
    add("block_size", "\(blockSize)", blockSize == usual.blockSize)
    if let blockCount {
      lines.append("num_gpu_blocks: \(blockCount)")
    } else {
      add(
        "memory_utilization", plainNumber(memoryUtilization),
        memoryUtilization == usual.memoryUtilization)
    }
    add("enable_prefix_caching", "\(enablesPrefixCaching)", enablesPrefixCaching)
    add("enable_chunked_prefill", "\(enablesChunkedPrefill)", enablesChunkedPrefill)
    add(
      "long_prefill_token_threshold", "\(longPrefillTokenThreshold)",
      longPrefillTokenThreshold == 0)
    add("full_sequence_admission", "\(fullSequenceAdmission)", fullSequenceAdmission)
    add("async_scheduling", "\(asyncScheduling)", !asyncScheduling)
    add(
      "cudagraph_capture_sizes", "[" + graphSizes.map(String.init).joined(separator: ", ") + "]",
      graphSizes.isEmpty)
    add("policy", policy.rawValue, policy == usual.policy)
    add("scheduling_policy", queueOrder.rawValue, queueOrder == usual.queueOrder)
    add("data_parallel_lockstep", "\(lockstep)", !lockstep)
    if let speculation {
      lines.append("num_speculative_tokens: \(speculation.tokens)")
      lines.append("draft_acceptance_rate: \(plainNumber(speculation.acceptance))")
      if speculation.cost > 0 { lines.append("draft_cost: \(plainNumber(speculation.cost))") }
      if speculation.microseconds > 0 {
        lines.append("draft_time_us: \(plainNumber(speculation.microseconds))")
      }
    }
    return lines
  }
}

/// Text between quotes, as YAML takes any of it.
private func quoted(_ text: String) -> String {
  "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
}
