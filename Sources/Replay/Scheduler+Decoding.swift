/// Joining and leaving the decode set.
extension Scheduler {
  mutating func joinDecodeSet(_ slot: Int32) {
    let index = Int(slot)
    let resident = residents[index]
    residents[index].phase = .decoding
    residents[index].offset = Int(resident.computed) - step
    residents[index].finishStep = step + Int(resident.output - resident.generated) - 1
    decodes.insert(
      slot, order: resident.order, offset: residents[index].offset,
      finishStep: residents[index].finishStep,
      isShared: limits.prefixCaching && resident.namedBlocks < resident.sharedBlocks)
  }

  /// Takes all members out of the decode set: this step's budget does not reach them all.
  mutating func leaveDecodeSet() {
    prefilling.removeAll(keepingCapacity: true)
    for slot in running where residents[Int(slot)].phase != .finishing {
      if residents[Int(slot)].phase == .decoding { bringUpToDate(slot) }
      prefilling.append(slot)
    }
    decodes.removeAll()
  }

  /// Makes a member's counters say what its membership implied.
  mutating func bringUpToDate(_ slot: Int32) {
    let index = Int(slot)
    let resident = residents[index]
    residents[index].computed = Int32(resident.offset + step)
    residents[index].generated =
      resident.output - Int32(resident.finishStep - step + 1)
    residents[index].lastToken = latestEnd
    residents[index].phase = .prefilling
  }
}
