import CostModel
import Operators
import Scenarios

/// Tasks on everything that is no language model: encoders, hosts, externals, and the network.
extension PipelineFleet {
  // MARK: Transfers

  /// Takes in what a flow brought.
  mutating func flowEnded(_ flow: Int32, at time: Int64) {
    let (purpose, task, attempt, latency) = links.ended(flow)
    guard purpose != .write, tasks[task].attempt == attempt else { return }
    switch purpose {
    case .input: foresee(.arrival, task, at: time + latency, tag: attempt)
    case .work: foresee(.service, task, at: time, tag: attempt)
    case .fetch:
      tasks[task].partsLeft -= 1
      tasks[task].ended = max(tasks[task].ended, time + latency)
      if tasks[task].partsLeft == 0 {
        foresee(.service, task, at: tasks[task].ended, tag: attempt)
      }
    case .write: break
    }
  }

  // MARK: Encoders

  mutating func enqueueSequences(_ task: Int, at time: Int64) {
    let (index, part, engine) = (journey(of: task), part(of: task), Int(tasks[task].engine))
    guard case .encode(let work) = part.stage.action else { return }
    let tokens = work.tokens ?? self.tokens(of: work.source, journeys[index])
    encoders[engines[engine].place].enqueue(
      Int32(task), sequences: work.sequences, tokens: min(tokens, 1 << 24))
    guard !encoders[engines[engine].place].isBusy, !engines[engine].isWoken else { return }
    engines[engine].isWoken = true
    foresee(.boundary, engine, at: time, tag: engines[engine].epoch)
  }

  /// Ends a pass of an encoder, and begins the next one.
  mutating func encoderBoundary(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    engines[engine].isWoken = false
    if encoders[place].isBusy {
      engines[engine].busyTime += Double(time - engines[engine].serviceStart)
      var done: [Int32] = []
      encoders[place].end(&done)
      for task in done { complete(Int(task), at: time) }
    }
    var started: [Int32] = []
    guard let shape = encoders[place].begin(&started),
      let pricing = plan.pools[engines[engine].pool].pricing
    else { return stopIfDrained(engine, at: time) }
    for task in started {
      tasks[Int(task)].phase = .running
      tasks[Int(task)].started = time
    }
    engines[engine].serviceStart = time
    engines[engine].isWoken = true
    result.passes += 1
    foresee(
      .boundary, engine, at: Engine.end(of: pricing.price(shape).total, from: time),
      tag: engines[engine].epoch)
  }

  /// Tokens of a request that a stage works on.
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
    let engine = Int(tasks[task].engine)
    queues[engines[engine].place].enqueue(Int32(task), places: places(of: task))
    startWork(on: engine, at: time)
  }

  /// Cores that a task takes.
  private func places(of task: Int) -> Int {
    switch part(of: task).stage.action {
    case .process(let work): work.threads
    case .retrieve(let retrieval): retrieval.threads
    case .call, .encode, .fetch, .prefill, .decode, .generate, .think: 1
    }
  }

  /// Starts what waits and has room.
  private mutating func startWork(on engine: Int, at time: Int64) {
    while let next = queues[engines[engine].place].start() {
      let task = Int(next)
      tasks[task].phase = .running
      tasks[task].started = time
      let (index, part) = (journey(of: task), part(of: task))
      let threads = Double(queues[engines[engine].place].places(places(of: task)))
      switch part.stage.action {
      case .process(let work):
        let tokens = Double(self.tokens(of: work.source, journeys[index]))
        serve(
          task, on: engine, nanoseconds: 1e3 * (work.perRequest + work.perToken * tokens) / threads,
          bytes: work.bytesPerToken * tokens, at: time)
      case .retrieve:
        guard let search = part.search else { break }
        serve(
          task, on: engine, nanoseconds: search.threadTime / threads, bytes: search.bytes, at: time)
      case .call(let call):
        let number = journeys[index].number
        let duration = call.duration.seconds(
          draw(number, .duration, task % stride), draw(number, .second, task % stride))
        serve(task, on: engine, nanoseconds: 1e9 * duration, bytes: 0, at: time)
      case .encode, .fetch, .prefill, .decode, .generate, .think: break
      }
    }
  }

  /// Serves a task: so long, or longer where the host's memory is shared.
  private mutating func serve(
    _ task: Int, on engine: Int, nanoseconds: Double, bytes: Double, at time: Int64
  ) {
    let attempt = tasks[task].attempt
    guard bytes > 0, engines[engine].memoryLink >= 0 else {
      return foresee(.service, task, at: Engine.end(of: nanoseconds, from: time), tag: attempt)
    }
    let rate = nanoseconds > 0 ? 1e9 * bytes / nanoseconds : .infinity
    links.send(
      bytes, over: .init(links: [engines[engine].memoryLink], latency: 0), atMost: rate, for: .work,
      task, attempt: attempt, at: time)
  }

  /// Takes in a task whose service has ended.
  mutating func serviceEnded(_ task: Int, at time: Int64) {
    guard part(of: task).stage.action != .fetch else { return complete(task, at: time) }
    let engine = Int(tasks[task].engine)
    let place = engines[engine].place
    let places = places(of: task)
    queues[place].end(places: places)
    if queues[place].capacity < .max {
      engines[engine].busyTime +=
        Double(time - tasks[task].started) * Double(queues[place].places(places))
        / Double(queues[place].capacity)
    }
    complete(task, at: time)
    startWork(on: engine, at: time)
    stopIfDrained(engine, at: time)
  }
}
