import ArgumentParser
import HeapModule
import Reprise

/// `reprise pipeline-benchmark`: what `tools/benchmark` prints of pipelines alone.
struct PipelineBenchmarkCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline-benchmark",
    abstract: "Time pipelines of eight stages on a hundred engines, requests made on the fly.",
    discussion: """
      Tokenizing, embedding, retrieving, reranking, a fetch of key-values, an answer, a filter, \
      detokenizing; on 52 engines of a language model (steps of 5 ms and 10 µs a prompt token and 50 µs a \
      decode), 24 encoders and 24 hosts, joined by a network of nodes and racks; a store for each engine and \
      one for all, in blocks of 256 tokens, as LMCache has them. Poisson arrivals at 1,000 requests a second, prompts of 1 to 1,024 and answers of 1 to \
      128 tokens.
      """,
    shouldDisplay: false)

  @Option(help: "Requests.")
  var requests = 1_000_000

  mutating func validate() throws {
    guard (1...1_000_000_000).contains(requests) else {
      throw UsageError("--requests must be positive, and not beyond bounds")
    }
  }

  mutating func execute() throws {
    let plan = try Self.plan()
    let simulation = try PipelineSimulation(plan)
    var workload = try SyntheticRequests(load)
    let start = processorSeconds()
    let result = simulation.run { workload.next() }
    let seconds = processorSeconds() - start
    let floor = try floorSeconds(result)
    let rate = Double(requests) / seconds
    print(
      "\(result.finished) of \(requests) requests through 8 stages on \(plan.scenario.engineCount) "
        + "engines, \(result.steps) steps, \(result.passes) passes, at most \(result.mostUnderWay) under way"
    )
    print(
      "\(fixedText(seconds, decimals: 2)) s of CPU: \(Int(rate)) requests/s, \(Int(8 * rate)) stages/s"
    )
    print("floor \(fixedText(floor, decimals: 2)) s of CPU")
    for (pool, engines) in zip(plan.scenario.pools, Self.busy(result, plan)) {
      print("\(pool.name): busy \(fixedText(100 * engines, decimals: 0)) %")
    }
  }

  /// Poisson arrivals that share beginnings.
  private var load: SyntheticWorkload {
    SyntheticWorkload(
      seed: 1,
      streams: [
        ClientStream(
          name: "all", load: .share(1), input: .uniform(minimum: 1, maximum: 1024),
          output: .uniform(minimum: 1, maximum: 128),
          prefixes: SharedPrefixes(count: 100, tokens: 256, exponent: 1))
      ], arrivals: .poisson(rate: 1000), count: requests, tokensPerContentName: 256)
  }

  /// The same requests without engines, and as many events through a heap as stages, steps and passes end.
  private func floorSeconds(_ result: PipelineResult) throws -> Double {
    let start = processorSeconds()
    var workload = try SyntheticRequests(load)
    var tokens = 0
    while let record = workload.next() { tokens += record.inputTokens + record.outputTokens }
    var clocks = Heap<Int64>(repeatElement(0, count: 128))
    for step in 0..<Int64(8 * requests + result.steps + result.passes) {
      clocks.insert((clocks.popMin() ?? 0) + 1 + step % 977)
    }
    // What is not used would not be computed.
    precondition(tokens >= 0 && clocks.count == 128)
    return processorSeconds() - start
  }

  /// The mean use of each pool's engines.
  private static func busy(_ result: PipelineResult, _ plan: ScenarioPlan) -> [Double] {
    plan.scenario.pools.indices.map { pool in
      let engines = result.engines.filter { $0.pool == pool }
      let up = engines.reduce(0.0) { $0 + $1.upTime.seconds }
      return up > 0 ? engines.reduce(0.0) { $0 + $1.busyTime.seconds } / up : 0
    }
  }

  private static func plan() throws -> ScenarioPlan {
    let group = EngineGroup(
      name: "chat", count: 52, device: "none", maxSequences: 128, maxModelLength: 16_384,
      blockCount: 20_000)
    func encoder(_ name: String) -> EnginePool {
      EnginePool(
        name: name, count: 8,
        service: .encoder(EncoderService(model: "none", device: "none")),
        routing: PoolRouting(policy: .shortestQueue))
    }
    let pools = [
      EnginePool(
        name: "chat", count: 52, service: .model(ModelService(model: "none", group: group)),
        routing: PoolRouting(policy: .shortestQueue)),
      encoder("embedder"), encoder("reranker"), encoder("guard"),
      EnginePool(
        name: "hosts", count: 24,
        service: .processors(ProcessorService(cores: 16, memoryBandwidth: 100)),
        routing: PoolRouting(policy: .twoChoices)),
      EnginePool(
        name: "near",
        service: .store(
          StoreService(capacity: 20, bandwidth: 50, latency: 5, enginesPerInstance: 1, next: "far"))
      ),
      EnginePool(
        name: "far", service: .store(StoreService(capacity: 1000, bandwidth: 400, latency: 50))),
    ]
    let retrieval = Retrieval(index: "wiki", probes: 32, documents: 4, tokensPerDocument: 128)
    func process(_ source: TokenSource) -> StageAction {
      .process(ProcessorWork(source: source, perRequest: 50, perToken: 1))
    }
    let stages = [
      Stage(name: "tokenize", action: process(.prompt), pool: "hosts"),
      Stage(name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder"),
      Stage(name: "retrieve", action: .retrieve(retrieval), pool: "hosts"),
      Stage(
        name: "rerank", action: .encode(EncoderWork(source: .prompt, tokens: 128, sequences: 4)),
        pool: "reranker"),
      Stage(name: "fetch", action: .fetch, pool: "near"),
      Stage(name: "generate", action: .generate, pool: "chat"),
      Stage(name: "filter", action: .encode(EncoderWork(source: .answer)), pool: "guard"),
      Stage(name: "detokenize", action: process(.answer), pool: "hosts"),
    ]
    let scenario = Scenario(
      name: "benchmark", pools: pools, pipelines: [StagePipeline(name: "all", stages: stages)],
      indexes: [
        NamedIndex(
          name: "wiki",
          index: try VectorIndex(
            .invertedQuantized(lists: 4096, subquantizers: 32), vectors: 10_000_000,
            dimension: 768))
      ],
      network: [
        NetworkLevel(name: "node", members: 8, bandwidth: 50, latency: 5),
        NetworkLevel(name: "rack", members: 4, bandwidth: 200, latency: 10),
        NetworkLevel(name: "hall", members: 4, bandwidth: 800, latency: 20),
      ])
    let steps = LinearStepModel(perStep: 5e6, perPrefillToken: 10_000, perDecodeSequence: 50_000)
    let passes = LinearStepModel(perStep: 2e6, perPrefillToken: 2_000)
    return ScenarioPlan(
      scenario: scenario,
      pools: pools.map { pool in
        switch pool.service {
        case .model:
          PoolPlan(pricing: .linear(steps), group: group, keyValueBytesPerToken: 131_072)
        case .encoder: PoolPlan(pricing: .linear(passes))
        case .processors, .searcher, .store, .external: PoolPlan()
        }
      },
      searches: [
        PlacedSearch(retrieval, on: "hosts"): [SearchCost(threadTime: 5e6, bytes: 5e6)]
      ])
  }
}
