import Scenarios

/// Chooses the engine for each request when it arrives, among those that can ever serve it.
///
/// * Round robin: the next engine after the last one chosen.
/// * Least loaded: the engine with the fewest requests, waiting and running together; of equals
///   the first.
struct Router {
  let policy: Routing
  /// What was chosen beforehand for each request of a part; see ``ReplayParts``.
  private let choices: [Int32]?
  private var last = -1

  /// Creates a router.
  init(policy: Routing, choices: [Int32]? = nil) {
    self.policy = policy
    self.choices = choices
  }

  /// The index of the engine for a request, or nil if none can ever serve it.
  ///
  /// - Parameters:
  ///   - index: Where the request stands among all.
  ///   - handovers: Who decodes what engines prefill, where these have roles.
  mutating func route(
    _ index: Int, input: Int, output: Int, engines: [Engine], handovers: Handovers? = nil
  ) -> Int? {
    if let choices { return choices[index] < 0 ? nil : Int(choices[index]) }
    func canAccept(_ index: Int) -> Bool {
      engines[index].scheduler.limits.canAccept(input: input, output: output)
        && handovers?.canDecode(input: input, output: output, from: index, engines) != false
    }
    switch policy {
    case .roundRobin:
      return next(of: engines.count, where: canAccept)
    case .leastLoaded:
      var best: Int?
      var fewest = Int.max
      for index in engines.indices where engines[index].scheduler.outstanding < fewest {
        if canAccept(index) {
          best = index
          fewest = engines[index].scheduler.outstanding
        }
      }
      return best
    }
  }

  /// The next engine in turn among so many, or nil if none can serve the request.
  mutating func next(of count: Int, where canAccept: (Int) -> Bool) -> Int? {
    for distance in 1...max(1, count) {
      let index = (last + distance) % max(1, count)
      guard index < count else { return nil }
      if canAccept(index) {
        last = index
        return index
      }
    }
    return nil
  }
}
