public import Operators

/// What happened inside a replay of a scenario, for a timeline: steps of engines, bytes on their way, engines
/// that failed and came back.
///
/// Bounded: only what lies in a window is kept, and of that no more than ``most`` things; then
/// ``end`` says until when.
public struct PipelineTrace: Sendable, Hashable {
  /// Bytes that went over links.
  public struct Transfer: Sendable, Hashable {
    /// What they were for.
    public enum Purpose: String, Sendable, Hashable {
      /// What a stage needs came to its engine: text, or keys and values.
      case input
      /// A host's work, as memory traffic.
      case memory = "memory traffic"
      /// A store's blocks came to an engine.
      case read
      /// An engine's blocks went to a store.
      case write
      /// An engine's devices exchanged what a step needed.
      case exchange
    }

    /// What they were for.
    public var purpose: Purpose
    /// The request's number; nil where nobody waited for them.
    public var request: Int?
    /// When they were sent.
    public var start: Nanoseconds
    /// When the last one had left the links.
    public var end: Nanoseconds
    /// How many there were.
    public var bytes: Double
    /// The links, as numbers in ``PipelineResult/links``.
    public var links: [Int32]
  }

  /// What became of an engine.
  public struct Change: Sendable, Hashable {
    /// How it changed.
    public enum Kind: String, Sendable, Hashable {
      case failed
      case started
      case stopped
    }

    /// The engine, counted over all pools.
    public var engine: Int
    /// When it did.
    public var time: Nanoseconds
    /// How it did.
    public var kind: Kind
  }

  /// What part of the replay's clock is kept.
  public let window: Range<Nanoseconds>
  /// How many things are kept at most.
  public let most: Int
  /// Steps of language models and passes of encoders, by their end; engines are counted over all pools.
  public private(set) var steps: [StepRecord] = []
  /// Transfers, by their end.
  public private(set) var transfers: [Transfer] = []
  /// Changes of engines.
  public private(set) var changes: [Change] = []
  /// Until when things were kept; nil for the whole window.
  public private(set) var end: Nanoseconds?

  /// Creates an empty trace.
  public init(
    window: Range<Nanoseconds> = Nanoseconds(.min)..<Nanoseconds(.max), most: Int = 1_000_000
  ) {
    self.window = window
    self.most = max(0, most)
  }

  /// Whether something is to be kept; notes the end if there is no more room.
  private mutating func keeps(from start: Nanoseconds, to end: Nanoseconds, _ things: Int) -> Bool {
    guard self.end == nil, start < window.upperBound, end >= window.lowerBound else {
      return false
    }
    let room = most - steps.count - transfers.count - changes.count
    if room < things { self.end = end }
    return room >= things
  }

  mutating func add(_ step: StepRecord, of engine: Int) {
    guard keeps(from: step.start, to: step.start + step.duration, 1) else { return }
    steps.append(step)
    steps[steps.count - 1].engine = Int32(engine)
  }

  mutating func add(_ transfer: Transfer) {
    guard keeps(from: transfer.start, to: transfer.end, max(1, transfer.links.count)) else {
      return
    }
    transfers.append(transfer)
  }

  mutating func add(_ kind: Change.Kind, of engine: Int, at time: Int64) {
    guard keeps(from: Nanoseconds(time), to: Nanoseconds(time), 1) else { return }
    changes.append(Change(engine: engine, time: Nanoseconds(time), kind: kind))
  }
}

// MARK: - Filling in

extension PipelineFleet {
  /// What engines keep for the trace, if there is one.
  var engineOptions: ReplayOptions {
    var options = ReplayOptions()
    options.recordsSteps = trace != nil
    return options
  }

  /// Takes the steps that an engine of a model recorded; but for the last, which may go on.
  mutating func traceSteps(of engine: Int, all: Bool = false) {
    guard trace != nil else { return }
    for step in models[engines[engine].place].takeRecords(all: all) {
      trace?.add(step, of: engine)
    }
  }

  /// Notes a pass of an encoder that begins.
  mutating func tracePass(_ shape: StepShape, of engine: Int, from start: Int64, to end: Int64) {
    trace?.add(
      StepRecord(
        engine: 0, steps: 1, start: Nanoseconds(start), duration: Nanoseconds(end - start),
        shape: shape, waiting: 0, blocksInUse: 0, preempted: 0), of: engine)
  }

  /// Notes bytes that have left their links.
  mutating func traceTransfer(_ cargo: ScenarioLinks.Cargo, at time: Int64) {
    // What a step exchanges is told as a whole, at its end.
    guard trace != nil else { return }
    let purpose: PipelineTrace.Transfer.Purpose
    var waiter = cargo.errand.waiter
    switch cargo.errand {
    case .exchange: return
    case .write: purpose = .write
    case .work(let number, let serial):
      purpose = .memory
      let work = works[Int(number)]
      if work.serial == serial { waiter = TaskTry(task: work.task, attempt: work.attempt) }
    case .input, .layers: purpose = .input
    case .fetch: purpose = .read
    }
    let request = waiter.flatMap {
      isCurrent($0) ? journeys[journey(of: Int($0.task))].number : nil
    }
    trace?.add(
      PipelineTrace.Transfer(
        purpose: purpose, request: request, start: Nanoseconds(cargo.started),
        end: Nanoseconds(time), bytes: cargo.bytes, links: cargo.links))
  }
}
