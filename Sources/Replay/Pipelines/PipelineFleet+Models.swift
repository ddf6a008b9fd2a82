import Operators
import Scenarios

/// Tasks on engines of language models.
extension PipelineFleet {
  // MARK: Sending

  /// Sends a task's requests to its engine: one, or one for each path.
  mutating func submit(_ task: Int, at time: Int64) {
    let (part, journey) = (part(of: task), journeys[journey(of: task)])
    switch part.stage.action {
    case .think(let thinking):
      let count = max(1, min(thinking.branches.first ?? 1, 1024))
      tasks[task].partsLeft = Int32(min(thinking.keep ?? .max, min(thinking.paths, 1024)))
      let tokens = thinking.tokensOfLevel(0, answer: journey.output)
      for _ in 0..<count {
        send(
          ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
          output: tokens, fetched: tasks[task].fetched, at: time)
      }
    case .prefill:
      send(
        ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
        output: 1, fetched: tasks[task].fetched, isHandedOver: journey.output > 1, at: time)
    case .generate, .decode:
      send(
        ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
        output: journey.output, fetched: tasks[task].fetched, at: time)
    case .process, .encode, .retrieve, .call, .fetch: break
    }
  }

  /// Takes a ticket for a task.
  private mutating func ticket(
    _ task: Int, input: Int, depth: Int32 = 0, _ chainStart: Int, _ chainCount: Int
  ) -> Int32 {
    let ticket = Ticket(
      task: Int32(task), attempt: tasks[task].attempt, depth: depth, input: Int32(clamping: input),
      chainStart: chainStart, chainCount: chainCount, isInUse: true)
    chains.retain(chainStart)
    if let number = freeTickets.popLast() {
      tickets[Int(number)] = ticket
      return number
    }
    tickets.append(ticket)
    return Int32(tickets.count - 1)
  }

  private mutating func freeTicket(_ number: Int32) {
    chains.release(tickets[Int(number)].chainStart)
    tickets[Int(number)].isInUse = false
    freeTickets.append(number)
  }

  private mutating func send(
    _ number: Int32, output: Int, fetched: Int32, isHandedOver: Bool = false, at time: Int64
  ) {
    let ticket = tickets[Int(number)]
    let task = Int(ticket.task)
    let journey = journeys[journey(of: task)]
    let engine = Int(tasks[task].engine)
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
    models[place].scheduler.enqueue(resident)
    wakeModel(engine, at: time)
  }

  /// Has an idle engine come to its boundary.
  mutating func wakeModel(_ engine: Int, at time: Int64) {
    if models[engines[engine].place].wake(at: time) {
      foresee(.boundary, engine, at: time, tag: engines[engine].epoch)
    }
  }

  // MARK: Steps

  /// Ends the step in flight of an engine, and begins the next one.
  mutating func modelBoundary(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    models[place].endStep(gaps: &result.tokenGaps, finished: &finished)
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
    let begins = models[place].beginStep(until: .max, chain: chains.chain)
    admitDecodes(engine, at: time)
    if begins {
      let pool = engines[engine].pool
      guard let pricing = plan.pools[pool].pricing else { return }
      let price = models[place].withDrafts(pricing.price(models[place].current.shape))
      models[place].start(price: price, until: .max, chain: chains.chain)
      result.steps += 1
    }
    if models[place].boundary < .max {
      foresee(.boundary, engine, at: models[place].boundary, tag: engines[engine].epoch)
    }
    stopIfDrained(engine, at: time)
  }

  /// Whether a ticket belongs to what its task does now.
  private func isCurrent(_ number: Int32) -> Bool {
    let ticket = tickets[Int(number)]
    return ticket.isInUse && tasks[Int(ticket.task)].attempt == ticket.attempt
  }

  /// Takes in a request that has all its tokens.
  private mutating func ticketEnded(_ resident: Resident, _ engine: Int, at time: Int64) {
    guard isCurrent(resident.request) else { return freeTicket(resident.request) }
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
          dropOtherPaths(of: task, on: engine)
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
    case .process, .encode, .retrieve, .call, .fetch: freeTicket(resident.request)
    }
  }

  /// Notes when a task's service began, and what memory had of its context.
  private mutating func noteService(of task: Int, _ resident: Resident) {
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
  private mutating func noteAnswer(of task: Int, _ resident: Resident) {
    let index = journey(of: task)
    let part = part(of: task)
    if part.stage.action != .decode || journeys[index].firstToken < 0 {
      journeys[index].firstToken = resident.firstToken
      journeys[index].answeredBy = task % stride
    }
    journeys[index].lastToken = resident.lastToken
  }

  // MARK: Paths

  /// Splits a path that has come to the end of its level.
  private mutating func split(_ resident: Resident, _ thinking: Thinking, at time: Int64) {
    let parent = tickets[Int(resident.request)]
    let task = Int(parent.task)
    let journey = journeys[journey(of: task)]
    let depth = Int(parent.depth) + 1
    let output = thinking.tokensOfLevel(depth, answer: journey.output)
    let input = Int(resident.input) + Int(resident.generated)
    // What the parent generated is its own: pieces from there on are named after it.
    let kept = min(parent.chainCount, Int(parent.input) / journey.tokensPerName)
    let count = (input + output) / journey.tokensPerName + 1
    let start = chains.allocate(count)
    var hash = ChainStore.origin
    for piece in 0..<count {
      if piece < kept {
        hash = chains[parent.chainStart + piece]
      } else {
        hash = BlockContent.mix(hash, ~UInt64(truncatingIfNeeded: Int(resident.content.request)))
      }
      chains[start + piece] = hash
    }
    for _ in 0..<max(1, thinking.branches[depth]) {
      let child = ticket(
        task, input: input, depth: Int32(depth), start, input / journey.tokensPerName)
      send(child, output: output, fetched: 0, at: time)
    }
    chains.release(start)
  }

  /// Gives the paths up that nobody waits for any more.
  private mutating func dropOtherPaths(of task: Int, on engine: Int) {
    guard case .think(let thinking) = part(of: task).stage.action, thinking.keep != nil else {
      return
    }
    for number in tickets.indices
    where tickets[number].isInUse && Int(tickets[number].task) == task
      && tickets[number].attempt == tasks[task].attempt
    {
      _ = models[engines[engine].place].cancel(Int32(number))
    }
  }

  // MARK: Prompts here, answers there

  /// Takes in a request whose prompt is computed for another engine.
  private mutating func prefilled(_ slot: Int32, _ engine: Int, at time: Int64) {
    let place = engines[engine].place
    let resident = models[place].scheduler.residents[Int(slot)]
    guard isCurrent(resident.request) else {
      models[place].scheduler.release(slot)
      return freeTicket(resident.request)
    }
    let task = Int(tickets[Int(resident.request)].task)
    noteService(of: task, resident)
    noteAnswer(of: task, resident)
    tasks[task].heldSlot = slot
    freeTicket(resident.request)
    storeContext(task, generated: 0, at: time)
    complete(task, at: time)
  }

  /// Begins a decode: it waits on its engine for memory.
  mutating func beginDecode(_ task: Int, _ part: CompiledPipeline.Part, at time: Int64) {
    let index = journey(of: task)
    let prefill = index * stride + part.partner
    guard journeys[index].output > 1, tasks[prefill].phase != .skipped else {
      (tasks[task].sent, tasks[task].arrived, tasks[task].started) = (time, time, time)
      return complete(task, at: time)
    }
    guard let engine = route(task, part, at: time) else { return }
    tasks[task].phase = .queued
    (tasks[task].sent, tasks[task].arrived) = (time, time)
    // Keys and values that were lost are computed here.
    guard tasks[prefill].heldSlot >= 0 else { return submit(task, at: time) }
    decodeQueues[engines[engine].place].append(Int32(task))
    admitDecodes(engine, at: time)
  }

  /// Has the keys and values of those travel for whom an engine has room.
  mutating func admitDecodes(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    while let first = decodeQueues[place].first {
      let task = Int(first)
      let index = journey(of: task)
      let prefill = index * stride + part(of: task).partner
      let source = Int(tasks[prefill].engine)
      let held = models[engines[source].place].scheduler.residents[Int(tasks[prefill].heldSlot)]
      let number = decodeTicket(task, held)
      let resident = decoding(held, number, on: place)
      guard models[place].scheduler.hasRoom(for: resident) else { return freeTicket(number) }
      decodeQueues[place].removeFirst()
      let slot = models[place].scheduler.reserve(resident)
      tasks[task].heldSlot = slot
      tasks[task].phase = .travelling
      tasks[task].sent = time
      let bytes = Double(held.computed) * plan.pools[engines[source].pool].keyValueBytesPerToken
      let route = links.route(from: engines[source].leaf, to: engines[engine].leaf) ?? .none
      links.send(bytes, over: route, for: .input, task, attempt: tasks[task].attempt, at: time)
    }
  }

  private mutating func decodeTicket(_ task: Int, _ held: Resident) -> Int32 {
    let journey = journeys[journey(of: task)]
    return ticket(task, input: Int(held.input), journey.chainStart, journey.chainCount)
  }

  /// A prefilled request as it decodes.
  private func decoding(_ held: Resident, _ number: Int32, on place: Int) -> Resident {
    let journey = journeys[journey(of: Int(tickets[Int(number)].task))]
    var content = held.content
    content.chainStart = max(0, journey.chainStart)
    content.chainCount = Int32(clamping: journey.chainStart < 0 ? 0 : journey.chainCount)
    var resident = Resident(
      request: number, input: held.input, output: Int32(clamping: journey.output),
      content: content, blockSize: models[place].scheduler.limits.blockSize,
      priority: held.priority, arrival: held.arrival)
    (resident.generated, resident.computed) = (held.generated, held.computed)
    (resident.cached, resident.scheduled) = (0, held.scheduled)
    (resident.firstToken, resident.lastToken) = (held.firstToken, held.lastToken)
    return resident
  }

  /// Lets a request decode whose keys and values have come.
  mutating func keyValuesCame(_ task: Int, at time: Int64) {
    let engine = Int(tasks[task].engine)
    let place = engines[engine].place
    releaseHeldMemory(ofPrefillOf: task, at: time)
    tasks[task].arrived = time
    models[place].scheduler.join(tasks[task].heldSlot, chain: chains.chain)
    tasks[task].heldSlot = -1
    wakeModel(engine, at: time)
  }

  /// Returns the blocks that a decode's prefill engine kept for it.
  mutating func releaseHeldMemory(ofPrefillOf task: Int, at time: Int64) {
    let prefill = task - task % stride + part(of: task).partner
    guard tasks[prefill].heldSlot >= 0 else { return }
    let source = Int(tasks[prefill].engine)
    models[engines[source].place].scheduler.release(tasks[prefill].heldSlot)
    tasks[prefill].heldSlot = -1
    if models[engines[source].place].scheduler.outstanding > 0 { wakeModel(source, at: time) }
    admitDecodes(source, at: time)
  }

  /// Returns all blocks that are kept for a request between its engines.
  mutating func releaseHeldMemory(of index: Int, at time: Int64) {
    for (place, part) in pipelines[journeys[index].pipeline].parts.enumerated()
    where part.stage.action == .decode {
      let task = index * stride + place
      if let engine = tasks[task].engine >= 0 ? Int(tasks[task].engine) : nil {
        decodeQueues[engines[engine].place].removeAll { Int($0) == task }
      }
      releaseHeldMemory(ofPrefillOf: task, at: time)
    }
  }
}

extension Thinking {
  /// Tokens that each path generates between two splits.
  func tokensOfLevel(_ level: Int, answer: Int) -> Int {
    let (tokens, levels) = (tokensOfPath(answer: answer), max(1, branches.count))
    let share = tokens / levels
    return max(1, level == levels - 1 ? tokens - share * (levels - 1) : share)
  }
}
