import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// What must hold of every replay, on random scenarios: all kinds of stages, forks and joins, stores, outages,
/// scaling, a network.
@Suite struct PipelineInvariantTests {
  struct RandomScenario {
    var scenario: Scenario
    var records: [RequestRecord] = []

    init(seed: UInt64) {
      var random = SplitMix64(seed: seed &+ 1000)
      func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
      func engines() -> Int { Int.random(in: 1...3, using: &random) }
      var pools = [
        modelPool("chat", count: engines(), blocks: Int.random(in: 60...400, using: &random)),
        modelPool("prompts", count: engines()), modelPool("answers", count: engines(), blocks: 200),
        encoderPool(count: engines()), hostPool(count: engines()),
        EnginePool(
          name: "web", service: .external(ExternalService(concurrency: chance(2) ? 2 : nil))),
        EnginePool(
          name: "near",
          service: .store(
            StoreService(
              capacity: 2e-5, bandwidth: 1, latency: 0.5,
              enginesPerInstance: chance(2) ? 1 : 2, next: "far",
              writeBuffer: seed % 2 == 0 ? 16 : 2e-6))),
        EnginePool(
          name: "far",
          service: .store(
            StoreService(bandwidth: 0.2, latency: 2, hitRate: chance(2) ? 0.5 : nil))),
      ]
      for index in 0..<6 {
        let policies = PoolRouting.Policy.allCases.filter { policy in
          switch policy {
          case .heavyLight: pools[index].count > 1
          case .prefixAware, .leastKeyValues, .leastTokensLeft, .oracle: index < 3
          default: true
          }
        }
        pools[index].routing.policy = policies.randomElement(using: &random) ?? .roundRobin
      }
      for index in 0..<6 where chance(2) {
        // Of several engines one may go for good, of one alone not.
        let isForGood = chance(3) && pools[index].count > 1
        pools[index].outages = [
          Outage(
            engine: Int.random(in: 0..<pools[index].count, using: &random),
            start: Double.random(in: 0...1e-4, using: &random),
            duration: isForGood ? nil : Double.random(in: 1e-6...3e-5, using: &random))
        ]
      }
      if chance(2), pools[0].outages.first?.duration != nil || pools[0].outages.isEmpty {
        pools[0].scaling = Scaling(
          minimum: 1, upper: 3, lower: 1, interval: 5e-6, startup: 1e-5)
      }
      for index in 0..<6 where chance(6) {
        pools[index].admission = Admission(maxOutstanding: 6, maxWait: chance(2) ? 1e-4 : nil)
      }
      scenario = Scenario(
        name: "random", pools: pools,
        pipelines: (0..<Int.random(in: 1...2, using: &random)).map {
          StagePipeline(name: "\($0)", stages: Self.stages(&random))
        },
        network: chance(2)
          ? []
          : [
            NetworkLevel(name: "node", members: 4, bandwidth: 0.5, latency: 0.1),
            NetworkLevel(name: "rack", members: 8, bandwidth: 0.2, latency: 0.3),
          ],
        objectives: LatencyObjectives(timeToFirstToken: 0.01, timePerOutputToken: 0.001), seed: seed
      )
      scenario.keyValueMode = seed % 2 == 0 ? .whole : .layerwise
      for index in 0..<3 where !scenario.network.isEmpty && seed % 3 > 0 {
        scenario.pools[index].exchange(over: scenario.network[Int(seed + UInt64(index)) % 2].name)
      }
      var clock: Int64 = 0
      for number in 0..<Int.random(in: 5...60, using: &random) {
        clock += Int64.random(in: 0...4000, using: &random)
        var record = request(
          clock, input: Int.random(in: 1...80, using: &random),
          output: Int.random(in: 1...12, using: &random),
          content: chance(2) ? (0..<10).map { UInt64($0 < 6 ? 1 : number / 4) } : [],
          tokensPerName: 8)
        if chance(4) { record.session = "\(number % 3)" }
        records.append(record)
      }
    }

    /// Stages in a random order of waiting: each after one or two of those above it.
    private static func stages(_ random: inout SplitMix64) -> [Stage] {
      var stages: [Stage] = []
      func after() -> [String]? {
        guard stages.count > 1, Bool.random(using: &random) else { return nil }
        let names = stages.map(\.name)
        let one = names[Int.random(in: 0..<names.count, using: &random)]
        let two = names[Int.random(in: 0..<names.count, using: &random)]
        return one == two ? [one] : [one, two]
      }
      func add(_ name: String, _ action: StageAction, _ pool: String, _ after: [String]?) {
        var stage = Stage(name: name, action: action, pool: pool, after: after)
        if Int.random(in: 0..<4, using: &random) == 0, action != .prefill, action != .decode {
          stage.condition = StageCondition(share: 0.5)
        }
        stages.append(stage)
      }
      let optional: [(String, StageAction, String)] = [
        (
          "tokenize", .process(ProcessorWork(source: .context, perToken: 0.01, threads: 2)), "hosts"
        ),
        ("embed", .encode(EncoderWork(source: .prompt, sequences: 3)), "embedder"),
        (
          "retrieve",
          .retrieve(
            Retrieval(
              index: "i", probes: 1, documents: 2, tokensPerDocument: 9, maxBatch: 3, maxWait: 4)),
          "hosts"
        ),
        ("call", .call(ExternalCall(duration: .exponential(mean: 5e-6), tokens: 4)), "web"),
        ("route", .call(ExternalCall(duration: .logNormal(mean: 1e-6, variation: 1))), "web"),
        ("think", .think(Thinking(tokens: 6, branches: [2, 2], keep: 3)), "chat"),
      ]
      for (name, action, pool) in optional where Bool.random(using: &random) {
        add(name, action, pool, after())
      }
      if Bool.random(using: &random) {
        add("fetch", Bool.random(using: &random) ? .fetch : .prefetch, "near", after())
      }
      if Bool.random(using: &random) {
        add("generate", .generate, "chat", nil)
      } else {
        add("prefill", .prefill, "prompts", nil)
        add("decode", .decode, "answers", nil)
      }
      add("filter", .encode(EncoderWork(source: .all)), "embedder", nil)
      return stages
    }
  }

  @Test(
    "Every request ends, each stage once, in order, and times and what was waited for add up",
    arguments: 0..<160)
  func invariants(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let (result, outcomes, leftovers) = try replayWhole(
      plan(random.scenario, price: exchangingPrice), random.records)
    #expect(leftovers == [])
    #expect(result.arrivals == random.records.count)
    #expect(result.finished + result.rejected + result.shed == result.arrivals)
    #expect(result.unfinished == 0)
    #expect(outcomes.count == result.finished + result.rejected + result.shed)
    let finished = outcomes.filter { $0.status == .finished }
    for outcome in finished { check(outcome, random.scenario.pipelines[outcome.pipeline]) }
    checkBlame(result, finished)
    for stages in result.stages {
      #expect(Set(stages.map { $0.served + $0.skipped }).count == 1)
    }
    for link in result.links {
      let most = link.capacity * link.busyTime.seconds
      #expect(link.bytes <= most * (1 + 1e-6) + link.capacity * 1e-9 * Double(result.arrivals * 20))
    }
    for engine in result.engines {
      #expect(engine.busyTime <= engine.upTime + Nanoseconds(1))
    }
  }

  func check(_ outcome: JourneyOutcome, _ pipeline: StagePipeline) {
    var ends: [Int: Nanoseconds] = [:]
    for stage in outcome.stages {
      #expect(outcome.arrival <= stage.ready)
      #expect(stage.ready <= stage.arrived)
      #expect(stage.arrived <= stage.started)
      #expect(stage.started <= stage.ended)
      ends[stage.stage] = stage.ended
      let names = pipeline.stages.map(\.name)
      let own = pipeline.stages[stage.stage]
      let before = own.after ?? (stage.stage > 0 ? [names[stage.stage - 1]] : [])
      for name in before {
        guard let place = names.firstIndex(of: name), let end = ends[place] else { continue }
        #expect(stage.ready >= end)
      }
    }
    // None where every stage was for others.
    #expect(outcome.end == outcome.stages.map(\.ended).max() ?? outcome.arrival)
    if let firstToken = outcome.firstToken { #expect(firstToken <= outcome.end) }
  }

  /// What requests waited for adds up to their latency.
  func checkBlame(_ result: PipelineResult, _ finished: [JourneyOutcome]) {
    guard !finished.isEmpty else { return }
    let whole = finished.reduce(0.0) { $0 + Double($1.endToEnd.rawValue) }
    #expect(abs(result.endBlame.total / whole - 1) < 1e-9)
    let first = finished.compactMap(\.timeToFirstToken).reduce(0.0) { $0 + Double($1.rawValue) }
    #expect(abs(result.firstTokenBlame.total / max(first, 1) - 1) < 1e-9)
    let shares = result.endBlame.shares(slowestFrom: 0)
    #expect(abs(shares.reduce(0) { $0 + $1.share } - 1) < 1e-9)
  }

  @Test("Twice the same", arguments: 0..<10)
  func repeats(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let one = try replay(plan(random.scenario, price: exchangingPrice), random.records)
    let two = try replay(plan(random.scenario, price: exchangingPrice), random.records)
    #expect(one.outcomes == two.outcomes)
    #expect(one.result.links == two.result.links)
    #expect(one.result.endBlame == two.result.endBlame)
  }
}
