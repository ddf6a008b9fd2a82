public import Operators
import Scenarios

/// What the engines of a pool did, all together, and what that took.
///
/// Of a store engines are its instances, and busy is the time that its bytes take at its bandwidth.
public struct PoolSummary: Sendable, Hashable, Codable {
  /// Its name.
  public var name: String
  /// What its engines are: `llm`, `encoder`, `cpu`, `store` or `external`, as in scenarios.
  public var kind: String
  /// How many there are, stopped ones too.
  public var engines = 0
  /// Tasks that ended there.
  public var served = 0
  /// Time in which they worked, of hosts by the part of their cores; nil where nobody knows.
  public var busyTime: Nanoseconds?
  /// Time in which they were up, from the beginning of the replay's clock.
  public var upTime = Nanoseconds.zero
  /// ``busyTime`` ÷ ``upTime``, at most 1; nil where it is not known.
  public var utilisation: Double?
  /// The same of the engine for which it is largest.
  public var peakUtilisation: Double?
  /// Of a language model: sequences that run on one engine, averaged over the time that they are up.
  public var meanRunning: Double?
  /// Of a language model: the most sequences in one step of one engine.
  public var peakRunning: Int?
  /// Of a language model: the most requests that waited on one engine while it stepped.
  public var peakWaiting: Int?
  /// Of a language model: the part of key-value blocks in use, averaged over the time of steps.
  public var meanMemoryUse: Double?
  /// Of a language model: the largest part of one engine's key-value blocks in use.
  public var peakMemoryUse: Double?
  /// Of a language model: times that a request lost its memory.
  public var preemptions: Int?
  /// Of a language model: tokens found in engines' memory, as a part of those looked up.
  public var prefixHitRate: Double?
  /// How often engines failed.
  public var failures = 0
  /// Requests that it turned away.
  public var shed = 0
  /// Energy in joules: busy and idle time at their watts. Nil where one of the two powers is not known.
  public var joules: Double?
  /// What the time that engines were up costs, in the scenario's currency; nil without a price.
  public var cost: Double?

  private enum CodingKeys: String, CodingKey {
    case name, kind, engines, served, utilisation, preemptions, failures, shed, joules, cost
    case busyTime = "busy_ns"
    case upTime = "up_ns"
    case peakUtilisation = "peak_utilisation"
    case meanRunning = "mean_running"
    case peakRunning = "peak_running"
    case peakWaiting = "peak_waiting"
    case meanMemoryUse = "mean_memory_use"
    case peakMemoryUse = "peak_memory_use"
    case prefixHitRate = "prefix_hit_rate"
  }

  /// Sums up a pool of a scenario.
  init(pool index: Int, _ result: PipelineResult, _ plan: ScenarioPlan) {
    let pool = plan.scenario.pools[index]
    name = pool.name
    kind = pool.service.word
    shed = result.shedByPool.indices.contains(index) ? result.shedByPool[index] : 0
    switch pool.service {
    case .store(let service):
      setStore(service, result.stores.filter { $0.pool == index }, over: result.makespan)
    case .model, .encoder, .processors, .searcher, .external:
      var hasBusyTime = true
      if case .external(let service) = pool.service { hasBusyTime = service.concurrency != nil }
      setEngines(result.engines.filter { $0.pool == index }, hasBusyTime: hasBusyTime)
    }
    if let busyTime { utilisation = Self.part(busyTime, of: upTime) }
    let own = index < plan.pools.count ? plan.pools[index] : PoolPlan()
    if let busyTime, let busyWatts = own.busyWatts ?? pool.busyWatts,
      let idleWatts = own.idleWatts ?? pool.idleWatts
    {
      let idleTime = max(.zero, upTime - busyTime)
      joules = busyTime.seconds * busyWatts + idleTime.seconds * idleWatts
    }
    if let price = own.pricePerHour ?? pool.pricePerHour { cost = upTime.seconds / 3600 * price }
  }

  private mutating func setEngines(_ totals: [PipelineEngineTotals], hasBusyTime: Bool) {
    engines = totals.count
    for engine in totals {
      served += engine.served
      failures += engine.failures
      upTime = upTime + engine.upTime
    }
    if hasBusyTime { noteBusyTimes(totals.map { ($0.busyTime, $0.upTime) }) }
    let models = totals.compactMap(\.model)
    guard !models.isEmpty else { return }
    var (running, used, offered) = (0.0, 0.0, 0.0)
    var (queried, hit) = (0, 0)
    for model in models {
      running += model.runningTime
      used += model.blockTime
      offered += Double(model.blocks) * Double(model.busyTime.rawValue)
      queried += model.queriedTokens
      hit += model.hitTokens
      preemptions = (preemptions ?? 0) + model.preemptions
      peakRunning = max(peakRunning ?? 0, model.peakRunning)
      peakWaiting = max(peakWaiting ?? 0, model.peakWaiting)
      peakMemoryUse = max(
        peakMemoryUse ?? 0, Double(model.peakBlocks) / Double(max(1, model.blocks)))
    }
    if upTime > .zero { meanRunning = running / Double(upTime.rawValue) }
    if offered > 0 { meanMemoryUse = used / offered }
    if queried > 0 { prefixHitRate = Double(hit) / Double(queried) }
  }

  private mutating func setStore(
    _ service: StoreService, _ totals: [StoreTotals], over up: Nanoseconds
  ) {
    engines = totals.count
    for instance in totals {
      served += instance.hits
      upTime = upTime + up
    }
    guard service.bandwidth > 0 else { return }
    noteBusyTimes(
      totals.map { instance in
        // Gigabytes a second are bytes a nanosecond. What was still being written at the end is left out.
        let bytes = instance.bytesRead + instance.bytesWritten
        return (min(up, Nanoseconds(rounding: bytes / service.bandwidth)), up)
      })
  }

  private mutating func noteBusyTimes(_ times: [(busy: Nanoseconds, up: Nanoseconds)]) {
    busyTime = times.reduce(.zero) { $0 + $1.busy }
    peakUtilisation = times.compactMap { Self.part($0.busy, of: $0.up) }.max()
  }

  /// Up ends with the last request that ended, which work that was cut off outlasts.
  private static func part(_ busy: Nanoseconds, of up: Nanoseconds) -> Double? {
    up > .zero ? min(1, busy.seconds / up.seconds) : nil
  }
}

/// Energy and cost of a replay: of all pools of which they are known.
///
/// Tokens are those of finished requests; energy and cost are of everything that was done, for others too.
public struct ResourceTotals: Sendable, Hashable, Codable {
  /// Energy; nil where no pool's is known.
  public var joules: Double?
  /// Energy for each token of answers.
  public var joulesPerOutputToken: Double?
  /// Cost; nil where no pool's is known.
  public var cost: Double?
  /// Cost of a million tokens of answers.
  public var costPerMillionOutputTokens: Double?
  /// Pools whose energy is not known, and in no sum.
  public var poolsWithoutPower: [String] = []
  /// Pools whose price is not known.
  public var poolsWithoutPrice: [String] = []

  private enum CodingKeys: String, CodingKey {
    case joules, cost
    case joulesPerOutputToken = "joules_per_output_token"
    case costPerMillionOutputTokens = "cost_per_million_output_tokens"
    case poolsWithoutPower = "pools_without_power"
    case poolsWithoutPrice = "pools_without_price"
  }

  init() {}

  init(_ pools: [PoolSummary], outputTokens: Int) {
    self.init(
      pools.lazy.map { (name: $0.name, joules: $0.joules, cost: $0.cost) },
      outputTokens: outputTokens)
  }

  /// Adds parts up; one whose energy or cost is not known is told once by its name.
  ///
  /// - Parameter outputTokens: generated for finished requests.
  init(
    _ parts: some Sequence<(name: String, joules: Double?, cost: Double?)>, outputTokens: Int
  ) {
    for part in parts {
      if let more = part.joules {
        joules = (joules ?? 0) + more
      } else if !poolsWithoutPower.contains(part.name) {
        poolsWithoutPower.append(part.name)
      }
      if let more = part.cost {
        cost = (cost ?? 0) + more
      } else if !poolsWithoutPrice.contains(part.name) {
        poolsWithoutPrice.append(part.name)
      }
    }
    guard outputTokens > 0 else { return }
    joulesPerOutputToken = joules.map { $0 / Double(outputTokens) }
    costPerMillionOutputTokens = cost.map { 1e6 * $0 / Double(outputTokens) }
  }
}

extension EnginePool.Service {
  /// The value of `kind` in scenarios.
  var word: String {
    switch self {
    case .model: "llm"
    case .encoder: "encoder"
    case .processors: "cpu"
    case .searcher: "search"
    case .store: "store"
    case .external: "external"
    }
  }
}
