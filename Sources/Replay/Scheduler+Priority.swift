/// Priorities: the order of waiting requests, and which running one loses its memory.
extension Scheduler {
  /// Puts a request among the waiting ones, by (priority, arrival, row).
  mutating func insertByPriority(_ slot: Int32) {
    let resident = residents[Int(slot)]
    var (low, high) = (0, waiting.count)
    while low < high {
      let middle = (low + high) / 2
      if residents[Int(waiting[middle])].precedes(resident) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    waiting.insert(slot, at: low)
  }

  /// Adds a request that came earlier than now: behind preempted ones and those that came before it.
  mutating func enqueueInTurn(_ resident: Resident) {
    guard !limits.usesPriority else { return enqueue(resident) }
    let slot = place(resident)
    var position = waiting.count
    while position > 0 {
      let before = residents[Int(waiting[position - 1])]
      guard before.preemptions == 0, before.arrival > resident.arrival else { break }
      position -= 1
    }
    if position == 0 { isSettled = false }
    waiting.insert(slot, at: position)
  }

  /// Where in ``running`` the next victim is: the latest admitted, or by priority.
  func victimPosition() -> Int {
    var worst = running.count - 1
    guard limits.usesPriority else { return worst }
    for place in running.indices.dropLast()
    where residents[Int(running[worst])].precedes(residents[Int(running[place])]) { worst = place }
    return worst
  }

  /// Whether the grants that were planned need more blocks than are free. Until then priorities
  /// do not matter to running requests.
  func lacksMemory() -> Bool {
    var needed = decodes.buckets[decodes.bucket(of: step)].count
    for slot in prefilling {
      let resident = residents[Int(slot)]
      needed += max(0, blocksNeeded(slot, computed: Int(resident.computed + resident.grant)))
    }
    return needed > pool.freeCount
  }

  /// Fills ``prefilling`` after a walk: with those that run and got no token.
  mutating func keepUnfinishedPrefills() {
    prefilling.removeAll(keepingCapacity: true)
    for slot in running
    where residents[Int(slot)].phase == .prefilling && residents[Int(slot)].grant >= 0 {
      prefilling.append(slot)
    }
  }
}
