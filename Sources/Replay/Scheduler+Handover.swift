/// Requests that one engine prefills and another one decodes.
extension Scheduler {
  // MARK: Where the prompt was computed

  /// Takes a request off the running ones whose prompt is computed; its blocks stay.
  mutating func detach(_ slot: Int32) {
    running.remove(at: position(of: residents[Int(slot)].order))
    finishingCount -= 1
    isSettled = false
  }

  /// Returns the blocks of a request that was detached, or for which they were reserved.
  mutating func release(_ slot: Int32) {
    releaseBlocks(slot)
    freeSlots.append(slot)
    isSettled = false
  }

  // MARK: Where it is decoded

  /// Whether there is a place, and memory for all present tokens, for a request that was prefilled
  /// elsewhere. Those that wait for admission come before it.
  func hasRoom(for resident: Resident) -> Bool {
    waiting.isEmpty && running.count + reservedCount < limits.maxSequences
      && (resident.tokens + limits.blockSize - 1) / limits.blockSize <= pool.freeCount
  }

  /// Takes the memory of a request that was prefilled elsewhere; returns its slot.
  mutating func reserve(_ resident: Resident) -> Int32 {
    let slot = place(resident)
    takeTable(slot)
    takeBlocks(slot, computed: resident.tokens)
    reservedCount += 1
    isSettled = false
    return slot
  }

  /// Lets a request run whose keys and values have come. From its next step on it decodes.
  mutating func join(_ slot: Int32, chain: [UInt64]) {
    let index = Int(slot)
    reservedCount -= 1
    residents[index].phase = .prefilling
    residents[index].hasCaughtUp = true
    residents[index].order = nextOrder
    nextOrder += 1
    running.append(slot)
    if usesDecodeSet { prefilling.append(slot) }
    nameSharedBlocks(slot, chain: chain)
    isSettled = false
  }

  /// Gives up the memory that was reserved for a request.
  mutating func dropReserved(_ slot: Int32) {
    reservedCount -= 1
    release(slot)
  }
}
