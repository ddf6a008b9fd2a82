import Network
import Scenarios

/// Key-values in stores: looked for before a context is computed.
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
    // Where nobody computes the context nothing is looked for.
    guard let place = contextPlace(part, index) else { return complete(task, at: time) }
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
    nameContext(of: index, answer: pathTokens(contextPart, answer: journeys[index].output))
    let journey = journeys[index]
    let whole = max(0, journey.context - 1) / journey.tokensPerName
    let cached = models[engines[engine].place].scheduler.cachedTokens(
      content(of: journey), input: journey.context, chain: chains.chain)
    let known = min(whole, cached / journey.tokensPerName)
    let (found, latency) = lookUp(from: known, upTo: whole, contextPart, journey, engine)
    let next = found.reduce(known) { $0 + $1.pieces }
    for level in found where level.pieces > 0 {
      let bytes =
        Double(level.pieces * journey.tokensPerName)
        * plan.pools[engines[engine].pool].keyValueBytesPerToken
      let route = storeRoute(
        level.store, level.number, engines[engine].leaf, isRead: true, latency: level.latency)
      stores.update(level.store, level.number) {
        $0.bytesRead += bytes
        $0.hits += 1
      }
      tasks[receiver].fetchesLeft += 1
      links.send(
        bytes, over: route, atMost: stores.services[level.store]?.rate(bytes: bytes) ?? .infinity,
        for: .fetch(presentTry(receiver), store: Int32(truncatingIfNeeded: level.store)), at: time)
    }
    // What was asked and has nothing must answer, too, before anybody knows that.
    if latency > 0, let last = found.last {
      tasks[receiver].fetchEnd = Engine.end(of: latency, from: time)
      tasks[receiver].store = Int32(truncatingIfNeeded: last.store)
    }
    tasks[context].had = Int32(clamping: next * journey.tokensPerName)
    if next > known {
      tasks[context].fetched = Int32(clamping: next * journey.tokensPerName)
      tasks[context].brought = Int32(clamping: (next - known) * journey.tokensPerName)
      journeys[index].fetchedTokens += Int(tasks[context].brought)
    }
    // Where nothing was found the lookups still took their time.
    if next == known {
      tasks[receiver].fetchesLeft = 1
      foresee(
        .fetched, receiver, at: latency > 0 ? Engine.end(of: latency, from: time) : time,
        tag: tasks[receiver].attempt)
    }
    guard isAhead else { return }
    tasks[context].fetchStart = time
    complete(task, at: time)
  }

  /// The stage that computes the context that a fetch is for; nil where the request passes none.
  @inline(__always)
  private func contextPlace(_ fetch: CompiledPipeline.Part, _ index: Int) -> Int? {
    for place in fetch.contexts {
      let part = part(of: index * stride + place)
      if part.isForAll || passes(part.stage, journeys[index], place: place) { return place }
    }
    return nil
  }

  /// What a level of stores has of a context.
  private struct Found {
    var store: Int
    var number: Int
    var pieces = 0
    /// Nanoseconds of all look-ups until its own.
    var latency: Double
  }

  /// Looks for pieces of a context: what each level that was asked has of them, and the latency of all look-ups.
  ///
  /// A level is asked once. Where another one's blocks end it goes on if it can: what a level has evicted, which
  /// under ``BlockStore/Eviction/leastRecent`` is a context's beginning, is in the next, and its end still here.
  private mutating func lookUp(
    from known: Int, upTo whole: Int, _ part: CompiledPipeline.Part, _ journey: Journey,
    _ engine: Int
  ) -> (found: [Found], latency: Double) {
    var (found, next, latency, before) = ([Found](), known, 0.0, known)
    repeat {
      before = next
      for (level, store) in part.stores.enumerated() where next < whole {
        if level == found.count {
          latency += 1e3 * (stores.services[store]?.latency ?? 0)
          let number = stores.number(of: store, for: engines[engine].leaf)
          stores.update(store, number) { $0.lookups += 1 }
          found.append(Found(store: store, number: number, latency: latency))
        }
        let pieces = find(from: next, upTo: whole, store, found[level].number, journey, part.pool)
        found[level].pieces += pieces
        next += pieces
      }
    } while next > before && found.count > 1
    return (found, latency)
  }

  /// How many pieces of a context an instance has, from one on.
  private mutating func find(
    from next: Int, upTo whole: Int, _ store: Int, _ number: Int, _ journey: Journey, _ pool: Int
  ) -> Int {
    if let hitRate = stores.services[store]?.hitRate {
      return draw(journey.number, .hit, store) < hitRate ? whole - next : 0
    }
    guard journey.chainStart >= 0 else { return 0 }
    let (chains, start, salt) = (chains, journey.chainStart, pools[pool].salt)
    return stores.update(store, number) { instance in
      var found = 0
      while next + found < min(whole, journey.chainCount),
        instance.blocks.lookUp(Self.name(chains[start + next + found], salt))
      { found += 1 }
      return found
    }
  }

  /// The way between an instance and the engine in a place.
  @inline(__always)
  func storeRoute(
    _ store: Int, _ number: Int, _ leaf: Int, isRead: Bool, latency: Double
  ) -> ScenarioLinks.Route {
    let instance = stores.instances[store][number]
    var route = ScenarioLinks.Route(links: [instance.link], latency: Int64(latency.rounded()))
    if let endpoint = instance.endpoint {
      let way =
        isRead ? links.route(from: endpoint, to: leaf) : links.route(from: leaf, to: endpoint)
      route.links += way?.links ?? []
      route.latency += way?.latency ?? 0
    }
    return route
  }

  /// The name of a block of one model's.
  static func name(_ content: UInt64, _ salt: UInt64) -> UInt64 {
    salt == 0 ? content : BlockContent.mix(content, salt)
  }
}
