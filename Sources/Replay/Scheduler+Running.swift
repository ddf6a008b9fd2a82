import CostModel
import Operators

/// Running requests: the division of the budget, and the order of allocation.
extension Scheduler {
  /// Divides the budget among the requests in ``prefilling``, in order; false if a member of the
  /// decode set would get nothing.
  mutating func planGrants() -> Bool {
    var left = limits.maxBatchedTokens
    for (index, slot) in prefilling.enumerated() {
      let resident = residents[Int(slot)]
      let before =
        decodes.count == 0
        ? 0 : position(of: resident.order) - index - finishing(before: resident.order)
      guard left >= before else { return false }
      var want = resident.tokens - Int(resident.computed)
      if limits.longPrefillThreshold > 0 { want = min(want, limits.longPrefillThreshold) }
      let grant = min(want, left - before)
      residents[Int(slot)].grant = Int32(grant)
      left -= grant
    }
    return left >= decodes.count
  }

  func finishing(before order: Int64) -> Int {
    guard finishingCount > 0 else { return 0 }
    var count = 0
    for slot in running {
      guard residents[Int(slot)].order < order else { break }
      if residents[Int(slot)].phase == .finishing { count += 1 }
    }
    return count
  }

  /// Finds memory for the running requests, in order, and schedules those in ``prefilling``;
  /// returns how many tokens these got.
  mutating func scheduleRunning(_ decision: inout Decision, chain: [UInt64]) -> Int {
    let bucket = decodes.bucket(of: step)
    // Those that need a block in the next step fill theirs in this one.
    let filling = decodes.bucket(of: step + 1)
    var (member, index, used, filler) = (0, 0, 0, 0)
    while true {
      let decodeOrder =
        member < decodes.buckets[bucket].count ? decodes.buckets[bucket][member].order : .max
      let prefillOrder =
        index < prefilling.count ? residents[Int(prefilling[index])].order : .max
      if decodes.sharedCount > 0, filler < decodes.buckets[filling].count,
        decodes.buckets[filling][filler].order < min(decodeOrder, prefillOrder)
      {
        nameFilledBlock(of: decodes.buckets[filling][filler], chain: chain)
        filler += 1
      } else if decodeOrder < prefillOrder {
        let slot = decodes.buckets[bucket][member].slot
        guard makeRoom(1, for: slot, &decision, chain: chain) else { break }
        tables[Int(residents[Int(slot)].table)].append(pool.takeFree())
        member += 1
        if filling == bucket, decodes.sharedCount > 0 {
          nameFilledBlock(of: decodes.buckets[filling][filler], chain: chain)
          filler += 1
        }
      } else if prefillOrder < .max {
        let slot = prefilling[index]
        let grant = Int(residents[Int(slot)].grant)
        guard grant > 0 else { break }
        let blocks = blocksNeeded(slot, computed: Int(residents[Int(slot)].computed) + grant)
        guard makeRoom(blocks, for: slot, &decision, chain: chain) else { break }
        used += grant
        if compute(grant, of: slot, &decision, chain: chain) {
          prefilling.remove(at: index)
        } else {
          index += 1
        }
      } else {
        break
      }
    }
    return used
  }

  /// Names the block that a member of the decode set fills in this step, if others look for it.
  private mutating func nameFilledBlock(of member: DecodeSet.Member, chain: [UInt64]) {
    guard member.isShared else { return }
    let filled = (member.offset + step + 1) / limits.blockSize
    nameBlocks(
      member.slot, upTo: min(filled, Int(residents[Int(member.slot)].sharedBlocks)), chain: chain)
  }

  /// Adds all members of the decode set to the step, and lets those go that it finishes.
  mutating func takeDecodes(_ decision: inout Decision) {
    guard decodes.count > 0 else { return }
    decision.decodes = decodes.count
    decision.shape.decodeSequences += decodes.count
    decision.shape.sampledSequences += decodes.count
    decision.shape.decodeContext += decodes.offsetSum + decodes.count * (step + 1)
    decision.shape.longestDecodeContext =
      max(decision.shape.longestDecodeContext, decodes.longest() + step + 1)
    while let finish = decodes.firstFinish, finish.step <= step {
      decodes.dropFirstFinish()
      let resident = residents[Int(finish.slot)]
      guard resident.phase == .decoding, resident.order == finish.order,
        resident.finishStep == finish.step
      else { continue }
      decodes.remove(order: resident.order, offset: resident.offset)
      residents[Int(finish.slot)].generated = resident.output
      beginFinishing(finish.slot, &decision)
    }
  }
}
