import Scenarios

/// Chooses the engine for each request when it arrives, among those that can ever serve it.
///
/// * Round robin: the next engine after the last one chosen.
/// * Least loaded: the engine with the fewest requests, waiting and running together; of equals
///   the first.
struct Router {
  let policy: Routing
  private var last = -1

  /// Creates a router.
  init(policy: Routing) { self.policy = policy }

  /// The index of the engine for a request, or nil if none can ever serve it.
  ///
  /// - Parameter handovers: Who decodes what engines prefill, where these have roles.
  mutating func route(
    input: Int, output: Int, engines: [Engine], handovers: Handovers? = nil
  ) -> Int? {
    func canAccept(_ index: Int) -> Bool {
      engines[index].scheduler.limits.canAccept(input: input, output: output)
        && handovers?.canDecode(input: input, output: output, from: index, engines) != false
    }
    switch policy {
    case .roundRobin:
      for distance in 1...max(1, engines.count) {
        let index = (last + distance) % max(1, engines.count)
        guard index < engines.count else { return nil }
        if canAccept(index) {
          last = index
          return index
        }
      }
      return nil
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
}
