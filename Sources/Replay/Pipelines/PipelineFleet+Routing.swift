import CostModel
import Operators
import Scenarios

/// The coordinator: which engine of a pool serves a task.
extension PipelineFleet {
  /// Chooses the engine of a task, and counts it there; nil where none is up, so that the task waits, or
  /// where it was turned away.
  ///
  /// - Parameter waits: whether the task waits for an engine where none is up.
  mutating func route(
    _ task: Int, _ part: CompiledPipeline.Part, waits: Bool = true, at time: Int64
  ) -> Int? {
    let (index, pool) = (journey(of: task), part.pool)
    let output = tokensToGenerate(part, answer: journeys[index].output)
    // A pool's engines are alike.
    let first = pools[pool].first
    guard canEverServe(first, part, input: journeys[index].context, output: output) else {
      giveUp(task, at: time, .rejected)
      return nil
    }
    let knowledge = pools[pool].rule.knowledge
    // Where nothing bars any of its engines they are chosen from as they are.
    let isPlain =
      pools[pool].isSteady && knowledge == .load && plan.scenario.pools[pool].admission == nil
    if !isPlain {
      candidates.removeAll(keepingCapacity: true)
      for engine in pools[pool].range where engines[engine].isOpen {
        candidates.append(loads[pool][engines[engine].number])
      }
      guard !candidates.isEmpty else {
        if waits {
          pools[pool].pending.append(TaskTry(task: Int32(task), attempt: tasks[task].attempt))
        }
        return nil
      }
      // What was taken once is not turned away because its engine failed.
      guard tasks[task].isRestarted || admit(pool) else {
        pools[pool].shed += 1
        giveUp(task, at: time, .shed)
        return nil
      }
    }
    if part.computesContext {
      nameContext(of: index, answer: pathTokens(part, answer: journeys[index].output))
    }
    if knowledge != .load { lookUp(knowledge, part, journeys[index]) }
    let request = RoutedRequest(
      number: journeys[index].number, attempt: Int(tasks[task].attempt),
      input: journeys[index].context, output: output,
      session: SessionGate.number(of: journeys[index].session))
    let number =
      isPlain
      ? pools[pool].rule.choose(request, among: loads[pool])
      : candidates[pools[pool].rule.choose(request, among: candidates)].engine
    join(task, first + number, input: request.input, output: output)
    return first + number
  }

  /// What was sent to an engine and has not ended there.
  @inline(__always)
  func load(of engine: Int) -> EngineLoad {
    loads[engines[engine].pool][engines[engine].number].load
  }

  /// Counts a task in the load of its engine.
  mutating func join(_ task: Int, _ engine: Int, input: Int, output: Int) {
    tasks[task].engine = Int32(engine)
    tasks[task].loadInput = Int32(clamping: input)
    tasks[task].loadOutput = Int32(clamping: output)
    tasks[task].isCounted = true
    tasks[task].isApproaching = true
    tasks[task].epoch = engines[engine].epoch
    engines[engine].approaching.add(
      prompt: promptToCompute(task), answer: Int(tasks[task].loadOutput))
    loads[engines[engine].pool][engines[engine].number].load.add(
      input: Int(tasks[task].loadInput), output: Int(tasks[task].loadOutput))
  }

  /// Takes a task out of the load of its engine, if it is counted there.
  mutating func leaveEngine(_ task: Int) {
    arriveAtEngine(task)
    guard tasks[task].isCounted else { return }
    tasks[task].isCounted = false
    let engine = Int(tasks[task].engine)
    loads[engines[engine].pool][engines[engine].number].load.remove(
      input: Int(tasks[task].loadInput), output: Int(tasks[task].loadOutput))
  }

  /// Notes that a task's engine has it in its scheduler, or that it does not go there any more.
  mutating func arriveAtEngine(_ task: Int) {
    guard tasks[task].isApproaching else { return }
    tasks[task].isApproaching = false
    engines[Int(tasks[task].engine)].approaching.remove(
      prompt: promptToCompute(task), answer: Int(tasks[task].loadOutput))
  }

  /// Tokens of a task's context that its engine has to compute: a decode's were, elsewhere.
  @inline(__always)
  private func promptToCompute(_ task: Int) -> Int {
    part(of: task).isDecode ? 0 : Int(tasks[task].loadInput)
  }

  /// Tokens that follow a request's context in a stage, on one path.
  @inline(__always)
  func pathTokens(_ part: CompiledPipeline.Part, answer: Int) -> Int {
    if case .think(let thinking) = part.stage.action {
      return thinking.tokensOfPath(answer: answer)
    }
    return answer
  }

  /// Tokens that a stage generates for a request, all paths together.
  @inline(__always)
  func tokensToGenerate(_ part: CompiledPipeline.Part, answer: Int) -> Int {
    switch part.stage.action {
    case .generate, .decode: answer
    case .prefill: 1
    case .think(let thinking):
      Int(clamping: thinking.tokensOfPath(answer: answer) * min(thinking.paths, 1024))
    case .process, .encode, .retrieve, .call, .fetch, .prefetch: 0
    }
  }

  @inline(__always)
  private func canEverServe(
    _ engine: Int, _ part: CompiledPipeline.Part, input: Int, output: Int
  ) -> Bool {
    guard case .model = engines[engine].kind else { return true }
    var output = output
    if case .think(let thinking) = part.stage.action {
      output = max(1, output / max(1, thinking.paths))
    }
    return models[engines[engine].place].scheduler.limits.canServe(
      input: input, output: max(1, output))
  }

  /// Takes those candidates away that take no more; whether any are left.
  private mutating func admit(_ pool: Int) -> Bool {
    guard let admission = plan.scenario.pools[pool].admission else { return true }
    var open: [RoutingCandidate] = []
    for candidate in candidates {
      if let most = admission.maxOutstanding, candidate.load.requests >= most { continue }
      if let wait = admission.maxWait,
        expectedWait(pools[pool].first + candidate.engine) > wait * 1e9
      {
        continue
      }
      open.append(candidate)
    }
    candidates = open
    return !open.isEmpty
  }

  /// Nanoseconds until what is before a new request is served, at the engine's mean rate of service while it
  /// worked; 0 where that is not known.
  private func expectedWait(_ engine: Int) -> Double {
    let state = engines[engine]
    // Each path of a stage that thinks waits for itself.
    let served = state.kind == .model ? state.endedPaths : state.served
    guard served > 0 else { return 0 }
    let waiting: Int
    switch state.kind {
    case .model:
      // Decodes wait for memory, and others for their blocks, outside the scheduler's queue.
      waiting =
        models[state.place].scheduler.waiting.count + decodeQueues[state.place].count
        + awaiting[state.place].count
    case .processors, .external:
      waiting = queues[state.place].waitingCount + batches[state.place].waitingBeside
    case .encoder: waiting = encoders[state.place].waitingCount
    case .store: waiting = 0
    }
    let busy =
      state.kind == .model
      ? state.earlierTotals.reduce(Double(models[state.place].totals.busyTime.rawValue)) {
        // Those that failed in its place served for it.
        $0 + Double($1.busyTime.rawValue)
      } : state.busyTime
    return Double(waiting) * busy / Double(served)
  }

  /// Tells each candidate what the rule wants to know.
  private mutating func lookUp(
    _ knowledge: RoutingKnowledge, _ part: CompiledPipeline.Part, _ journey: Journey
  ) {
    guard case .model = engines[pools[part.pool].first].kind else { return }
    for place in candidates.indices {
      let engine = pools[part.pool].first + candidates[place].engine
      let scheduler = models[engines[engine].place].scheduler
      switch knowledge {
      case .load: break
      case .cache:
        candidates[place].cachedTokens = scheduler.cachedTokens(
          content(of: journey), input: journey.context, chain: chains.chain)
      case .progress:
        candidates[place].tokensLeft =
          scheduler.workLeft.tokens + engines[engine].approaching.tokens
      case .time:
        var work = scheduler.workLeft
        work.add(engines[engine].approaching)
        candidates[place].timeLeft = timeLeft(work, part.pool)
      }
    }
  }

  /// Nanoseconds that an engine takes for what is there: all prompts, and as many steps as the longest answer
  /// has tokens left, each for those whose answers go on; a step's price is taken to grow evenly with them.
  private func timeLeft(_ work: Scheduler.WorkLeft, _ pool: Int) -> Double {
    guard let pricing = plan.pools[pool].pricing, work.tokens > 0 else { return 0 }
    var time = 0.0
    if work.promptTokens > 0 {
      var shape = StepShape()
      shape.addPrefill(tokens: min(work.promptTokens, 8192), past: 0, samples: true)
      time += pricing.price(shape).total * Double(work.promptTokens) / Double(shape.prefillTokens)
    }
    if work.answerTokens > 0, work.requests > 0 {
      let together = min(work.requests, plan.pools[pool].group?.maxSequences ?? 256, 256)
      var (one, all) = (StepShape(), StepShape())
      one.addDecode(context: max(1, work.meanContext))
      for _ in 0..<together { all.addDecode(context: max(1, work.meanContext)) }
      let alone = pricing.price(one).total
      let perSequence =
        (pricing.price(all).total - alone) / Double(max(1, together - 1))
      // Those beyond the places wait for others to end.
      let steps = max(Double(work.longestAnswer), Double(work.answerTokens) / Double(together))
      time += (alone - perSequence) * steps + perSequence * Double(work.answerTokens)
    }
    return time
  }
}
