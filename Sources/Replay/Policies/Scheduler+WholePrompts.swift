/// Policies of whole prompts, with memory reserved for the longest output: nobody is ever
/// preempted, and no prefix is shared.
extension Scheduler {
  /// Orca's iteration-level batches (Yu et al., OSDI 2022, algorithm 1): every step decodes all that
  /// runs, and computes the prompts of those that join, first come, first served.
  mutating func scheduleOrca(_ decision: inout Decision, chain: [UInt64]) {
    let decodes = decodeAll(&decision, chain: chain)
    admitWhole(&decision, budget: limits.maxBatchedTokens - decodes, chain: chain)
  }

  /// Static batches: the prompts of a whole batch in one step, then decodes until all have ended.
  /// Those that end earlier return their memory, but nobody takes their place.
  mutating func scheduleFixed(_ decision: inout Decision, chain: [UInt64]) {
    guard decodeAll(&decision, chain: chain) == 0 else { return }
    admitWhole(&decision, budget: limits.maxBatchedTokens, chain: chain)
  }

  /// Schedules a token of everything that runs; returns how many.
  private mutating func decodeAll(_ decision: inout Decision, chain: [UInt64]) -> Int {
    for slot in running { _ = compute(1, of: slot, &decision, chain: chain) }
    return running.count
  }

  /// Admits those at the front of the queue for whose prompts the budget is left, and for all of
  /// whose tokens memory is.
  private mutating func admitWhole(_ decision: inout Decision, budget: Int, chain: [UInt64]) {
    var budget = budget
    hits.removeAll(keepingCapacity: true)
    while running.count < limits.maxSequences, let slot = waiting.first {
      let resident = residents[Int(slot)]
      // The last token's keys and values are never stored.
      let longest = Int(resident.input) + Int(resident.output) - 1
      guard resident.tokens <= budget,
        (longest + limits.blockSize - 1) / limits.blockSize <= pool.freeCount
      else { return }
      waiting.removeFirst()
      let rest = resident.tokens - past(of: resident)
      budget -= rest
      start(slot, grant: rest, &decision, chain: chain)
      takeBlocks(slot, computed: longest)
    }
  }
}
