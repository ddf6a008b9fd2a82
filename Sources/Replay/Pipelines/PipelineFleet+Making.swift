import Analytical
import Network
import Operators
import Scenarios

extension PipelineFleet {
  /// Makes the engines of a plan, all idle.
  ///
  /// - Parameters:
  ///   - tokensPerBlock: of the blocks that stores keep: those of the log's names.
  ///   - trace: gets what happens; nil for nobody.
  ///   - collect: gets each request's outcome.
  init(
    _ plan: ScenarioPlan, tokensPerBlock: Int, trace: PipelineTrace? = nil,
    collect: ((JourneyOutcome) -> Void)?
  ) throws(PipelineError) {
    let scenario = plan.scenario
    guard plan.pools.count == scenario.pools.count else {
      throw .conflict("\(plan.pools.count) pools are planned, not \(scenario.pools.count)")
    }
    guard (1...Scenario.maxEngines).contains(scenario.engineCount) else {
      throw .conflict("there are 1 to \(Scenario.maxEngines) engines, all pools together")
    }
    guard !scenario.pipelines.isEmpty else { throw .conflict("there are no pipelines") }
    self.plan = plan
    self.trace = trace
    var pipelines: [CompiledPipeline] = []
    for pipeline in scenario.pipelines {
      pipelines.append(try CompiledPipeline(pipeline, of: plan))
    }
    self.pipelines = pipelines
    stride = pipelines.map(\.parts.count).max() ?? 1
    links = try ScenarioLinks(scenario, keepsRoutes: trace != nil)
    (pools, engines) = ([], [])
    stores = StoreLevels()
    result = PipelineResult(pipelines: pipelines, pools: scenario.pools.count)
    recorder = PipelineRecorder(
      pools: scenario.pools.count,
      answersAnywhere: pipelines.contains { $0.parts.contains(where: \.answers) },
      objectives: scenario.objectives, collect: collect)
    var leaf = 0
    for index in scenario.pools.indices { try addPool(index, &leaf) }
    try makeStores(tokensPerBlock)
    let base = links.open()
    stores.open(base)
    for engine in engines.indices where engines[engine].memoryLink >= 0 {
      engines[engine].memoryLink += base
    }
    foreseeChanges()
  }

  private mutating func addPool(_ index: Int, _ leaf: inout Int) throws(PipelineError) {
    let pool = plan.scenario.pools[index]
    pools.append(
      PoolState(
        first: engines.count, count: pool.count,
        rule: pool.routing.rule(
          engines: pool.count,
          seed: BlockContent.mix(plan.scenario.seed, UInt64(truncatingIfNeeded: index)))))
    loads.append((0..<pool.count).map { RoutingCandidate(engine: $0, load: EngineLoad()) })
    pools[index].isSteady = pool.outages.isEmpty && pool.scaling == nil
    if case .store = pool.service {
      pools[index].count = 0
      return
    }
    if let place = pool.firstPlace { leaf = place }
    for number in 0..<pool.count {
      var engine = EngineState(pool: index, number: number, kind: .external, place: queues.count)
      switch pool.service {
      case .model:
        engine.kind = .model
        engine.place = models.count
        try addModel(index)
        exchanges.append(exchange(of: pool, in: leaf))
      case .encoder(let service):
        guard plan.pools[index].pricing != nil else {
          throw .missing(what: "prices", pool: pool.name)
        }
        engine.kind = .encoder
        engine.place = encoders.count
        encoders.append(
          EncoderEngine(maxBatch: service.maxBatch, maxTokens: service.maxBatchTokens))
      case .processors(let service):
        engine.kind = .processors
        addQueue(capacity: service.cores)
        engine.memoryLink = links.add(
          "memory of \(pool.name) \(number)", bytesPerSecond: 1e9 * service.memoryBandwidth)
      case .searcher:
        engine.kind = .processors
        addQueue(capacity: 1)
      case .external(let service): addQueue(capacity: service.concurrency ?? .max)
      case .store: break
      }
      engine.leaf = leaf
      guard leaf < links.leafCount else {
        throw .conflict(
          "the network has \(links.leafCount) places, too few for engines '\(pool.name)'; "
            + "give its levels more members")
      }
      leaf += 1
      engines.append(engine)
    }
    if let group = plan.pools[index].group, group.lockstep, pool.count > 1 {
      pools[index].lockstep = Lockstep(
        members: (models.count - pool.count)..<models.count, dealsExpertsOut: group.dealsExpertsOut)
    }
  }

  private mutating func addQueue(capacity: Int) {
    queues.append(ServerQueue(capacity: capacity))
    batches.append(SearchBatches())
  }

  private mutating func addModel(_ index: Int) throws(PipelineError) {
    let name = plan.scenario.pools[index].name
    guard var group = plan.pools[index].group, plan.pools[index].pricing != nil else {
      throw .missing(what: "prices", pool: name)
    }
    group.role = .both
    do {
      let limits = try EngineLimits(group)
      models.append(
        Engine(group: index, index: Int32(models.count), limits: limits, options: engineOptions))
      decodeQueues.append([])
      awaiting.append([])
    } catch {
      throw .pool(name: name, error)
    }
  }

  /// Stores stand beside the engines that use them, of whatever pools.
  private mutating func makeStores(_ tokensPerBlock: Int) throws(PipelineError) {
    var users: Set<Int> = []
    for pipeline in pipelines {
      for part in pipeline.parts where !part.stores.isEmpty {
        users.insert(part.pool)
        if part.partner >= 0 { users.insert(pipeline.parts[part.partner].pool) }
      }
    }
    let leaves = users.flatMap { pools[$0].range.map { engines[$0].leaf } }
    var models: [String] = []
    for pool in users.sorted() {
      guard case .model(let service) = plan.scenario.pools[pool].service else { continue }
      // Others cannot read what is of another width.
      let precision = service.group.precision
      let name =
        "\(service.model) \(service.group.dataType.rawValue) \(precision.keyValues.rawValue)"
      if !models.contains(name) { models.append(name) }
      pools[pool].salt = UInt64(models.firstIndex(of: name) ?? 0)
    }
    var blockBytes = Array(repeating: 0.0, count: pools.count)
    for store in pools.indices {
      blockBytes[store] = Double(tokensPerBlock) * (try bytesPerToken(in: store))
    }
    stores = try StoreLevels(
      plan.scenario, leaves: leaves.min().map { $0..<((leaves.max() ?? $0) + 1) } ?? 0..<0,
      blockBytes: blockBytes, links: &links)
  }

  /// Bytes of the keys and values of a token in a store; 0 where it is none.
  ///
  /// - Throws: where it has a capacity and models use it whose tokens take different numbers: how many blocks it has
  ///   room for would depend on whose.
  private func bytesPerToken(in store: Int) throws(PipelineError) -> Double {
    guard case .store(let service) = plan.scenario.pools[store].service else { return 0 }
    // By model: one model's engines may keep different numbers of copies of its heads.
    var largest: [UInt64: Double] = [:]
    for pipeline in pipelines {
      for part in pipeline.parts where part.stores.contains(store) {
        for user in [part.pool] + (part.partner < 0 ? [] : [pipeline.parts[part.partner].pool]) {
          largest[pools[user].salt] = max(
            largest[pools[user].salt] ?? 0, plan.pools[user].keyValueBytesPerToken)
        }
      }
    }
    let sizes = Set(largest.values).sorted()
    if service.capacity != nil, service.hitRate == nil, sizes.count > 1 {
      let list = sizes.map { Int(exactly: $0.rounded()).map(String.init) ?? "\($0)" }
      throw .conflict(
        "engines '\(plan.scenario.pools[store].name)': models whose keys and values take "
          + "\(list.joined(separator: " and ")) bytes a token share its 'capacity_gb'; "
          + "give each a store of its own, or leave 'capacity_gb' out")
    }
    return sizes.last ?? 0
  }

  /// Ends the replay: collects what everything did.
  consuming func close() -> PipelineResult {
    noteUnfinished()
    for engine in engines.indices { noteUp(engine, until: max(result.lastEnd, 0)) }
    var result = result
    result.load = load
    for engine in engines {
      var totals = PipelineEngineTotals(
        pool: engine.pool, number: engine.number, served: engine.served,
        busyTime: Nanoseconds(rounding: engine.busyTime), upTime: Nanoseconds(engine.upTime),
        failures: engine.failures, model: nil)
      if engine.kind == .model {
        var own = models[engine.place].totals
        for earlier in engine.earlierTotals { own.add(earlier) }
        totals.model = own
        totals.busyTime = own.busyTime
      }
      result.engines.append(totals)
    }
    for pool in stores.instances.indices {
      for (number, instance) in stores.instances[pool].enumerated() {
        result.stores.append(
          StoreTotals(
            pool: pool, number: number, lookups: instance.lookups, hits: instance.hits,
            bytesRead: instance.bytesRead, bytesWritten: instance.bytesWritten,
            blocks: instance.blocks.count, evictions: instance.blocks.counts.evictions,
            dropped: instance.dropped))
      }
    }
    result.links = links.totals()
    result.shedByPool = pools.map(\.shed)
    return result
  }
}

extension EngineTotals {
  /// Adds what an engine did before this one in the same place.
  mutating func add(_ earlier: EngineTotals) {
    steps += earlier.steps
    busyTime = busyTime + earlier.busyTime
    lastEnd = max(lastEnd, earlier.lastEnd)
    deviceTime += earlier.deviceTime
    hostTime += earlier.hostTime
    standardError += earlier.standardError
    gapTime += earlier.gapTime
    runningTime += earlier.runningTime
    blockTime += earlier.blockTime
    peakRunning = max(peakRunning, earlier.peakRunning)
    peakWaiting = max(peakWaiting, earlier.peakWaiting)
    peakBlocks = max(peakBlocks, earlier.peakBlocks)
    preemptions += earlier.preemptions
    queriedTokens += earlier.queriedTokens
    hitTokens += earlier.hitTokens
  }
}
