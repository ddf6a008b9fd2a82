import Network
import Scenarios

/// Key-values in stores: looked for before a context is computed, kept after.
///
/// A lookup goes from the nearest store on. Each block is brought by the first store that has it, as long as
/// all before it were found; what is left is computed, as the last level. Stores with a hit rate have all of a
/// context or nothing of it (HERMES, 2025: f(C) = hit · (lookup + size ÷ bandwidth) + (1 − hit) · f(next)).
extension PipelineFleet {
  /// Looks a context up for the engine that will compute it, and has what is found travel there.
  mutating func beginFetch(_ task: Int, _ part: CompiledPipeline.Part, at time: Int64) {
    let index = journey(of: task)
    let isAhead = part.stage.action == .prefetch
    tasks[task].phase = .running
    (tasks[task].sent, tasks[task].arrived, tasks[task].started) = (time, time, time)
    let place = part.contexts.first {
      passes(pipelines[journeys[index].pipeline].parts[$0].stage, journeys[index], place: $0)
    }
    // Where nobody computes the context nothing is looked for.
    guard let place else { return complete(task, at: time) }
    let context = index * stride + place
    let contextPart = self.part(of: context)
    guard
      let engine = tasks[context].engine >= 0
        ? Int(tasks[context].engine) : route(context, contextPart, waits: false, at: time)
    else {
      // Nothing is brought where no engine is up; or the request was turned away.
      if journeys[index].isInUse, tasks[task].phase == .running { complete(task, at: time) }
      return
    }
    // Who waits for what is brought.
    let receiver = isAhead ? context : task
    nameContext(of: index, answer: pathTokens(contextPart, journeys[index]))
    let journey = journeys[index]
    let whole = max(0, journey.context - 1) / journey.tokensPerName
    let cached = models[engines[engine].place].scheduler.cachedTokens(
      content(of: journey), input: journey.context, chain: chains.chain)
    let known = min(whole, cached / journey.tokensPerName)
    var (next, latency, parts) = (known, 0.0, 0)
    for store in contextPart.stores {
      guard next < whole, let service = stores.services[store] else { break }
      latency += 1e3 * service.latency
      let number = stores.number(of: store, for: engines[engine].leaf)
      let found = find(from: next, upTo: whole, store, number, journey, contextPart.pool)
      guard found > 0 else { continue }
      next += found
      let bytes =
        Double(found * journey.tokensPerName)
        * plan.pools[engines[engine].pool].keyValueBytesPerToken
      let route = storeRoute(store, number, engine, isRead: true, latency: latency)
      stores.update(store, number) { $0.bytesRead += bytes }
      parts += 1
      tasks[receiver].fetchesLeft += 1
      links.send(
        bytes, over: route, atMost: service.rate(bytes: bytes), for: .fetch, receiver,
        attempt: tasks[receiver].attempt, from: store, at: time)
    }
    if next > known {
      tasks[context].fetched = Int32(clamping: next * journey.tokensPerName)
      tasks[context].brought = Int32(clamping: (next - known) * journey.tokensPerName)
      journeys[index].fetchedTokens += Int(tasks[context].brought)
    }
    // Where nothing was found the lookups still took their time.
    if parts == 0 {
      tasks[receiver].fetchesLeft = 1
      foresee(
        .fetched, receiver, at: latency > 0 ? Engine.end(of: latency, from: time) : time,
        tag: tasks[receiver].attempt)
    }
    guard isAhead else { return }
    tasks[context].fetchStart = time
    complete(task, at: time)
  }

  /// How many pieces of a context an instance has, from one on.
  private mutating func find(
    from next: Int, upTo whole: Int, _ store: Int, _ number: Int, _ journey: Journey, _ pool: Int
  ) -> Int {
    let hitRate = stores.services[store]?.hitRate
    let luck = hitRate == nil ? 1 : draw(journey.number, .hit, store)
    let (chains, start, salt) = (chains, journey.chainStart, pools[pool].salt)
    return stores.update(store, number) { instance in
      instance.lookups += 1
      var found = 0
      if let hitRate {
        found = luck < hitRate ? whole - next : 0
      } else if start >= 0 {
        while next + found < min(whole, journey.chainCount),
          instance.blocks.lookUp(Self.name(chains[start + next + found], salt))
        { found += 1 }
      }
      instance.hits += found > 0 ? 1 : 0
      return found
    }
  }

  /// The way between an instance and an engine.
  private func storeRoute(
    _ store: Int, _ number: Int, _ engine: Int, isRead: Bool, latency: Double
  ) -> ScenarioLinks.Route {
    let instance = stores.instances[store][number]
    var route = ScenarioLinks.Route(links: [instance.link], latency: Int64(latency.rounded()))
    if let endpoint = instance.endpoint {
      let leaf = engines[engine].leaf
      let way =
        isRead ? links.route(from: endpoint, to: leaf) : links.route(from: leaf, to: endpoint)
      route.links += way?.links ?? []
      route.latency += way?.latency ?? 0
    }
    return route
  }

  /// Keeps what a task computed in the stores of its context: blocks that the nearest one has not travel
  /// there, and what it evicts goes on to the next.
  ///
  /// - Parameter generated: tokens after the context.
  mutating func storeContext(_ task: Int, generated: Int, at time: Int64) {
    let index = journey(of: task)
    var part = part(of: task)
    if part.stage.action == .decode {
      part = pipelines[journeys[index].pipeline].parts[part.partner]
    }
    guard let store = part.stores.first(where: { stores.services[$0]?.writesBack == true }),
      journeys[index].chainStart >= 0
    else { return }
    let journey = journeys[index]
    let engine = Int(tasks[task].engine)
    // The last token's keys and values were never computed.
    let tokens = journey.context + max(0, generated - 1)
    let whole = min(tokens / journey.tokensPerName, journey.chainCount)
    let bytesPerBlock =
      Double(journey.tokensPerName) * plan.pools[engines[engine].pool].keyValueBytesPerToken
    let following = Array(part.stores.drop { $0 != store })
    var written = Array(repeating: 0, count: following.count)
    for piece in 0..<whole {
      let name = Self.name(chains[journey.chainStart + piece], pools[engines[engine].pool].salt)
      keep(name, in: following, for: engines[engine].leaf, bytesPerBlock, &written)
    }
    for (level, blocks) in written.enumerated() where blocks > 0 {
      let store = following[level]
      let number = stores.number(of: store, for: engines[engine].leaf)
      let bytes = Double(blocks) * bytesPerBlock
      links.send(
        bytes, over: storeRoute(store, number, engine, isRead: false, latency: 0),
        atMost: stores.services[store]?.rate(bytes: bytes) ?? .infinity, for: .write, 0, attempt: 0,
        at: time)
    }
  }

  /// The name of a block of one model's.
  private static func name(_ content: UInt64, _ salt: UInt64) -> UInt64 {
    salt == 0 ? content : BlockContent.mix(content, salt)
  }

  /// Stores a block, and what it drives out in the stores after; counts the blocks that each got.
  private mutating func keep(
    _ name: UInt64, in levels: [Int], for leaf: Int, _ bytes: Double, _ written: inout [Int]
  ) {
    var next: UInt64? = name
    for (level, store) in levels.enumerated() {
      guard let name = next else { return }
      let number = stores.number(of: store, for: leaf)
      let (isNew, evicted) = stores.update(store, number) { instance -> (Bool, UInt64?) in
        let before = instance.blocks.counts.insertions
        let evicted = instance.blocks.insert(name)
        // It is there already, or a store without room gives back what it gets.
        guard instance.blocks.counts.insertions > before else { return (false, evicted) }
        instance.bytesWritten += bytes
        return (true, evicted)
      }
      written[level] += isNew ? 1 : 0
      next = evicted
    }
  }
}
