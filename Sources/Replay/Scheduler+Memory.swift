/// Key-value memory: preemption, and the names of full blocks.
extension Scheduler {
  func blocksNeeded(_ slot: Int32, computed: Int) -> Int {
    (computed + limits.blockSize - 1) / limits.blockSize
      - tables[Int(residents[Int(slot)].table)].count
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
    switch residents[index].phase {
    case .decoding:
      decodes.remove(order: residents[index].order, offset: residents[index].offset)
      bringUpToDate(slot)
    case .prefilling:
      prefilling.removeLast()
    case .finishing:
      // Its last token is on its way: it only gives its memory back earlier.
      finishingCount -= 1
      releaseBlocks(slot)
      return
    case .waiting:
      return
    }
    if limits.prefixCaching {
      nameBlocks(slot, upTo: Int(residents[index].computed) / limits.blockSize, chain: chain)
    }
    releaseBlocks(slot)
    residents[index].phase = .waiting
    residents[index].computed = 0
    residents[index].namedBlocks = 0
    residents[index].preemptions += 1
    decision.preempted += 1
    waiting.prepend(slot)
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
