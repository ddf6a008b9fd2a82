/// Requests whose client gave up.
extension Scheduler {
  /// The slot of a request that can be let go; nil if it is not here, or if its last token is on its way:
  /// then it finishes, unless another engine would go on with it.
  ///
  /// - Complexity: O(requests here).
  func slot(of request: Int32) -> Int32? {
    let slot =
      running.first { residents[Int($0)].request == request }
      ?? (0..<waiting.count).lazy.map { waiting[$0] }
      .first { residents[Int($0)].request == request }
    guard let slot, residents[Int(slot)].phase != .finishing || residents[Int(slot)].isHandedOver
    else { return nil }
    return slot
  }

  /// Lets a request go before its end and returns its blocks, at a boundary between steps; what it
  /// was, with up-to-date counters.
  ///
  /// - Precondition: no decision that is still to be carried out names it.
  mutating func abort(_ slot: Int32) -> Resident {
    let index = Int(slot)
    switch residents[index].phase {
    case .waiting:
      if let place = (0..<waiting.count).first(where: { waiting[$0] == slot }) {
        waiting.remove(at: place)
      }
    case .decoding:
      decodes.remove(order: residents[index].order, offset: residents[index].offset)
      bringUpToDate(slot)
    case .prefilling: prefilling.removeAll { $0 == slot }
    case .finishing: break
    }
    let place = position(of: residents[index].order)
    if residents[index].table >= 0, place < running.count, running[place] == slot {
      if residents[index].phase == .finishing { finishingCount -= 1 }
      running.remove(at: place)
      releaseBlocks(slot)
    }
    freeSlots.append(slot)
    isSettled = false
    return residents[index]
  }
}
