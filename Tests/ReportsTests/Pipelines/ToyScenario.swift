import CostModel
import Operators
import Replay
import Reports
import RequestLogs
import Scenarios
import TestSupport

/// A small replay of a scenario with everything in it: hosts, an encoder, a store, prefill and decode engines
/// on a network, an external call, two pipelines, and objectives.
struct ToyScenario {
  var plan: ScenarioPlan
  var result: PipelineResult
  var outcomes: [JourneyOutcome] = []

  var summary: PipelineSummary { PipelineSummary(result, plan) }

  /// - Parameters:
  ///   - requests: how many there are.
  ///   - gap: nanoseconds between two.
  ///   - change: made to the scenario before it is replayed.
  ///   - collect: gets each outcome, too.
  init(
    requests: Int = 100, gap: Int64 = 40_000_000,
    change: (inout Scenario) -> Void = { _ in },
    collect: @escaping (JourneyOutcome) -> Void = { _ in }
  ) throws {
    func models(_ name: String, _ count: Int) -> EnginePool {
      EnginePool(
        name: name, count: count,
        service: .model(
          ModelService(
            model: "toy",
            group: EngineGroup(
              name: name, count: count, device: "toy", maxSequences: 8, maxModelLength: 16_384,
              blockCount: 4_000))),
        pricePerHour: 4, busyWatts: 600, idleWatts: 120)
    }
    var scenario = Scenario(
      name: "toy",
      pools: [
        EnginePool(
          name: "hosts", count: 2,
          service: .processors(ProcessorService(cores: 8, memoryBandwidth: 100))),
        EnginePool(
          name: "embedder", service: .encoder(EncoderService(model: "toy", device: "toy"))),
        EnginePool(name: "web", service: .external(ExternalService(concurrency: 4))),
        EnginePool(
          name: "rack-store",
          service: .store(StoreService(bandwidth: 4, latency: 50, hitRate: 0.7))),
        models("prefill", 1), models("decode", 2),
      ],
      pipelines: [
        StagePipeline(
          name: "retrieval <&> \"more\"", share: 3,
          stages: [
            Stage(
              name: "=tokenize",
              action: .process(ProcessorWork(source: .context, perRequest: 300, perToken: 1)),
              pool: "hosts"),
            Stage(name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder"),
            Stage(
              name: "search",
              action: .call(ExternalCall(duration: .exponential(mean: 0.12), tokens: 400)),
              pool: "web", condition: StageCondition(share: 0.6)),
            Stage(name: "fetch", action: .fetch, pool: "rack-store"),
            Stage(name: "prefill", action: .prefill, pool: "prefill"),
            Stage(name: "decode", action: .decode, pool: "decode"),
          ]),
        StagePipeline(
          name: "plain", stages: [Stage(name: "generate", action: .generate, pool: "decode")]),
      ],
      network: [
        NetworkLevel(name: "node", members: 4, bandwidth: 25, latency: 2),
        NetworkLevel(name: "rack", members: 4, bandwidth: 10, latency: 5),
      ],
      objectives: LatencyObjectives(timeToFirstToken: 250, timePerOutputToken: 25))
    change(&scenario)
    plan = ScenarioPlan(
      scenario: scenario,
      pools: scenario.pools.map { pool in
        switch pool.service {
        case .model(let service):
          PoolPlan(
            pricing: .linear(
              LinearStepModel(
                perStep: 8_000_000, perPrefillToken: 100_000, perDecodeSequence: 200_000)),
            group: service.group, keyValueBytesPerToken: 131_072, busyWatts: pool.busyWatts,
            idleWatts: pool.idleWatts, pricePerHour: pool.pricePerHour)
        case .encoder:
          PoolPlan(
            pricing: .linear(
              LinearStepModel(perStep: 2_000_000, perPrefillToken: 8_000, perDecodeSequence: 0)))
        case .processors, .searcher, .store, .external: PoolPlan()
        }
      })
    var random = SplitMix64(seed: 7)
    var sent = 0
    var kept: [JourneyOutcome] = []
    var simulation = try PipelineSimulation(plan)
    simulation.recordsLoad = true
    result = simulation.run(
      outcome: {
        kept.append($0)
        collect($0)
      }
    ) {
      guard sent < requests else { return nil }
      defer { sent += 1 }
      var record = RequestRecord(
        id: "\(sent)", arrival: Nanoseconds(Int64(sent) * gap),
        inputTokens: sent == 7 ? 90_000 : 100 + random.below(1_500),
        outputTokens: 1 + random.below(60))
      if sent % 5 == 3 { record.requestClass = "<code>" }
      return record
    }
    outcomes = kept
  }
}
