import Analytical
import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// 1,000 ns a step, 10 for each prompt token, 1 for each decode.
let linearPrice = LinearStepModel(perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1)

/// The same steps, with three tenths of each in which devices exchange.
let exchangingPrice = LinearStepModel(
  perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1, collectiveShare: 0.3)

/// A pool of engines of a language model.
func modelPool(
  _ name: String = "chat", count: Int = 1, blocks: Int = 1000,
  _ change: (inout EnginePool) -> Void = { _ in },
  limits: (inout EngineGroup) -> Void = { _ in }
) -> EnginePool {
  var group = EngineGroup(
    name: name, device: "none", maxSequences: 16, maxBatchedTokens: 256, maxModelLength: 100_000,
    blockSize: 4, blockCount: blocks)
  limits(&group)
  var pool = EnginePool(
    name: name, count: count, service: .model(ModelService(model: "none", group: group)))
  change(&pool)
  return pool
}

extension EnginePool {
  /// Has engines of two devices each exchange over a level of the network.
  mutating func exchange(over level: String) {
    guard case .model(var service) = self.service else { return }
    service.group.tensorParallel = 2
    service.collectives = level
    self.service = .model(service)
  }
}

/// A pool of an encoder.
func encoderPool(_ name: String = "embedder", count: Int = 1, batch: Int = 4) -> EnginePool {
  EnginePool(
    name: name, count: count,
    service: .encoder(EncoderService(model: "none", device: "none", maxBatch: batch)))
}

/// A pool of hosts.
func hostPool(_ name: String = "hosts", count: Int = 1, cores: Int = 2) -> EnginePool {
  EnginePool(
    name: name, count: count,
    service: .processors(ProcessorService(cores: cores, memoryBandwidth: 10)))
}

/// A scenario of one pipeline, with a plan of linear prices and 100 bytes of keys and values a token,
/// in five layers.
func plan(
  _ pools: [EnginePool], _ stages: [Stage], network: [NetworkLevel] = [],
  price: LinearStepModel = linearPrice, seed: UInt64 = 0
) -> ScenarioPlan {
  plan(
    Scenario(
      name: "test", pools: pools, pipelines: [StagePipeline(name: "all", stages: stages)],
      network: network, seed: seed), price: price)
}

/// The plan of a scenario with linear prices.
func plan(_ scenario: Scenario, price: LinearStepModel = linearPrice) -> ScenarioPlan {
  var scenario = scenario
  var searches: [PlacedSearch: [SearchCost]] = [:]
  for search in scenario.placedSearches {
    let retrieval = search.retrieval
    // Half of a search is shared by all of a batch.
    searches[search] = (1...retrieval.maxBatch).map {
      SearchCost(threadTime: 10_000 * Double(1 + $0), bytes: 2_500 * Double(1 + $0))
    }
    guard !scenario.indexes.contains(where: { $0.name == retrieval.index }),
      let index = try? VectorIndex(.invertedFlat(lists: 16), vectors: 1000, dimension: 8)
    else { continue }
    scenario.indexes.append(NamedIndex(name: retrieval.index, index: index))
  }
  return ScenarioPlan(
    scenario: scenario,
    pools: scenario.pools.map { pool in
      switch pool.service {
      case .model(let service):
        PoolPlan(
          pricing: .linear(price), group: service.group, keyValueBytesPerToken: 100, layers: 5)
      case .encoder: PoolPlan(pricing: .linear(price))
      case .processors, .searcher, .store, .external: PoolPlan()
      }
    }, searches: searches)
}

/// What a replay of records gives: the result, each outcome by its number, and what was not given back.
func replayWhole(
  _ plan: ScenarioPlan, _ records: [RequestRecord],
  _ change: (inout PipelineSimulation) -> Void = { _ in }
) throws -> (result: PipelineResult, outcomes: [JourneyOutcome], leftovers: [String]) {
  var outcomes: [JourneyOutcome] = []
  var rest = records[...]
  var simulation = try PipelineSimulation(plan)
  change(&simulation)
  let fleet = simulation.drive(outcome: { outcomes.append($0) }) {
    rest.popFirst()
  }
  let leftovers = fleet.leftovers
  return (fleet.close(), outcomes.sorted { $0.number < $1.number }, leftovers)
}

/// What a replay of records gives: the result, and each outcome by its number.
func replay(
  _ plan: ScenarioPlan, _ records: [RequestRecord]
) throws -> (result: PipelineResult, outcomes: [JourneyOutcome]) {
  let whole = try replayWhole(plan, records)
  return (whole.result, whole.outcomes)
}

extension PipelineFleet {
  /// What is still held though no request is under way: nothing, if all was given back.
  var leftovers: [String] {
    var found: [String] = []
    if journeys.contains(where: \.isInUse) { found.append("journeys") }
    if tickets.contains(where: \.isInUse) { found.append("tickets") }
    if works.contains(where: \.isInUse) { found.append("works") }
    if pools.contains(where: { !$0.pending.isEmpty }) { found.append("pending tasks") }
    if loads.joined().contains(where: { $0.load != EngineLoad() }) { found.append("loads") }
    if engines.contains(where: { $0.approaching.tokens != 0 }) {
      found.append("approaching tokens")
    }
    if queues.contains(where: { $0.taken != 0 || $0.waitingCount != 0 }) { found.append("places") }
    if encoders.contains(where: \.isBusy) { found.append("passes") }
    if models.contains(where: { $0.scheduler.outstanding != 0 }) { found.append("requests") }
    if models.contains(where: { $0.scheduler.pool.usedCount != 0 }) { found.append("blocks") }
    if decodeQueues.contains(where: { !$0.isEmpty }) { found.append("decodes") }
    if awaiting.contains(where: { !$0.isEmpty }) { found.append("awaited blocks") }
    if !chains.isFree { found.append("chains") }
    if sessions.waitingCount != 0 { found.append("turns") }
    return found
  }
}
