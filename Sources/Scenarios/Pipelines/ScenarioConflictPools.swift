extension Scenario {
  /// The place in the network of each pool's first engine, counted through all leaves: what it says, or
  /// the one after the last of the pool above. Nil for stores, which stand beside what they serve.
  ///
  /// - Precondition: There is no ``firstConflict`` about counts and places.
  public var firstPlaces: [Int?] {
    var next = 0
    return pools.map { pool in
      guard pool.service.kind != .store else { return nil }
      let first = pool.firstPlace ?? next
      next = first + pool.count
      return first
    }
  }

  /// About the pools.
  var poolsConflict: ScenarioConflict? {
    if let conflict = countConflict(pools.count, of: "engines", in: ScenarioFormat.keys) {
      return conflict
    }
    for (index, pool) in pools.enumerated() {
      if let conflict = doubleConflict(pools.map(\.name), index) ?? pool.conflict
        ?? chainConflict(from: pool) ?? collectivesConflict(of: pool)
      {
        return conflict.under("engines", index)
      }
    }
    guard engineCount <= Scenario.maxEngines else {
      return ScenarioConflict(
        "engines", "there are at most \(Scenario.maxEngines) engines, all pools together")
    }
    return placesConflict
  }

  /// About where pools stand.
  private var placesConflict: ScenarioConflict? {
    let places = network.reduce(1) { $0 * $1.members }
    for (index, (pool, first)) in zip(pools, firstPlaces).enumerated() {
      guard let first else { continue }
      if network.isEmpty {
        guard pool.firstPlace != nil else { continue }
        return ScenarioConflict("first_place", "'first_place' has no effect without 'network'")
          .under("engines", index)
      }
      guard first + pool.count <= places else {
        return ScenarioConflict(
          "first_place",
          "the engines of '\(pool.name)' would stand at places \(first) to "
            + "\(first + pool.count - 1), and the network has \(places); give it more members, or "
            + "pools a 'first_place' that they share"
        ).under("engines", index)
      }
    }
    return nil
  }

  /// About where a store's evicted blocks go.
  private func chainConflict(from pool: EnginePool) -> ScenarioConflict? {
    var pool = pool
    // A chain without an end passes more stores than there are.
    for step in pools.indices {
      guard case .store(let store) = pool.service, let next = store.next else { return nil }
      guard let found = pools.first(where: { $0.name == next }) else {
        guard step == 0 else { return nil }  // That is told of the store that names it.
        return ScenarioConflict(
          "next", unknownName(next, what: "store", among: names(of: .store)))
      }
      guard found.service.kind == .store else {
        guard step == 0 else { return nil }
        return ScenarioConflict(
          "next",
          "'\(next)' is a pool of kind \(found.service.kind.rawValue), and blocks go to one of kind "
            + "store")
      }
      pool = found
    }
    return ScenarioConflict(
      "next", "the stores that follow each other by 'next' never end; leave one 'next' out")
  }

  /// About the links that an engine's devices exchange over.
  private func collectivesConflict(of pool: EnginePool) -> ScenarioConflict? {
    guard case .model(let service) = pool.service, let level = service.collectives else {
      return nil
    }
    func conflict(_ message: String) -> ScenarioConflict {
      ScenarioConflict("collectives", message)
    }
    guard network.contains(where: { $0.name == level }) else {
      return conflict(
        network.isEmpty
          ? "'collectives' has no effect without 'network'"
          : unknownName(level, what: "level of the network", among: network.map(\.name)))
    }
    guard service.group.tensorParallel > 1 else {
      return conflict("'collectives' has no effect with 'tensor_parallel: 1'")
    }
    guard service.group.pipelineParallel <= 1, !service.group.asyncScheduling else {
      return conflict("'collectives' goes with neither 'pipeline_parallel' nor 'async_scheduling'")
    }
    return nil
  }

  /// The names of the pools of one kind.
  func names(of kind: PoolKind) -> [String] {
    pools.filter { $0.service.kind == kind }.map(\.name)
  }
}

extension EnginePool {
  /// What is out of bounds or does not fit within the pool, or nil.
  fileprivate var conflict: ScenarioConflict? {
    if let found = service.kind.keys.firstOutOfBounds([
      "count": Double(count), "first_place": firstPlace.map(Double.init),
      "price_per_hour": pricePerHour, "busy_watts": busyWatts, "idle_watts": idleWatts,
    ]) {
      return ScenarioConflict(found)
    }
    if let busyWatts, let idleWatts, idleWatts > busyWatts {
      return ScenarioConflict("idle_watts", "'idle_watts' is at most 'busy_watts'")
    }
    if service.kind == .store {
      // No requests are routed to it, whatever its routing says.
      guard count == 1, firstPlace == nil, outages.isEmpty, scaling == nil, admission == nil else {
        return ScenarioConflict(
          "kind",
          "a store has an instance beside each group of engines that share one: no count, place, "
            + "outages, scaling or admission")
      }
      return service.conflict
    }
    return service.conflict ?? lockstepConflict ?? routingConflict ?? outagesConflict
      ?? scalingConflict ?? admissionConflict
  }

  /// About engines that step together, which are one unit.
  private var lockstepConflict: ScenarioConflict? {
    guard case .model(let service) = service, service.group.lockstep else { return nil }
    let others = [
      ("outages", !outages.isEmpty), ("scaling", scaling != nil),
      ("collectives", service.collectives != nil),
    ]
    if let other = others.first(where: \.1) {
      return ScenarioConflict(
        "data_parallel_lockstep",
        "'data_parallel_lockstep' and '\(other.0)' are not replayed together: engines that step "
          + "together are one unit; give one of them")
    }
    guard service.group.count == count else {
      return ScenarioConflict(
        "count", "the group in lockstep has \(service.group.count) engines and its pool \(count)")
    }
    return nil
  }

  private var routingConflict: ScenarioConflict? {
    if let found = ScenarioFormat.routingKeys.firstOutOfBounds([
      "heavy_input": Double(routing.heavyInput), "heavy_output": Double(routing.heavyOutput),
      "heavy_engines": routing.heavyEngines.map(Double.init), "load_weight": routing.loadWeight,
    ]) {
      return ScenarioConflict(found).under("routing")
    }
    switch routing.policy {
    case .heavyLight where count < 2 || routing.heavyEngines ?? 1 >= count:
      return ScenarioConflict(
        routing.heavyEngines == nil ? "policy" : "heavy_engines",
        "policy heavy-light needs engines for heavy and for light requests: fewer "
          + "'heavy_engines' than 'count' (\(count))"
      ).under("routing")
    case .prefixAware, .leastKeyValues, .leastTokensLeft, .oracle:
      guard service.kind != .model else { return nil }
      return ScenarioConflict(
        "policy",
        "policy \(routing.policy.rawValue) looks at tokens and key-values, which engines of kind "
          + "\(service.kind.rawValue) do not have; try shortest-queue"
      ).under("routing")
    default: return nil
    }
  }

  private var outagesConflict: ScenarioConflict? {
    if !outages.isEmpty,
      let conflict = countConflict(outages.count, of: "outages", in: service.kind.keys)
    {
      return conflict
    }
    var ends: [Int: [(outage: Outage, index: Int)]] = [:]
    for (index, outage) in outages.enumerated() {
      if let found = ScenarioFormat.outageKeys.firstOutOfBounds([
        "engine": Double(outage.engine), "at_s": outage.start, "for_s": outage.duration,
      ]) {
        return ScenarioConflict(found).under("outages", index)
      }
      guard outage.engine < count else {
        return ScenarioConflict(
          "engine", "the engines of '\(name)' are 0 to \(count - 1), as 'count' says"
        ).under("outages", index)
      }
      ends[outage.engine, default: []].append((outage, index))
    }
    // In the order of engines' numbers, so that the same one is told each time.
    for engine in ends.keys.sorted() {
      let sorted = (ends[engine] ?? []).sorted {
        ($0.outage.start, $0.index) < ($1.outage.start, $1.index)
      }
      for (earlier, later) in zip(sorted, sorted.dropFirst()) {
        let end = earlier.outage.duration.map { earlier.outage.start + $0 } ?? .infinity
        guard later.outage.start <= end else { continue }
        return ScenarioConflict(
          "at_s", "engine \(engine) has not come back from its outage before by then"
        ).under("outages", later.index)
      }
    }
    return nil
  }

  private var scalingConflict: ScenarioConflict? {
    guard let scaling else { return nil }
    let found = ScenarioFormat.scalingKeys.firstOutOfBounds([
      "min_engines": Double(scaling.minimum), "up_at": scaling.upper, "down_at": scaling.lower,
      "interval_s": scaling.interval, "startup_s": scaling.startup,
    ])
    if let found { return ScenarioConflict(found).under("scaling") }
    guard scaling.minimum <= count else {
      return ScenarioConflict(
        "min_engines", "'min_engines' is at most 'count' (\(count)), which is the most there can be"
      ).under("scaling")
    }
    guard scaling.lower < scaling.upper else {
      return ScenarioConflict("down_at", "'down_at' is less than 'up_at'").under("scaling")
    }
    return nil
  }

  private var admissionConflict: ScenarioConflict? {
    guard let admission else { return nil }
    if let found = ScenarioFormat.admissionKeys.firstOutOfBounds([
      "max_outstanding": admission.maxOutstanding.map(Double.init), "max_wait_s": admission.maxWait,
    ]) {
      return ScenarioConflict(found).under("admission")
    }
    return admission == Admission()
      ? ScenarioConflict("admission", "'admission' needs 'max_outstanding' or 'max_wait_s'") : nil
  }
}
