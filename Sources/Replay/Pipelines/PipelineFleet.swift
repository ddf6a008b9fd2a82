import CostModel
import HeapModule
import Histogram
import Network
import Operators
import RequestLogs
import Scenarios

/// The engines of a scenario and the requests on their way through them: the event loop.
///
/// Events are ordered by (time, kind, sequence). At one instant engines fail and come back first, then
/// requests arrive, then bytes have come, then services end and batches of searches have gathered, and then
/// engines of models reach their boundaries, so that a step that begins when a request arrives can serve it. State is flat: journeys and
/// their tasks are indices into arrays, and are used again when a request has ended.
struct PipelineFleet {
  /// What happens, in the order in which it does at one instant.
  enum EventKind: UInt8 {
    /// An outage begins; `subject` is its engine.
    case failure
    /// An engine is up, after an outage or its start.
    case comeback
    /// The number of a pool's engines is looked at; `subject` is the pool.
    case scaling
    /// A turn of a session is due that waited for the one before it.
    case turn
    /// What a task needs has come to its engine.
    case arrival
    /// What stores have of a context has come; `subject` is the fetch.
    case fetched
    /// Work on a host or something external has ended; `subject` is its place in ``works``.
    case service
    /// A batch of searches has gathered as long as it may; `subject` is its first one's place in ``works``.
    case gathered
    /// A part of a step is computed, and its engine's devices exchange it.
    case exchange
    /// The first layer of a prompt's last step is computed; `subject` is the prefill.
    case layer
    /// An engine of a model comes to its boundary.
    case boundary
  }

  /// Something that will happen.
  struct Event: Comparable {
    let time: Int64
    /// Its kind above its sequence, so that the order within an instant is one comparison.
    private let order: UInt64
    let subject: Int32
    /// The attempt of a task, the serial number of work, or the epoch of an engine: what was true when this was
    /// foreseen; of a failure the number of its outage.
    let tag: UInt32

    init(time: Int64, kind: EventKind, sequence: UInt64, subject: Int32, tag: UInt32) {
      (self.time, self.subject, self.tag) = (time, subject, tag)
      order = UInt64(kind.rawValue) << 56 | sequence
    }

    var kind: EventKind? { EventKind(rawValue: UInt8(order >> 56)) }

    /// Whether it comes before what arrives at its instant.
    var isChange: Bool { order >> 56 < UInt64(EventKind.arrival.rawValue) }

    static func < (left: Self, right: Self) -> Bool {
      left.time != right.time ? left.time < right.time : left.order < right.order
    }
  }

  let plan: ScenarioPlan
  let pipelines: [CompiledPipeline]
  /// Tasks of one journey.
  let stride: Int
  var pools: [PoolState]
  var engines: [EngineState]
  /// Engines by what they are; see ``EngineState/place``.
  var models: [Engine] = []
  /// For each model's engine what its devices exchange, where other bytes use the same links.
  var exchanges: [StepExchange?] = []
  /// For each model's engine the decodes that wait for memory there.
  var decodeQueues: [[Int32]] = []
  /// For each model's engine the tasks there whose blocks stores still bring, in the order of their coming.
  var awaiting: [[TaskTry]] = []
  var encoders: [EncoderEngine] = []
  var queues: [ServerQueue] = []
  /// For each of ``queues`` the searches that share a batch.
  var batches: [SearchBatches] = []
  var stores: StoreLevels
  var links: ScenarioLinks

  var journeys: [Journey] = []
  var freeJourneys: [Int] = []
  var tasks: [StageTask] = []
  var works: [Work] = []
  var freeWorks: [Int32] = []
  var tickets: [Ticket] = []
  var freeTickets: [Int32] = []
  var chains = ChainStore()
  var events = Heap<Event>()
  private var sequence: UInt64 = 0
  /// Names of content of engines' own: how many were given.
  var contentNumber: Int32 = 0
  /// Paths of thought with names of their own: how many there were.
  var pathNumber: UInt64 = 0
  var sessions = SessionGate()

  var result: PipelineResult
  var recorder: PipelineRecorder
  /// What happens, for a timeline; nil if nobody wants one.
  var trace: PipelineTrace?
  /// What pools and links do over time; nil if nobody wants it.
  var load: PipelineLoad?
  /// When the next request of the log arrives; `.max` after the last.
  var nextArrival: Int64 = 0
  /// Whether nothing arrives any more.
  var isAtEnd: Bool { nextArrival == .max }
  /// Lists that are used again.
  var passed: [Int32] = []
  var finished: [Resident] = []
  var gone: [Resident] = []
  var candidates: [RoutingCandidate] = []
  /// For each pool its engines as routing sees them, by number: side by side, as each request that is sent there looks
  /// at all of them.
  var loads: [[RoutingCandidate]] = []

  /// The next event's time; `.max` when nothing is left to happen.
  var nextTime: Int64 { min(events.min?.time ?? .max, links.network.nextEnd) }

  /// Whether all that is foreseen are looks at numbers of engines.
  var nothingButLooks: Bool {
    links.network.nextEnd == .max && events.count < pools.count
      && events.unordered.allSatisfy { $0.kind == .scaling }
  }

  /// When the next thing happens that is no look at a number of engines; `.max` for never.
  var nextChange: Int64 {
    let first = min(links.network.nextEnd, nextArrival)
    guard let event = events.min, event.time < first else { return first }
    guard event.kind == .scaling else { return event.time }
    return events.unordered.reduce(first) { $1.kind == .scaling ? $0 : min($0, $1.time) }
  }

  // MARK: Running

  /// Whether what happens next is a change of engines or a turn that is due, which come before arrivals of
  /// the same instant.
  var changesNext: Bool {
    guard let event = events.min, event.time <= links.network.nextEnd else { return false }
    return event.isChange
  }

  /// Whether all requests have ended, and nothing happens next but what would become of engines without any.
  var isOver: Bool {
    isAtEnd && result.underWay == 0 && sessions.waitingCount == 0 && changesNext
  }

  /// Handles everything that happens at the next instant, or of it only changes of engines and turns.
  mutating func advance(changesOnly: Bool) {
    let time = nextTime
    while let event = events.min, event.time <= time, event.isChange {
      events.removeMin()
      handle(event)
    }
    guard !changesOnly else { return }
    while true {
      while let flow = links.popEnded(by: time) { flowEnded(flow, at: time) }
      guard let event = events.min, event.time <= time else { return }
      events.removeMin()
      handle(event)
    }
  }

  private mutating func handle(_ event: Event) {
    let subject = Int(event.subject)
    switch event.kind {
    case .failure: fail(subject, outage: Int(event.tag), at: event.time)
    case .comeback:
      if engines[subject].epoch == event.tag { comeBack(subject, at: event.time) }
    case .scaling: scale(subject, at: event.time)
    case .turn: admitTurn(subject, at: event.time)
    case .arrival:
      if tasks[subject].attempt == event.tag { arrive(subject, at: event.time) }
    case .fetched:
      if tasks[subject].attempt == event.tag { fetched(subject, at: event.time) }
    case .service:
      if works[subject].serial == event.tag { workEnded(subject, at: event.time) }
    case .gathered:
      if works[subject].serial == event.tag { endGathering(subject, at: event.time) }
    case .exchange:
      if engines[subject].epoch == event.tag { exchange(subject, at: event.time) }
    case .layer:
      if tasks[subject].attempt == event.tag { sendLayers(ofPrefill: subject, at: event.time) }
    case nil: break
    case .boundary:
      guard engines[subject].epoch == event.tag else { return }
      if case .encoder = engines[subject].kind {
        encoderBoundary(subject, at: event.time)
      } else {
        modelBoundary(subject, at: event.time)
      }
    }
  }

  /// Notes something that will happen.
  mutating func foresee(_ kind: EventKind, _ subject: Int, at time: Int64, tag: UInt32 = 0) {
    events.insert(
      Event(
        time: time, kind: kind, sequence: sequence, subject: Int32(truncatingIfNeeded: subject),
        tag: tag))
    sequence += 1
  }

  // MARK: Arrivals and ends

  /// Takes a request in.
  private mutating func accept(_ offered: OfferedRequest, at time: Int64) {
    let (record, number) = (offered.record, offered.number)
    let chosen = choosePipeline(record, number)
    let pipeline = chosen ?? 0
    var journey = journey(of: record, number, on: pipeline, at: time)
    journey.hasPipeline = chosen != nil
    if record.cancelled != nil { result.cancelledInLog += 1 }
    result.arrivals += 1
    if result.arrivals == 1 { load?.begin(at: time) }
    result.firstArrival = min(result.firstArrival, time)
    result.lastEnd = max(result.lastEnd, time)
    let index = freeJourneys.popLast() ?? addJourney()
    let first = index * stride
    journeys[index] = journey
    for (place, part) in pipelines[pipeline].parts.enumerated() {
      var task = StageTask()
      task.attempt = tasks[first + place].attempt &+ 1
      task.predecessorsLeft = Int16(part.predecessors.count)
      tasks[first + place] = task
    }
    result.underWay += 1
    result.mostUnderWay = max(result.mostUnderWay, result.underWay)
    if chosen == nil {
      result.withoutPipeline += 1
      return finish(index, at: time, .rejected)
    }
    // Nothing can be computed for it; the turns after it are still due.
    guard journey.prompt > 0, journey.output > 0 || !pipelines[pipeline].generates else {
      return finish(index, at: time, .rejected)
    }
    nameLoggedContent(record, of: index)
    for (place, part) in pipelines[pipeline].parts.enumerated() where part.predecessors.isEmpty {
      guard journeys[index].isInUse, journeys[index].number == number else { return }
      begin(first + place, at: time)
    }
  }

  /// A request at the beginning of its way.
  @inline(__always)
  private func journey(
    of record: RequestRecord, _ number: Int, on pipeline: Int, at time: Int64
  ) -> Journey {
    var journey = Journey()
    journey.number = number
    journey.id = record.id
    journey.pipeline = pipeline
    journey.arrival = time
    journey.prompt = min(record.inputTokens, Int(Int32.max) / 4)
    journey.context = journey.prompt
    journey.output = min(record.outputTokens, Int(Int32.max) / 4)
    journey.priority = Int32(clamping: record.priority)
    journey.session = record.session
    take(record, pipelines[pipeline], &journey)
    journey.stagesLeft = pipelines[pipeline].parts.count
    journey.requestClass = record.requestClass
    journey.isInUse = true
    return journey
  }

  /// Notes what a log tells of a request's way: its passages, its difficulty, the optional stages that it passes.
  @inline(__always)
  private func take(
    _ record: RequestRecord, _ pipeline: CompiledPipeline, _ journey: inout Journey
  ) {
    journey.difficulty = record.difficulty ?? draw(journey.number, .difficulty)
    if let stages = record.stages {
      for (place, part) in pipeline.parts.enumerated()
      where part.stage.isOptional && !stages.contains(part.stage.name) {
        journey.passedOver |= 1 << UInt64(place)
      }
    }
    guard let passages = record.passages, let retrieval = pipeline.loggedRetrieval else { return }
    let tokens =
      record.passageTokens
      ?? passages.multipliedReportingOverflow(by: retrieval.tokensPerDocument).partialValue
    journey.passageTokens = max(0, min(tokens, journey.prompt - 1))
    journey.hasPassages = passages > 0
    journey.prompt -= journey.passageTokens
    journey.context = journey.prompt
  }

  private mutating func addJourney() -> Int {
    journeys.append(Journey())
    // Not as a collection: that would not be specialised, and cost more than all else here.
    for _ in 0..<stride { tasks.append(StageTask()) }
    return journeys.count - 1
  }

  /// The pipeline that a request takes: that of its class, else one drawn by the shares of those without; nil where all
  /// are of other classes.
  @inline(__always)
  private func choosePipeline(_ record: RequestRecord, _ number: Int) -> Int? {
    let all = plan.scenario.pipelines
    if let own = record.requestClass,
      let index = all.firstIndex(where: { $0.requestClass == own })
    {
      return index
    }
    var total = 0.0
    for pipeline in all where pipeline.requestClass == nil { total += pipeline.share }
    var rest = total * draw(number, .pipeline)
    for (index, pipeline) in all.enumerated() where pipeline.requestClass == nil {
      rest -= pipeline.share
      if rest < 0 { return index }
    }
    return all.lastIndex { $0.requestClass == nil }
  }

  /// What is drawn of a request: the same for one seed, whatever happens around it.
  enum Draw: UInt64 {
    case pipeline = 1
    case difficulty
    case condition
    case duration
    case second
    case hit
  }

  /// A number from 0 up to 1 of a request, a purpose, and a place.
  @inline(__always)
  func draw(_ number: Int, _ purpose: Draw, _ place: Int = 0) -> Double {
    var hash = BlockContent.mix(plan.scenario.seed, purpose.rawValue)
    hash = BlockContent.mix(hash, UInt64(truncatingIfNeeded: place))
    hash = BlockContent.mix(hash, UInt64(truncatingIfNeeded: number))
    return Double(hash >> 11) * 0x1p-53
  }

  /// Lets a request go whose stages have all ended, or that was turned away.
  mutating func finish(_ index: Int, at time: Int64, _ status: JourneyOutcome.Status) {
    let journey = journeys[index]
    recorder.note(
      journey, tasks[(index * stride)..<(index * stride + stride)], pipelines[journey.pipeline],
      at: time, status, in: &result)
    if load != nil { noteLoad(of: index) }
    chains.release(journey.chainStart)
    for place in 0..<pipelines[journey.pipeline].parts.count {
      tasks[index * stride + place].attempt &+= 1
      tasks[index * stride + place].engine = -1
    }
    journeys[index].isInUse = false
    freeJourneys.append(index)
    result.underWay -= 1
    for next in sessions.end(journey.session, at: time) { foresee(.turn, 0, at: next) }
  }

  /// Notes, once the replay has ended, what had not: requests under way, then turns that were never sent.
  mutating func noteUnfinished() {
    let left = journeys.indices.filter { journeys[$0].isInUse }
    for index in left.sorted(by: { journeys[$0].number < journeys[$1].number }) {
      let tasks = tasks[(index * stride)..<(index * stride + stride)]
      noteUnfinished(journeys[index], tasks)
    }
    let tasks = Array(repeating: StageTask(), count: stride)
    for unsent in sessions.unsent {
      let arrival = unsent.record.arrival.rawValue
      let pipeline = choosePipeline(unsent.record, unsent.number) ?? 0
      noteUnfinished(
        journey(of: unsent.record, unsent.number, on: pipeline, at: arrival), tasks[...])
      result.arrivals += 1
    }
  }

  private mutating func noteUnfinished(_ journey: Journey, _ tasks: ArraySlice<StageTask>) {
    recorder.note(
      journey, tasks, pipelines[journey.pipeline], at: max(result.lastEnd, journey.arrival),
      .unfinished, in: &result)
  }

  /// Takes a request in, now or, if a turn of its session is under way, after that.
  ///
  /// - Parameter number: its place in the workload, from 0.
  mutating func offer(_ record: RequestRecord, number: Int, at time: Int64) {
    let offered = OfferedRequest(record: record, number: number)
    switch sessions.take(offered, at: time) {
    case .now: accept(offered, at: time)
    case .later(let due): foresee(.turn, 0, at: due)
    case .afterOthers: break
    }
  }

  private mutating func admitTurn(_ subject: Int, at time: Int64) {
    while let offered = sessions.due(at: time) { accept(offered, at: time) }
  }
}
