/// The next engine after the last one chosen.
struct RoundRobin: RoutingRule {
  private var last = -1

  mutating func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int {
    let place = candidates.firstIndex { $0.engine > last } ?? 0
    last = candidates[place].engine
    return place
  }
}

/// The engine with the least of something; of equals the first.
struct Fewest: RoutingRule {
  var knowledge = RoutingKnowledge.load
  let measure: @Sendable (RoutingCandidate) -> Double

  func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int {
    var (best, fewest) = (0, Double.infinity)
    for (place, candidate) in candidates.enumerated() {
      let value = measure(candidate)
      if value < fewest { (best, fewest) = (place, value) }
    }
    return best
  }
}

/// The first engines for heavy requests, the others for light ones; where none of its own is up, a request
/// goes to any.
struct HeavyLight: RoutingRule {
  let input: Int
  let output: Int
  let heavyEngines: Int

  func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int {
    let isHeavy = request.input > input || request.output > output
    func isItsOwn(_ candidate: RoutingCandidate) -> Bool {
      (candidate.engine < heavyEngines) == isHeavy
    }
    let queue = { @Sendable (candidate: RoutingCandidate) in Double(candidate.load.requests) }
    guard candidates.contains(where: isItsOwn) else {
      return Fewest(measure: queue).choose(request, among: candidates)
    }
    let places = candidates.indices.filter { isItsOwn(candidates[$0]) }
    return places[Fewest(measure: queue).choose(request, among: places.map { candidates[$0] })]
  }
}

/// Of two engines drawn at random the one with fewer requests (Mitzenmacher, 2001).
struct TwoChoices: RoutingRule {
  let seed: UInt64

  func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int {
    let hash = BlockContent.mix(
      BlockContent.mix(seed, UInt64(truncatingIfNeeded: request.number)),
      UInt64(truncatingIfNeeded: request.attempt))
    let count = UInt64(candidates.count)
    let first = Int(hash % count)
    let second = Int((hash >> 32) % count)
    return candidates[second].load.requests < candidates[first].load.requests ? second : first
  }
}

/// The engine that served the session before, as long as it is up; a session's first request, and one
/// without a session, joins the shortest queue.
struct SessionAffinity: RoutingRule {
  private var engines: [Int: Int] = [:]

  mutating func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int {
    if let known = engines[request.session],
      let place = candidates.firstIndex(where: { $0.engine == known })
    {
      return place
    }
    let place = Fewest { Double($0.load.requests) }.choose(request, among: candidates)
    if request.session >= 0 { engines[request.session] = candidates[place].engine }
    return place
  }
}
