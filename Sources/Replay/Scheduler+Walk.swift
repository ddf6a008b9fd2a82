import CostModel
import Operators
import Scenarios

/// Running requests, all looked at one after the other: where drafts or batches in flight let them
/// advance unevenly, or priorities decide whose memory is taken.
extension Scheduler {
  /// Gives the running requests tokens and memory in the order of their admission, or those that
  /// decode before the others; returns how many tokens.
  ///
  /// Where memory runs out the victim may be one that was given tokens already: those are given
  /// back to the budget. So shapes and names of blocks follow when all victims are known. After a
  /// walk `grant` is -1 for requests that get a token.
  ///
  /// - Complexity: O(running requests), and as much for each victim.
  mutating func walkRunning(
    _ decision: inout Decision, decodesFirst: Bool = false, chain: [UInt64]
  ) -> Int {
    var budget = limits.maxBatchedTokens
    granted.removeAll(keepingCapacity: true)
    for slot in running { residents[Int(slot)].grant = 0 }
    if decodesFirst { grantTokens(&budget, decoding: true, &decision, chain: chain) }
    grantTokens(&budget, decoding: decodesFirst ? false : nil, &decision, chain: chain)
    for slot in granted {
      let grant = Int(residents[Int(slot)].grant)
      if residents[Int(slot)].hasCaughtUp, limits.speculation != nil {
        verify(grant, of: slot, &decision, chain: chain)
      } else if compute(grant, of: slot, &decision, chain: chain) {
        residents[Int(slot)].grant = -1
      }
    }
    return limits.maxBatchedTokens - budget
  }

  /// Gives tokens and memory to all running requests, or to those only that decode or do not.
  private mutating func grantTokens(
    _ budget: inout Int, decoding: Bool?, _ decision: inout Decision, chain: [UInt64]
  ) {
    var index = 0
    while index < running.count, budget > 0 {
      let slot = running[index]
      let isMeant = decoding == nil || decoding == residents[Int(slot)].hasCaughtUp
      let grant = isMeant ? min(wantedTokens(slot), budget) : 0
      if grant > 0 {
        let end = Int(residents[Int(slot)].computed) + grant
        var isHere = true
        while isHere, blocksNeeded(slot, computed: end) > pool.freeCount {
          let place = victimPosition()
          let victim = running.remove(at: place)
          if place < index { index -= 1 }
          if residents[Int(victim)].grant > 0 {
            budget += Int(residents[Int(victim)].grant)
            granted.removeAll { $0 == victim }
          }
          isHere = victim != slot
          preempt(victim, &decision, chain: chain)
        }
        guard isHere else { break }
        takeBlocks(slot, computed: end)
        residents[Int(slot)].grant = Int32(grant)
        granted.append(slot)
        budget -= grant
      }
      index += 1
    }
  }

  /// How many tokens a running request could use: what it has and did not compute, and its drafts.
  func wantedTokens(_ slot: Int32) -> Int {
    let resident = residents[Int(slot)]
    if resident.phase == .finishing || resident.isInFlight { return 0 }
    var count = resident.tokens - Int(resident.computed)
    if resident.hasCaughtUp, let speculation = limits.speculation {
      count = min(count + speculation.tokens, limits.maxModelLength - 1 - Int(resident.computed))
    }
    return limits.longPrefillThreshold > 0 ? min(count, limits.longPrefillThreshold) : count
  }

  /// Schedules a token and the drafts after it, for which there is room: those that are accepted,
  /// and one token more, are what the step brings.
  mutating func verify(
    _ count: Int, of slot: Int32, _ decision: inout Decision, chain: [UInt64]
  ) {
    guard let speculation = limits.speculation else { return }
    let index = Int(slot)
    let resident = residents[index]
    let past = Int(resident.computed)
    let accepted = speculation.accepted(
      of: count - 1, request: resident.content.request, after: resident.generated)
    let brought = min(1 + Int32(accepted), resident.output - resident.generated)
    if count == 1 {
      decision.shape.addDecode(context: past + 1)
    } else {
      decision.shape.addPrefill(tokens: count, past: past, samples: true)
      // Every position of the draft goes through the head.
      decision.shape.sampledSequences += count - 1
      decision.shape.verifiedSequences += 1
      decision.shape.verifiedTokens += count
    }
    // What was rejected is computed anew; its blocks stay with the request.
    residents[index].computed = Int32(past + 1 + accepted)
    nameSharedBlocks(slot, chain: chain)
    residents[index].generated += brought
    residents[index].brought = brought
    residents[index].isInFlight = limits.stages > 1
    decision.laterTokens.append(slot)
    decision.extraTokens += Int(brought) - 1
    if residents[index].generated == resident.output { beginFinishing(slot, &decision) }
  }
}
