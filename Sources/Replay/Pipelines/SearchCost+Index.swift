import Analytical
public import Scenarios

/// Searches whose indexes a scenario describes.
extension SearchCost {
  /// What one query takes of its host, by ``Analytical/VectorSearchLaw``.
  ///
  /// It is the work of one core and the memory traffic, apart from each other: cores of a search share the
  /// work, and searches share the host's bandwidth, as the replay has it. Of a graph the stage's
  /// `probes` are efSearch.
  public init(_ named: NamedIndex, _ retrieval: Retrieval) {
    var index = named.index
    if case .graph(let degree, _) = index.kind {
      index.kind = .graph(graphDegree: degree, efSearch: retrieval.probes)
    }
    var law = VectorSearchLaw(
      index, pace: .core(named.coefficients), memoryBandwidth: .infinity)
    law.cacheBytes = named.cacheBytes
    let (probes, documents) = (retrieval.probes, retrieval.documents)
    self.init(
      threadTime: law.coreSeconds(batch: 1, probes: probes, k: documents) * 1e9,
      bytes: law.trafficBytes(batch: 1, probes: probes, k: documents))
  }
}

extension Scenario {
  /// What the searches of all its stages cost, for ``ScenarioPlan/searches``; those of an index that it does
  /// not have are left out.
  public var searchCosts: [Retrieval: SearchCost] {
    var costs: [Retrieval: SearchCost] = [:]
    for stage in pipelines.flatMap(\.stages) {
      guard case .retrieve(let retrieval) = stage.action,
        let index = indexes.first(where: { $0.name == retrieval.index })
      else { continue }
      costs[retrieval] = SearchCost(index, retrieval)
    }
    return costs
  }
}
