import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct PipelineSimulationTests {
  @Test("One stage that generates is a replay of a deployment", arguments: 0..<60)
  func equalsSimulation(seed: UInt64) throws {
    var random = RandomCase(seed: seed)
    let count = Int(seed % 3) + 1
    random.deployment.engines[0].count = count
    random.deployment.routing = seed % 2 == 0 ? .roundRobin : .leastLoaded
    let expected = try Simulation(deployment: random.deployment, pricings: [linearPrice])
      .run(RequestTable(random.records))
    var pool = EnginePool(
      name: "chat", count: count,
      service: .model(ModelService(model: "none", group: random.deployment.engines[0])))
    pool.routing.policy = seed % 2 == 0 ? .roundRobin : .shortestQueue
    let (result, outcomes) = try replay(
      plan([pool], [Stage(name: "generate", action: .generate, pool: "chat")]), random.records)
    #expect(result.arrivals == random.records.count)
    #expect(result.finished == expected.count(of: .finished))
    #expect(result.rejected == expected.count(of: .rejected))
    #expect(result.unfinished == 0)
    for outcome in outcomes where outcome.status == .finished {
      let other = expected.outcomes[outcome.number]
      #expect(outcome.firstToken == other.firstToken)
      #expect(outcome.lastToken == other.lastToken)
      #expect(outcome.end == other.lastToken)
      #expect(outcome.cachedTokens == Int(other.cachedTokens))
      #expect(outcome.stages[0].started == other.scheduled)
      #expect(outcome.stages[0].engine == Int(other.engine))
    }
    #expect(result.steps == expected.stepCount)
    #expect(result.tokenGaps == expected.tokenGaps)
  }

  @Test("Engines of a pool in lockstep are a deployment's ranks", arguments: 0..<30)
  func equalsLockstep(seed: UInt64) throws {
    var random = RandomCase(seed: 7_000_000 + seed)
    let count = Int(seed % 4) + 1
    random.deployment.engines[0].count = count
    random.deployment.engines[0].lockstep = true
    random.deployment.engines[0].asyncScheduling = seed % 3 == 0
    let expected = try Simulation(deployment: random.deployment, pricings: [linearPrice])
      .run(RequestTable(random.records))
    let pool = EnginePool(
      name: "chat", count: count,
      service: .model(ModelService(model: "none", group: random.deployment.engines[0])))
    let whole = try replayWhole(
      plan([pool], [Stage(name: "generate", action: .generate, pool: "chat")]), random.records)
    #expect(whole.leftovers.isEmpty)
    #expect(whole.result.finished == expected.count(of: .finished))
    #expect(whole.result.unfinished == 0)
    for outcome in whole.outcomes where outcome.status == .finished {
      let other = expected.outcomes[outcome.number]
      #expect(outcome.firstToken == other.firstToken)
      #expect(outcome.end == other.lastToken)
      #expect(outcome.stages[0].engine == Int(other.engine))
    }
    #expect(whole.result.steps == expected.stepCount)
    #expect(whole.result.tokenGaps == expected.tokenGaps)
  }

  @Test("Prompts here and answers there, on links of any speed, are a deployment's roles")
  func equalsHandovers() throws {
    var random = SplitMix64(seed: 3)
    let records = (0..<40).map { _ in
      request(
        Int64.random(in: 0...40_000, using: &random),
        input: Int.random(in: 1...60, using: &random), output: Int.random(in: 1...9, using: &random)
      )
    }.sorted { $0.arrival < $1.arrival }
    var deployment = makeDeployment(count: 2, sequences: 16, budget: 256, blocks: 1000) {
      $0.role = .prefill
      $0.keyValues = KeyValueSize(bytesPerToken: 100, layers: 5)
    }
    var decode = deployment.engines[0]
    (decode.role, decode.name, decode.count) = (.decode, "decode", 1)
    deployment.engines.append(decode)
    deployment.transfer = KeyValueTransfer(bandwidth: 1e6)
    let expected = try Simulation(deployment: deployment, pricings: [linearPrice, linearPrice])
      .run(RequestTable(records))
    let (result, outcomes) = try replay(
      plan(
        [modelPool("prompts", count: 2), modelPool("answers")],
        [
          Stage(name: "prefill", action: .prefill, pool: "prompts"),
          Stage(name: "decode", action: .decode, pool: "answers"),
        ]), records)
    #expect(result.finished == 40)
    for outcome in outcomes {
      let other = expected.outcomes[outcome.number]
      #expect(outcome.firstToken == other.firstToken)
      // A transfer lasts a nanosecond at least there.
      #expect(abs((outcome.end - other.lastToken).rawValue) <= 2000)
    }
  }

  @Test(
    "What fails takes along the keys and values of those that wait for memory elsewhere",
    arguments: [3000, 5000, 9000])
  func failsBeforeHandovers(nanoseconds: Int) throws {
    // One step computes all prompts; there is memory for one of them at a time where they are decoded.
    let prompts = modelPool("prompts") {
      $0.outages = [Outage(engine: 0, start: 1e-9 * Double(nanoseconds), duration: 1e-6)]
    }
    let (result, _, leftovers) = try replayWhole(
      plan(
        [prompts, modelPool("answers", blocks: 20)],
        [
          Stage(name: "prefill", action: .prefill, pool: "prompts"),
          Stage(name: "decode", action: .decode, pool: "answers"),
        ], network: [NetworkLevel(name: "node", members: 2, bandwidth: 0.5)]),
      (0..<4).map { _ in request(0, input: 40, output: 8) })
    #expect(result.finished == 4)
    #expect(result.retries > 0)
    #expect(leftovers.isEmpty)
  }

  @Test("Stages that wait for each other, by hand")
  func byHand() throws {
    // 2 us + 0.1 us a token of one thread, then embedding (1,000 + 10 a token) beside a call of 50 us that adds
    // 30 tokens, then the answer of 2 tokens.
    let stages = [
      Stage(
        name: "tokenize",
        action: .process(ProcessorWork(source: .context, perRequest: 2, perToken: 0.1)),
        pool: "hosts"),
      Stage(
        name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder",
        after: ["tokenize"]),
      Stage(
        name: "call", action: .call(ExternalCall(duration: .constant(50e-6), tokens: 30)),
        pool: "web", after: ["tokenize"]),
      Stage(name: "generate", action: .generate, pool: "chat", after: ["embed", "call"]),
    ]
    let web = EnginePool(name: "web", service: .external(ExternalService()))
    let (result, outcomes) = try replay(
      plan([hostPool(), encoderPool(), web, modelPool()], stages),
      [request(0, input: 20, output: 2)])
    let outcome = try #require(outcomes.first)
    #expect(outcome.stages.map(\.ended.rawValue) == [4000, 5200, 54_000, 56_501])
    // 50 tokens of prompt: 1,500 ns, then a decode: 1,001.
    #expect(outcome.firstToken == Nanoseconds(55_500))
    #expect(outcome.contextTokens == 50)
    // The path leads through the call, not through the embedding.
    let shares = result.endBlame.shares(slowestFrom: 0)
    #expect(shares.map(\.pool) == [2, 0, 3, 3])
    #expect(abs(shares[0].share - 50_000.0 / 56_501) < 1e-12)
  }

  @Test("Stages that follow each other on one encoder each take their passes")
  func encodersInARow() throws {
    // 1,000 a pass and 10 a token: 20 tokens; 2 sequences of 20; twice 4 sequences of 5 in batches of 4.
    let stages = [
      Stage(name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder"),
      Stage(
        name: "filter", action: .encode(EncoderWork(source: .prompt, sequences: 2)),
        pool: "embedder", after: ["embed"]),
      Stage(
        name: "rerank", action: .encode(EncoderWork(source: .prompt, tokens: 5, sequences: 8)),
        pool: "embedder", after: ["filter"]),
    ]
    let (result, outcomes) = try replay(
      plan([encoderPool()], stages), [request(0, input: 20, output: 1)])
    #expect(outcomes.first?.stages.map(\.ended.rawValue) == [1200, 2600, 5000])
    #expect(result.passes == 4)
  }

  @Test("A search's documents join the context, and a host's memory slows searches that share it")
  func sharedMemory() throws {
    let retrieval = Retrieval(index: "wiki", probes: 4, documents: 3, tokensPerDocument: 10)
    // Alone 20 us of a thread and 5,000 bytes; at 0.5 bytes a nanosecond two take 20 us together.
    var hosts = hostPool(cores: 4)
    hosts.service = .processors(ProcessorService(cores: 4, memoryBandwidth: 0.375))
    let (_, outcomes) = try replay(
      plan([hosts], [Stage(name: "retrieve", action: .retrieve(retrieval), pool: "hosts")]),
      [request(0, input: 5, output: 1), request(0, input: 5, output: 1)])
    // Each could take 0.25 bytes a nanosecond, and gets 0.1875.
    let ends = outcomes.map(\.end.rawValue)
    #expect(ends.allSatisfy { abs($0 - 26_667) <= 1 })
    #expect(outcomes.map(\.contextTokens) == [35, 35])
  }

  @Test(
    "Paths share the context's keys and values; the stage ends with the last, or with as many as are kept"
  )
  func paths() throws {
    func run(_ thinking: Thinking) throws -> (PipelineResult, JourneyOutcome) {
      let stages = [
        Stage(name: "think", action: .think(thinking), pool: "chat"),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ]
      let (result, outcomes) = try replay(
        plan([modelPool()], stages), [request(0, input: 41, output: 3)])
      return (result, outcomes[0])
    }
    let (one, single) = try run(Thinking(tokens: 10))
    let (eight, several) = try run(Thinking(tokens: 10, branches: [8]))
    // The other paths compute what is no whole piece of 16 tokens: 9 of 41 tokens each.
    #expect(several.stages[0].ended - single.stages[0].ended == Nanoseconds(7 * 90 + 9 * 7))
    #expect(single.contextTokens == 51)
    #expect(several.contextTokens == 51)
    // The answer's prompt is what the path computed, but for the last tokens.
    #expect(one.steps == 10 + 3)
    #expect(eight.steps == 10 + 3)
    // Two levels of five tokens: two paths, and at their fifth token eight. The first goes on with the names of
    // the context, and computes what its parent's 11 whole blocks of 4 do not hold of 46 tokens; the others
    // share whole pieces of 16.
    let (_, tree) = try run(Thinking(tokens: 10, branches: [2, 4]))
    let levels = 1000 + 10 * (41 + 9) + 4 * (1000 + 2) + 1000 + 10 * (2 + 7 * 14) + 4 * (1000 + 8)
    #expect(tree.stages[0].ended == Nanoseconds(Int64(levels)))
    let (_, kept) = try run(Thinking(tokens: 10, branches: [8], keep: 1))
    #expect(kept.stages[0].ended == several.stages[0].ended)
    #expect(kept.status == .finished)
  }

  @Test("A turn of a session begins when the one before it has ended, and its client has thought")
  func sessions() throws {
    var records = [
      request(0, input: 10, output: 5), request(10, input: 10, output: 5),
      request(20, input: 10, output: 5),
    ]
    for index in records.indices { records[index].session = "s" }
    records[2].thinkTime = Nanoseconds(7)
    let (_, outcomes) = try replay(
      plan([modelPool()], [Stage(name: "generate", action: .generate, pool: "chat")]), records)
    #expect(outcomes[1].arrival == outcomes[0].end)
    #expect(outcomes[2].arrival == outcomes[1].end + Nanoseconds(7))
  }
}
