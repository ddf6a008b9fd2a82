import CostModel
import Operators

/// Waiting requests: the search for what is cached, and admission.
extension Scheduler {
  mutating func admit(_ decision: inout Decision, budget: Int, chain: [UInt64]) {
    var budget = budget
    while budget > 0, running.count + reservedCount < limits.maxSequences, let slot = waiting.first
    {
      let resident = residents[Int(slot)]
      if resident.isInFlight { return }
      let wholeBlocks = (resident.tokens + limits.blockSize - 1) / limits.blockSize
      if isStillBlocked(resident, wholeBlocks: wholeBlocks) { return }
      let (free, miss) = findHits(resident, chain: chain)
      let past = past(of: resident)
      var grant = resident.tokens - past
      if limits.longPrefillThreshold > 0 { grant = min(grant, limits.longPrefillThreshold) }
      if !limits.chunkedPrefill, grant > budget { return }
      grant = min(grant, budget)
      let chunkBlocks = (past + grant + limits.blockSize - 1) / limits.blockSize
      let needed = (limits.fullSequenceAdmission ? wholeBlocks : chunkBlocks) - hits.count + free
      guard needed <= pool.freeCount else {
        residents[Int(slot)].blockedHits = Int32(hits.count)
        residents[Int(slot)].blockedMiss = miss
        return
      }
      waiting.removeFirst()
      budget -= grant
      start(slot, grant: grant, &decision, chain: chain)
    }
  }

  /// Whether a request that could not be admitted cannot be now, told without searching again:
  /// unless the content that it missed first has come, it can share no more than before.
  func isStillBlocked(_ resident: Resident, wholeBlocks: Int) -> Bool {
    guard limits.fullSequenceAdmission, resident.blockedHits >= 0,
      wholeBlocks - Int(resident.blockedHits) > pool.freeCount
    else { return false }
    return resident.blockedMiss == 0 || pool.block(holding: resident.blockedMiss) == nil
  }

  /// Finds the longest cached beginning; returns how many of its blocks are free, and the first
  /// content that was missed (0 if none was).
  mutating func findHits(
    _ resident: Resident, chain: [UInt64]
  ) -> (free: Int, miss: UInt64) {
    hits.removeAll(keepingCapacity: true)
    guard limits.prefixCaching else { return (0, 0) }
    // The last token must be computed, or there would be no next one.
    var most = (resident.tokens - 1) / limits.blockSize
    if resident.preemptions == 0 { most = min(most, Int(resident.sharedBlocks)) }
    var free = 0
    for index in 0..<most {
      let content = resident.blockName(index, blockSize: limits.blockSize, chain: chain)
      guard let block = pool.block(holding: content) else { return (free, content) }
      if pool.isFree(block) { free += 1 }
      hits.append(block)
    }
    return (free, 0)
  }

  /// Tokens of a request that need not be computed: of ``hits``, or brought by a store. The last one is
  /// computed in any case.
  func past(of resident: Resident) -> Int {
    let cached = hits.count * limits.blockSize
    guard resident.fetched > 0, resident.preemptions == 0 else { return cached }
    return max(cached, min(Int(resident.fetched), resident.tokens - 1))
  }

  mutating func start(
    _ slot: Int32, grant: Int, _ decision: inout Decision, chain: [UInt64]
  ) {
    let index = Int(slot)
    takeTable(slot)
    for block in hits {
      pool.share(block)
      tables[Int(residents[index].table)].append(block)
    }
    let past = past(of: residents[index])
    residents[index].phase = .prefilling
    residents[index].computed = Int32(past)
    residents[index].namedBlocks = Int32(hits.count)
    residents[index].order = nextOrder
    residents[index].blockedHits = -1
    nextOrder += 1
    if limits.prefixCaching {
      queriedTokens += residents[index].tokens
      queriedBlocks += (residents[index].tokens + limits.blockSize - 1) / limits.blockSize
    }
    hitTokens += hits.count * limits.blockSize
    if residents[index].cached < 0 {
      residents[index].cached = Int32(past)
      decision.admitted.append(slot)
    }
    running.append(slot)
    if !compute(grant, of: slot, &decision, chain: chain), usesDecodeSet { prefilling.append(slot) }
  }

  /// Schedules `count` tokens of a request for which there is room; true if that completes all
  /// it has, so that the step brings a token and the request leaves ``prefilling``.
  mutating func compute(
    _ count: Int, of slot: Int32, _ decision: inout Decision, chain: [UInt64]
  ) -> Bool {
    let index = Int(slot)
    let past = Int(residents[index].computed)
    takeBlocks(slot, computed: past + count)
    residents[index].computed += Int32(count)
    nameSharedBlocks(slot, chain: chain)
    let completes = past + count == residents[index].tokens
    if completes, count == 1, residents[index].generated > 0 {
      decision.shape.addDecode(context: past + 1)
    } else {
      decision.shape.addPrefill(tokens: count, past: past, samples: true)
    }
    guard completes else { return false }
    residents[index].isInFlight = limits.stages > 1
    residents[index].hasCaughtUp = true
    residents[index].brought = 1
    if residents[index].generated == 0 {
      decision.firstTokens.append(slot)
    } else {
      decision.laterTokens.append(slot)
    }
    residents[index].generated += 1
    if residents[index].generated == residents[index].output {
      beginFinishing(slot, &decision)
    } else {
      joining.append(slot)
    }
    return true
  }

  mutating func beginFinishing(_ slot: Int32, _ decision: inout Decision) {
    residents[Int(slot)].phase = .finishing
    finishingCount += 1
    let order = residents[Int(slot)].order
    var position = decision.finishing.count
    while position > 0, residents[Int(decision.finishing[position - 1])].order > order {
      position -= 1
    }
    decision.finishing.insert(slot, at: position)
  }
}
