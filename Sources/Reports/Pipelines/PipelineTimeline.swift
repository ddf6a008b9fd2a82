public import Operators
public import Replay
public import RequestLogs
import Scenarios
public import TraceIO

/// A replay of a scenario over time, for ui.perfetto.dev.
///
/// A process for the requests, one an engine, one for look-ups in stores, and one for links, stores' bandwidth and
/// hosts' memory; above them the measured run, if the log has one. On an engine: its steps or passes on one
/// track, and the stages that it served, each with its waiting in it, on as many tracks as there were at one
/// time. On a link: what was on it. Arrows follow each request from stage to stage.
///
/// Gets requests as they end, and keeps no more than ``PipelineTrace/most`` of their stages; draws them at the
/// end, so that memory and file are bounded whatever the number of requests.
public final class PipelineTimeline {
  /// A stage of a request.
  struct Visit {
    var request: Int
    var pipeline: Int
    var stage: JourneyOutcome.Stage
  }

  /// A request.
  struct Trip {
    var outcome: JourneyOutcome
    var stages: Int
  }

  /// What is drawn.
  let plan: ScenarioPlan
  private let window: Range<Nanoseconds>
  private(set) var visits: [Visit] = []
  private(set) var trips: [Trip] = []
  private var measured: [RequestSpan] = []
  /// Until when requests were kept; nil for the whole window.
  public private(set) var end: Nanoseconds?
  private let most: Int

  /// Creates a timeline without requests.
  ///
  /// - Parameters:
  ///   - window: only what lies in it, at least in part, is drawn.
  ///   - most: how many stages and requests are kept.
  public init(
    _ plan: ScenarioPlan, window: Range<Nanoseconds> = Nanoseconds(.min)..<Nanoseconds(.max),
    most: Int = 500_000
  ) {
    self.plan = plan
    self.window = window
    self.most = most
  }

  /// Adds a request that has ended, or that the end of the replay left under way.
  public func add(_ outcome: JourneyOutcome) {
    guard end == nil, shows(from: outcome.arrival, to: outcome.end) else { return }
    guard visits.count + trips.count + outcome.stages.count < most else {
      end = outcome.end
      return
    }
    for stage in outcome.stages {
      visits.append(Visit(request: outcome.number, pipeline: outcome.pipeline, stage: stage))
    }
    var bare = outcome
    bare.stages = []
    trips.append(Trip(outcome: bare, stages: outcome.stages.count))
  }

  /// Adds what a log measured of a request.
  public func add(_ record: RequestRecord) {
    guard measured.count < most, let span = RequestSpan(record),
      shows(from: span.arrival, to: span.lastToken)
    else { return }
    measured.append(span)
  }

  /// Whether anything of an interval is drawn.
  func shows(from start: Nanoseconds, to end: Nanoseconds) -> Bool {
    start < window.upperBound && end >= window.lowerBound
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - title: what the whole is.
  ///   - trace: what happened meanwhile.
  ///   - links: the links that transfers name.
  ///   - unfolds: whether the first ``Timeline/mostDetailedSteps`` steps unfold into their operators.
  public func write(
    to path: String, as format: TimelineFormat, title: String, _ trace: PipelineTrace,
    links: [LinkTotals], unfolds: Bool = false
  ) throws(OutputError) {
    switch format {
    case .chrome:
      var writer = try TraceEventWriter(path: path, description: title)
      try draw(trace, links, unfolds, to: &writer)
      try writer.commit()
    case .perfetto:
      var writer = try PerfettoWriter(path: path, description: title)
      try draw(trace, links, unfolds, to: &writer)
      try writer.commit()
    }
  }

  static let requestProcess = 2
  static let lookupProcess = 3
  static let linkProcess = 5

  private func draw(
    _ trace: PipelineTrace, _ links: [LinkTotals], _ unfolds: Bool,
    to writer: inout some TimelineWriter & ~Copyable
  ) throws(OutputError) {
    if !measured.isEmpty {
      try MeasuredRun(requests: measured).draw(
        window, process: Timeline.measuredProcess, to: &writer)
    }
    try drawRequests(to: &writer)
    try drawLookups(to: &writer)
    try draw(trace.transfers, links, to: &writer)
    try drawEngines(trace, unfolds, to: &writer)
  }
}
