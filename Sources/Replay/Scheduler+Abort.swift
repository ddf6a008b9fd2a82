/// Requests whose client gave up.
extension Scheduler {
  /// Lets a request go before its end, with its memory; returns it with up-to-date counters.
  ///
  /// Nil if it is not here, or if its last token is on its way: then it finishes.
  ///
  /// - Complexity: O(requests here).
  mutating func abort(_ request: Int32) -> (slot: Int32, resident: Resident)? {
    if let position = (0..<waiting.count).first(where: {
      residents[Int(waiting[$0])].request == request
    }) {
      // A finished request that was preempted in its last step waits nowhere, so this one is alive.
      let slot = waiting.remove(at: position)
      freeSlots.append(slot)
      isSettled = false
      return (slot, residents[Int(slot)])
    }
    guard let place = running.firstIndex(where: { residents[Int($0)].request == request }) else {
      return nil
    }
    let slot = running[place]
    switch residents[Int(slot)].phase {
    case .finishing, .waiting: return nil
    case .prefilling: prefilling.removeAll { $0 == slot }
    case .decoding:
      decodes.remove(order: residents[Int(slot)].order, offset: residents[Int(slot)].offset)
      bringUpToDate(slot)
    }
    running.remove(at: place)
    releaseBlocks(slot)
    freeSlots.append(slot)
    isSettled = false
    return (slot, residents[Int(slot)])
  }
}

extension Decision {
  /// Forgets a request that was aborted after the decision, whose slot another may take.
  mutating func forget(_ slot: Int32) {
    admitted.removeAll { $0 == slot }
    firstTokens.removeAll { $0 == slot }
    laterTokens.removeAll { $0 == slot }
  }
}
