public import CostModel
import HeapModule
import Histogram
public import Operators
import RequestLogs
import Scenarios

/// All engines and the requests on their way to them: the event loop of a replay.
///
/// Events are ordered by (time, priority, sequence): at one instant requests arrive first, in log
/// order, then clients give up, then keys and values have come that travelled between engines, and then
/// engines reach their boundaries, in the order of their numbers; so a step that begins when a request
/// arrives can serve it. Engines touch each other only through routing, and therefore one engine runs on
/// alone until the next arrival. Where ends cause arrivals (sessions, clients), or engines hand requests
/// over, they advance together, and what an end causes at its own instant comes between that end and the
/// engine's next step.
@usableFromInline
struct Fleet {
  /// An engine's next boundary.
  private struct Wake: Comparable {
    var time: Int64
    var engine: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.engine) < (right.time, right.engine)
    }
  }

  /// A client's giving up.
  private struct Cancellation: Comparable {
    var time: Int64
    var row: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.row) < (right.time, right.row)
    }
  }

  private var engines: [Engine]
  /// The limits of all groups of the deployment, also of those that have no engine here.
  private let limits: [EngineLimits]
  private var router: Router
  private var requests: RequestTable
  private var arrivals: ArrivalQueue
  private var cancellations = Heap<Cancellation>()
  private var horizon: Int64
  private var limit: Int64
  private var wakes = Heap<Wake>()
  /// Engines that step together; the first one of each wakes them all.
  private var locksteps: [Lockstep]
  /// Requests between engines that have roles; nil where these have none.
  private var handovers: Handovers?
  /// Whether what one engine does is of consequence to others before the next arrival.
  private let isCoupled: Bool
  private var active = -1
  private var finished: [Resident] = []
  private var cancelled: [Resident] = []
  private var result: ReplayResult
  private let stream: RequestStream?
  private let progress: (Int) -> Void
  private var finishedCount = 0
  private var nextReport = Self.reportInterval

  /// How many requests finish between two reports of progress.
  static let reportInterval = 256

  /// Puts engines and requests together.
  ///
  /// - Parameter stream: where requests come from when those of the table have arrived, and where
  ///   outcomes go; nil for a table that holds all.
  init(
    engines: [Engine], limits: [EngineLimits], router: Router, locksteps: [Lockstep] = [],
    handovers: Handovers? = nil,
    requests: RequestTable, options: ReplayOptions, stream: RequestStream? = nil,
    progress: @escaping (Int) -> Void
  ) {
    self.engines = engines
    self.limits = limits
    self.router = router
    self.locksteps = locksteps
    self.handovers = handovers
    self.requests = requests
    self.stream = stream
    self.progress = progress
    arrivals = ArrivalQueue(requests)
    isCoupled = arrivals.isCoupled || handovers != nil
    limit = options.limit?.rawValue ?? .max
    result = ReplayResult(requests)
    horizon = .min
    setHorizon()
  }

  /// The shape of the step that was decided last, and waits for its price.
  @usableFromInline
  var decidedShape: StepShape {
    if let together = lockstep(of: active) { return locksteps[together].shape(engines) }
    return engines[active].current.shape
  }

  /// Runs until an engine has decided a step; returns the number of its group, or nil at the end
  /// of the replay.
  @usableFromInline
  mutating func nextStep() -> Int? {
    while true {
      if active >= 0 {
        if let together = lockstep(of: active), locksteps[together].isPricing {
          return engines[active].group
        }
        if mayAdvance {
          if beginStep() { return engines[active].group }
          if engines[active].boundary < .max { continue }
        } else if engines[active].boundary < .max {
          wakes.insert(Wake(time: engines[active].boundary, engine: active))
        }
        active = -1
      }
      if let wake = wakes.min, wake.time < horizon {
        wakes.removeMin()
        active = wake.engine
      } else if horizon < .max {
        handleHorizon()
      } else {
        return nil
      }
    }
  }

  /// Starts the step that was decided last.
  @usableFromInline
  mutating func startStep(price: StepPrice) {
    let price = engines[active].withDrafts(price)
    if let together = lockstep(of: active) {
      locksteps[together].start(price, &engines, until: limit, chain: requests.chain)
    } else {
      engines[active].start(price: price, until: limit, chain: requests.chain)
    }
  }

  /// Ends the step in flight of the active engine, or of all that step with it, and has the next
  /// one decided; false if there is none.
  private mutating func beginStep() -> Bool {
    guard let together = lockstep(of: active) else {
      endStep(of: active)
      let time = engines[active].boundary
      if handovers != nil { handOver() }
      if !finished.isEmpty || !cancelled.isEmpty { collectEnded() }
      let begins = engines[active].beginStep(until: limit, chain: requests.chain)
      if handovers != nil {
        handovers?.admit(to: active, at: time, &engines)
        hastenHorizon()
      }
      return begins
    }
    for member in locksteps[together].members { endStep(of: member) }
    if !finished.isEmpty || !cancelled.isEmpty { collectEnded() }
    return locksteps[together].begin(&engines, until: limit, chain: requests.chain)
  }

  /// Ends an engine's step in flight, and lets those go whose clients gave up meanwhile.
  private mutating func endStep(of engine: Int) {
    engines[engine].endStep(gaps: &result.tokenGaps, finished: &finished)
    engines[engine].letGo(&cancelled)
  }

  /// Which of ``locksteps`` an engine belongs to, or nil.
  private func lockstep(of engine: Int) -> Int? {
    guard !locksteps.isEmpty else { return nil }
    return locksteps.firstIndex { $0.members.contains(engine) }
  }

  /// Stops the replay: nothing arrives any more, and only what was decided goes on.
  @usableFromInline
  mutating func cut() {
    result.isCut = true
    limit = .min
    horizon = .max
  }

  /// Ends the replay: collects everything that engines counted.
  @usableFromInline
  consuming func finish() -> ReplayResult {
    result.close(engines: engines, handovers: handovers)
    if let stream {
      for outcome in result.outcomes { stream.collect(outcome) }
      result.outcomes = []
    }
    return result
  }

  /// Whether the active engine's boundary is the next event.
  private var mayAdvance: Bool {
    let boundary = engines[active].boundary
    guard boundary < horizon else { return false }
    guard isCoupled, let wake = wakes.min else { return true }
    return Wake(time: boundary, engine: active) < wake
  }

  // MARK: Arrivals and departures

  /// Takes all requests that arrive at the horizon, lets those go whose clients give up there, and those
  /// decode whose keys and values have come.
  private mutating func handleHorizon() {
    let time = horizon
    while let row = arrivals.take(at: time, from: requests) { accept(row, at: time) }
    while let cancellation = cancellations.min, cancellation.time <= time {
      cancellations.removeMin()
      cancel(cancellation.row, at: time)
    }
    if handovers != nil {
      handovers?.deliver(at: time, &engines, chain: requests.chain)
      collectHandovers(at: time)
    }
    setHorizon()
  }

  /// Passes on what the active engine prefilled.
  private mutating func handOver() {
    for slot in engines[active].takePrefilled() {
      let row = Int(engines[active].scheduler.residents[Int(slot)].request)
      handovers?.take(
        slot, of: active, output: requests.outputTokens[row - requests.firstRow], &engines)
    }
  }

  /// Takes in what handovers brought about.
  private mutating func collectHandovers(at time: Int64) {
    for engine in handovers?.woken ?? [] { wakes.insert(Wake(time: time, engine: engine)) }
    for resident in handovers?.cancelled ?? [] { result.end(resident, .cancelled) }
    handovers?.woken.removeAll(keepingCapacity: true)
    handovers?.cancelled.removeAll(keepingCapacity: true)
  }

  /// Moves the horizon to the next arrival or giving up, if it is before the limit.
  private mutating func setHorizon() {
    var arrival = arrivals.nextTime(in: requests)
    if arrival == .max, let stream, requests.refill(from: stream, &result) {
      arrival = arrivals.nextTime(in: requests)
    }
    horizon = min(arrival, cancellations.min?.time ?? .max)
    if horizon >= limit { horizon = .max }
    if handovers != nil { hastenHorizon() }
  }

  /// Moves the horizon to the next end of a transfer, if that is earlier and before the limit.
  private mutating func hastenHorizon() {
    if let next = handovers?.nextTime, next < min(horizon, limit) { horizon = next }
  }

  private mutating func accept(_ row: Int, at time: Int64) {
    result.arrivalCount += 1
    let index = row - requests.firstRow
    if arrivals.isCoupled { result.outcomes[index].arrival = Nanoseconds(time) }
    let (input, output) = (requests.inputTokens[index], requests.outputTokens[index])
    guard
      var engine = router.route(
        index, input: Int(input), output: Int(output), engines: engines, handovers: handovers)
    else {
      result.outcomes[index].status = .rejected
      result.outcomes[index].rejection =
        limits.compactMap { $0.obstacleToPart(input: Int(input), output: Int(output)) }.max()
      arrivals.ended(row, at: time, in: requests)
      return
    }
    if handovers != nil {
      engine =
        handovers?.convert(engine, input: Int(input), output: Int(output), engines) ?? engine
    }
    result.outcomes[index].engine = engines[engine].index
    let limits = engines[engine].scheduler.limits
    var resident = Resident(
      request: Int32(truncatingIfNeeded: row), input: input,
      output: limits.role == .prefill ? 1 : output, content: requests.content(of: row),
      blockSize: limits.blockSize, priority: requests.priorities[index], arrival: time)
    resident.isHandedOver = resident.output < output
    engines[engine].scheduler.enqueue(resident)
    if !requests.patience.isEmpty, requests.patience[index] < .max {
      let time = (Nanoseconds(time) + Nanoseconds(requests.patience[index])).rawValue
      cancellations.insert(Cancellation(time: time, row: row))
    }
    // The active engine is between the end of a step and its next one, and sees the request there.
    if engines[engine].boundary == .max {
      let together = lockstep(of: engine).map { locksteps[$0].members } ?? engine..<(engine + 1)
      for member in together { engines[member].boundary = time }
      wakes.insert(Wake(time: time, engine: together.lowerBound))
    }
  }

  /// Has a request whose client gave up let go. The client goes on at once; the engine looks at such things
  /// between two steps.
  private mutating func cancel(_ row: Int, at time: Int64) {
    let index = row - requests.firstRow
    // Rows of a stream may be gone, and were done then.
    guard index >= 0, result.outcomes[index].status == .unfinished else { return }
    let request = Int32(truncatingIfNeeded: row)
    guard
      engines[Int(result.outcomes[index].engine - engines[0].index)].cancel(request)
        || handovers?.cancel(request, at: time, &engines) == true
    else { return }
    arrivals.ended(row, at: time, in: requests)
  }

  /// Takes in what ended at the active engine's boundary.
  private mutating func collectEnded() {
    for resident in finished {
      result.end(resident, .finished)
      arrivals.ended(Int(resident.request), at: resident.lastToken, in: requests)
    }
    for resident in cancelled { result.end(resident, .cancelled) }
    cancelled.removeAll(keepingCapacity: true)
    finishedCount += finished.count
    finished.removeAll(keepingCapacity: true)
    if arrivals.isCoupled {
      setHorizon()
      while horizon <= engines[active].boundary { handleHorizon() }
    }
    guard finishedCount >= nextReport else { return }
    nextReport = finishedCount + Self.reportInterval
    progress(finishedCount)
  }
}
