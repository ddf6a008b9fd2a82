extension EnginePool.Service {
  /// What is out of bounds or does not go together in what engines do, or nil.
  var conflict: ScenarioConflict? {
    switch self {
    case .model(let service): return service.group.scenarioConflict
    case .encoder(let service):
      return kind.keys.firstOutOfBounds([
        "tensor_parallel": Double(service.tensorParallel), "max_batch": Double(service.maxBatch),
        "max_batch_tokens": Double(service.maxBatchTokens),
      ]).map(ScenarioConflict.init)
    case .processors(let service):
      return kind.keys.firstOutOfBounds([
        "cores": Double(service.cores), "memory_bandwidth_gb_s": service.memoryBandwidth,
        "memory_gb": service.memory,
      ]).map(ScenarioConflict.init)
    case .store(let service):
      return kind.keys.firstOutOfBounds([
        "capacity_gb": service.capacity, "bandwidth_gb_s": service.bandwidth,
        "latency_us": service.latency,
        "engines_per_instance": service.enginesPerInstance.map(Double.init),
        "hit_rate": service.hitRate, "write_buffer_gb": service.writeBuffer,
      ]).map(ScenarioConflict.init)
    case .searcher(let service):
      let isPriced = [service.quantized, service.flat].allSatisfy { $0?.isInBounds ?? true }
      return isPriced
        ? nil
        : ScenarioConflict(
          "vector_search", "what parts of a search take is 0 to 1000 seconds each")
    case .external(let service):
      return kind.keys.firstOutOfBounds(["concurrency": service.concurrency.map(Double.init)])
        .map(ScenarioConflict.init)
    }
  }
}

extension EngineGroup {
  /// What is out of bounds or does not go together, or nil. Of its name and role nothing is asked, nor of its
  /// count where its engines step alone: a pool has its own.
  fileprivate var scenarioConflict: ScenarioConflict? {
    var group = self
    group.role = .both
    if !lockstep { group.count = 1 }
    if let key = group.numberOutOfBounds, let kind = DeploymentFormat.engineKeys.named(key)?.kind {
      return ScenarioConflict(key, "'\(key)' \(kind.numberRule)")
    }
    if let found = DeploymentFormat.engineKeys.firstOutOfBounds([
      "memory_utilization": memoryUtilization
    ]) {
      return ScenarioConflict(found)
    }
    if let speculation, !speculation.isValid {
      return ScenarioConflict(
        "draft_acceptance_rate", "the acceptance rate or the cost of drafts is out of bounds")
    }
    if let conflict = group.conflict ?? group.layoutConflict { return ScenarioConflict(conflict) }
    if !enablesChunkedPrefill || policy.computesWholePrompts, maxBatchedTokens < maxModelLength {
      return ScenarioConflict(
        enablesChunkedPrefill ? "policy" : "enable_chunked_prefill",
        "without chunked prefill 'max_num_batched_tokens' (\(maxBatchedTokens)) must be at least "
          + "'max_model_len' (\(maxModelLength))")
    }
    let sizes = graphSizes
    guard sizes.first ?? 1 > 0, zip(sizes, sizes.dropFirst()).allSatisfy({ $0.0 < $0.1 }),
      sizes.last ?? 1 <= ScenarioFormat.maxTokens
    else {
      return ScenarioConflict(
        "cudagraph_capture_sizes",
        "'cudagraph_capture_sizes' holds whole numbers, each larger than the one before")
    }
    return nil
  }
}
