/// SGLang's scheduler, in its default settings (longest prefix first, no mixed batches).
///
/// A step computes prompts, or decodes: prompts as long as there is anybody to admit, up to
/// `max_num_batched_tokens`, one of them split at most. Admission expects running requests to
/// use a part of their longest outputs; where too many use more, those that generated least are
/// retracted. The radix tree of whole pages is what the block pool keeps: names that stand for the
/// whole beginning, and leaves freed before what they continue.
extension Scheduler {
  mutating func scheduleSGLang(_ decision: inout Decision, chain: [UInt64]) {
    if running.isEmpty { radix.newTokenRatio = RadixState.firstRatio }
    if running.count < radix.fullCount { radix.isFull = false }
    var budget = limits.maxBatchedTokens
    if let slot = running.last, !residents[Int(slot)].hasCaughtUp {
      budget -= continuePrompt(slot, budget: budget, &decision, chain: chain)
    }
    if budget > 0, !radix.isFull {
      admitByPrefix(&decision, budget: budget, chain: chain)
    }
    guard decision.isEmpty, !running.isEmpty else { return }
    if blocksForDecodes() > pool.freeCount {
      retract(&decision, chain: chain)
    } else {
      radix.decay()
    }
    for slot in running { _ = compute(1, of: slot, &decision, chain: chain) }
  }

  /// Schedules the next part of the prompt that was split; returns how many tokens.
  private mutating func continuePrompt(
    _ slot: Int32, budget: Int, _ decision: inout Decision, chain: [UInt64]
  ) -> Int {
    let resident = residents[Int(slot)]
    let grant = min(resident.tokens - Int(resident.computed), budget)
    let blocks = blocksNeeded(slot, computed: Int(resident.computed) + grant)
    guard makeRoom(blocks, for: slot, &decision, chain: chain) else { return 0 }
    _ = compute(grant, of: slot, &decision, chain: chain)
    return grant
  }

  // MARK: Admission

  /// Admits waiting requests, those with the longest cached beginning first, until tokens, places or
  /// memory run out.
  private mutating func admitByPrefix(
    _ decision: inout Decision, budget: Int, chain: [UInt64]
  ) {
    var budget = budget
    var reserved = 0.0
    for slot in running {
      reserved += Double(RadixState.reserve(residents[Int(slot)])) * radix.newTokenRatio
    }
    for slot in servingOrder(chain: chain) {
      guard budget > 0 else { return }
      let resident = residents[Int(slot)]
      let (free, _) = findHits(resident, chain: chain)
      let past = past(of: resident)
      let rest = resident.tokens - past
      let blocks = (rest + limits.blockSize - 1) / limits.blockSize
      let reserve = RadixState.reserve(resident)
      let available = Double((pool.freeCount - free) * limits.blockSize) - reserved
      guard running.count < limits.maxSequences,
        Double(blocks * limits.blockSize + reserve) < available
      else {
        (radix.isFull, radix.fullCount) = (true, running.count)
        return
      }
      if let place = (0..<waiting.count).first(where: { waiting[$0] == slot }) {
        waiting.remove(at: place)
      }
      let grant = min(rest, budget)
      budget -= grant
      reserved += Double(reserve)
      start(slot, grant: grant, &decision, chain: chain)
    }
  }

  /// The waiting requests in the order in which they are tried: by the length of their cached
  /// beginnings, of equals the first; a long queue as it is.
  private mutating func servingOrder(chain: [UInt64]) -> [Int32] {
    var order: [(slot: Int32, hits: Int, place: Int)] = []
    let sorts = limits.prefixCaching && waiting.count <= RadixState.longestSortedQueue
    for place in 0..<waiting.count {
      // Of a queue that is not sorted no more can be admitted than there are places and tokens.
      if !sorts, place > min(limits.maxSequences, limits.maxBatchedTokens) { break }
      var count = 0
      if sorts {
        _ = findHits(residents[Int(waiting[place])], chain: chain)
        count = hits.count
      }
      order.append((waiting[place], count, place))
    }
    if sorts { order.sort { ($1.hits, $0.place) < ($0.hits, $1.place) } }
    return order.map(\.slot)
  }

  // MARK: Retraction

  private func blocksForDecodes() -> Int {
    running.reduce(0) { $0 + blocksNeeded($1, computed: Int(residents[Int($1)].computed) + 1) }
  }

  /// Takes memory from those that generated least, of equals from the longest prompt, until there
  /// is room for some steps of the others; they wait again, behind all.
  private mutating func retract(_ decision: inout Decision, chain: [UInt64]) {
    radix.isFull = false
    while running.count > 1,
      blocksForDecodes() > pool.freeCount
        || running.count * RadixState.retractionSteps > pool.freeCount * limits.blockSize
    {
      var victim = 0
      for place in running.indices {
        let (one, other) = (residents[Int(running[place])], residents[Int(running[victim])])
        if (one.generated, -one.input) <= (other.generated, -other.input) { victim = place }
      }
      let slot = running.remove(at: victim)
      preempt(slot, &decision, chain: chain)
    }
    let (generated, longest) = running.reduce((0, 0)) {
      ($0.0 + Int(residents[Int($1)].generated), $0.1 + Int(residents[Int($1)].output))
    }
    let expected = generated + RadixState.retractionSteps * running.count
    radix.newTokenRatio = min(1, Double(expected) / Double(max(1, longest)))
  }
}
