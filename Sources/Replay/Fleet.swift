public import CostModel
import HeapModule
import Histogram
public import Operators

/// All engines and the requests on their way to them: the event loop of a replay.
///
/// Events are ordered by (time, priority, sequence): at one instant requests arrive first, in log
/// order, and then engines reach their boundaries, in the order of their numbers; so a step that
/// begins when a request arrives can serve it. Engines touch each other only through routing,
/// and therefore one engine runs on alone until the next arrival.
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

  private var engines: [Engine]
  private var router: Router
  private let requests: RequestTable
  private let order: [Int32]
  private var nextArrival = 0
  private var horizon: Int64
  private let limit: Int64
  private var wakes = Heap<Wake>()
  /// Engines that step together; the first one of each wakes them all.
  private var locksteps: [Lockstep]
  private var active = -1
  private var finished: [Resident] = []
  private var result: ReplayResult
  private let progress: (Int) -> Void
  private var finishedCount = 0
  private var nextReport = Self.reportInterval

  /// How many requests finish between two reports of progress.
  static let reportInterval = 256

  init(
    engines: [Engine], router: Router, locksteps: [Lockstep] = [], requests: RequestTable,
    options: ReplayOptions, progress: @escaping (Int) -> Void
  ) {
    self.engines = engines
    self.router = router
    self.locksteps = locksteps
    self.requests = requests
    self.progress = progress
    order = requests.arrivalOrder
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
        if engines[active].boundary < horizon {
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
      } else if nextArrival < order.count, horizon < .max {
        acceptArrivals()
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
      engines[active].endStep(gaps: &result.tokenGaps, finished: &finished)
      if !finished.isEmpty { collectFinished() }
      return engines[active].beginStep(until: limit, chain: requests.chain)
    }
    for member in locksteps[together].members {
      engines[member].endStep(gaps: &result.tokenGaps, finished: &finished)
    }
    if !finished.isEmpty { collectFinished() }
    return locksteps[together].begin(&engines, until: limit, chain: requests.chain)
  }

  /// Which of ``locksteps`` an engine belongs to, or nil.
  private func lockstep(of engine: Int) -> Int? {
    guard !locksteps.isEmpty else { return nil }
    return locksteps.firstIndex { $0.members.contains(engine) }
  }

  /// Ends the replay: collects everything that engines counted.
  @usableFromInline
  consuming func finish() -> ReplayResult {
    result.close(engines: engines)
    return result
  }

  // MARK: Arrivals and departures

  /// Takes all requests that arrive at the horizon.
  private mutating func acceptArrivals() {
    let time = horizon
    while nextArrival < order.count, requests.arrivals[Int(order[nextArrival])] == time {
      accept(Int(order[nextArrival]), at: time)
      nextArrival += 1
    }
    setHorizon()
  }

  /// Moves the horizon to the next arrival, if it is before the limit.
  private mutating func setHorizon() {
    horizon = .max
    guard nextArrival < order.count else { return }
    let arrival = requests.arrivals[Int(order[nextArrival])]
    if arrival < limit { horizon = arrival } else { nextArrival = order.count }
  }

  private mutating func accept(_ request: Int, at time: Int64) {
    result.arrivalCount += 1
    let (input, output) = (requests.inputTokens[request], requests.outputTokens[request])
    guard let engine = router.route(input: Int(input), output: Int(output), engines: engines)
    else {
      result.outcomes[request].status = .rejected
      return
    }
    result.outcomes[request].engine = Int32(engine)
    engines[engine].scheduler.enqueue(
      Resident(
        request: Int32(request), input: input, output: output,
        content: requests.content(of: request),
        blockSize: engines[engine].scheduler.limits.blockSize,
        priority: requests.priorities[request], arrival: time))
    if engines[engine].boundary == .max {
      let together = lockstep(of: engine).map { locksteps[$0].members } ?? engine..<(engine + 1)
      for member in together { engines[member].boundary = time }
      wakes.insert(Wake(time: time, engine: together.lowerBound))
    }
  }

  private mutating func collectFinished() {
    for resident in finished { result.finish(resident) }
    finishedCount += finished.count
    finished.removeAll(keepingCapacity: true)
    guard finishedCount >= nextReport else { return }
    nextReport = finishedCount + Self.reportInterval
    progress(finishedCount)
  }
}
