import Operators
import Scenarios

/// Tasks on engines of language models.
extension PipelineFleet {
  // MARK: Sending

  /// Sends a task's requests to its engine: one, or one for each path.
  mutating func submit(_ task: Int, at time: Int64) {
    arriveAtEngine(task)
    let (part, journey) = (part(of: task), journeys[journey(of: task)])
    let fetched = tasks[task].fetched
    switch part.stage.action {
    case .think(let thinking): submitPaths(of: task, thinking, at: time)
    case .prefill:
      send(
        ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
        output: 1, fetched: fetched, isHandedOver: journey.output > 1, at: time)
    case .generate, .decode:
      send(
        ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
        output: journey.output, fetched: fetched, at: time)
    case .process, .encode, .retrieve, .call, .fetch, .prefetch: break
    }
  }

  /// Takes a ticket for a task.
  mutating func ticket(
    _ task: Int, input: Int, depth: Int32 = 0, path: UInt64 = 0, _ chainStart: Int,
    _ chainCount: Int
  ) -> Int32 {
    let number = freeTickets.popLast() ?? Int32(tickets.count)
    let ticket = Ticket(
      task: Int32(task), attempt: tasks[task].attempt, engine: tasks[task].engine,
      next: tasks[task].firstTicket, path: path, depth: depth, input: Int32(clamping: input),
      chainStart: chainStart, chainCount: chainCount, isInUse: true)
    if Int(number) == tickets.count {
      tickets.append(ticket)
    } else {
      tickets[Int(number)] = ticket
    }
    if ticket.next >= 0 { tickets[Int(ticket.next)].previous = number }
    tasks[task].firstTicket = number
    chains.retain(chainStart)
    return number
  }

  mutating func freeTicket(_ number: Int32) {
    let ticket = tickets[Int(number)]
    chains.release(ticket.chainStart)
    if ticket.next >= 0 { tickets[Int(ticket.next)].previous = ticket.previous }
    if ticket.previous >= 0 {
      tickets[Int(ticket.previous)].next = ticket.next
    } else if tasks[Int(ticket.task)].firstTicket == number {
      tasks[Int(ticket.task)].firstTicket = ticket.next
    }
    tickets[Int(number)].isInUse = false
    freeTickets.append(number)
  }

  /// Sends a request to its ticket's engine.
  mutating func send(
    _ number: Int32, output: Int, fetched: Int32, isHandedOver: Bool = false, at time: Int64
  ) {
    let ticket = tickets[Int(number)]
    let journey = journeys[journey(of: Int(ticket.task))]
    let engine = Int(ticket.engine)
    let place = engines[engine].place
    contentNumber &+= 1
    let content = BlockContent(
      chainStart: max(0, ticket.chainStart), chainCount: Int32(clamping: ticket.chainCount),
      tokensPerName: Int32(clamping: journey.tokensPerName), request: contentNumber)
    var resident = Resident(
      request: number, input: ticket.input, output: Int32(clamping: output), content: content,
      blockSize: models[place].scheduler.limits.blockSize, priority: journey.priority,
      arrival: time)
    resident.fetched = fetched
    resident.isHandedOver = isHandedOver
    if !pipelines[journey.pipeline].sharesOwnContent {
      // Nobody would look for the rest: names that are never found cost a third of the time.
      let named = journey.namedFrom * journey.tokensPerName
      resident.sharedBlocks = min(
        resident.sharedBlocks,
        Int32(clamping: named / models[place].scheduler.limits.blockSize))
    }
    if tasks[Int(ticket.task)].awaitsBlocks {
      resident.arrival = tasks[Int(ticket.task)].arrived
      models[place].scheduler.enqueueInTurn(resident)
    } else {
      models[place].scheduler.enqueue(resident)
    }
    wakeModel(engine, at: time)
  }

  /// Has an idle engine come to its boundary, with all that step together with it.
  mutating func wakeModel(_ engine: Int, at time: Int64) {
    guard models[engines[engine].place].wake(at: time) else { return }
    foresee(.boundary, engine, at: time, tag: engines[engine].epoch)
    for member in pools[engines[engine].pool].lockstep?.members ?? 0..<0 {
      _ = models[member].wake(at: time)
    }
  }

  // MARK: Steps

  /// Ends the step in flight of an engine, or of all that step together with it, and begins the next one.
  mutating func modelBoundary(_ engine: Int, at time: Int64) {
    guard pools[engines[engine].pool].lockstep == nil else {
      return lockstepBoundary(of: engines[engine].pool, at: time)
    }
    let place = engines[engine].place
    endStep(of: engine, at: time)
    let begins = models[place].beginStep(until: .max, chain: chains.chain)
    admitDecodes(engine, at: time)
    if begins {
      let pool = engines[engine].pool
      guard let pricing = plan.pools[pool].pricing else { return }
      // Not in one expression, in which the engine would be copied before the price is known.
      let plain = pricing.price(models[place].current.shape)
      let price = models[place].withDrafts(plain)
      models[place].start(price: price, until: .max, chain: chains.chain)
      result.steps += 1
      if plan.scenario.keyValueMode == .layerwise { foreseeLayers(of: engine) }
      if beginExchanges(of: engine, in: price) { return }
    }
    if models[place].boundary < .max {
      foresee(.boundary, engine, at: models[place].boundary, tag: engines[engine].epoch)
    }
    let shape = models[place].current.shape
    noteTurns(
      on: engine, taken: begins ? shape.prefillTokens + shape.decodeSequences : 0, at: time)
    stopIfDrained(engine, at: time)
  }

  /// Ends the step in flight of an engine: what has all its tokens goes on.
  mutating func endStep(of engine: Int, at time: Int64) {
    let place = engines[engine].place
    let busyTime = models[place].totals.busyTime
    models[place].endStep(gaps: &result.tokenGaps, finished: &finished)
    if load != nil { noteLoad(ofStepOf: engine, since: busyTime, at: time) }
    traceSteps(of: engine)
    models[place].letGo(&gone)
    for slot in models[place].takePrefilled() { prefilled(slot, engine, at: time) }
    if !finished.isEmpty {
      var ended: [Resident] = []
      swap(&ended, &finished)
      for resident in ended { ticketEnded(resident, engine, at: time) }
      ended.removeAll(keepingCapacity: true)
      swap(&ended, &finished)
    }
    if !gone.isEmpty {
      for resident in gone { freeTicket(resident.request) }
      gone.removeAll(keepingCapacity: true)
    }
  }

  /// Whether a ticket belongs to what its task does now.
  func holdsNow(_ number: Int32) -> Bool {
    let ticket = tickets[Int(number)]
    return ticket.isInUse && tasks[Int(ticket.task)].attempt == ticket.attempt
  }

  /// Takes in a request that has all its tokens.
  private mutating func ticketEnded(_ resident: Resident, _ engine: Int, at time: Int64) {
    engines[engine].endedPaths += 1
    guard holdsNow(resident.request) else { return freeTicket(resident.request) }
    let ticket = tickets[Int(resident.request)]
    let task = Int(ticket.task)
    noteService(of: task, resident)
    switch part(of: task).stage.action {
    case .think(let thinking):
      if Int(ticket.depth) + 1 < thinking.branches.count {
        split(resident, thinking, at: time)
      } else {
        tasks[task].partsLeft -= 1
        if tasks[task].partsLeft == 0 {
          freeTicket(resident.request)
          dropOtherPaths(of: task)
          storeContext(task, generated: 0, at: time)
          return complete(task, at: time)
        }
      }
      freeTicket(resident.request)
    case .prefill, .generate, .decode:
      freeTicket(resident.request)
      noteAnswer(of: task, resident)
      storeContext(task, generated: Int(resident.generated), at: time)
      complete(task, at: time)
    case .process, .encode, .retrieve, .call, .fetch, .prefetch: freeTicket(resident.request)
    }
  }

  /// Notes when a task's service began, and what memory had of its context.
  mutating func noteService(of task: Int, _ resident: Resident) {
    let index = journey(of: task)
    let isFirst = tasks[task].phase != .running
    tasks[task].phase = .running
    // A decode that goes on with keys and values from elsewhere began when these had come.
    let began = max(resident.scheduled, tasks[task].arrived)
    if isFirst || began < tasks[task].started { tasks[task].started = began }
    if isFirst || resident.firstToken < tasks[task].firstToken {
      tasks[task].firstToken = resident.firstToken
    }
    journeys[index].cachedTokens += max(0, Int(resident.cached))
  }

  /// Notes the answer's times.
  mutating func noteAnswer(of task: Int, _ resident: Resident) {
    let index = journey(of: task)
    let part = part(of: task)
    if !part.isDecode || journeys[index].firstToken < 0 {
      journeys[index].firstToken = resident.firstToken
      journeys[index].answeredBy = task % stride
    }
    journeys[index].lastToken = resident.lastToken
  }
}
