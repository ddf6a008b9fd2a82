import Histogram
import Operators
import Scenarios

/// Takes requests that have ended into a ``PipelineResult``.
struct PipelineRecorder {
  /// The largest latencies that count as good, in nanoseconds, if there are objectives.
  let limits: (firstToken: Double, outputToken: Double)?
  /// Whether any pipeline gives answers, as those want whose class no pipeline takes.
  let answersAnywhere: Bool
  /// Gets each request's outcome.
  let collect: ((JourneyOutcome) -> Void)?
  /// What went into the request at hand, by pool and part.
  private var parts: [Double]
  /// Places of classes in the result; of nil that of requests without one.
  private var classPlaces: [String?: Int] = [:]
  /// The place of all classes that came later than those that are told apart.
  private var laterPlace: Int?

  init(
    pools: Int, answersAnywhere: Bool, objectives: LatencyObjectives?,
    collect: ((JourneyOutcome) -> Void)?
  ) {
    self.answersAnywhere = answersAnywhere
    limits = objectives.map { objectives in
      (
        // Whole nanoseconds, as latencies are: 1e6 * 0.001001 is less than 1001.
        (1e6 * objectives.timeToFirstToken * (objectives.firstTokenFactors.last ?? 1)).rounded(),
        (1e6 * objectives.timePerOutputToken * (objectives.outputTokenFactors.last ?? 1)).rounded()
      )
    }
    self.collect = collect
    parts = Array(repeating: 0, count: pools * BlamePart.allCases.count)
  }

  /// Notes a request that has ended, or that the end of the replay left under way.
  mutating func note(
    _ journey: Journey, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    at time: Int64,
    _ status: JourneyOutcome.Status, in result: inout PipelineResult
  ) {
    result.retries += journey.retries
    let classPlace = place(of: journey.requestClass, in: &result)
    if status == .unfinished {
      result.unfinished += 1
      result.classes[classPlace].unfinished += 1
    } else {
      result.lastEnd = max(result.lastEnd, time)
      result.classes[classPlace].ended += 1
    }
    switch status {
    case .finished:
      result.finish(journey, tasks, pipeline, at: time, limits, classPlace)
      blame(journey, tasks, pipeline, at: time, in: &result)
    case .rejected: result.rejected += 1
    case .shed: result.shed += 1
    case .unfinished: break
    }
    // Whoever asks for no token has none to wait for.
    let asksNothing = status == .rejected && journey.output == 0
    let wantsAnswer =
      journey.hasPipeline ? pipeline.parts.contains(where: \.answers) : answersAnywhere
    if status != .finished, wantsAnswer, !asksNothing {
      result.unanswered += 1
      result.unansweredGaps += journey.output > 1 ? 1 : 0
    }
    collect?(outcome(journey, tasks, pipeline, at: time, status))
  }

  /// The place of a class in the result.
  private mutating func place(of name: String?, in result: inout PipelineResult) -> Int {
    if let place = classPlaces[name] { return place }
    let named = classPlaces.count - (classPlaces[nil] == nil ? 0 : 1)
    let new = result.classes.count
    if name != nil, named >= ClassTotals.most {
      if let laterPlace { return laterPlace }
      laterPlace = new
      result.classes.append(ClassTotals(name: nil, isLater: true))
    } else {
      classPlaces[name] = new
      result.classes.append(ClassTotals(name: name))
    }
    return new
  }

  // MARK: Critical paths

  private mutating func blame(
    _ journey: Journey, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    at time: Int64,
    in result: inout PipelineResult
  ) {
    let first = tasks.startIndex
    if journey.firstToken >= 0, journey.answeredBy >= 0 {
      walk(from: journey.answeredBy, tasks, pipeline, untilFirstToken: true)
      result.firstTokenBlame.add(journey.firstToken - journey.arrival, parts)
    }
    // The stage that ended last; of several the last in the pipeline's order.
    guard let last = pipeline.parts.indices.last(where: { tasks[first + $0].ended == time })
    else { return }
    walk(from: last, tasks, pipeline, untilFirstToken: false)
    result.endBlame.add(time - journey.arrival, parts)
  }

  private mutating func walk(
    from last: Int, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    untilFirstToken: Bool
  ) {
    // No list is shared with anybody here, which each change of it would ask anew.
    parts.withUnsafeMutableBufferPointer { parts in
      Self.walk(from: last, tasks, pipeline, untilFirstToken: untilFirstToken, into: parts)
    }
  }

  private static func walk(
    from last: Int, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    untilFirstToken: Bool, into parts: UnsafeMutableBufferPointer<Double>
  ) {
    parts.update(repeating: 0)
    var place = last
    var ends = untilFirstToken
    while place >= 0 {
      let task = tasks[tasks.startIndex + place]
      if task.phase == .ended {
        // A fetch waited for the store that was last; so did a context for blocks that came too late.
        let isFetch = pipeline.parts[place].looksUp
        let store = task.store >= 0 ? Int(task.store) : pipeline.parts[place].pool
        let pool = isFetch ? store : pipeline.parts[place].pool
        parts[store * BlamePart.allCases.count + BlamePart.service.rawValue] += Double(
          task.fetchWait)
        let base = pool * BlamePart.allCases.count
        let served =
          switch pipeline.parts[place].stage.action {
          case .decode: task.started
          case .prefill, .generate, .think: min(max(task.firstToken, task.started), task.ended)
          case .process, .encode, .retrieve, .call, .fetch, .prefetch: task.ended
          }
        parts[base + BlamePart.transfer.rawValue] += Double(task.transferTime)
        parts[base + BlamePart.queue.rawValue] += Double(task.queueTime)
        parts[base + BlamePart.service.rawValue] += Double(served - task.started + task.lostService)
        if !ends {
          parts[base + BlamePart.decode.rawValue] += Double(task.ended - served)
        }
      }
      ends = false
      place = Int(task.lastPredecessor)
    }
  }

  private func outcome(
    _ journey: Journey, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    at time: Int64,
    _ status: JourneyOutcome.Status
  ) -> JourneyOutcome {
    var stages: [JourneyOutcome.Stage] = []
    for place in pipeline.parts.indices {
      let task = tasks[tasks.startIndex + place]
      guard task.phase == .ended else { continue }
      stages.append(
        JourneyOutcome.Stage(
          stage: place, engine: Int(task.engine), ready: Nanoseconds(task.ready),
          arrived: Nanoseconds(task.arrived), started: Nanoseconds(task.started),
          ended: Nanoseconds(task.ended)))
    }
    return JourneyOutcome(
      number: journey.number, id: journey.id, pipeline: journey.pipeline,
      requestClass: journey.requestClass, status: status,
      arrival: Nanoseconds(journey.arrival),
      firstToken: journey.firstToken >= 0 ? Nanoseconds(journey.firstToken) : nil,
      lastToken: journey.firstToken >= 0 ? Nanoseconds(journey.lastToken) : nil,
      end: Nanoseconds(time), promptTokens: journey.prompt, contextTokens: journey.context,
      outputTokens: journey.output, cachedTokens: journey.cachedTokens,
      fetchedTokens: journey.fetchedTokens, retries: journey.retries, stages: stages)
  }
}

extension PipelineResult {
  /// Counts a request that ended as it should.
  fileprivate mutating func finish(
    _ journey: Journey, _ tasks: ArraySlice<StageTask>, _ pipeline: CompiledPipeline,
    at time: Int64,
    _ limits: (firstToken: Double, outputToken: Double)?, _ classPlace: Int
  ) {
    finished += 1
    classes[classPlace].finished += 1
    // Who passes none of the stages that answer has no answer, whatever the log says.
    let output = journey.firstToken >= 0 || !pipeline.generates ? journey.output : 0
    classes[classPlace].outputTokens += output
    promptTokens += journey.prompt
    contextTokens += journey.context
    outputTokens += output
    cachedTokens += journey.cachedTokens
    fetchedTokens += journey.fetchedTokens
    endToEnd.add(Nanoseconds(time - journey.arrival))
    latencies[journey.pipeline].endToEnd.add(Nanoseconds(time - journey.arrival))
    classes[classPlace].latencies.endToEnd.add(Nanoseconds(time - journey.arrival))
    // Who should have had an answer, and passed none of the stages that give one, was not served.
    var isGood = limits != nil && (journey.firstToken >= 0 || !pipeline.generates)
    if journey.firstToken >= 0 {
      let first = Nanoseconds(journey.firstToken - journey.arrival)
      timeToFirstToken.add(first)
      latencies[journey.pipeline].timeToFirstToken.add(first)
      classes[classPlace].latencies.timeToFirstToken.add(first)
      if let limits, Double(first.rawValue) > limits.firstToken { isGood = false }
      if journey.output > 1 {
        let gap = Double(journey.lastToken - journey.firstToken) / Double(journey.output - 1)
        timePerOutputToken.add(Nanoseconds(rounding: gap))
        latencies[journey.pipeline].timePerOutputToken.add(Nanoseconds(rounding: gap))
        classes[classPlace].latencies.timePerOutputToken.add(Nanoseconds(rounding: gap))
        if let limits, gap > limits.outputToken { isGood = false }
      }
    }
    withinObjectives += isGood ? 1 : 0
    classes[classPlace].within += isGood ? 1 : 0
    for place in pipeline.parts.indices {
      noteStage(tasks[tasks.startIndex + place], journey, place)
    }
  }

  private mutating func noteStage(_ task: StageTask, _ journey: Journey, _ place: Int) {
    guard task.phase == .ended else {
      stages[journey.pipeline][place].skipped += 1
      return
    }
    stages[journey.pipeline][place].served += 1
    stages[journey.pipeline][place].transferTime += Double(task.transferTime + task.fetchWait)
    stages[journey.pipeline][place].queueTime += Double(task.queueTime)
    stages[journey.pipeline][place].serviceTime += Double(task.serviceTime)
    if task.isPrefetched {
      stages[journey.pipeline][place].prefetched += 1
      stages[journey.pipeline][place].fetchWait += Double(task.fetchWait)
      stages[journey.pipeline][place].fetchHidden += Double(task.fetchHidden)
    }
    stages[journey.pipeline][place].durations.recordLatency(
      UInt64(clamping: task.ended - task.ready))
  }
}

extension StageTask {
  /// Whether stores brought its blocks while it went on.
  var isPrefetched: Bool { fetchStart >= 0 }

  /// Nanoseconds that bytes were on their way to its engine.
  var transferTime: Int64 { arrived - sent }
  /// Nanoseconds that it waited for an engine, and there.
  var queueTime: Int64 { (sent - ready) + (started - arrived) - fetchWait - lostService }
  /// Nanoseconds that it was served, in vain or not.
  var serviceTime: Int64 { ended - started + lostService }
}
