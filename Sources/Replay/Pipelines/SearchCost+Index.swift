public import Analytical
public import Scenarios

/// Searches whose indexes a scenario describes.
extension SearchCost {
  /// What a batch of queries takes of its host, by ``Analytical/VectorSearchLaw``.
  ///
  /// It is the work of one core and the memory traffic, apart from each other: cores of a search share the
  /// work, and searches share the host's bandwidth, as the replay has it. Of a graph the stage's
  /// `probes` are efSearch.
  public init(_ named: NamedIndex, _ retrieval: Retrieval, batch: Int = 1) {
    var index = named.index
    if case .graph(let degree, _) = index.kind {
      index.kind = .graph(graphDegree: degree, efSearch: retrieval.probes)
    }
    var law = VectorSearchLaw(
      index, pace: .core(named.coefficients), memoryBandwidth: .infinity)
    law.cacheBytes = named.cacheBytes
    let (probes, documents) = (retrieval.probes, retrieval.documents)
    self.init(
      threadTime: law.coreSeconds(batch: batch, probes: probes, k: documents) * 1e9,
      bytes: law.trafficBytes(batch: batch, probes: probes, k: documents))
  }

  /// What a batch of queries takes of a device that holds the index: for each phase the longest of its arithmetic, its
  /// traffic and a launch.
  ///
  /// HERMES's (2025) equations of IVF-PQ, which are RAGO's: a product of queries and centroids, codes read once for each
  /// query that probes their list, and the best compared again; but arithmetic and traffic overlap, where HERMES adds
  /// them. A bound that real searches do not reach, as steps without measurements have it.
  public init(_ named: NamedIndex, _ retrieval: Retrieval, batch: Int = 1, on device: Device) {
    var law = VectorSearchLaw(named.index, on: device)
    law.launchFloor = device.launchFloor / 1e9
    self.init(
      threadTime: 1e9
        * law.latency(
          batch: batch, probes: retrieval.probes, k: retrieval.documents, threads: 1), bytes: 0)
  }

  /// What batches of 1, 2, 3… up to the stage's largest cost.
  ///
  /// A batch costs no more than its searches one by one, as which it could be served, and no less than a smaller
  /// one: where the law of a core has a step down at ``Analytical/VectorSearchCoefficients/largeBatch``, the cost stays
  /// until it is reached again.
  ///
  /// - Parameters:
  ///   - device: that holds the index; nil for cores of a host.
  ///   - measured: what parts of a search take on that device, all of it, in place of its roofline; nil where that
  ///     was not measured.
  public static func batches(
    _ named: NamedIndex, _ retrieval: Retrieval, on device: Device? = nil,
    measured: VectorSearchCoefficients? = nil
  ) -> [SearchCost] {
    var named = named
    if let measured { named.coefficients = measured }
    var costs: [SearchCost] = []
    for batch in 1...max(1, retrieval.maxBatch) {
      var cost =
        if let device, measured == nil {
          SearchCost(named, retrieval, batch: batch, on: device)
        } else {
          SearchCost(named, retrieval, batch: batch)
        }
      // Nothing else uses a device's memory.
      if device != nil { cost.bytes = 0 }
      if let single = costs.first, let smaller = costs.last {
        let most = Double(batch) * single.threadTime
        cost.threadTime = max(min(cost.threadTime, most), smaller.threadTime)
        cost.bytes = max(min(cost.bytes, Double(batch) * single.bytes), smaller.bytes)
      }
      costs.append(cost)
    }
    return costs
  }
}

extension Scenario {
  /// The searches of all stages, in their order.
  public var placedSearches: [PlacedSearch] {
    pipelines.flatMap(\.stages).compactMap { stage in
      guard case .retrieve(let retrieval) = stage.action else { return nil }
      return PlacedSearch(retrieval, on: stage.pool)
    }
  }

  /// What the searches of all its stages cost, for ``ScenarioPlan/searches``; those of an index that it does
  /// not have are left out.
  ///
  /// - Parameter devices: those of pools that search on devices, by the pools' names.
  /// - Throws: ``PipelineError`` if a pool's device is missing, or its memory does not hold the indexes.
  public func searchCosts(
    on devices: [String: Device] = [:]
  ) throws(PipelineError) -> [PlacedSearch: [SearchCost]] {
    for pool in pools {
      guard case .searcher = pool.service else { continue }
      guard let device = devices[pool.name] else { throw .missing(what: "device", pool: pool.name) }
      let bytes = indexBytes(on: pool)
      guard bytes <= device.memoryBytes else {
        throw .conflict(
          "the vector indexes that are searched on '\(pool.name)' take "
            + "\((bytes / 1e7).rounded(.up) / 100) GB, and a \(device.name) has "
            + "\((device.memoryBytes / 1e7).rounded(.down) / 100); take smaller codes, fewer vectors to compare "
            + "again, or another device")
      }
    }
    var costs: [PlacedSearch: [SearchCost]] = [:]
    for search in placedSearches {
      guard let index = indexes.first(where: { $0.name == search.retrieval.index }) else {
        continue
      }
      costs[search] = SearchCost.batches(
        index, search.retrieval, on: devices[search.pool], measured: coefficients(of: search))
    }
    return costs
  }

  /// What the devices of a search's pool were measured to take for it; nil where its pool has none, or nothing was
  /// measured.
  public func coefficients(of search: PlacedSearch) -> VectorSearchCoefficients? {
    guard case .searcher(let service) = pools.first(where: { $0.name == search.pool })?.service,
      let index = indexes.first(where: { $0.name == search.retrieval.index })
    else { return nil }
    return service.coefficients(of: index.index.kind)
  }
}
