import HeapModule
import Operators
import Scenarios

/// Requests between the engine that prefills them and the one that decodes them.
///
/// When a request's first token is there, a decode engine is chosen, on which it waits, first come, first
/// served, for a place and for memory: it gets them at once, or after a step there was decided. Then its
/// keys and values travel, and it joins those that run. Until it has, the prefill engine keeps its blocks,
/// so that memory that is short in decoding holds up prefilling.
///
/// Where roles are converted under load, see ``convert(_:input:output:_:)``.
struct Handovers {
  /// A request on its way.
  private struct Entry {
    /// The request as it will decode; while it is of no use, of a request that was here.
    var resident: Resident
    var source: Int
    /// Its slot on the source, which holds its blocks.
    var heldSlot: Int32
    var target: Int
    /// Its slot on the target; -1 before it has memory there.
    var slot: Int32 = -1
    /// From when to when the last step of its prompt was computed.
    var step: (start: Int64, end: Int64)
    /// When it got memory on the target.
    var reserved: Int64 = 0
    var isCancelled = false
    var isInUse = true
  }

  /// The end of a transfer.
  private struct Arrival: Comparable {
    var time: Int64
    /// The number of the transfer.
    var sequence: Int
    var entry: Int32

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.sequence) < (right.time, right.sequence)
    }
  }

  /// What was handed over so far.
  private(set) var totals = HandoverTotals()
  /// What was handed over, one by one, if that is recorded.
  private(set) var records: [HandoverRecord] = []
  private let keepsRecords: Bool
  /// Engines that were idle and have something to do now.
  var woken: [Int] = []
  /// Requests whose clients gave up and that are let go now.
  var cancelled: [Resident] = []

  private let pool: DecodePool
  private let conversionQueue: Int?
  /// Engines that decode, and of these the first of each group.
  private let targets: [Int]
  private let firstTargets: [Int]
  /// Of each engine: its number among those that prefill; -1 for others.
  private let sourceNumbers: [Int]
  /// Of each engine that prefills.
  private let sizes: [KeyValueSize?]
  private var links: TransferLinks
  private var entries: [Entry] = []
  private var freeEntries: [Int32] = []
  /// Entries that wait for memory on each engine.
  private var queues: [SlotQueue]
  private var arrivals = Heap<Arrival>()
  private var sequence = 0

  /// Creates those of a deployment; nil where engines have no roles.
  init?(_ deployment: Deployment, keepsRecords: Bool = false) {
    guard deployment.isDisaggregated, let transfer = deployment.transfer else { return nil }
    var (targets, firstTargets, numbers): ([Int], [Int], [Int]) = ([], [], [])
    var (sizes, sources): ([KeyValueSize?], Int) = ([], 0)
    for group in deployment.engines {
      if group.role == .decode {
        firstTargets.append(numbers.count)
        targets += numbers.count..<(numbers.count + group.count)
      }
      for _ in 0..<group.count {
        numbers.append(group.role == .prefill ? sources : -1)
        sizes.append(group.keyValues)
        sources += group.role == .prefill ? 1 : 0
      }
    }
    guard !targets.isEmpty else { return nil }
    self.keepsRecords = keepsRecords
    pool = deployment.decodePool
    conversionQueue = deployment.conversionQueue
    self.targets = targets
    self.firstTargets = firstTargets
    self.sizes = sizes
    sourceNumbers = numbers
    links = TransferLinks(transfer, engines: numbers.count)
    queues = Array(repeating: SlotQueue(), count: numbers.count)
  }

  /// When the next transfer ends; `.max` if none is under way.
  var nextTime: Int64 { arrivals.min?.time ?? .max }

  /// Whether what an engine prefills of a request of these lengths can ever be decoded.
  func canDecode(input: Int, output: Int, from source: Int, _ engines: [Engine]) -> Bool {
    guard sourceNumbers[source] >= 0, output > 1 else { return true }
    func canServe(_ target: Int) -> Bool {
      engines[target].scheduler.limits.canServe(input: input, output: output)
    }
    return pool == .local ? canServe(partner(of: source)) : firstTargets.contains(where: canServe)
  }

  /// The engine that serves a request routed to `source`: that one, or, if too many wait there, the
  /// decode engine with the fewest requests (of local pairs the partner), which computes the whole of it.
  ///
  /// So engines change their roles with the load, and back (Splitwise's mixed pool). A decode engine takes
  /// no whole request while as many wait there, or while any that was prefilled waits for memory.
  mutating func convert(_ source: Int, input: Int, output: Int, _ engines: [Engine]) -> Int {
    guard let conversionQueue, sourceNumbers[source] >= 0,
      engines[source].scheduler.waiting.count >= conversionQueue
    else { return source }
    var (best, fewest) = (source, Int.max)
    for target in pool == .local ? [partner(of: source)] : targets
    where engines[target].scheduler.outstanding < fewest && queues[target].isEmpty
      && engines[target].scheduler.waiting.count < conversionQueue
      && engines[target].scheduler.limits.canServe(input: input, output: output)
    { (best, fewest) = (target, engines[target].scheduler.outstanding) }
    totals.convertedRequests += best == source ? 0 : 1
    return best
  }

  // MARK: The way of a request

  /// Takes a request whose first token is there.
  ///
  /// - Parameter output: The tokens that it generates in all.
  mutating func take(_ slot: Int32, of source: Int, output: Int32, _ engines: inout [Engine]) {
    let held = engines[source].scheduler.residents[Int(slot)]
    let target = target(input: Int(held.input), output: Int(output), from: source, engines)
    var resident = Resident(
      request: held.request, input: held.input, output: output, content: held.content,
      blockSize: engines[target].scheduler.limits.blockSize, priority: held.priority,
      arrival: held.arrival)
    (resident.generated, resident.computed) = (held.generated, held.computed)
    (resident.cached, resident.preemptions) = (held.cached, held.preemptions)
    (resident.scheduled, resident.firstToken) = (held.scheduled, held.firstToken)
    resident.lastToken = held.lastToken
    let entry = Entry(
      resident: resident, source: source, heldSlot: slot, target: target,
      step: (engines[source].started, held.lastToken))
    let number: Int32
    if let free = freeEntries.popLast() {
      number = free
      entries[Int(free)] = entry
    } else {
      number = Int32(entries.count)
      entries.append(entry)
    }
    queues[target].append(number)
    admit(to: target, at: held.lastToken, &engines)
  }

  /// Has the keys and values of those travel for whom an engine has room.
  mutating func admit(to target: Int, at time: Int64, _ engines: inout [Engine]) {
    while let number = queues[target].first,
      engines[target].scheduler.hasRoom(for: entries[Int(number)].resident)
    {
      queues[target].removeFirst()
      let index = Int(number)
      let entry = entries[index]
      guard let size = sizes[entry.source] else { continue }
      entries[index].slot = engines[target].scheduler.reserve(entry.resident)
      entries[index].reserved = time
      let end = links.send(
        tokens: Int(entry.resident.computed), size, from: entry.source, to: target,
        computedIn: entry.step, at: time)
      arrivals.insert(Arrival(time: end, sequence: sequence, entry: number))
      sequence += 1
    }
  }

  /// Lets requests decode whose transfers have ended by then.
  mutating func deliver(at time: Int64, _ engines: inout [Engine], chain: [UInt64]) {
    while let arrival = arrivals.min, arrival.time <= time {
      arrivals.removeMin()
      let entry = entries[Int(arrival.entry)]
      free(arrival.entry)
      release(entry, at: time, &engines)
      guard !entry.isCancelled else {
        engines[entry.target].scheduler.dropReserved(entry.slot)
        cancelled.append(entry.resident)
        admit(to: entry.target, at: time, &engines)
        wake(entry.target, at: time, &engines)
        continue
      }
      engines[entry.target].scheduler.join(entry.slot, chain: chain)
      wake(entry.target, at: time, &engines)
      count(entry, arrival.time)
    }
  }

  /// Has a request let go whose client gave up: now, or when its keys and values have come; false if it is
  /// not here.
  mutating func cancel(_ request: Int32, at time: Int64, _ engines: inout [Engine]) -> Bool {
    let found = entries.firstIndex {
      $0.isInUse && !$0.isCancelled && $0.resident.request == request
    }
    guard let index = found else {
      return targets.contains { engines[$0].cancel(request) }
    }
    guard entries[index].slot < 0 else {
      entries[index].isCancelled = true
      return true
    }
    let entry = entries[index]
    let places = 0..<queues[entry.target].count
    if let place = places.first(where: { queues[entry.target][$0] == Int32(index) }) {
      queues[entry.target].remove(at: place)
    }
    free(Int32(index))
    release(entry, at: time, &engines)
    cancelled.append(entry.resident)
    admit(to: entry.target, at: time, &engines)
    return true
  }

  /// Visits the requests that are here.
  func forEachUnfinished(_ visit: (Resident) -> Void) {
    for entry in entries where entry.isInUse { visit(entry.resident) }
  }

  // MARK: Its parts

  private func partner(of source: Int) -> Int { targets[sourceNumbers[source] % targets.count] }

  /// The engine that decodes a request.
  private func target(input: Int, output: Int, from source: Int, _ engines: [Engine]) -> Int {
    var (best, fewest) = (partner(of: source), Int.max)
    guard pool == .global else { return best }
    for target in targets {
      let load = engines[target].scheduler.outstanding + queues[target].count
      if load < fewest, engines[target].scheduler.limits.canServe(input: input, output: output) {
        (best, fewest) = (target, load)
      }
    }
    return best
  }

  /// Returns the blocks that a request's source kept.
  private mutating func release(_ entry: Entry, at time: Int64, _ engines: inout [Engine]) {
    engines[entry.source].scheduler.release(entry.heldSlot)
    wake(entry.source, at: time, &engines)
  }

  private mutating func wake(_ engine: Int, at time: Int64, _ engines: inout [Engine]) {
    guard engines[engine].scheduler.outstanding > 0, engines[engine].wake(at: time) else { return }
    woken.append(engine)
  }

  private mutating func free(_ entry: Int32) {
    entries[Int(entry)].isInUse = false
    freeEntries.append(entry)
  }

  private mutating func count(_ entry: Entry, _ end: Int64) {
    let transfer = Nanoseconds(end) - Nanoseconds(entry.reserved)
    let queue = Nanoseconds(entry.reserved) - Nanoseconds(entry.step.end)
    totals.requests += 1
    totals.bytes += Double(entry.resident.computed) * (sizes[entry.source]?.bytesPerToken ?? 0)
    totals.transferTime += transfer
    totals.longestTransfer = max(totals.longestTransfer, transfer)
    totals.memoryQueueTime += queue
    totals.longestMemoryQueue = max(totals.longestMemoryQueue, queue)
    guard keepsRecords else { return }
    records.append(
      HandoverRecord(
        request: entry.resident.request, source: Int32(entry.source), target: Int32(entry.target),
        start: Nanoseconds(entry.reserved), end: Nanoseconds(end),
        bytes: Double(entry.resident.computed) * (sizes[entry.source]?.bytesPerToken ?? 0)))
  }
}
