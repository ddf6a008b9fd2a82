import CostModel
import Operators
import Scenarios

/// Tasks on everything that is no language model: encoders, hosts, externals, and the network.
extension PipelineFleet {
  // MARK: Transfers

  /// Takes in what a flow brought.
  mutating func flowEnded(_ flow: Int32, at time: Int64) {
    let cargo = links.ended(flow)
    traceTransfer(cargo, at: time)
    let arrival = (Nanoseconds(time) + Nanoseconds(cargo.latency)).rawValue
    switch cargo.errand {
    case .write(let place): writeNext(place, at: time)
    case .exchange(let engine, let epoch):
      if engines[Int(engine)].epoch == epoch { exchanged(Int(engine), at: time) }
    case .work(let work, let serial): foresee(.service, Int(work), at: time, tag: serial)
    case .layers(let decode):
      if isCurrent(decode) { tasks[Int(decode.task)].layersFlow = -1 }
    case .input(let waiter):
      guard isCurrent(waiter) else { return }
      foresee(.arrival, Int(waiter.task), at: arrival, tag: waiter.attempt)
    case .fetch(let waiter, let store):
      guard isCurrent(waiter) else { return }
      let task = Int(waiter.task)
      if arrival >= tasks[task].fetchEnd {
        tasks[task].fetchEnd = arrival
        tasks[task].store = store
      }
      // The last one counts until it has come.
      if tasks[task].fetchesLeft == 1 {
        foresee(.fetched, task, at: tasks[task].fetchEnd, tag: waiter.attempt)
      } else {
        tasks[task].fetchesLeft -= 1
      }
    }
  }

  /// The try at a task that is under way.
  @inline(__always)
  func presentTry(_ task: Int) -> TaskTry {
    TaskTry(task: Int32(truncatingIfNeeded: task), attempt: tasks[task].attempt)
  }

  /// Whether a try at a task is still under way.
  @inline(__always)
  func isCurrent(_ one: TaskTry) -> Bool { tasks[Int(one.task)].attempt == one.attempt }

  // MARK: Work

  /// Takes a task on at its engine.
  mutating func makeWork(_ task: Int, places: Int) -> Int32 {
    let number = freeWorks.popLast() ?? Int32(works.count)
    if Int(number) == works.count { works.append(Work()) }
    works[Int(number)].task = Int32(task)
    works[Int(number)].attempt = tasks[task].attempt
    works[Int(number)].engine = tasks[task].engine
    works[Int(number)].places = Int32(clamping: places)
    works[Int(number)].started = -1
    (works[Int(number)].next, works[Int(number)].last) = (-1, number)
    works[Int(number)].isInUse = true
    return number
  }

  /// Gives a number back; not again where its engine has stopped meanwhile and gave back all of its own.
  mutating func freeWork(_ number: Int32) {
    guard works[Int(number)].isInUse else { return }
    works[Int(number)].serial &+= 1
    works[Int(number)].isInUse = false
    freeWorks.append(number)
  }

  /// Whether anybody waits for the end of work.
  @inline(__always)
  func isCurrent(_ number: Int32) -> Bool {
    tasks[Int(works[Int(number)].task)].attempt == works[Int(number)].attempt
  }

  // MARK: Encoders

  mutating func enqueueSequences(_ task: Int, at time: Int64) {
    let (index, part, engine) = (journey(of: task), part(of: task), Int(tasks[task].engine))
    guard case .encode(let work) = part.stage.action else { return }
    let tokens = work.tokens ?? self.tokens(of: work.source, journeys[index])
    encoders[engines[engine].place].enqueue(
      makeWork(task, places: 1), sequences: work.sequences, tokens: min(tokens, 1 << 24))
    guard !encoders[engines[engine].place].isBusy, !engines[engine].isWoken else { return }
    engines[engine].isWoken = true
    foresee(.boundary, engine, at: time, tag: engines[engine].epoch)
  }

  /// Ends a pass of an encoder, and begins the next one.
  mutating func encoderBoundary(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    // What ends here may send its next stage here: the pass below takes that, and it needs no boundary of its own.
    engines[engine].isWoken = true
    if encoders[place].isBusy {
      noteBusyPass(of: engine, at: time)
      var done: [Int32] = []
      swap(&done, &passed)
      encoders[place].end(&done)
      for work in done {
        let (task, isCurrent) = (Int(works[Int(work)].task), isCurrent(work))
        freeWork(work)
        if isCurrent { complete(task, at: time) }
      }
      done.removeAll(keepingCapacity: true)
      swap(&done, &passed)
    }
    let begun = encoders[place].begin(&passed)
    for work in passed where isCurrent(work) {
      tasks[Int(works[Int(work)].task)].phase = .running
      tasks[Int(works[Int(work)].task)].started = time
    }
    passed.removeAll(keepingCapacity: true)
    guard let shape = begun, let pricing = plan.pools[engines[engine].pool].pricing else {
      engines[engine].isWoken = false
      return stopIfDrained(engine, at: time)
    }
    engines[engine].serviceStart = time
    result.passes += 1
    let end = Engine.end(of: pricing.price(shape).total, from: time)
    tracePass(shape, of: engine, from: time, to: end)
    foresee(.boundary, engine, at: end, tag: engines[engine].epoch)
  }

  /// Tokens of a request that a stage works on.
  @inline(__always)
  func tokens(of source: TokenSource, _ journey: Journey) -> Int {
    switch source {
    case .prompt: journey.prompt
    case .context: journey.context
    case .answer: journey.output
    case .all: journey.context + journey.output
    }
  }

  // MARK: Hosts and externals

  mutating func enqueueWork(_ task: Int, at time: Int64) {
    let (engine, part) = (Int(tasks[task].engine), part(of: task))
    if case .retrieve(let retrieval) = part.stage.action, retrieval.maxBatch > 1 {
      return gather(task, retrieval, part.searchNumber, at: time)
    }
    let places = queues[engines[engine].place].places(places(of: task))
    let work = makeWork(task, places: places)
    queues[engines[engine].place].enqueue(work, places: places)
    startWork(on: engine, at: time)
  }

  /// Cores that a task takes.
  @inline(__always)
  private func places(of task: Int) -> Int {
    switch part(of: task).stage.action {
    case .process(let work): work.threads
    case .retrieve(let retrieval): retrieval.threads
    case .call, .encode, .fetch, .prefetch, .prefill, .decode, .generate, .think: 1
    }
  }

  /// Starts what waits and has room.
  mutating func startWork(on engine: Int, at time: Int64) {
    let place = engines[engine].place
    while let work = queues[place].start() {
      batches[place].begin(work)
      let count = noteStart(work, at: time)
      guard count > 0 else {
        queues[place].end(places: Int(works[Int(work)].places))
        end(work, isServed: false, at: time)
        continue
      }
      works[Int(work)].started = time
      let task = Int(works[Int(work)].task)
      let (index, part) = (journey(of: task), part(of: task))
      let threads = Double(works[Int(work)].places)
      switch part.stage.action {
      case .process(let process):
        let tokens = Double(self.tokens(of: process.source, journeys[index]))
        serve(
          work, nanoseconds: 1e3 * (process.perRequest + process.perToken * tokens) / threads,
          bytes: process.bytesPerToken * tokens, at: time)
      case .retrieve:
        let search = part.searches[min(count, part.searches.count) - 1]
        serve(work, nanoseconds: search.threadTime / threads, bytes: search.bytes, at: time)
      case .call(let call):
        let number = journeys[index].number
        let duration = call.duration.seconds(
          draw(number, .duration, task % stride), draw(number, .second, task % stride))
        serve(work, nanoseconds: 1e9 * duration, bytes: 0, at: time)
      case .encode, .fetch, .prefetch, .prefill, .decode, .generate, .think: break
      }
    }
  }

  /// Serves work: so long, or longer where the host's memory is shared.
  private mutating func serve(_ work: Int32, nanoseconds: Double, bytes: Double, at time: Int64) {
    let (serial, engine) = (works[Int(work)].serial, Int(works[Int(work)].engine))
    guard bytes > 0, engines[engine].memoryLink >= 0 else {
      return foresee(.service, Int(work), at: Engine.end(of: nanoseconds, from: time), tag: serial)
    }
    let rate = nanoseconds > 0 ? 1e9 * bytes / nanoseconds : .infinity
    links.send(
      bytes, over: .init(links: [engines[engine].memoryLink], latency: 0), atMost: rate,
      for: .work(work, serial: serial), at: time)
  }

  /// Takes in work that has ended.
  mutating func workEnded(_ number: Int, at time: Int64) {
    let work = works[number]
    let (engine, place) = (Int(work.engine), engines[Int(work.engine)].place)
    queues[place].end(places: Int(work.places))
    noteBusy(work, at: time)
    end(Int32(number), isServed: true, at: time)
    startWork(on: engine, at: time)
    stopIfDrained(engine, at: time)
  }

  /// Notes that an engine worked on something until now, whether that has ended or is lost.
  mutating func noteBusy(_ work: Work, at time: Int64) {
    guard work.started >= 0 else { return }
    let engine = Int(work.engine)
    let capacity = queues[engines[engine].place].capacity
    guard capacity < .max else { return }
    let share = Double(work.places) / Double(capacity)
    engines[engine].busyTime += Double(time - work.started) * share
    load?.add(.busy, share, of: engines[engine].pool, from: work.started, to: time)
  }

  /// The same of an encoder's pass.
  mutating func noteBusyPass(of engine: Int, at time: Int64) {
    engines[engine].busyTime += Double(time - engines[engine].serviceStart)
    load?.add(.busy, of: engines[engine].pool, from: engines[engine].serviceStart, to: time)
  }
}
