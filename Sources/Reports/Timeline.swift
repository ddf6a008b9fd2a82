public import CostModel
import Operators
public import Replay
public import RequestLogs
public import TraceIO

/// `timeline.json`: a replay, and if there is one the measured run, for ui.perfetto.dev.
///
/// A process an engine: its steps on one track, its requests below (queued, prefill, decode, on as
/// many tracks as there were requests at one time), an arrow from a request's arrival through its
/// first step to its last, and curves of requests running and waiting and of key-value blocks in
/// use. The measured run is a process of its own with the same request tracks and curves. Requests
/// that did not finish are marked at their arrival.
///
/// Events are streamed to the file, so that memory does not grow with the text.
public struct Timeline {
  /// What the whole trace is.
  public var title: String
  /// The steps, in the order in which each engine ran them.
  public var steps: [StepRecord]
  /// The outcomes, in the log's order.
  public var outcomes: [RequestOutcome]
  /// The log's names of the same requests; a number stands in for a missing one.
  public var ids: [String]
  /// The log of the measured run; records without measured times are not drawn.
  public var measured: [RequestRecord]
  /// Names of engines; "engine N" stands in for a missing one.
  public var engineNames: [String]
  /// Prices a step again to tell what its time rests on; nil leaves that out.
  public var price: ((StepRecord) -> StepPrice?)?

  /// Creates a timeline of a replay.
  public init(
    title: String, steps: [StepRecord], outcomes: [RequestOutcome], ids: [String],
    measured: [RequestRecord] = [], engineNames: [String] = [],
    price: ((StepRecord) -> StepPrice?)? = nil
  ) {
    self.title = title
    self.steps = steps
    self.outcomes = outcomes
    self.ids = ids
    self.measured = measured
    self.engineNames = engineNames
    self.price = price
  }

  /// Creates a timeline of a replay of a log, and of what the log measured.
  ///
  /// Only a replay that records its steps has any to show.
  public init(
    title: String, log: [RequestRecord], result: ReplayResult, engineNames: [String] = [],
    price: ((StepRecord) -> StepPrice?)? = nil
  ) {
    self.init(
      title: title, steps: result.steps, outcomes: result.outcomes, ids: log.map(\.id),
      measured: log, engineNames: engineNames, price: price)
  }

  /// The process of the measured run; engines count up from ``firstEngineProcess``.
  static let measuredProcess = 1
  static let firstEngineProcess = 10
  /// The track of an engine's steps; request tracks count up from ``firstRequestTrack``.
  static let stepTrack = 1
  static let firstRequestTrack = 10

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    var writer = try TraceEventWriter(path: path, description: title)
    var engines = Set(outcomes.map(\.engine))
    engines.formUnion(steps.map(\.engine))
    for engine in engines.sorted() {
      try write(engine: engine, to: &writer)
    }
    if measured.contains(where: { $0.measured != nil }) {
      try writeMeasured(to: &writer)
    }
    try writer.commit()
  }

  private func write(engine: Int32, to writer: inout TraceEventWriter) throws(OutputError) {
    let process = Self.firstEngineProcess + Int(engine)
    let index = Int(engine)
    let name = engineNames.indices.contains(index) ? engineNames[index] : "engine \(engine)"
    try writer.name("\(name) (replayed)", process: process, order: process)
    let steps = self.steps.filter { $0.engine == engine }
    if !steps.isEmpty {
      try writer.name("steps", process: process, thread: Self.stepTrack, order: 0)
      try write(steps, process: process, to: &writer)
    }
    var requests: [RequestSpan] = []
    for (index, outcome) in outcomes.enumerated() where outcome.engine == engine {
      let id = index < ids.count ? ids[index] : String(index)
      guard outcome.status == .finished else {
        try writer.instant(
          "\(outcome.status.name) \(id)", category: "request", process: process,
          time: outcome.arrival, [("input_tokens", .integer(Int(outcome.inputTokens)))])
        continue
      }
      requests.append(RequestSpan(outcome, id: id, number: index))
    }
    let tracks = try write(requests, process: process, to: &writer)
    if !steps.isEmpty {
      try writeFlows(requests, tracks, steps, process: process, to: &writer)
    }
  }

  private func writeMeasured(to writer: inout TraceEventWriter) throws(OutputError) {
    let process = Self.measuredProcess
    try writer.name("measured", process: process, order: process)
    let requests = measured.enumerated().compactMap { RequestSpan($0.element, number: $0.offset) }
    _ = try write(requests, process: process, to: &writer)
    // Running and waiting follow from the requests, since no step was seen.
    var changes: [(time: Nanoseconds, running: Int, waiting: Int)] = []
    for request in requests {
      changes.append((request.arrival, 0, 1))
      changes.append((request.scheduled ?? request.firstToken, 1, -1))
      changes.append((request.lastToken, -1, 0))
    }
    changes.sort { $0.time < $1.time }
    var running = 0
    var waiting = 0
    for (index, change) in changes.enumerated() {
      running += change.running
      waiting += change.waiting
      guard index + 1 == changes.count || changes[index + 1].time > change.time else { continue }
      try writer.counter(
        "requests", process: process, time: change.time,
        [("running", running), ("waiting", waiting)])
    }
  }
}
