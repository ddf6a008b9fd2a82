import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import TestSupport
import Testing

@testable import Replay

@Suite struct HandoverTests {
  /// 1,000 ns a step, 10 for each prompt token, 1 for each decode.
  let price = LinearStepModel(perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1)

  /// Engines that prefill, and engines that decode; 100 bytes a token in five layers, a latency of 100 ns.
  func makeSplit(
    _ prefills: Int = 1, _ decodes: Int = 1, pool: DecodePool = .global, bandwidth: Double = 5,
    mode: KeyValueTransfer.Mode = .whole, prefillBlocks: Int = 101, decodeBlocks: Int = 101
  ) -> Deployment {
    var deployment = makeDeployment(count: prefills, blocks: prefillBlocks) {
      $0.role = .prefill
      $0.keyValues = KeyValueSize(bytesPerToken: 100, layers: 5)
    }
    var decode = makeDeployment(count: decodes, blocks: decodeBlocks).engines[0]
    decode.role = .decode
    decode.name = "decode"
    deployment.engines.append(decode)
    deployment.decodePool = pool
    deployment.transfer = KeyValueTransfer(bandwidth: bandwidth, latency: 0.1, mode: mode)
    return deployment
  }

  func run(_ deployment: Deployment, _ records: [RequestRecord]) throws -> ReplayResult {
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = false
    let pricings = Array(repeating: price, count: deployment.engines.count)
    return try Simulation(deployment: deployment, pricings: pricings, options: options)
      .run(RequestTable(records))
  }

  // MARK: By hand

  @Test(
    "One request: its prompt's step, the transfer, and then decodes",
    arguments: [
      // 50 tokens are 1,500 ns of prompt, and 5,000 bytes: 1,500 + 100 + 1,000, or + 2,500.
      (.whole, 5, 2600), (.whole, 2, 4100),
      // What exceeds the prompt's step is the last layer's share: 1,500 + 100 + 200.
      (.layerwise, 5, 1800),
      // Or on a slower link all that travels after the first layer: 300 + 100 + 2,500.
      (.layerwise, 2, 2900),
    ] as [(KeyValueTransfer.Mode, Double, Int64)])
  func oneRequest(mode: KeyValueTransfer.Mode, bandwidth: Double, joined: Int64) throws {
    let result = try run(
      makeSplit(bandwidth: bandwidth, mode: mode), [request(0, input: 50, output: 3)])
    let outcome = result.outcomes[0]
    #expect(outcome.status == .finished)
    #expect(outcome.engine == 0)
    #expect(outcome.outputTokens == 3)
    #expect(outcome.firstToken == Nanoseconds(1500))
    #expect(outcome.lastToken == Nanoseconds(joined + 2 * 1001))
    #expect(result.steps.map(\.engine) == [0, 1, 1])
    #expect(result.steps.map(\.start.rawValue) == [0, joined, joined + 1001])
    #expect(result.steps[1].shape.decodeSequences == 1)
    #expect(result.steps[1].shape.decodeContext == 51)
    #expect(result.tokenGaps.totalCount == 2)
    let totals = try #require(result.handovers)
    #expect(totals.requests == 1)
    #expect(totals.bytes == 5000)
    #expect(totals.transferTime == Nanoseconds(joined - 1500))
    #expect(totals.longestTransfer == totals.transferTime)
    #expect(totals.memoryQueueTime == .zero)
  }

  @Test("Two requests share the link out of their prefill engine, first come, first served")
  func outgoingLink() throws {
    let records = [request(0, input: 20, output: 2), request(0, input: 20, output: 2)]
    let result = try run(makeSplit(1, 2), records)
    // One step of 1,400 ns computes both; each transfer takes 500.
    #expect(result.outcomes.map(\.firstToken.rawValue) == [1400, 1400])
    #expect(result.outcomes.map(\.lastToken.rawValue) == [1900 + 1001, 2400 + 1001])
    #expect(result.steps.map(\.engine) == [0, 1, 2])
    #expect(result.handovers?.transferTime == Nanoseconds(500 + 1000))
    #expect(result.handovers?.longestTransfer == Nanoseconds(1000))
  }

  @Test("Two requests share the link into their decode engine; local pairs have one each")
  func incomingLink() throws {
    let records = [request(0, input: 20, output: 2), request(0, input: 20, output: 2)]
    let result = try run(makeSplit(2, 1), records)
    // Two steps of 1,200 ns. The second joins after the decode that began when the first one had come.
    #expect(result.outcomes.map(\.engine) == [0, 1])
    #expect(result.outcomes.map(\.lastToken.rawValue) == [1700 + 1001, 2701 + 1001])
    #expect(result.handovers?.longestTransfer == Nanoseconds(1000))
    let pairs = try run(
      makeSplit(2, 2, pool: .local), records + [request(5000, input: 9, output: 2)])
    #expect(pairs.outcomes.map(\.lastToken.rawValue).prefix(2) == [2701, 2701])
    #expect(pairs.steps.map(\.engine) == [0, 1, 2, 3, 0, 2])
    let three = try run(makeSplit(3, 2, pool: .local), records + [request(0, input: 20, output: 2)])
    #expect(three.steps.map(\.engine) == [0, 1, 2, 3, 4, 3])
  }

  /// Two requests of one step of 1,280 ns: the first needs 7 of the decode engine's 8 blocks and decodes
  /// eight times from 1,780 on; a third one that finds no memory where the second is held.
  let crowd = [
    request(0, input: 20, output: 9), request(0, input: 8, output: 2),
    request(2000, input: 24, output: 1),
  ]

  @Test("A full decode engine holds a request's blocks on its prefill engine")
  func fullDecodeEngine() throws {
    let result = try run(makeSplit(prefillBlocks: 8, decodeBlocks: 9), crowd)
    #expect(result.outcomes[0].lastToken == Nanoseconds(1780 + 8 * 1001))
    // Memory at 9,788; 8 tokens travel for 260 ns.
    #expect(result.outcomes[1].firstToken == Nanoseconds(1280))
    #expect(result.outcomes[1].lastToken == Nanoseconds(9788 + 260 + 1001))
    #expect(result.outcomes[2].scheduled == Nanoseconds(9788 + 260))
    #expect(result.handovers?.longestMemoryQueue == Nanoseconds(9788 - 1280))
    #expect(result.handovers?.memoryQueueTime == Nanoseconds(9788 - 1280))
  }

  @Test("Who gives up between two engines is let go: at once, or when keys and values have come")
  func cancelled() throws {
    var records = crowd
    records[1].cancelled = Nanoseconds(3000)
    let waiting = try run(makeSplit(prefillBlocks: 8, decodeBlocks: 9), records)
    #expect(waiting.outcomes.map(\.status) == [.finished, .cancelled, .finished])
    #expect(waiting.outcomes[1].outputTokens == 1)
    #expect(waiting.outcomes[2].scheduled == Nanoseconds(3000))

    // In the prompt's step, in the transfer, and in the first decode: until 1,500, 2,600 and 3,601.
    for (time, tokens, steps) in [(700, 1, 1), (2000, 1, 1), (3000, 2, 2)] {
      var records = [request(0, input: 50, output: 3), request(9000, input: 50, output: 2)]
      records[0].cancelled = Nanoseconds(Int64(time))
      let result = try run(makeSplit(prefillBlocks: 14, decodeBlocks: 14), records)
      #expect(result.outcomes.map(\.status) == [.cancelled, .finished])
      #expect(Int(result.outcomes[0].outputTokens) == tokens)
      #expect(result.steps.count == steps + 2)
      // The next one needs all memory.
      #expect(result.outcomes[1].lastToken == Nanoseconds(9000 + 2600 + 1001))
    }
  }

  @Test("A request that no decode engine, or not its partner, can ever hold is rejected")
  func rejected() throws {
    let records = [40, 40, 20].map { request(0, input: $0, output: 8) }
    let small = try run(makeSplit(decodeBlocks: 9), records + [request(0, input: 40, output: 1)])
    #expect(small.outcomes.map(\.status) == [.rejected, .rejected, .finished, .finished])
    var mixed = makeSplit(2, 1, pool: .local)
    mixed.engines.append(mixed.engines[1])
    mixed.engines[1].blockCount = 9
    let result = try run(mixed, records)
    #expect(result.outcomes.map(\.status) == [.finished, .finished, .finished])
    #expect(result.outcomes.map(\.engine) == [1, 1, 0])
  }

  @Test("Where requests wait, decode engines compute whole ones, but not where as many wait")
  func conversion() throws {
    var deployment = makeSplit(1, 2)
    for index in deployment.engines.indices { deployment.engines[index].maxSequences = 1 }
    deployment.conversionQueue = 1
    let arrivals = (0...6).map { request($0, input: 20, output: 2) }
    let result = try run(deployment, arrivals + [request(20_000, input: 20, output: 2)])
    // One runs and one waits everywhere; then all wait where they were routed to.
    #expect(result.outcomes.map(\.engine) == [0, 0, 1, 2, 1, 2, 0, 0])
    #expect(result.handovers?.convertedRequests == 4)
    // Handed over at 1,200, 2,400 and 3,600, to the first, the second and the first decode engine, which
    // have room at 4,404 and 4,405, after two whole requests each, and at 5,905: 500 ns on one link.
    func starts(_ engine: Int32) -> [Int64] {
      result.steps.filter { $0.engine == engine }.map(\.start.rawValue)
    }
    #expect(starts(0) == [0, 1200, 2400, 20_000])
    #expect(starts(1) == [2, 1202, 2203, 3403, 4904, 6405, 21_700])
    #expect(starts(2) == [3, 1203, 2204, 3404, 5404])
  }

  @Test("A limit keeps what is between two engines")
  func limit() throws {
    var options = ReplayOptions()
    options.limit = Nanoseconds(2000)
    let simulation = try Simulation(
      deployment: makeSplit(), pricings: [price, price], options: options)
    let outcome = simulation.run(RequestTable([request(0, input: 50, output: 3)])).outcomes[0]
    #expect(outcome.status == .unfinished)
    #expect(outcome.outputTokens == 1)
    #expect(outcome.firstToken == Nanoseconds(1500))
  }

  @Test("Prices, arrivals and transfers that are no times end the run all the same")
  func hostile() throws {
    struct Hostile: StepPricing {
      var value: Double
      func price(_ shape: StepShape) -> StepPrice { StepPrice(hostTime: value) }
    }
    for value in [0, -1, .nan, .infinity, 1e300, 0.4] {
      for mode in KeyValueTransfer.Mode.allCases {
        var deployment = makeSplit(bandwidth: 1e-300, mode: mode)
        deployment.engines[0].keyValues = KeyValueSize(bytesPerToken: 1e12, layers: .max)
        let simulation = try Simulation(
          deployment: deployment, pricings: [Hostile(value: value), Hostile(value: value)])
        let result = simulation.run(
          RequestTable([
            request(.max - 5, input: 3, output: 9), request(.max, input: 3, output: 9),
            request(.min, input: 3, output: 9), request(0, input: 3, output: 9),
          ]))
        #expect(result.count(of: .finished) == 3)
        #expect(result.count(of: .unfinished) == 1)
      }
    }
  }

  @Test("Roles must fit together, and what travels must be known")
  func errors() {
    func error(_ change: (inout Deployment) -> Void) -> ReplayError? {
      var deployment = makeSplit()
      change(&deployment)
      return #expect(throws: ReplayError.self) {
        try Simulation(
          deployment: deployment,
          pricings: Array(repeating: price, count: deployment.engines.count))
      }
    }
    #expect(error { $0.engines[0].keyValues = nil } == .unknownKeyValues(group: "engines"))
    #expect(
      error { $0.engines.removeLast() }?.description.contains("none have role decode") == true)
    #expect(error { $0.transfer = nil }?.description.contains("need 'transfer'") == true)
    #expect(error { $0.transfer?.bandwidth = .nan }?.description.contains("bounds") == true)
    #expect(error { $0.engines[1].asyncScheduling = true }?.description.contains("async") == true)
    #expect(
      error { $0.engines[0].keyValues?.layers = 0 }
        == .outOfBounds(group: "engines", what: "size of keys and values"))
  }

  // MARK: Random

  /// Engines of all roles with tight limits.
  func randomSplit(_ example: RandomCase, seed: UInt64) -> Deployment {
    var random = SplitMix64(seed: seed ^ 0x0dd_ba11)
    var deployment = example.deployment
    var prefill = deployment.engines[0]
    prefill.asyncScheduling = false
    prefill.queueOrder = Int.random(in: 0..<4, using: &random) == 0 ? .priority : .firstCome
    var decode = prefill
    (prefill.role, decode.role) = (.prefill, .decode)
    prefill.count = Int.random(in: 1...3, using: &random)
    decode.count = Int.random(in: 1...3, using: &random)
    decode.blockSize = [1, 2, 4, 16].randomElement(using: &random) ?? 1
    decode.blockCount = 2 + Int.random(in: 20...160, using: &random) / decode.blockSize
    decode.maxSequences = Int.random(in: 1...10, using: &random)
    prefill.keyValues = KeyValueSize(
      bytesPerToken: 10, layers: Int.random(in: 1...8, using: &random))
    deployment.engines = [prefill, decode]
    if Int.random(in: 0..<4, using: &random) == 0 {
      var both = decode
      (both.role, both.count) = (.both, 1)
      deployment.engines.insert(both, at: Int.random(in: 0...2, using: &random))
    }
    deployment.routing = Bool.random(using: &random) ? .roundRobin : .leastLoaded
    deployment.decodePool = Bool.random(using: &random) ? .global : .local
    if Bool.random(using: &random) {
      deployment.conversionQueue = Int.random(in: 1...3, using: &random)
    }
    deployment.transfer = KeyValueTransfer(
      bandwidth: ([0.2, 1, 10, 1e6] as [Double]).randomElement(using: &random) ?? 1,
      latency: ([0, 0.05, 1] as [Double]).randomElement(using: &random) ?? 0,
      mode: Bool.random(using: &random) ? .whole : .layerwise)
    return deployment
  }

  func randomCase(_ seed: UInt64) -> (deployment: Deployment, records: [RequestRecord]) {
    let example = RandomCase(seed: 8_000_000 + seed, with: .priorities)
    return (randomSplit(example, seed: seed), example.records)
  }

  @Test("Engines with roles equal plain ones, step by step", arguments: 0..<4)
  func equalsNaive(batch: UInt64) throws {
    let cases = randomCases(200)
    for seed in (batch * cases / 4)..<((batch + 1) * cases / 4) {
      let (deployment, records) = randomCase(seed)
      var options = ReplayOptions()
      options.recordsSteps = true
      options.mergesSteps = false
      let pricings = deployment.engines.map { _ in TellingPrice() }
      var simulation = try Simulation(
        deployment: deployment, pricings: pricings, options: options)
      let result = simulation.run(RequestTable(records))
      let naive = NaiveSplit(deployment)
      let outcomes = naive.run(records, pricing: TellingPrice())
      for (index, engine) in naive.engines.enumerated() {
        let steps = result.steps.filter { $0.engine == Int32(index) }.map { step in
          var step = step
          step.engine = 0
          return step
        }
        for (place, pair) in zip(steps, engine.steps).enumerated() where pair.0 != pair.1 {
          Issue.record("seed \(seed), engine \(index), step \(place): \(pair.0) is not \(pair.1)")
          break
        }
        try #require(steps.count == engine.steps.count, "seed \(seed), engine \(index)")
        #expect(engine.free.count == engine.users.count)
      }
      try #require(result.outcomes == outcomes, "seed \(seed)")
      #expect(result.handovers?.convertedRequests == naive.conversions, "seed \(seed)")
      var gaps = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
      gaps.autoResize = true
      for gap in naive.engines.flatMap(\.gaps) { gaps.record(UInt64(gap)) }
      #expect(result.tokenGaps.totalCount == gaps.totalCount, "seed \(seed)")
      #expect(result.tokenGaps.mean == gaps.mean, "seed \(seed)")

      simulation.options.advancesDecodeRuns = false
      try #require(simulation.run(RequestTable(records)) == result, "seed \(seed)")
      var (rest, streamed) = (records.makeIterator(), [RequestOutcome]())
      _ = simulation.run(streaming: { rest.next() }, outcome: { streamed.append($0) })
      #expect(streamed == result.outcomes, "seed \(seed)")
    }
  }

  @Test("Every request ends, each token is computed once, and no block is lost", arguments: 0..<4)
  func conservation(batch: UInt64) throws {
    for seed in (batch * 30)..<(batch * 30 + 30) {
      var (deployment, records) = randomCase(1_000_000 + seed)
      deployment.engines.removeAll { $0.role == .both }
      deployment.routing = .roundRobin
      deployment.decodePool = .local
      deployment.conversionQueue = nil
      // As many engines of each role, so that each is asked for all its memory at the end.
      let count = deployment.engines[0].count
      for index in deployment.engines.indices {
        deployment.engines[index].count = count
        deployment.engines[index].maxModelLength = 400
        deployment.engines[index].maxBatchedTokens += 400
      }
      let memory = deployment.engines.map { $0.blockSize * (($0.blockCount ?? 1) - 1) }
      let whole = min(memory[0], memory[1])
      let calm = records.count
      // In every second case clients give up, in whatever state their requests are.
      let givesUp = seed % 2 == 1
      var random = SplitMix64(seed: seed)
      for index in records.indices where givesUp && Bool.random(using: &random) {
        records[index].cancelled = Nanoseconds(Int64.random(in: 0...30_000, using: &random))
      }
      for index in 0..<(2 * count) {
        records.append(
          request(1_000_000_000 + Int64(index) * 1_000_000, input: whole - 1, output: 2))
      }
      var options = ReplayOptions()
      options.recordsSteps = true
      options.mergesSteps = false
      let result = try Simulation(
        deployment: deployment, pricings: [TellingPrice(), TellingPrice()], options: options
      ).run(RequestTable(records))
      #expect(result.count(of: .unfinished) == 0)
      for (outcome, record) in zip(result.outcomes, records) where outcome.status == .finished {
        #expect(Int(outcome.outputTokens) == record.outputTokens)
        #expect(outcome.firstToken <= outcome.lastToken)
      }
      for outcome in result.outcomes[calm...] where whole > 1 {
        #expect(outcome.status == .finished, "seed \(seed)")
        #expect(outcome.preemptions == 0, "seed \(seed)")
      }
      let sampled = result.steps.reduce(0) { $0 + $1.shape.sampledSequences }
      let rows = result.steps.reduce(0) {
        $0 + $1.shape.prefillSequences + $1.shape.decodeSequences
      }
      // Rows of prompts that do not end in their step bring no token.
      #expect(sampled == rows, "seed \(seed)")
      #expect(sampled >= result.outcomes.reduce(0) { $0 + Int($1.outputTokens) }, "seed \(seed)")
      guard !givesUp else { continue }
      // Without preemption and shared prompts each prompt's token is computed once, on its first engine.
      let done = result.outcomes.filter { $0.status == .finished }
      if done.allSatisfy({ $0.preemptions == 0 }) {
        let prompts = done.reduce(0) { $0 + Int($1.inputTokens - $1.cachedTokens) }
        #expect(result.steps.reduce(0) { $0 + $1.shape.prefillTokens } == prompts, "seed \(seed)")
        #expect(
          result.steps.reduce(0) { $0 + $1.shape.decodeSequences }
            == done.reduce(0) { $0 + Int($1.outputTokens) - 1 }, "seed \(seed)")
      }
      let handed = done.filter { $0.outputTokens > 1 }
      #expect(result.handovers?.requests == handed.count)
      #expect(
        result.handovers?.bytes == handed.reduce(0) { $0 + 10 * Double($1.inputTokens) })
    }
  }

  @Test("Random cases do wait for memory and links, and preempt where requests are decoded")
  func casesAreTelling() throws {
    var (memory, links, preemptions, resumedOnDecode, conversions) = (0, 0, 0, 0, 0)
    for seed in 0..<100 as Range<UInt64> {
      let (deployment, records) = randomCase(seed)
      let naive = NaiveSplit(deployment)
      let outcomes = naive.run(records, pricing: TellingPrice())
      memory += naive.memoryWaits
      links += naive.linkWaits
      conversions += naive.conversions
      preemptions += outcomes.reduce(0) { $0 + Int($1.preemptions) }
      for decode in naive.decodes {
        resumedOnDecode += naive.engines[decode].steps.count { $0.shape.prefillSequences > 0 }
      }
    }
    #expect(memory > 50)
    #expect(links > 50)
    #expect(conversions > 50)
    #expect(preemptions > 50)
    #expect(resumedOnDecode > 20)
  }

  @Test("Turns of sessions wait for ends on decode engines")
  func sessions() throws {
    var records = [request(0, input: 50, output: 3), request(10, input: 50, output: 1)]
    for index in records.indices { records[index].session = "a" }
    let workload = WorkloadOptions().workload(of: records)
    let result = try Simulation(deployment: makeSplit(), pricings: [price, price])
      .run(RequestTable(workload))
    #expect(result.outcomes[0].lastToken == Nanoseconds(2600 + 2 * 1001))
    #expect(result.outcomes[1].arrival >= result.outcomes[0].lastToken)
  }
}
