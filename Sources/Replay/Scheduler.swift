import CostModel

/// One engine's scheduler, by the documented rules of vLLM V1 (0.19): a value that decides and
/// knows no clock.
///
/// Each step serves running requests first, in the order of their admission, then waiting ones
/// first come, first served, until tokens, sequences or memory run out. A running request that
/// finds no free block takes those of the latest admitted one, which goes back to the front of the
/// queue and will compute all its tokens anew (but for what the prefix cache still has).
///
/// Requests in steady decode are not walked; see ``DecodeSet``. Everything else that runs is in
/// ``prefilling``, normally one request or none. If the budget of a step does not reach all
/// decoding requests, all are scheduled one by one.
struct Scheduler {
  let limits: EngineLimits
  var pool: BlockPool
  /// Requests by slot; a slot is reused when its request has finished.
  var residents: [Resident] = []
  /// The blocks of each slot's request, in the order of its tokens.
  var tables: [[Int32]] = []
  /// Running requests in the order of admission.
  var running: [Int32] = []
  /// Running requests outside the decode set that are not finishing, in the order of admission.
  var prefilling: [Int32] = []
  var decodes: DecodeSet
  var waiting = SlotQueue()
  /// The number of the step that is scheduled next.
  var step = 0
  /// When the step that was started last ends.
  var latestEnd: Int64 = 0
  /// Tokens looked up in the prefix cache by admitted requests, and tokens found.
  var queriedTokens = 0
  var hitTokens = 0

  private var freeSlots: [Int32] = []
  private var nextOrder: Int64 = 0
  /// Requests to join the decode set when the step is scheduled.
  private var joining: [Int32] = []
  /// Running requests whose last token is scheduled but not ready.
  private var finishingCount = 0
  /// Whether the last step was pure decode and nothing but its repetition can follow, unless a
  /// member finishes or needs a block.
  private var isSettled = false
  /// Blocks found for the request that is being admitted.
  private var hits: [Int32] = []

  /// Creates a scheduler without requests.
  init(limits: EngineLimits) {
    self.limits = limits
    pool = BlockPool(count: limits.usableBlocks)
    decodes = DecodeSet(blockSize: limits.blockSize)
  }

  /// How many requests are here.
  var outstanding: Int { running.count + waiting.count }

  /// Adds a request at the back of the queue.
  mutating func enqueue(_ resident: Resident) {
    let slot: Int32
    if let free = freeSlots.popLast() {
      slot = free
      residents[Int(slot)] = resident
    } else {
      slot = Int32(residents.count)
      residents.append(resident)
      tables.append([])
    }
    if waiting.isEmpty { isSettled = false }
    waiting.append(slot)
  }

  /// Decides the next step.
  ///
  /// - Parameter chain: See ``RequestTable/chain``.
  mutating func schedule(into decision: inout Decision, chain: [UInt64]) {
    decision.clear()
    if !planGrants() {
      leaveDecodeSet()
      _ = planGrants()
    }
    var budget = limits.maxBatchedTokens - scheduleRunning(&decision, chain: chain)
    takeDecodes(&decision)
    budget -= decision.decodes
    if decision.preempted == 0 { admit(&decision, budget: budget, chain: chain) }
    decision.waiting = waiting.count
    decision.blocksInUse = pool.usedCount
    isSettled =
      decision.shape.prefillSequences == 0 && decision.laterTokens.isEmpty
      && decision.preempted == 0 && decision.finishing.isEmpty && prefilling.isEmpty
    guard !decision.isEmpty else { return }
    step += 1
    for slot in joining { joinDecodeSet(slot) }
    joining.removeAll(keepingCapacity: true)
  }

  /// Decides the next step without looking at anything if it must be the last one again, with
  /// contexts longer by one token; false if that is not certain.
  mutating func repeatDecode(from last: Decision, into decision: inout Decision) -> Bool {
    guard isSettled, decodes.count > 0, decodes.buckets[decodes.bucket(of: step)].isEmpty,
      let finish = decodes.firstFinish, finish.step > step
    else { return false }
    decision.clear()
    decision.shape = last.shape
    decision.shape.decodeContext += decodes.count
    decision.shape.longestDecodeContext += 1
    decision.decodes = decodes.count
    decision.waiting = waiting.count
    decision.blocksInUse = last.blocksInUse
    step += 1
    return true
  }

  /// Lets a request go whose last token is ready, and returns its blocks.
  mutating func finish(_ slot: Int32) {
    let order = residents[Int(slot)].order
    let position = position(of: order)
    // In asynchronous scheduling it may have been preempted since.
    if position < running.count, running[position] == slot {
      running.remove(at: position)
      finishingCount -= 1
      releaseBlocks(slot)
    }
    freeSlots.append(slot)
    isSettled = false
  }

  /// Visits the requests that have not finished, with up-to-date counters.
  func forEachUnfinished(_ visit: (Resident) -> Void) {
    for slot in running {
      var resident = residents[Int(slot)]
      if resident.phase == .decoding {
        resident.generated = resident.output - Int32(resident.finishStep - step + 1)
        resident.lastToken = latestEnd
      }
      visit(resident)
    }
    for position in 0..<waiting.count { visit(residents[Int(waiting[position])]) }
  }

  // MARK: Running requests

  /// Divides the budget among the requests in ``prefilling``, in order; false if a member of the
  /// decode set would get nothing.
  private mutating func planGrants() -> Bool {
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

  private func finishing(before order: Int64) -> Int {
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
  private mutating func scheduleRunning(_ decision: inout Decision, chain: [UInt64]) -> Int {
    let bucket = decodes.bucket(of: step)
    var (member, index, used) = (0, 0, 0)
    while true {
      let decodeOrder =
        member < decodes.buckets[bucket].count ? decodes.buckets[bucket][member].order : .max
      let prefillOrder =
        index < prefilling.count ? residents[Int(prefilling[index])].order : .max
      if decodeOrder < prefillOrder {
        let slot = decodes.buckets[bucket][member].slot
        guard makeRoom(1, for: slot, &decision, chain: chain) else { break }
        tables[Int(slot)].append(pool.takeFree())
        member += 1
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

  /// Adds all members of the decode set to the step, and lets those go that it finishes.
  private mutating func takeDecodes(_ decision: inout Decision) {
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

  // MARK: Waiting requests

  private mutating func admit(_ decision: inout Decision, budget: Int, chain: [UInt64]) {
    var budget = budget
    while budget > 0, running.count < limits.maxSequences, let slot = waiting.first {
      let resident = residents[Int(slot)]
      let wholeBlocks = (resident.tokens + limits.blockSize - 1) / limits.blockSize
      if isStillBlocked(resident, wholeBlocks: wholeBlocks) { return }
      let (free, miss) = findHits(resident, chain: chain)
      let past = hits.count * limits.blockSize
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
  private func isStillBlocked(_ resident: Resident, wholeBlocks: Int) -> Bool {
    guard limits.fullSequenceAdmission, resident.blockedHits >= 0,
      wholeBlocks - Int(resident.blockedHits) > pool.freeCount
    else { return false }
    return resident.blockedMiss == 0 || pool.block(holding: resident.blockedMiss) == nil
  }

  /// Finds the longest cached beginning; returns how many of its blocks are free, and the first
  /// content that was missed (0 if none was).
  private mutating func findHits(
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

  private mutating func start(
    _ slot: Int32, grant: Int, _ decision: inout Decision, chain: [UInt64]
  ) {
    for block in hits {
      pool.share(block)
      tables[Int(slot)].append(block)
    }
    let index = Int(slot)
    let past = hits.count * limits.blockSize
    residents[index].phase = .prefilling
    residents[index].computed = Int32(past)
    residents[index].namedBlocks = Int32(hits.count)
    residents[index].order = nextOrder
    residents[index].blockedHits = -1
    nextOrder += 1
    queriedTokens += limits.prefixCaching ? residents[index].tokens : 0
    hitTokens += past
    if residents[index].cached < 0 {
      residents[index].cached = Int32(past)
      decision.admitted.append(slot)
    }
    running.append(slot)
    if !compute(grant, of: slot, &decision, chain: chain) { prefilling.append(slot) }
  }

  // MARK: Progress of one request

  /// Schedules `count` tokens of a request for which there is room; true if that completes all
  /// it has, so that the step brings a token and the request leaves ``prefilling``.
  private mutating func compute(
    _ count: Int, of slot: Int32, _ decision: inout Decision, chain: [UInt64]
  ) -> Bool {
    let index = Int(slot)
    let past = Int(residents[index].computed)
    for _ in 0..<blocksNeeded(slot, computed: past + count) {
      tables[index].append(pool.takeFree())
    }
    residents[index].computed += Int32(count)
    if limits.prefixCaching {
      nameBlocks(
        slot, upTo: min((past + count) / limits.blockSize, Int(residents[index].sharedBlocks)),
        chain: chain)
    }
    let completes = past + count == residents[index].tokens
    if completes, count == 1, residents[index].generated > 0 {
      decision.shape.addDecode(context: past + 1)
    } else {
      decision.shape.addPrefill(tokens: count, past: past, finishes: completes)
    }
    guard completes else { return false }
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

  private mutating func beginFinishing(_ slot: Int32, _ decision: inout Decision) {
    residents[Int(slot)].phase = .finishing
    finishingCount += 1
    let order = residents[Int(slot)].order
    var position = decision.finishing.count
    while position > 0, residents[Int(decision.finishing[position - 1])].order > order {
      position -= 1
    }
    decision.finishing.insert(slot, at: position)
  }

  private mutating func joinDecodeSet(_ slot: Int32) {
    let index = Int(slot)
    let resident = residents[index]
    residents[index].phase = .decoding
    residents[index].offset = Int(resident.computed) - step
    residents[index].finishStep = step + Int(resident.output - resident.generated) - 1
    decodes.insert(
      slot, order: resident.order, offset: residents[index].offset,
      finishStep: residents[index].finishStep)
  }

  /// Takes all members out of the decode set: this step's budget does not reach them all.
  private mutating func leaveDecodeSet() {
    prefilling.removeAll(keepingCapacity: true)
    for slot in running where residents[Int(slot)].phase != .finishing {
      if residents[Int(slot)].phase == .decoding { bringUpToDate(slot) }
      prefilling.append(slot)
    }
    decodes.removeAll()
  }

  /// Makes a member's counters say what its membership implied.
  private mutating func bringUpToDate(_ slot: Int32) {
    let index = Int(slot)
    let resident = residents[index]
    residents[index].computed = Int32(resident.offset + step)
    residents[index].generated =
      resident.output - Int32(resident.finishStep - step + 1)
    residents[index].lastToken = latestEnd
    residents[index].phase = .prefilling
  }

  // MARK: Memory

  private func blocksNeeded(_ slot: Int32, computed: Int) -> Int {
    (computed + limits.blockSize - 1) / limits.blockSize - tables[Int(slot)].count
  }

  /// Preempts the latest admitted requests until `count` blocks are free; false if that took the
  /// request itself.
  private mutating func makeRoom(
    _ count: Int, for slot: Int32, _ decision: inout Decision, chain: [UInt64]
  ) -> Bool {
    while pool.freeCount < count {
      guard let victim = running.popLast() else { return false }
      preempt(victim, &decision, chain: chain)
      if victim == slot { return false }
    }
    return true
  }

  private mutating func preempt(_ slot: Int32, _ decision: inout Decision, chain: [UInt64]) {
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
  private mutating func nameBlocks(_ slot: Int32, upTo end: Int, chain: [UInt64]) {
    let index = Int(slot)
    var block = Int(residents[index].namedBlocks)
    guard block < end else { return }
    while block < end {
      pool.name(
        tables[index][block],
        content: residents[index].blockName(block, blockSize: limits.blockSize, chain: chain))
      block += 1
    }
    residents[index].namedBlocks = Int32(end)
  }

  /// Frees a request's blocks, the last one first.
  private mutating func releaseBlocks(_ slot: Int32) {
    for block in tables[Int(slot)].reversed() { pool.release(block) }
    tables[Int(slot)].removeAll(keepingCapacity: true)
  }

  /// Where in ``running`` a request of this order of admission is.
  private func position(of order: Int64) -> Int {
    var (low, high) = (0, running.count)
    while low < high {
      let middle = (low + high) / 2
      if residents[Int(running[middle])].order < order { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
