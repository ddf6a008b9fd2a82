extension StageAction {
  /// What is out of bounds, does not go together, or cannot be done by a pool of the right kind; or nil.
  func conflict(on pool: EnginePool) -> ScenarioConflict? {
    switch self {
    case .process(let work):
      return ScenarioFormat.processKeys.firstOutOfBounds([
        "us": work.perRequest, "us_per_token": work.perToken,
        "bytes_per_token": work.bytesPerToken, "threads": Double(work.threads),
      ]).map(ScenarioConflict.init) ?? threadsConflict(work.threads, on: pool)
    case .encode(let work):
      return ScenarioFormat.encodeKeys.firstOutOfBounds([
        "tokens": work.tokens.map(Double.init), "sequences": Double(work.sequences),
      ]).map(ScenarioConflict.init)
    case .retrieve(let search): return search.conflict ?? threadsConflict(search.threads, on: pool)
    case .call(let call):
      return ScenarioFormat.callKeys.firstOutOfBounds(["tokens": Double(call.tokens)])
        .map(ScenarioConflict.init) ?? call.duration.conflict
    case .think(let thinking): return thinking.conflict
    case .prefill: return handoverConflict(.prefill, on: pool)
    case .decode: return handoverConflict(.decode, on: pool)
    case .fetch, .prefetch, .generate: return nil
    }
  }

  private func threadsConflict(_ threads: Int, on pool: EnginePool) -> ScenarioConflict? {
    switch pool.service {
    case .processors(let service) where threads > service.cores:
      return ScenarioConflict(
        "threads", "'threads' is at most the 'cores' of '\(pool.name)' (\(service.cores))")
    case .searcher where threads > 1:
      return ScenarioConflict(
        "threads",
        "a search has all of its device, and '\(pool.name)' has no cores; leave 'threads' out")
    default: return nil
    }
  }

  /// About engines that compute a part of requests: what a deployment's roles ask of them.
  private func handoverConflict(_ role: EngineRole, on pool: EnginePool) -> ScenarioConflict? {
    guard case .model(let service) = pool.service else { return nil }
    var group = service.group
    group.role = role
    return group.conflict.map {
      ScenarioConflict("on", "'\(pool.name)' cannot \(role.rawValue) alone: \($0.message)")
    }
  }
}

extension Retrieval {
  fileprivate var conflict: ScenarioConflict? {
    if let found = ScenarioFormat.retrieveKeys.firstOutOfBounds([
      "probes": Double(probes), "documents": Double(documents),
      "tokens_per_document": Double(tokensPerDocument), "threads": Double(threads),
      "max_batch": Double(maxBatch), "max_wait_us": maxWait,
    ]) {
      return ScenarioConflict(found)
    }
    guard documents * tokensPerDocument <= ScenarioFormat.maxTokens else {
      return ScenarioConflict(
        "documents",
        "\(documents) documents of \(tokensPerDocument) tokens are more than the "
          + "\(ScenarioFormat.maxTokens) tokens that a context may have")
    }
    guard maxBatch > 1 || maxWait == 0 else {
      return ScenarioConflict(
        "max_wait_us", "'max_wait_us' has no effect without a 'max_batch' above 1")
    }
    return nil
  }
}

extension Thinking {
  fileprivate var conflict: ScenarioConflict? {
    if let found = ScenarioFormat.thinkKeys.firstOutOfBounds([
      "tokens": tokens.map(Double.init), "scale": scale, "keep": keep.map(Double.init),
    ]) {
      return ScenarioConflict(found)
    }
    guard let kind = ScenarioFormat.thinkKeys.named("branches")?.kind,
      case .integers(let bounds, let most) = kind, (1...most).contains(branches.count),
      branches.allSatisfy(bounds.contains)
    else { return ScenarioConflict("branches", "'branches' has 1 to 8 numbers, each 1 to 1024") }
    // Eight numbers of at most 1,024 each: no overflow, as it stops at the first that is too many.
    var paths = 1
    for branch in branches where paths <= ScenarioFormat.maxPaths { paths *= branch }
    guard paths <= ScenarioFormat.maxPaths else {
      return ScenarioConflict(
        "branches", "'branches' make at most \(ScenarioFormat.maxPaths) paths, multiplied together")
    }
    guard keep ?? 1 <= paths else {
      return ScenarioConflict("keep", "'keep' is at most the number of paths (\(paths))")
    }
    return nil
  }
}

extension DurationDistribution {
  fileprivate var conflict: ScenarioConflict? {
    let keys = ScenarioFormat.callKeys
    let found: (key: String, message: String)?
    switch self {
    case .constant(let seconds): found = keys.firstOutOfBounds(["seconds": seconds])
    case .exponential(let mean): found = keys.firstOutOfBounds(["mean_s": mean])
    case .logNormal(let mean, let variation):
      found = keys.firstOutOfBounds(["mean_s": mean, "cv": variation])
    case .uniform(let low, let high):
      found =
        keys.firstOutOfBounds(["from_s": low, "to_s": high])
        ?? (low < high ? nil : ("to_s", "'to_s' is more than 'from_s'"))
    case .measured(let seconds):
      guard let kind = keys.named("measured_s")?.kind, case .numbers(_, let counts) = kind,
        counts.contains(seconds.count), seconds.allSatisfy(kind.allows)
      else {
        let rule = keys.named("measured_s")?.kind.numberRule ?? "is not known"
        return ScenarioConflict("measured_s", "'measured_s' \(rule)")
      }
      found = nil
    }
    return found.map(ScenarioConflict.init)
  }
}
