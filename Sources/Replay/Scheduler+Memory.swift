import Scenarios

/// Key-value memory: preemption, and the names of full blocks.
extension Scheduler {
  func blocksNeeded(_ slot: Int32, computed: Int) -> Int {
    (computed + limits.blockSize - 1) / limits.blockSize
      - tables[Int(residents[Int(slot)].table)].count
  }

  /// Gives a request that has none a table for its blocks.
  mutating func takeTable(_ slot: Int32) {
    if let table = freeTables.popLast() {
      residents[Int(slot)].table = table
    } else {
      residents[Int(slot)].table = Int32(tables.count)
      tables.append([])
    }
  }

  /// Takes the free blocks that a request lacks to store so many tokens.
  mutating func takeBlocks(_ slot: Int32, computed: Int) {
    let needed = blocksNeeded(slot, computed: computed)
    pool.takeFree(needed, into: &tables[Int(residents[Int(slot)].table)])
  }

  /// Preempts the latest admitted requests until `count` blocks are free; false if that took the
  /// request itself.
  mutating func makeRoom(
    _ count: Int, for slot: Int32, _ decision: inout Decision, chain: [UInt64]
  ) -> Bool {
    while pool.freeCount < count {
      guard let victim = running.popLast() else { return false }
      preempt(victim, &decision, chain: chain)
      if victim == slot { return false }
    }
    return true
  }

  mutating func preempt(_ slot: Int32, _ decision: inout Decision, chain: [UInt64]) {
    let index = Int(slot)
    decision.tookMemory = true
    switch residents[index].phase {
    case .decoding:
      decodes.remove(order: residents[index].order, offset: residents[index].offset)
      bringUpToDate(slot)
    case .prefilling:
      if prefilling.last == slot { prefilling.removeLast() }
    case .finishing:
      // Its last token is on its way: it only gives its memory back earlier.
      finishingCount -= 1
      releaseBlocks(slot)
      return
    case .waiting:
      return
    }
    if limits.prefixCaching {
      // SGLang's tree keeps the prompts of retracted requests, not what they generated.
      let kept =
        limits.policy == .sglang
        ? min(residents[index].computed, residents[index].input) : residents[index].computed
      nameBlocks(slot, upTo: Int(kept) / limits.blockSize, chain: chain)
    }
    releaseBlocks(slot)
    residents[index].phase = .waiting
    residents[index].computed = 0
    residents[index].namedBlocks = 0
    residents[index].hasCaughtUp = false
    residents[index].preemptions += 1
    decision.preempted += 1
    putBack(slot)
  }

  /// Lets a preempted request wait: before all others, by its priority, or, SGLang's way, behind all.
  private mutating func putBack(_ slot: Int32) {
    if limits.usesPriority {
      insertByPriority(slot)
    } else if limits.policy == .sglang {
      waiting.append(slot)
    } else {
      waiting.prepend(slot)
    }
  }

  /// Names full blocks so that others, or the request itself after a preemption, find them.
  ///
  /// Blocks of a request's own are named when it is preempted, not when they fill: nobody else
  /// asks for them.
  mutating func nameBlocks(_ slot: Int32, upTo end: Int, chain: [UInt64]) {
    let index = Int(slot)
    var block = Int(residents[index].namedBlocks)
    guard block < end else { return }
    let table = Int(residents[index].table)
    while block < end {
      pool.name(
        tables[table][block],
        content: residents[index].blockName(block, blockSize: limits.blockSize, chain: chain))
      block += 1
    }
    residents[index].namedBlocks = Int32(end)
  }

  /// Names the full blocks that others may share.
  mutating func nameSharedBlocks(_ slot: Int32, chain: [UInt64]) {
    guard limits.prefixCaching else { return }
    let resident = residents[Int(slot)]
    nameBlocks(
      slot, upTo: min(Int(resident.computed) / limits.blockSize, Int(resident.sharedBlocks)),
      chain: chain)
  }

  /// Frees a request's blocks, the last one first.
  mutating func releaseBlocks(_ slot: Int32) {
    let table = residents[Int(slot)].table
    // Not a loop over the reversed array: that would share it, and its emptying would copy.
    var index = tables[Int(table)].count
    while index > 0 {
      index -= 1
      pool.release(tables[Int(table)][index])
    }
    tables[Int(table)].removeAll(keepingCapacity: true)
    freeTables.append(table)
    residents[Int(slot)].table = -1
  }
}
