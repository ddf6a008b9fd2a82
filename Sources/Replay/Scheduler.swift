import CostModel
import Operators
import Scenarios

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
///
/// With priorities the lowest (priority, arrival) waits in front and the highest running one loses
/// its memory. Drafts, and several batches in flight, make requests advance unevenly: then all are
/// walked in every step (``walkRunning(_:chain:)``). Other policies than vLLM's have a file each in
/// `Policies`, and share memory, admission and preemption with it.
struct Scheduler {
  /// What bounds every step.
  let limits: EngineLimits
  /// Key-value memory.
  var pool: BlockPool
  /// Requests by slot; a slot is reused when its request has finished.
  var residents: [Resident] = []
  /// The blocks of each running request, in the order of its tokens.
  var tables: [[Int32]] = []
  /// Tables without a request; their memory is kept.
  var freeTables: [Int32] = []
  /// Running requests in the order of admission.
  var running: [Int32] = []
  /// Running requests outside the decode set that are not finishing, in the order of admission.
  var prefilling: [Int32] = []
  /// Running requests in steady decode.
  var decodes: DecodeSet
  /// Waiting requests, the next one first.
  var waiting = SlotQueue()
  /// The number of the step that is scheduled next.
  var step = 0
  /// When the step that was started last ends.
  var latestEnd: Int64 = 0
  /// Tokens of admitted requests that were looked up in the prefix cache; ``hitTokens`` were found.
  var queriedTokens = 0
  /// See ``queriedTokens``.
  var hitTokens = 0
  /// Blocks that those tokens fill, the last one in part; as of ``hitTokens``, all of them full.
  var queriedBlocks = 0

  /// Slots without a request.
  var freeSlots: [Int32] = []
  /// The place of the next admission among all.
  var nextOrder: Int64 = 0
  /// Requests to join the decode set when the step is scheduled.
  var joining: [Int32] = []
  /// Running requests whose last token is scheduled but not ready.
  var finishingCount = 0
  /// Requests with memory here whose keys and values are on their way from another engine.
  var reservedCount = 0
  /// Whether the last step was pure decode and nothing but its repetition can follow, unless a
  /// member finishes or needs a block.
  var isSettled = false
  /// Blocks found for the request that is being admitted.
  var hits: [Int32] = []
  /// Requests that the present step's walk has found room for.
  var granted: [Int32] = []
  /// What policy ``SchedulingPolicy/sglang`` remembers.
  var radix = RadixState()
  /// Whether the decode set is used: not where requests advance unevenly.
  let usesDecodeSet: Bool

  /// Creates a scheduler without requests.
  init(limits: EngineLimits) {
    self.limits = limits
    pool = BlockPool(count: limits.usableBlocks)
    decodes = DecodeSet(blockSize: limits.blockSize)
    usesDecodeSet = limits.policy == .vllm && limits.stages == 1 && limits.speculation == nil
  }

  /// How many requests are here.
  var outstanding: Int { running.count + waiting.count + reservedCount }

  /// Finds a slot for a request.
  mutating func place(_ resident: Resident) -> Int32 {
    if let free = freeSlots.popLast() {
      residents[Int(free)] = resident
      return free
    }
    residents.append(resident)
    return Int32(residents.count - 1)
  }

  /// Adds a request at the back of the queue.
  mutating func enqueue(_ resident: Resident) {
    let slot = place(resident)
    if waiting.isEmpty || limits.usesPriority { isSettled = false }
    if limits.usesPriority { insertByPriority(slot) } else { waiting.append(slot) }
  }

  /// Decides the next step.
  ///
  /// - Parameter chain: See ``RequestTable/chain``.
  mutating func schedule(into decision: inout Decision, chain: [UInt64]) {
    decision.clear()
    switch limits.policy {
    case .vllm: scheduleVLLM(&decision, chain: chain)
    case .sarathi: scheduleSarathi(&decision, chain: chain)
    case .orca: scheduleOrca(&decision, chain: chain)
    case .fixed: scheduleFixed(&decision, chain: chain)
    case .sglang: scheduleSGLang(&decision, chain: chain)
    }
    decision.waiting = waiting.count
    decision.blocksInUse = pool.usedCount
    isSettled =
      decision.shape.prefillSequences == 0 && decision.laterTokens.isEmpty
      && !decision.tookMemory && decision.finishing.isEmpty && prefilling.isEmpty
    guard !decision.isEmpty else { return }
    step += 1
    if usesDecodeSet { for slot in joining { joinDecodeSet(slot) } }
    joining.removeAll(keepingCapacity: true)
  }

  /// Decides a step by vLLM's rules.
  private mutating func scheduleVLLM(_ decision: inout Decision, chain: [UInt64]) {
    var budget = limits.maxBatchedTokens
    if usesDecodeSet {
      if !planGrants() {
        leaveDecodeSet()
        _ = planGrants()
      }
      if limits.usesPriority, lacksMemory() {
        leaveDecodeSet()
        budget -= walkRunning(&decision, chain: chain)
        keepUnfinishedPrefills()
      } else {
        budget -= scheduleRunning(&decision, chain: chain)
        takeDecodes(&decision)
        budget -= decision.decodes
      }
    } else {
      budget -= walkRunning(&decision, chain: chain)
    }
    if !decision.tookMemory { admit(&decision, budget: budget, chain: chain) }
  }

  /// Decides the next step without looking at anything if it must be the last one again, with
  /// contexts longer by one token; false if that is not certain.
  mutating func repeatDecode(from last: Decision, into decision: inout Decision) -> Bool {
    guard isSettled, decodes.count > 0, decodes.buckets[decodes.bucket(of: step)].isEmpty,
      decodes.sharedCount == 0 || decodes.buckets[decodes.bucket(of: step + 1)].isEmpty,
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

  /// Where in ``running`` a request of this order of admission is.
  func position(of order: Int64) -> Int {
    var (low, high) = (0, running.count)
    while low < high {
      let middle = (low + high) / 2
      if residents[Int(running[middle])].order < order { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
