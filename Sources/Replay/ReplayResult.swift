import CostModel
public import Histogram
public import Operators

/// What became of one request.
public struct RequestOutcome: Sendable, Hashable {
  /// How a request ended.
  public enum Status: UInt8, Sendable, Hashable {
    /// All of its tokens were generated.
    case finished
    /// It could never run: longer than the model's limit, than the key-value memory, or empty.
    case rejected
    /// The run was cut before its end.
    case unfinished
    /// Its client gave up before its end.
    case cancelled
  }

  /// Why a request could never run. Of several engines' reasons the last in this order is told: that of
  /// the engine that was nearest to serving it.
  public enum Rejection: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// Nothing to compute: no token in the prompt, or none generated.
    case noTokens
    /// Prompt and generated tokens exceed the model's limit, `max_model_len`.
    case modelLength
    /// They exceed the key-value memory of an engine that serves nothing else.
    case memory
    /// The prompt, which is computed whole, exceeds the tokens of a step, `max_num_batched_tokens`.
    case stepTokens

    /// The order in which a request meets the obstacles.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  }

  /// How it ended.
  public var status: Status = .unfinished
  /// Why it was rejected, if it was.
  public var rejection: Rejection?
  /// The engine that served it; where engines have roles, the one that prefilled it.
  public var engine: Int32 = 0
  /// When it arrived, on the replay's clock.
  public var arrival: Nanoseconds = .zero
  /// When the first step that worked on it began.
  public var scheduled: Nanoseconds = .zero
  /// When its first token was ready.
  public var firstToken: Nanoseconds = .zero
  /// When its last token was ready.
  public var lastToken: Nanoseconds = .zero
  /// Prompt tokens.
  public var inputTokens: Int32 = 0
  /// Tokens generated.
  public var outputTokens: Int32 = 0
  /// Prompt tokens found in the prefix cache when it was first scheduled.
  public var cachedTokens: Int32 = 0
  /// How often it lost its memory and began again.
  public var preemptions: Int32 = 0

  /// An outcome to be filled in.
  public init() {}

  /// Time to first token.
  public var timeToFirstToken: Nanoseconds { firstToken - arrival }
  /// Time from arrival to the last token.
  public var endToEnd: Nanoseconds { lastToken - arrival }
  /// Time from arrival to the first step that worked on it.
  public var queueTime: Nanoseconds { scheduled - arrival }
  /// Mean time per output token after the first, or nil with fewer than two tokens.
  public var timePerOutputToken: Nanoseconds? {
    guard outputTokens > 1 else { return nil }
    let time = Double((lastToken - firstToken).rawValue)
    return Nanoseconds(rounding: time / Double(outputTokens - 1))
  }
}

/// One engine step, or a run of like decode steps advanced in one go.
public struct StepRecord: Sendable, Hashable {
  /// The engine that ran it.
  public var engine: Int32
  /// How many steps this record stands for; 1 unless ``ReplayOptions`` lets runs be merged.
  public var steps: Int32
  /// When it began.
  public var start: Nanoseconds
  /// How long it took.
  public var duration: Nanoseconds
  /// What it computed (the first step's shape, where several were merged).
  public var shape: StepShape
  /// Requests waiting when it was scheduled.
  public var waiting: Int32
  /// Key-value blocks in use while it ran; of several steps, while the first one ran.
  public var blocksInUse: Int32
  /// The same of the last step.
  public var lastBlocksInUse: Int32
  /// Requests that lost their memory when it was scheduled.
  public var preempted: Int32

  /// Creates a record.
  public init(
    engine: Int32, steps: Int32, start: Nanoseconds, duration: Nanoseconds, shape: StepShape,
    waiting: Int32, blocksInUse: Int32, preempted: Int32
  ) {
    self.engine = engine
    self.steps = steps
    self.start = start
    self.duration = duration
    self.shape = shape
    self.waiting = waiting
    self.blocksInUse = blocksInUse
    lastBlocksInUse = blocksInUse
    self.preempted = preempted
  }

  /// Blocks in use at a share of its time: those of several steps grow evenly from the first to the last.
  package func blocks(at share: Double) -> Double {
    Double(blocksInUse) + (Double(lastBlocksInUse) - Double(blocksInUse)) * share
  }

  /// What the step in the middle computed, whose price is that of all on average.
  public var middleShape: StepShape {
    var shape = shape
    let later = Int(steps - 1) / 2
    shape.decodeContext += shape.decodeSequences * later
    if shape.decodeSequences > 0 { shape.longestDecodeContext += later }
    return shape
  }
}

/// The outcome of a replay.
public struct ReplayResult: Sendable, Equatable {
  /// What became of each request, in log order; empty of a stream, whose caller got them one by one.
  public internal(set) var outcomes: [RequestOutcome]
  /// The row of the first of ``outcomes``, while a stream goes on.
  var firstRow = 0
  /// The steps by their beginning, then by engine; empty unless ``ReplayOptions/recordsSteps``.
  public internal(set) var steps: [StepRecord] = []
  /// Nanoseconds between each token and the one before it of the same request, over all engines;
  /// values are kept to three significant digits.
  public internal(set) var tokenGaps: Histogram<UInt64>
  /// What each engine did.
  public internal(set) var engines: [EngineTotals] = []
  /// What was handed from prefill to decode engines, by its end; empty unless ``ReplayOptions/recordsSteps``.
  public internal(set) var handoverRecords: [HandoverRecord] = []
  /// What handing requests from prefill to decode engines cost; nil where engines have no roles.
  public internal(set) var handovers: HandoverTotals?
  /// Requests that arrived before the limit.
  public internal(set) var arrivalCount = 0
  /// Whether the replay was stopped before its end: what is missing took longer than what is here.
  public internal(set) var isCut = false

  /// A result in which nothing has happened yet.
  init(_ requests: RequestTable) {
    tokenGaps = Histogram(numberOfSignificantValueDigits: .three)
    tokenGaps.autoResize = true
    outcomes = []
    outcomes.reserveCapacity(requests.count)
    addOutcomes(of: requests)
  }

  /// Adds the outcomes of rows that a table has beyond ``outcomes``.
  mutating func addOutcomes(of requests: RequestTable) {
    for index in outcomes.count..<max(outcomes.count, requests.count) {
      var outcome = RequestOutcome()
      outcome.arrival = Nanoseconds(requests.arrivals[index])
      outcome.inputTokens = requests.inputTokens[index]
      outcomes.append(outcome)
    }
  }

  /// Engine steps, all engines together.
  public var stepCount: Int { engines.reduce(0) { $0 + $1.steps } }

  /// Events of the simulation: arrivals and ends of steps.
  public var eventCount: Int { arrivalCount + stepCount }

  /// Predicted device time in nanoseconds for each ``Evidence``, over all engines.
  public var deviceTime: SIMD8<Double> { engines.reduce(.zero) { $0 + $1.deviceTime } }

  /// Predicted time in nanoseconds that kernels do not explain, over all engines.
  public var hostTime: Double { engines.reduce(0) { $0 + $1.hostTime } }

  /// Standard error of all engines' predicted time, in nanoseconds.
  public var standardError: Double { engines.reduce(0) { $0 + $1.standardError } }

  /// Time in which steps were in flight, over all engines.
  public var busyTime: Nanoseconds { engines.reduce(.zero) { $0 + $1.busyTime } }

  /// From the first arrival to the end of the last step.
  public var makespan: Nanoseconds {
    let first = outcomes.lazy.map(\.arrival).min() ?? .zero
    let last = engines.lazy.filter { $0.steps > 0 }.map(\.lastEnd).max() ?? first
    return last - first
  }

  /// How many requests ended in this way.
  public func count(of status: RequestOutcome.Status) -> Int {
    outcomes.reduce(0) { $0 + ($1.status == status ? 1 : 0) }
  }
}

// MARK: - Filling in

extension ReplayResult {
  /// Notes a request that ended.
  mutating func end(_ resident: Resident, _ status: RequestOutcome.Status) {
    outcomes[Int(resident.request) - firstRow].status = status
    note(resident)
  }

  /// Collects what engines counted, and what they did not finish.
  mutating func close(engines all: [Engine], handovers: Handovers? = nil) {
    self.handovers = handovers?.totals
    handoverRecords = handovers?.records ?? []
    handovers?.forEachUnfinished { note($0) }
    for engine in all {
      engines.append(engine.totals)
      steps.append(contentsOf: engine.records)
      engine.scheduler.forEachUnfinished { note($0) }
    }
    if all.count > 1 { sortSteps() }
  }

  /// Puts the steps of several engines in their order.
  mutating func sortSteps() {
    steps.sort { ($0.start, $0.engine) < ($1.start, $1.engine) }
  }

  /// Adds what the engines of a part did, but for its outcomes; parts come in the order of their engines.
  mutating func add(_ part: ReplayResult) {
    steps.append(contentsOf: part.steps)
    tokenGaps.add(part.tokenGaps)
    engines.append(contentsOf: part.engines)
    arrivalCount += part.arrivalCount
    isCut = isCut || part.isCut
  }

  private mutating func note(_ resident: Resident) {
    let request = Int(resident.request) - firstRow
    outcomes[request].outputTokens = resident.generated
    outcomes[request].cachedTokens = max(0, resident.cached)
    outcomes[request].preemptions = resident.preemptions
    guard resident.cached >= 0 else { return }
    outcomes[request].scheduled = Nanoseconds(resident.scheduled)
    guard resident.generated > 0 else { return }
    outcomes[request].firstToken = Nanoseconds(resident.firstToken)
    outcomes[request].lastToken = Nanoseconds(resident.lastToken)
  }
}
