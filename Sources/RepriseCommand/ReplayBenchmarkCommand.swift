import ArgumentParser
import Foundation
import Reprise

/// `reprise replay-benchmark`: what `tools/benchmark` and `tools/accuracy` print of the engine alone.
struct ReplayBenchmarkCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay-benchmark",
    abstract:
      "Time the replay engine on requests made on the fly, or hold it against queueing theory.",
    discussion: """
      Without --queues: Poisson arrivals at 40 requests a second an engine, prompts of 1 to 1,024 and \
      answers of 1 to 256 tokens, steps of 5 ms and 10 µs a prompt token and 50 µs a decode. Beside it \
      the floor: the same requests drawn, and as many steps priced and put through a heap of as many \
      clocks, in a bare loop.
      """,
    shouldDisplay: false)

  @Option(help: "Requests.")
  var requests = 10_000_000

  @Option(help: "Engines, on which requests are put in turn.")
  var engines = 64

  @Flag(help: "Print mean waits beside those of closed forms instead.")
  var queues = false

  mutating func validate() throws {
    guard (1...1_000_000_000).contains(requests), (1...Deployment.maxEngines).contains(engines)
    else { throw UsageError("--requests and --engines must be positive, and not beyond bounds") }
  }

  mutating func execute() throws {
    if queues { return try QueueCheck(requests: requests).print() }
    let group = EngineGroup(
      name: "engines", count: engines, device: "none", maxModelLength: 2048, blockCount: 20_000)
    let price = LinearStepModel(
      perStep: 5e6, perPrefillToken: 10_000, perDecodeSequence: 50_000)
    let simulation = try Simulation(
      deployment: Deployment(model: "none", engines: [group]), pricings: [price])
    var source = SyntheticRequests(count: requests, meanGap: 1e9 / 40 / Double(engines))
    var (finished, waited) = (0, 0.0)
    let start = processorSeconds()
    let result = simulation.run(streaming: { source.next() }) { outcome in
      finished += outcome.status == .finished ? 1 : 0
      waited += Double(outcome.timeToFirstToken.rawValue)
    }
    let seconds = processorSeconds() - start
    let floor = floorSeconds(price, steps: result.stepCount)
    print(
      "\(finished) of \(requests) requests on \(engines) engines, \(result.stepCount) steps, mean TTFT "
        + "\(fixedText(waited / Double(max(1, finished)) / 1e6, decimals: 3)) ms")
    print(
      "\(fixedText(seconds, decimals: 2)) s of CPU: \(Int(Double(requests) / seconds)) requests/s, "
        + "\(Int(Double(result.stepCount) / seconds)) steps/s")
    print("floor \(fixedText(floor, decimals: 2)) s of CPU")
  }

  /// The same requests and as many steps without an engine.
  private func floorSeconds(_ price: LinearStepModel, steps: Int) -> Double {
    let start = processorSeconds()
    var source = SyntheticRequests(count: requests, meanGap: 1e9 / 40 / Double(engines))
    var tokens = 0
    while let record = source.next() { tokens += record.inputTokens + record.outputTokens }
    var clocks = [Double](repeating: 0, count: engines)
    var shape = StepShape()
    for step in 0..<steps {
      shape.decodeSequences = 1 + step & 63
      // The earliest clock goes on: sifted down a binary heap.
      let time = clocks[0] + price.price(shape).total
      var place = 0
      while 2 * place + 1 < clocks.count {
        var child = 2 * place + 1
        if child + 1 < clocks.count, clocks[child + 1] < clocks[child] { child += 1 }
        guard clocks[child] < time else { break }
        clocks[place] = clocks[child]
        place = child
      }
      clocks[place] = time
    }
    // What is not used would not be computed.
    precondition(tokens >= 0 && clocks[0] >= 0)
    return processorSeconds() - start
  }
}

/// Poisson arrivals of requests of uniform lengths, made as they are asked for.
private struct SyntheticRequests {
  var left: Int
  let meanGap: Double
  private var random = SplitMix64(seed: 1)
  private var clock = 0.0

  init(count: Int, meanGap: Double) {
    left = count
    self.meanGap = meanGap
  }

  mutating func next() -> RequestRecord? {
    guard left > 0 else { return nil }
    left -= 1
    clock += random.exponential(mean: meanGap)
    let bits = random.next()
    return RequestRecord(
      id: "", arrival: Nanoseconds(Int64(clock)), inputTokens: 1 + Int(bits & 1023),
      outputTokens: 1 + Int((bits >> 32) & 255))
  }
}

extension SplitMix64 {
  /// Uniform between 0 and 1, never 0.
  fileprivate mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  fileprivate mutating func exponential(mean: Double) -> Double { -mean * log(uniform()) }
}

/// Mean waits of replays beside closed forms of queueing theory.
private struct QueueCheck {
  let requests: Int
  /// Nanoseconds of a service on average.
  private let service = 1e6

  init(requests: Int) { self.requests = requests }

  func print() throws {
    Swift.print("queue       load   mean wait / service   closed form   error %")
    for load in [0.3, 0.5, 0.7, 0.8] {
      try line("M/D/1", load, deterministic(load), load / (2 * (1 - load)))
    }
    for load in [0.3, 0.5, 0.7] {
      try line("M/M/1", load, exponential(load), load / (1 - load))
    }
    for (slots, load) in [(2, 0.5), (2, 0.7), (4, 0.7), (8, 0.8)] {
      let (queues, idle) = erlang(slots, load * Double(slots))
      try line(
        "M/M/\(slots)", load, slotted(slots, load) - (1 - idle) * 0.5 / Self.meanSteps,
        queues / (Double(slots) * (1 - load)))
    }
  }

  private func line(_ name: String, _ load: Double, _ wait: Double, _ expected: Double) throws {
    func cell(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    Swift.print(
      name + cell(fixedText(load, decimals: 1), 16 - name.count)
        + cell(fixedText(wait, decimals: 5), 22) + cell(fixedText(expected, decimals: 5), 14)
        + cell(fixedText(100 * (wait / expected - 1), decimals: 2), 10))
  }

  /// One slot, steps of one length.
  private func deterministic(_ load: Double) throws -> Double {
    try meanWait(
      slots: 1, load: load, price: LinearStepModel(perStep: service), tokens: { _ in (1, 1) })
  }

  /// One slot, prompts of exponential length: a token is a thousandth of the mean.
  private func exponential(_ load: Double) throws -> Double {
    try meanWait(
      slots: 1, load: load, price: LinearStepModel(perStep: 0, perPrefillToken: service / 1000),
      tokens: { random in (max(1, Int(random.exponential(mean: 1000).rounded())), 1) })
  }

  /// Several slots of one engine and one queue: a step is a 64th of the mean service, and answers are
  /// geometric. Whoever does not find the engine idle waits for the end of a step, half a step on average,
  /// which continuous time has not.
  private func slotted(_ slots: Int, _ load: Double) throws -> Double {
    let continues = log(1 - 1 / Self.meanSteps)
    return try meanWait(
      slots: slots, load: load * Double(slots),
      price: LinearStepModel(perStep: service / Self.meanSteps),
      tokens: { random in (1, 1 + Int(log(random.uniform()) / continues)) })
  }

  /// Steps of a mean service with several slots.
  private static let meanSteps = 64.0

  /// The mean wait in units of a mean service.
  private func meanWait(
    slots: Int, load: Double, price: LinearStepModel,
    tokens: (inout SplitMix64) -> (input: Int, output: Int)
  ) throws -> Double {
    let group = EngineGroup(
      name: "engine", device: "none", maxSequences: slots, maxBatchedTokens: 1 << 20,
      maxModelLength: 1 << 20, blockSize: 1 << 10, blockCount: 1 << 20, enablesPrefixCaching: false)
    let simulation = try Simulation(
      deployment: Deployment(model: "none", engines: [group]), pricings: [price])
    var random = SplitMix64(seed: 7)
    var clock = 0.0
    var sum = 0.0
    var table = RequestTable()
    for _ in 0..<requests {
      clock += random.exponential(mean: service / load)
      let (input, output) = tokens(&random)
      table.append(
        RequestRecord(
          id: "", arrival: Nanoseconds(Int64(clock)), inputTokens: input, outputTokens: output))
    }
    let result = simulation.run(table)
    for outcome in result.outcomes { sum += Double(outcome.queueTime.rawValue) }
    return sum / Double(requests) / service
  }

  /// The probabilities that all of so many servers are busy, and that none is, at this offered load
  /// (Erlang).
  private func erlang(_ servers: Int, _ offered: Double) -> (queues: Double, idle: Double) {
    // Weights of the states with 0, 1, ... busy servers; all that wait are in the last.
    var (weight, sum) = (1.0, 1.0)
    for busy in 1..<servers {
      weight *= offered / Double(busy)
      sum += weight
    }
    weight *= offered / Double(servers) / (1 - offered / Double(servers))
    return (weight / (sum + weight), 1 / (sum + weight))
  }
}
