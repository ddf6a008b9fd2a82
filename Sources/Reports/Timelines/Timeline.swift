public import CostModel
public import Operators
public import Replay
public import RequestLogs
public import TraceIO

/// A replay over time, and above it the measured run if there is one, for ui.perfetto.dev.
///
/// A process an engine: its steps on a track (on several where steps of stages overlap), its requests below (each a slice with its queue, prefill and
/// decode in it, on as many tracks as there were requests at one time), an arrow from a request's arrival
/// through its first step, and its keys and values on their way to another engine, to its last step, and curves
/// of requests running and waiting and of key-value blocks in use. The measured run is a process of its own
/// with the same request tracks and curves, and links between engines are one. Requests that did not finish are
/// marked at their arrival.
///
/// Events are streamed to the file, and there are no more than ``mostSlices`` slices, so that memory and file
/// are bounded whatever the number of requests.
public struct Timeline {
  /// What the whole trace is.
  public var title: String
  /// The steps by their beginning.
  public var steps: [StepRecord]
  /// The outcomes, in the log's order.
  public var outcomes: [RequestOutcome]
  /// What was handed from engine to engine.
  public var handovers: [HandoverRecord] = []
  /// The log's names of the same requests; a number stands in for a missing one.
  public var ids: [String]
  /// The log of the measured run; records without measured times are not drawn.
  public var measured: [RequestRecord]
  /// Names of engines; "engine N" stands in for a missing one.
  public var engineNames: [String]
  /// Prices a step again to tell what its time rests on; nil leaves that out.
  public var price: ((StepRecord) -> StepPrice?)?
  /// What a step is made of, in the order of the forward pass; nil draws steps as a whole.
  public var operators: ((StepRecord) -> [StepModel.Share])?
  /// Only what lies in it, at least in part, is drawn; nil for everything.
  public var window: Range<Nanoseconds>?

  /// Slices that are drawn at most.
  public static let mostSlices = 1_000_000
  /// Steps that unfold into their operators at most: the first ones of the window.
  public static let mostDetailedSteps = 1_000

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
    handovers = result.handoverRecords
  }

  /// The process of the measured run, and that of links; engines count up from ``firstEngineProcess``.
  static let measuredProcess = 1
  static let linkProcess = 5
  static let firstEngineProcess = 10
  /// The track of an engine's steps, and those of steps that overlap; request tracks count up from
  /// ``firstRequestTrack``.
  static let stepTrack = 1
  static let firstStepLane = 1 << 20
  static let firstStepLaneOrder = -64
  static let firstRequestTrack = 10

  /// Writes the file.
  public func write(to path: String, as format: TimelineFormat) throws(OutputError) {
    switch format {
    case .chrome:
      var writer = try TraceEventWriter(path: path, description: title)
      try draw(to: &writer)
      try writer.commit()
    case .perfetto:
      var writer = try PerfettoWriter(path: path, description: title)
      try draw(to: &writer)
      try writer.commit()
    }
  }

  private func draw(to writer: inout some TimelineWriter & ~Copyable) throws(OutputError) {
    let part = TimelinePart(self)
    let known = MeasuredRun(requests: measured.compactMap { RequestSpan($0) })
    if !known.requests.isEmpty {
      try known.draw(part.window, process: Self.measuredProcess, to: &writer)
    }
    if !handovers.isEmpty { try drawLinks(part, to: &writer) }
    var engines = Set(outcomes.map(\.engine))
    engines.formUnion(steps.map(\.engine))
    for engine in engines.sorted() {
      try draw(engine: engine, part, to: &writer)
    }
  }

  /// What to call an engine.
  func name(of engine: Int32) -> String {
    let index = Int(engine)
    return engineNames.indices.contains(index) ? engineNames[index] : "engine \(engine)"
  }

  private func draw(
    engine: Int32, _ part: TimelinePart, to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    let process = Self.firstEngineProcess + Int(engine)
    try writer.name("replayed: \(name(of: engine))", process: process, order: process)
    let steps = self.steps.filter { $0.engine == engine }
    var requests: [RequestSpan] = []
    for (index, outcome) in outcomes.enumerated()
    where outcome.engine == engine && part.shows(outcome) {
      let id = index < ids.count ? ids[index] : String(index)
      guard outcome.status == .finished else {
        try writer.mark(
          "\(outcome.status.name) \(id)", process: process, time: outcome.arrival,
          [TimelineArgument("input_tokens", .integer(Int(outcome.inputTokens)))])
        continue
      }
      var span = RequestSpan(outcome, id: id)
      // An arrow that leads nowhere would be none.
      if !steps.isEmpty { span.flow = index + 1 }
      requests.append(span)
    }
    // Before the steps: an arrow begins before it goes on, also where both are at one time.
    try requests.draw(process: process, to: &writer)
    if !steps.isEmpty {
      try draw(steps, part, arrows(through: steps, of: engine), process: process, to: &writer)
    }
  }
}

/// What part of a timeline is drawn: its window, narrowed so that there are not too many slices.
public struct TimelinePart: Sendable, Hashable {
  /// The part of the replay's clock.
  public let window: Range<Nanoseconds>
  /// Whether anything is left out at the end for its number.
  public let isCut: Bool
  /// Steps that begin before this unfold.
  let detailEnd: Nanoseconds

  /// The part that a timeline draws.
  ///
  /// - Parameter most: slices that are drawn at most.
  public init(_ timeline: Timeline, most: Int = Timeline.mostSlices) {
    let wanted = timeline.window ?? Nanoseconds(.min)..<Nanoseconds(.max)
    /// A request has a slice and three in it.
    func slices(before end: Nanoseconds) -> Int {
      timeline.steps.count { $0.start < end && $0.start + $0.duration > wanted.lowerBound }
        + 4 * timeline.outcomes.count { $0.arrival < end && $0.lastToken >= wanted.lowerBound }
        + 4 * timeline.measured.count { $0.measured != nil && $0.arrival < end }
    }
    var end = wanted.upperBound
    isCut = slices(before: end) > most
    if isCut {
      var low = max(wanted.lowerBound, .zero).rawValue
      var high = min(end.rawValue, timeline.steps.last?.start.rawValue ?? end.rawValue)
      while low < high {
        let middle = low + (high - low + 1) / 2
        if slices(before: Nanoseconds(middle)) <= most {
          low = middle
        } else {
          high = middle - 1
        }
      }
      end = Nanoseconds(max(low, wanted.lowerBound.rawValue))
    }
    window = wanted.lowerBound..<end
    guard timeline.operators != nil else {
      detailEnd = wanted.lowerBound
      return
    }
    let shown = timeline.steps.lazy.filter {
      $0.start < end && $0.start + $0.duration > wanted.lowerBound
    }
    detailEnd = shown.dropFirst(Timeline.mostDetailedSteps).first?.start ?? end
  }

  /// Whether anything of an interval is drawn.
  func shows(from start: Nanoseconds, to end: Nanoseconds) -> Bool {
    start < window.upperBound && end >= window.lowerBound
  }

  func shows(_ step: StepRecord) -> Bool {
    step.start < window.upperBound && step.start + step.duration > window.lowerBound
  }

  func shows(_ outcome: RequestOutcome) -> Bool {
    shows(from: outcome.arrival, to: max(outcome.arrival, outcome.lastToken))
  }
}
