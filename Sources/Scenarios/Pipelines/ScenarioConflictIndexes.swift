import Analytical

extension Scenario {
  /// About the vector indexes.
  var indexesConflict: ScenarioConflict? {
    if !indexes.isEmpty,
      let conflict = countConflict(indexes.count, of: "indexes", in: ScenarioFormat.keys)
    {
      return conflict
    }
    for (index, named) in indexes.enumerated() {
      if let conflict = doubleConflict(indexes.map(\.name), index) ?? named.conflict {
        return conflict.under("indexes", index)
      }
    }
    return nil
  }

  /// Bytes of the indexes that stages search on a pool's engines, each once.
  public func indexBytes(on pool: EnginePool) -> Double {
    var searched: Set<String> = []
    for stage in pipelines.flatMap(\.stages) where stage.pool == pool.name {
      if case .retrieve(let search) = stage.action { searched.insert(search.index) }
    }
    return indexes.reduce(0) { $0 + (searched.contains($1.name) ? $1.index.memory.total : 0) }
  }

  /// About hosts whose memory the indexes that are searched there do not fit together. A device's memory is known
  /// when its name is looked up.
  var indexMemoryConflict: ScenarioConflict? {
    for (number, pool) in pools.enumerated() {
      guard case .processors(let host) = pool.service, let memory = host.memory else { continue }
      let bytes = indexBytes(on: pool)
      guard bytes > 1e9 * memory else { continue }
      return ScenarioConflict(
        "memory_gb",
        "the vector indexes that are searched on '\(pool.name)' take "
          + "\((bytes / 1e7).rounded(.up) / 100) GB, and a host has \(memory); give it more, or an index "
          + "fewer or smaller codes"
      ).under("engines", number)
    }
    return nil
  }

  /// About the index that a stage searches.
  func indexConflict(_ stage: Stage) -> ScenarioConflict? {
    guard case .retrieve(let search) = stage.action else { return nil }
    guard let index = indexes.first(where: { $0.name == search.index })?.index else {
      return ScenarioConflict(
        "index", unknownName(search.index, what: "vector index", among: indexes.map(\.name)))
    }
    if index.lists == 0, pools.first(where: { $0.name == stage.pool })?.service.kind == .searcher {
      return ScenarioConflict(
        "index",
        "'\(search.index)' is a graph, which is searched hop by hop on cores: take engines of kind cpu, or "
          + "an index of kind ivf-pq or ivf-flat")
    }
    guard index.lists == 0 || search.probes <= index.lists else {
      return ScenarioConflict(
        "probes", "'probes' is at most the 'lists' of '\(search.index)' (\(index.lists))")
    }
    guard search.documents <= index.vectors else {
      return ScenarioConflict(
        "documents", "'documents' is at most the 'vectors' of '\(search.index)' (\(index.vectors))")
    }
    return nil
  }
}

extension NamedIndex {
  fileprivate var conflict: ScenarioConflict? {
    let keys = index.kind.form.keys
    var found = keys.firstOutOfBounds([
      "vectors": Double(index.vectors), "dimension": Double(index.dimension),
      "rerank_depth": Double(index.rerankDepth), "imbalance": index.imbalance,
      "cache_mb": cacheBytes / 1e6,
    ])
    switch index.kind {
    case .invertedQuantized(let lists, let parts, let bits):
      found =
        found
        ?? keys.firstOutOfBounds([
          "lists": Double(lists), "subquantizers": Double(parts), "code_bits": Double(bits),
        ])
      if found == nil, !index.dimension.isMultiple(of: parts) {
        found = (
          "subquantizers",
          "'subquantizers' (\(parts)) must divide the 'dimension' (\(index.dimension))"
        )
      }
    case .invertedFlat(let lists):
      found = found ?? keys.firstOutOfBounds(["lists": Double(lists)])
    case .graph(let degree, _):
      found = found ?? keys.firstOutOfBounds(["graph_degree": Double(degree)])
    }
    if let found { return ScenarioConflict(found) }
    // The text says them for all indexes of a kind.
    return coefficients.isInBounds
      ? nil
      : ScenarioConflict("kind", "what parts of a search take is 0 to 1000 seconds each")
  }
}

extension VectorSearchCoefficients {
  /// Whether each is from 0 to 1000 seconds.
  var isInBounds: Bool {
    VectorSearchTerm.allCases.allSatisfy { (0...1000).contains(self[$0]) }
  }
}
