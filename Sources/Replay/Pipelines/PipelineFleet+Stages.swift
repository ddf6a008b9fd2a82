import Operators
import Scenarios

/// The way of a request from stage to stage.
extension PipelineFleet {
  /// The journey of a task.
  func journey(of task: Int) -> Int { task / stride }

  /// The stage of a task.
  ///
  /// Inlined, here and below, because a call from a mutating function would copy the two kilobytes of the fleet itself.
  @inline(__always)
  func part(of task: Int) -> CompiledPipeline.Part {
    pipelines[journeys[task / stride].pipeline].parts[task % stride]
  }

  /// Begins a stage before which all others have ended.
  mutating func begin(_ task: Int, at time: Int64) {
    let (index, part) = (journey(of: task), part(of: task))
    // What begins anew has been waited for since it began first.
    if tasks[task].ready < 0 { tasks[task].ready = time }
    guard part.isForAll || passes(part.stage, journeys[index], place: task % stride) else {
      return skip(task, at: time)
    }
    switch part.stage.action {
    case .fetch, .prefetch: beginFetch(task, part, at: time)
    case .decode: beginDecode(task, part, at: time)
    case .process, .encode, .retrieve, .call, .prefill, .generate, .think:
      forgetLostEngine(of: task, at: time)
      guard
        let engine = tasks[task].engine >= 0 ? Int(tasks[task].engine) : route(task, part, at: time)
      else { return }
      travel(task, to: engine, at: time)
    }
  }

  /// Ends a stage that is not done for its request.
  mutating func skip(_ task: Int, at time: Int64) {
    dropLayers(of: task, at: time)
    tasks[task].phase = .skipped
    // A fetch may have chosen its engine, and counted it there.
    leaveEngine(task)
    end(task, at: time)
  }

  /// Begins a stage anew whose engine failed.
  mutating func restart(_ task: Int, at time: Int64) {
    let partner = part(of: task).partner
    if part(of: task).isPrefill {
      dropLayers(of: task - task % stride + partner, at: time)
    }
    // What went ahead to an engine that failed is sent again when the prompt is computed.
    guard tasks[task].predecessorsLeft == 0 else { return dropLayers(of: task, at: time) }
    leaveEngine(task)
    let present = presentTry(task)
    links.cancel(at: time) { $0.waiter == present }
    // Of language models' engines it was noted when they were emptied.
    if tasks[task].phase == .running { tasks[task].lostService += time - tasks[task].started }
    tasks[task].attempt &+= 1
    tasks[task].phase = .waiting
    tasks[task].engine = -1
    tasks[task].partsLeft = 0
    forgetPrefetch(of: task)
    tasks[task].isRestarted = true
    forgetFetched(of: task)
    journeys[journey(of: task)].retries += 1
    begin(task, at: time)
  }

  /// Forgets the engine that a fetch chose if it has failed since, with what was brought there.
  mutating func forgetLostEngine(of task: Int, at time: Int64) {
    guard tasks[task].engine >= 0 else { return }
    let engine = engines[Int(tasks[task].engine)]
    guard !engine.isUp || engine.epoch != tasks[task].epoch else { return }
    leaveEngine(task)
    tasks[task].engine = -1
    if tasks[task].fetchesLeft > 0 {
      let present = presentTry(task)
      links.cancel(at: time) {
        if case .fetch(present, _) = $0 { true } else { false }
      }
      // What has left the links may still be on its way.
      tasks[task].attempt &+= 1
    }
    forgetPrefetch(of: task)
    forgetFetched(of: task)
  }

  private mutating func forgetFetched(of task: Int) {
    journeys[journey(of: task)].fetchedTokens -= Int(tasks[task].brought)
    (tasks[task].fetched, tasks[task].brought, tasks[task].had) = (0, 0, 0)
  }

  /// Lets what a stage needs travel to its engine: the text of the context, from the engine before.
  private mutating func travel(_ task: Int, to engine: Int, at time: Int64) {
    let source = lastEngine(before: task)
    let bytes = Double(journeys[journey(of: task)].context) * plan.scenario.bytesPerToken
    tasks[task].phase = .travelling
    tasks[task].sent = time
    guard let source,
      links.send(
        bytes, from: engines[source].leaf, to: engines[engine].leaf,
        for: .input(presentTry(task)), at: time)
    else { return arrive(task, at: time) }
    tasks[task].partsLeft = 1
  }

  /// The engine on which the stage ran that a stage waited for last, if any ran.
  @inline(__always)
  private func lastEngine(before task: Int) -> Int? {
    let base = task - task % stride
    var place = Int(tasks[task].lastPredecessor)
    while place >= 0 {
      let before = tasks[base + place]
      if before.phase != .skipped, before.engine >= 0 { return Int(before.engine) }
      place = Int(before.lastPredecessor)
    }
    return nil
  }

  /// Hands a task to its engine.
  mutating func arrive(_ task: Int, at time: Int64) {
    if tasks[task].heldSlot >= 0 { return keyValuesCame(task, at: time) }
    tasks[task].phase = .queued
    tasks[task].arrived = time
    let engine = Int(tasks[task].engine)
    switch engines[engine].kind {
    case .model:
      if tasks[task].fetchesLeft > 0 {
        awaitBlocks(of: task, at: time)
      } else {
        submit(task, at: time)
      }
    case .encoder: enqueueSequences(task, at: time)
    case .processors, .external: enqueueWork(task, at: time)
    case .store: break
    }
  }

  /// Ends a stage that was served, and adds what it found to the context.
  mutating func complete(_ task: Int, at time: Int64) {
    let (index, part) = (journey(of: task), part(of: task))
    tasks[task].phase = .ended
    // What is still under way of it is of no use any more.
    tasks[task].attempt &+= 1
    leaveEngine(task)
    if tasks[task].engine >= 0 { engines[Int(tasks[task].engine)].served += 1 }
    switch part.stage.action {
    case .retrieve(let retrieval):
      if retrieval.isLogged, journeys[index].hasPassages != nil {
        grow(index, by: (journeys[index].passageTokens, false))
      } else {
        grow(
          index,
          by: retrieval.documents.multipliedReportingOverflow(by: retrieval.tokensPerDocument))
      }
    case .call(let call): grow(index, by: (call.tokens, false))
    case .think(let thinking) where thinking.carries:
      grow(index, by: (thinking.tokensOfPath(answer: journeys[index].output), false))
    case .think, .process, .encode, .fetch, .prefetch, .prefill, .decode, .generate: break
    }
    end(task, at: time)
  }

  private mutating func grow(_ index: Int, by tokens: (partialValue: Int, overflow: Bool)) {
    let most = Int(Int32.max) / 4
    journeys[index].context =
      tokens.overflow ? most : min(journeys[index].context + min(tokens.partialValue, most), most)
  }

  /// Lets those begin that waited for a stage, or the request go.
  private mutating func end(_ task: Int, at time: Int64) {
    tasks[task].ended = time
    let (index, place) = (journey(of: task), task % stride)
    let number = journeys[index].number
    journeys[index].stagesLeft -= 1
    guard journeys[index].stagesLeft > 0 else { return finish(index, at: time, .finished) }
    for next in part(of: task).successors {
      let successor = index * stride + next
      tasks[successor].predecessorsLeft -= 1
      tasks[successor].lastPredecessor = Int16(place)
      if tasks[successor].predecessorsLeft == 0 {
        begin(successor, at: time)
        // It may have been the last one, or have turned the request away.
        guard journeys[index].isInUse, journeys[index].number == number else { return }
      }
    }
  }

  /// Whether a stage is done for a request.
  @inline(__always)
  func passes(_ stage: Stage, _ journey: Journey, place: Int) -> Bool {
    if journey.passedOver >> UInt64(place) & 1 == 1 { return false }
    if case .retrieve(let retrieval) = stage.action, retrieval.isLogged,
      journey.hasPassages == false
    {
      return false
    }
    return meets(stage.condition, journey, place: place)
  }

  private func meets(_ condition: StageCondition, _ journey: Journey, place: Int) -> Bool {
    if let wanted = condition.requestClass, wanted != journey.requestClass { return false }
    if let bound = condition.inputAbove, journey.context <= bound { return false }
    if let bound = condition.inputUpTo, journey.context > bound { return false }
    if let wanted = condition.passages, wanted != (journey.hasPassages ?? true) { return false }
    if let share = condition.share, draw(journey.number, .condition, place) >= share {
      return false
    }
    guard condition.difficultyAbove != nil || condition.difficultyBelow != nil else { return true }
    return journey.difficulty > condition.difficultyAbove ?? -1
      && journey.difficulty <= condition.difficultyBelow ?? 2
  }

  // MARK: Turning away

  /// Gives a request up that no engine can serve, or that was turned away; parts of it that are under way on
  /// other engines go on there for nothing.
  mutating func giveUp(_ task: Int, at time: Int64, _ status: JourneyOutcome.Status) {
    let index = journey(of: task)
    let own = (index * stride)..<(index * stride + stride)
    if own.contains(where: {
      tasks[$0].phase == .travelling || tasks[$0].partsLeft > 0 || tasks[$0].fetchesLeft > 0
    }) {
      links.cancel(at: time) { errand in
        guard let waiter = errand.waiter else { return false }
        return own.contains(Int(waiter.task)) && tasks[Int(waiter.task)].attempt == waiter.attempt
      }
    }
    let left = own.compactMap { tasks[$0].isCounted ? Int(tasks[$0].engine) : nil }
    for other in own { leaveEngine(other) }
    releaseHeldMemory(of: index, at: time)
    finish(index, at: time, status)
    for engine in left { stopIfDrained(engine, at: time) }
  }
}

extension Thinking {
  /// Tokens of one path from its beginning to its end.
  func tokensOfPath(answer: Int) -> Int {
    if let tokens { return max(1, tokens) }
    let scaled = (scale * Double(answer)).rounded()
    return max(1, scaled < 1e8 ? Int(scaled) : 100_000_000)
  }
}
