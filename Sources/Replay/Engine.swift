import CostModel
import Histogram
import Operators

/// One engine: a ``Scheduler`` put on the clock.
///
/// At each boundary between steps the engine ends the step in flight, has the next one decided,
/// and waits for its price; then ``start(price:until:)`` sets the next boundary. With asynchronous
/// scheduling the step after it is decided at that moment too, before anything that arrives or
/// ends meanwhile can be known. With several stages the engine comes to its boundary again at
/// once, until as many steps as stages are in flight or nothing is left to do, and then when the
/// oldest one ends (vLLM V1's batch queue).
struct Engine {
  /// The group of the deployment that it belongs to.
  let group: Int
  /// Its number in the whole deployment.
  let index: Int32
  var scheduler: Scheduler
  /// The step in flight, or decided and to be started.
  private(set) var current = Decision()
  /// When the step in flight ends, or an idle engine sees what arrived; `.max` while idle.
  var boundary: Int64 = .max
  /// What it did so far.
  private(set) var totals = EngineTotals()
  /// Its steps, if they are recorded.
  private(set) var records: [StepRecord] = []

  private var pending = Decision()
  private var hasPending = false
  private var isInFlight = false
  /// When the step in flight, or the one that ended last, began.
  private(set) var started: Int64 = 0
  private var price = StepPrice()
  /// When the dummy began that it computes beside ranks that work; nil for none.
  private var dummyStart: Int64?
  /// Gaps before those tokens of the step in flight that do not follow the step before it.
  private var laterGaps: [Int64] = []
  /// Requests that the last step prefilled for other engines; see ``takePrefilled()``.
  private var prefilled: [Int32] = []
  /// Requests whose clients gave up.
  private var leaving: [Int32] = []
  private let options: ReplayOptions
  /// With several stages, the steps in flight.
  private var pipeline: Pipeline

  /// Creates an idle engine.
  init(group: Int, index: Int32, limits: EngineLimits, options: ReplayOptions) {
    self.group = group
    self.index = index
    self.options = options
    scheduler = Scheduler(limits: limits)
    pipeline = Pipeline(stages: limits.stages)
    totals.group = group
    totals.blocks = limits.usableBlocks
  }

  /// Ends the step in flight, if there is one: counts it and lets finished requests go.
  ///
  /// - Parameters:
  ///   - gaps: Gets the time between each token and the one before it of the same request.
  ///   - finished: Gets the requests that finished.
  mutating func endStep(gaps: inout Histogram<UInt64>, finished: inout [Resident]) {
    if let flight = pipeline.next(endingBy: boundary) {
      current = flight.decision
      (started, price, laterGaps) = (flight.start, flight.price, flight.gaps)
      scheduler.deliver(current)
    } else if !isInFlight {
      if let dummyStart { endDummy(from: dummyStart) }
      return
    }
    isInFlight = false
    let duration = boundary - started
    account(duration)
    let counts = started >= options.warmUp.rawValue
    if counts, current.decodes > 0 {
      gaps.recordLatency(UInt64(duration), count: UInt64(current.decodes))
      totals.gapTime += Double(duration) * Double(current.decodes)
    }
    if counts {
      for gap in laterGaps {
        gaps.recordLatency(UInt64(gap))
        totals.gapTime += Double(gap)
      }
    }
    if counts, current.extraTokens > 0 { gaps.record(0, count: UInt64(current.extraTokens)) }
    for slot in current.finishing {
      scheduler.residents[Int(slot)].lastToken = boundary
      if scheduler.residents[Int(slot)].isHandedOver {
        scheduler.detach(slot)
        prefilled.append(slot)
        continue
      }
      finished.append(scheduler.residents[Int(slot)])
      scheduler.finish(slot)
    }
  }

  /// Has a request let go at the next boundary; false if it is not here, or if its last token is on its
  /// way: then it finishes.
  mutating func cancel(_ request: Int32) -> Bool {
    guard scheduler.slot(of: request) != nil else { return false }
    leaving.append(request)
    return true
  }

  /// Lets those go that were cancelled, after ``endStep(gaps:finished:)``.
  ///
  /// - Parameter gone: Gets the requests, without tokens that are on their way.
  mutating func letGo(_ gone: inout [Resident]) {
    guard !leaving.isEmpty else { return }
    for request in leaving {
      if let place = prefilled.firstIndex(where: {
        scheduler.residents[Int($0)].request == request
      }) {
        gone.append(scheduler.residents[Int(prefilled[place])])
        scheduler.release(prefilled.remove(at: place))
      } else if let slot = scheduler.slot(of: request) {
        gone.append(abort(slot))
      }
    }
    leaving.removeAll(keepingCapacity: true)
  }

  /// The slots of the requests that the last step prefilled for other engines; afterwards none.
  mutating func takePrefilled() -> [Int32] {
    defer { prefilled.removeAll(keepingCapacity: true) }
    return prefilled
  }

  /// The steps that were recorded since this was asked last.
  ///
  /// - Parameter all: Whether the last one is among them, which otherwise stays, as later ones may join it.
  mutating func takeRecords(all: Bool) -> [StepRecord] {
    let count = all ? records.count : records.count - 1
    guard count > 0 else { return [] }
    defer { records.removeFirst(count) }
    return Array(records.prefix(count))
  }

  /// Has an idle engine come to its boundary; false if it comes there anyway.
  mutating func wake(at time: Int64) -> Bool {
    guard boundary == .max else { return false }
    boundary = time
    return true
  }

  /// Decides the step that begins at the boundary; false if there is nothing to do, or, from
  /// `limit` on, nothing that was decided before. Then the boundary moves to the end of the oldest
  /// step in flight, or to `.max`.
  mutating func beginStep(until limit: Int64, chain: [UInt64]) -> Bool {
    if hasPending {
      swap(&current, &pending)
      hasPending = false
      return true
    }
    guard boundary < limit, !pipeline.isFull else { return rest() }
    if options.advancesDecodeRuns, scheduler.repeatDecode(from: current, into: &pending) {
      swap(&current, &pending)
      return true
    }
    repeat {
      scheduler.schedule(into: &current, chain: chain)
      if !current.isEmpty { return true }
      totals.preemptions += current.preempted
      // A step that only took memory away is followed by another at once.
    } while current.tookMemory && pipeline.isEmpty
    return rest()
  }

  /// Notes what the ranks that share experts compute together in the step that is decided.
  mutating func meet(tokens: Int, fullest: Int) {
    current.shape.groupTokens = tokens
    current.shape.fullestTokens = fullest
  }

  private mutating func rest() -> Bool {
    boundary = pipeline.firstEnd ?? .max
    return false
  }

  /// Lets a request go before its end, between ``endStep(gaps:finished:)`` and
  /// ``beginStep(until:chain:)``; what it was, without tokens that are on their way.
  mutating func abort(_ slot: Int32) -> Resident {
    let resident = scheduler.residents[Int(slot)]
    let isDecoding = resident.phase == .decoding
    var missing = pipeline.drop(slot, brought: resident.brought)
    let neverBegan = hasPending && pending.admitted.contains(slot)
    if hasPending {
      missing.tokens += pending.drop(slot, brought: resident.brought, isDecoding: isDecoding)
    }
    var aborted = scheduler.abort(slot)
    aborted.generated -= missing.tokens
    aborted.lastToken -= missing.gap
    if neverBegan { aborted.cached = -1 }
    return aborted
  }

  /// The price of a step with that of the drafts that it makes.
  ///
  /// Inlined, because a call would copy the engine.
  @inline(__always)
  func withDrafts(_ price: StepPrice) -> StepPrice {
    guard let speculation = scheduler.limits.speculation else { return price }
    return price.withDrafts(of: speculation)
  }

  /// Starts the decided step at the boundary, and moves the boundary to its end.
  ///
  /// - Parameters:
  ///   - price: What the step takes.
  ///   - duration: How many nanoseconds it lasts, if it must wait for others.
  mutating func start(
    price: StepPrice, lasting duration: Double? = nil, until limit: Int64, chain: [UInt64]
  ) {
    started = boundary
    self.price = price
    if scheduler.limits.stages > 1 {
      startInPipeline()
      return
    }
    isInFlight = true
    boundary = Self.end(of: duration ?? price.total, from: started)
    scheduler.latestEnd = boundary
    stampTokens()
    guard scheduler.limits.asyncScheduling, started < limit else { return }
    if !options.advancesDecodeRuns || !scheduler.repeatDecode(from: current, into: &pending) {
      scheduler.schedule(into: &pending, chain: chain)
    }
    hasPending = !pending.isEmpty
    totals.preemptions += hasPending ? 0 : pending.preempted
  }

  /// Puts off the end of the step in flight: its tokens come then.
  ///
  /// - Precondition: Steps neither overlap, nor is the next one decided before this one ends.
  mutating func delayStep(until time: Int64) {
    guard time > boundary else { return }
    let delay = time - boundary
    boundary = time
    scheduler.latestEnd = time
    for slot in current.firstTokens {
      scheduler.residents[Int(slot)].firstToken = time
      scheduler.residents[Int(slot)].lastToken = time
    }
    for slot in current.laterTokens { scheduler.residents[Int(slot)].lastToken = time }
    for index in laterGaps.indices { laterGaps[index] += delay }
  }

  private mutating func startInPipeline() {
    let end = pipeline.end(of: price, from: started)
    boundary = end
    scheduler.latestEnd = end
    stampTokens()
    pipeline.append(
      Pipeline.Flight(decision: current, start: started, end: end, price: price, gaps: laterGaps))
    // At once again, to fill the pipeline.
    boundary = started
  }

  /// Notes when the step's tokens will be ready. This comes before the next step is decided, which
  /// may preempt their requests.
  private mutating func stampTokens() {
    for slot in current.admitted { scheduler.residents[Int(slot)].scheduled = started }
    for slot in current.firstTokens {
      scheduler.residents[Int(slot)].firstToken = boundary
      scheduler.residents[Int(slot)].lastToken = boundary
    }
    laterGaps.removeAll(keepingCapacity: true)
    for slot in current.laterTokens {
      laterGaps.append(
        (Nanoseconds(boundary) - Nanoseconds(scheduler.residents[Int(slot)].lastToken)).rawValue)
      scheduler.residents[Int(slot)].lastToken = boundary
    }
  }

  /// Durations are rounded to whole nanoseconds once, here, and are at least one.
  static func end(of nanoseconds: Double, from start: Int64) -> Int64 {
    let rounded = nanoseconds.rounded()
    let duration = rounded >= 1 ? (rounded < 0x1p60 ? Int64(rounded) : 1 << 60) : 1
    let (end, overflow) = start.addingReportingOverflow(duration)
    return overflow ? .max - 1 : min(end, .max - 1)
  }

  /// Computes nothing of use until then, beside ranks that do.
  mutating func computeDummy(until end: Int64, from time: Int64) {
    dummyStart = time
    boundary = end
  }

  /// Counts the dummy that ends: it is work, and no step of any request.
  private mutating func endDummy(from start: Int64) {
    dummyStart = nil
    let duration = boundary - start
    let blocks = scheduler.pool.usedCount
    totals.busyTime += Nanoseconds(duration)
    totals.blockTime += Double(blocks) * Double(duration)
    guard options.recordsSteps else { return }
    add(
      StepRecord(
        engine: index, steps: 1, start: .init(start), duration: .init(duration), shape: StepShape(),
        waiting: 0, blocksInUse: Int32(clamping: blocks), preempted: 0))
  }

  /// Counts the time of steps in flight that end with their engine: it worked, and brought nothing.
  mutating func cutSteps(at time: Int64) {
    guard isInFlight || !pipeline.isEmpty else { return }
    let begin = pipeline.firstStart.map { max($0, totals.lastEnd.rawValue) } ?? started
    guard time > begin else { return }
    let running = current.shape.prefillSequences + current.shape.decodeSequences
    totals.busyTime += Nanoseconds(time - begin)
    totals.runningTime += Double(running) * Double(time - begin)
    totals.blockTime += Double(current.blocksInUse) * Double(time - begin)
    totals.lastEnd = Nanoseconds(time)
  }

  /// Adds the step that ends to the totals.
  private mutating func account(_ duration: Int64) {
    let running = current.shape.prefillSequences + current.shape.decodeSequences
    // Steps in flight together overlap.
    let busy =
      scheduler.limits.stages > 1 && totals.steps > 0
      ? boundary - max(started, totals.lastEnd.rawValue) : duration
    totals.steps += 1
    totals.busyTime += Nanoseconds(busy)
    totals.lastEnd = Nanoseconds(boundary)
    totals.deviceTime += price.deviceTime
    totals.hostTime += price.hostTime
    totals.standardError += price.standardError
    totals.runningTime += Double(running) * Double(duration)
    totals.blockTime += Double(current.blocksInUse) * Double(busy)
    totals.peakRunning = max(
      totals.peakRunning, scheduler.limits.stages > 1 ? scheduler.running.count : running)
    totals.peakWaiting = max(totals.peakWaiting, current.waiting)
    totals.peakBlocks = max(totals.peakBlocks, current.blocksInUse)
    totals.preemptions += current.preempted
    totals.queriedTokens = scheduler.queriedTokens
    totals.hitTokens = scheduler.hitTokens
    totals.queriedBlocks = scheduler.queriedBlocks
    totals.hitBlocks = scheduler.hitTokens / scheduler.limits.blockSize
    if options.recordsSteps { record(duration) }
  }

  private mutating func record(_ duration: Int64) {
    let record = StepRecord(
      engine: index, steps: 1, start: .init(started), duration: .init(duration),
      shape: current.shape, waiting: Int32(clamping: current.waiting),
      blocksInUse: Int32(clamping: current.blocksInUse),
      preempted: Int32(clamping: current.preempted))
    add(record)
  }

  private mutating func add(_ record: StepRecord) {
    if options.mergesSteps, let last = records.indices.last, records[last].absorb(record) { return }
    records.append(record)
  }
}

extension StepRecord {
  /// Takes in the step that follows, if both are pure decode of the same sequences' number and
  /// nothing else that a record tells changed; contexts and blocks may have grown.
  fileprivate mutating func absorb(_ next: StepRecord) -> Bool {
    guard shape.prefillSequences == 0, next.shape.prefillSequences == 0,
      shape.decodeSequences == next.shape.decodeSequences,
      shape.groupTokens == next.shape.groupTokens,
      shape.fullestTokens == next.shape.fullestTokens, waiting == next.waiting,
      preempted == 0, next.preempted == 0, start + duration == next.start,
      next.shape.decodeContext == shape.decodeContext + Int(steps) * shape.decodeSequences,
      steps < .max
    else { return false }
    steps += 1
    duration += next.duration
    lastBlocksInUse = next.lastBlocksInUse
    return true
  }
}
