import Operators
import Scenarios

/// Requests whose prompts one engine computes, and whose answers another: keys and values travel between.
///
/// A decode waits on its engine, first come, first served, for a place and for memory; then its keys and values
/// travel, and it joins those that run. Until it has, the prefill engine keeps its blocks.
extension PipelineFleet {
  /// Takes in a request whose prompt is computed for another engine.
  mutating func prefilled(_ slot: Int32, _ engine: Int, at time: Int64) {
    let place = engines[engine].place
    engines[engine].endedPaths += 1
    let resident = models[place].scheduler.residents[Int(slot)]
    guard holdsNow(resident.request) else {
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

  /// The task that computes the prompt of a decode.
  func prefill(of decode: Int) -> Int { decode - decode % stride + part(of: decode).partner }

  /// Begins a decode: it waits on its engine for memory.
  mutating func beginDecode(_ task: Int, _ part: CompiledPipeline.Part, at time: Int64) {
    let index = journey(of: task)
    let prefill = prefill(of: task)
    guard journeys[index].output > 1, tasks[prefill].phase != .skipped else {
      return skip(task, at: time)
    }
    if tasks[task].heldSlot >= 0 { return sendLastLayer(task, at: time) }
    forgetLostEngine(of: task, at: time)
    guard
      let engine = tasks[task].engine >= 0 ? Int(tasks[task].engine) : route(task, part, at: time)
    else { return }
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
      let prefill = prefill(of: task)
      let source = Int(tasks[prefill].engine)
      let held = models[engines[source].place].scheduler.residents[Int(tasks[prefill].heldSlot)]
      let number = decodeTicket(task, held)
      let resident = decoding(held, number, on: place)
      guard engines[engine].isUp, models[place].scheduler.hasRoom(for: resident) else {
        return freeTicket(number)
      }
      decodeQueues[place].removeFirst()
      let slot = models[place].scheduler.reserve(resident)
      tasks[task].heldSlot = slot
      tasks[task].phase = .travelling
      tasks[task].sent = time
      let route = links.route(from: engines[source].leaf, to: engines[engine].leaf) ?? .none
      links.send(
        keyValueBytes(of: held, from: source), over: route, for: .input(presentTry(task)), at: time)
    }
  }

  /// Bytes of what an engine computed of a request.
  func keyValueBytes(of held: Resident, from source: Int) -> Double {
    Double(held.computed) * plan.pools[engines[source].pool].keyValueBytesPerToken
  }

  mutating func decodeTicket(_ task: Int, _ held: Resident) -> Int32 {
    let journey = journeys[journey(of: task)]
    return ticket(task, input: Int(held.input), journey.chainStart, journey.chainCount)
  }

  /// A prefilled request as it decodes.
  func decoding(_ held: Resident, _ number: Int32, on place: Int) -> Resident {
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
    arriveAtEngine(task)
    models[place].scheduler.join(tasks[task].heldSlot, chain: chains.chain)
    tasks[task].heldSlot = -1
    wakeModel(engine, at: time)
  }

  /// Returns the blocks that a decode's prefill engine kept for it.
  mutating func releaseHeldMemory(ofPrefillOf task: Int, at time: Int64) {
    let prefill = prefill(of: task)
    guard tasks[prefill].heldSlot >= 0 else { return }
    let source = Int(tasks[prefill].engine)
    models[engines[source].place].scheduler.release(tasks[prefill].heldSlot)
    tasks[prefill].heldSlot = -1
    if models[engines[source].place].scheduler.outstanding > 0 { wakeModel(source, at: time) }
    admitDecodes(source, at: time)
  }

  /// Takes a decode off its engine's queue, or gives back the memory that is reserved for it there, and lets
  /// those in that waited behind it.
  mutating func dropDecode(_ task: Int, at time: Int64) {
    guard tasks[task].engine >= 0, part(of: task).isDecode else { return }
    let engine = Int(tasks[task].engine)
    let place = engines[engine].place
    decodeQueues[place].removeAll { Int($0) == task }
    if tasks[task].heldSlot >= 0 {
      freeTicket(models[place].scheduler.residents[Int(tasks[task].heldSlot)].request)
      models[place].scheduler.dropReserved(tasks[task].heldSlot)
      tasks[task].heldSlot = -1
      if models[place].scheduler.outstanding > 0 { wakeModel(engine, at: time) }
    }
    admitDecodes(engine, at: time)
  }

  /// Returns all blocks that are kept for a request between its engines.
  mutating func releaseHeldMemory(of index: Int, at time: Int64) {
    for (place, part) in pipelines[journeys[index].pipeline].parts.enumerated()
    where part.isDecode {
      dropDecode(index * stride + place, at: time)
      releaseHeldMemory(ofPrefillOf: index * stride + place, at: time)
    }
  }
}
