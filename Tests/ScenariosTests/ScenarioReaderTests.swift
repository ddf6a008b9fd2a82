import Analytical
import Operators
import RequestLogs
import Testing

@testable import Scenarios

@Suite struct ScenarioReaderTests {
  /// Every key but those of the other distributions of a call.
  static let whole = """
    version: 1
    name: retrieval-chat
    network:
      key_values: layerwise
      levels:
        - {name: node, members: 8, bandwidth_gb_s: 450, latency_us: 5, efficiency: 0.65}
        - {name: rack, members: 4, bandwidth_gb_s: 50, latency_us: 20}
    engines:
      - name: chat
        kind: llm
        model: Llama-3.1-8B
        count: 4
        device: h100
        max_model_len: 16384
        max_num_seqs: 64
        num_gpu_blocks: 9000
        routing: {policy: prefix-aware, load_weight: 256}
        first_place: 2
        price_per_hour: 2.5
        busy_watts: 700
        idle_watts: 90
        outages: [{engine: 1, at_s: 60, for_s: 30}, {engine: 1, at_s: 100}]
        scaling: {min_engines: 1, up_at: 40, down_at: 5, interval_s: 5, startup_s: 60}
        admission: {max_outstanding: 200, max_wait_s: 9}
      - {name: embedder, kind: encoder, model: E5, device: h100, max_batch: 16, data_type: fp16}
      - {name: guard, kind: encoder, model: G, device: l4, tensor_parallel: 2, max_batch_tokens: 64}
      - name: hosts
        kind: cpu
        count: 2
        cores: 64
        memory_bandwidth_gb_s: 300
        routing: {policy: heavy-light, heavy_input: 9, heavy_output: 8, heavy_engines: 1}
      - name: rack-store
        kind: store
        capacity_gb: 4000
        bandwidth_gb_s: 32
        latency_us: 100
        engines_per_instance: 4
        eviction: fifo
        next: remote
        write_back: false
      - {name: remote, kind: store, bandwidth_gb_s: 5, hit_rate: 0.5}
      - {name: web, kind: external, concurrency: 7, routing: shortest-queue, first_place: 31}
      - {name: first, model: S, device: h100, max_model_len: 2048, first_place: 0,
         tensor_parallel: 2, collectives: rack}
      - {name: second, model: S, device: l4, max_model_len: 2048}
      - {name: searcher, kind: search, device: a100, first_place: 30,
         vector_search: {ivf-flat: {batch_ns: 9000, query_ns: 800, small_batch_product_ns: 0,
           large_batch_product_ns: 0, probe_ns: 0, candidate_ns: 0, element_ns: 0.5, entry_ns: 0}}}
    pipelines:
      - name: rag
        class: rag
        stages:
          - {do: tokenize, on: hosts, us: 3, us_per_token: 0.5, bytes_per_token: 8, threads: 2}
          - {do: embed, on: embedder, tokens_of: context}
          - {do: retrieve, on: hosts, index: wiki, probes: 32, documents: 20, threads: 64, max_batch: 8, max_wait_us: 250, from_log: true}
          - {do: rerank, on: embedder, tokens: 256, sequences: 20, optional: true}
          - {do: call, on: web, after: [tokenize], mean_s: 0.4, cv: 0.5, tokens: 800}
          - {name: read, do: fetch, on: rack-store, after: [rerank, call]}
          - {do: think, on: chat, scale: 4, branches: [2, 4], keep: 3, carries: false}
          - {do: generate, on: chat}
          - {do: filter, on: guard, when: {share: 0.1, passages: true}}
          - {do: detokenize, on: hosts, us_per_token: 1}
      - name: apart
        share: 0.3
        stages:
          - {do: pad, on: hosts, after: [], us: 1}
          - {do: prefill, on: first, when: {difficulty_above: 0.25, difficulty_below: 0.75}}
          - {do: decode, on: second, when: {difficulty_above: 0.25, difficulty_below: 0.75}}
          - {do: score, on: guard, when: {class: a, input_above: 7, input_up_to: 9}}
          - {do: think, on: first, tokens: 99}
    slo: {ttft_ms: 250, tpot_ms: 25, ttft_factors: [1, 2, 4], tpot_factors: [1, 1, 2]}
    bytes_per_token: 2.5
    seed: 7
    indexes:
      - name: wiki
        kind: ivf-pq
        vectors: 5000001
        dimension: 768
        lists: 4096
        subquantizers: 64
        code_bits: 6
        rerank_depth: 100
        vector_type: fp16
        table_type: bf16
        imbalance: 1.5
        list_tables: true
        cache_mb: 32
      - {name: flat, kind: ivf-flat, vectors: 9000, dimension: 65, lists: 17}
      - {name: small, kind: hnsw, vectors: 9000, dimension: 63, graph_degree: 16}
    vector_search:
      hnsw:
        batch_ns: 3000
        query_ns: 0
        candidate_ns: 20.5
        element_ns: 0.25
        entry_ns: 9
    workload:
      requests: 10000
      for_s: 3600
      arrivals: {kind: gamma, rate: 12, cv: 2}
      tokens_per_content_name: 32
      streams:
        - name: chat
          class: rag
          share: 0.7
          input: {kind: lognormal, mean: 900, cv: 1.2, max: 8000}
          output: 250
          prefixes: {count: 20, tokens: 800, exponent: 1.1}
          sessions:
            mean_turns: 4
            mean_think_s: 21
            think: {kind: gamma, cv: 1.5}
            grows_context: false
            max_context: 32000
          priority: -1
        - name: nightly
          arrivals:
            kind: windows
            windows: [{for_s: 60, rate: 3}, {for_s: 90, rate: 0, gaps: {kind: constant}}]
            repeats: false
          input: {kind: zipf, min: 16, max: 4097, exponent: 1.3}
          output: {kind: measured, tokens: [1, 7, 9], weights: [3, 0, 0.5]}
      mixtures:
        - name: api
          clients: 3
          rate: 20
          skew: 1.4
          median_cv: 1.25
          cv_spread: 0.2
          input: {mean: 700, client_cv: 0.6, cv: 2, max: 9000}
          output: {mean: 91}
    """

  /// What `whole` says.
  static var expected: Scenario {
    let half = StageCondition(difficultyAbove: 0.25, difficultyBelow: 0.75)
    let rag = StagePipeline(
      name: "rag", requestClass: "rag",
      stages: [
        Stage(
          name: "tokenize",
          action: .process(
            ProcessorWork(
              source: .context, perRequest: 3, perToken: 0.5, bytesPerToken: 8, threads: 2)),
          pool: "hosts"),
        Stage(name: "embed", action: .encode(EncoderWork(source: .context)), pool: "embedder"),
        Stage(
          name: "retrieve",
          action: .retrieve(
            Retrieval(
              index: "wiki", probes: 32, documents: 20, threads: 64, maxBatch: 8, maxWait: 250,
              isLogged: true)),
          pool: "hosts"),
        Stage(
          name: "rerank",
          action: .encode(EncoderWork(source: .prompt, tokens: 256, sequences: 20)),
          pool: "embedder", isOptional: true),
        Stage(
          name: "call",
          action: .call(
            ExternalCall(duration: .logNormal(mean: 0.4, variation: 0.5), tokens: 800)),
          pool: "web", after: ["tokenize"]),
        Stage(name: "read", action: .fetch, pool: "rack-store", after: ["rerank", "call"]),
        Stage(
          name: "think",
          action: .think(Thinking(scale: 4, branches: [2, 4], keep: 3, carries: false)),
          pool: "chat"),
        Stage(name: "generate", action: .generate, pool: "chat"),
        Stage(
          name: "filter", action: .encode(EncoderWork(source: .all)), pool: "guard",
          condition: StageCondition(share: 0.1, passages: true)),
        Stage(
          name: "detokenize", action: .process(ProcessorWork(source: .answer, perToken: 1)),
          pool: "hosts"),
      ])
    let apart = StagePipeline(
      name: "apart", share: 0.3,
      stages: [
        Stage(
          name: "pad", action: .process(ProcessorWork(source: .context, perRequest: 1)),
          pool: "hosts", after: []),
        Stage(name: "prefill", action: .prefill, pool: "first", condition: half),
        Stage(name: "decode", action: .decode, pool: "second", condition: half),
        Stage(
          name: "score", action: .encode(EncoderWork(source: .all)), pool: "guard",
          condition: StageCondition(requestClass: "a", inputAbove: 7, inputUpTo: 9)),
        Stage(name: "think", action: .think(Thinking(tokens: 99)), pool: "first"),
      ])
    return Scenario(
      name: "retrieval-chat", pools: pools, pipelines: [rag, apart],
      indexes: indexes,
      network: [
        NetworkLevel(name: "node", members: 8, bandwidth: 450, latency: 5, efficiency: 0.65),
        NetworkLevel(name: "rack", members: 4, bandwidth: 50, latency: 20),
      ], keyValueMode: .layerwise,
      workload: workload,
      objectives: LatencyObjectives(
        timeToFirstToken: 250, timePerOutputToken: 25, firstTokenFactors: [1, 2, 4],
        outputTokenFactors: [1, 1, 2]),
      bytesPerToken: 2.5, seed: 7)
  }

  static var indexes: [NamedIndex] {
    var costs = VectorSearchCoefficients()
    for (term, nanoseconds) in [
      (VectorSearchTerm.batch, 3000.0), (.candidate, 20.5), (.element, 0.25), (.entry, 9),
    ] {
      costs[term] = nanoseconds / 1e9
    }
    guard
      let wiki = try? VectorIndex(
        .invertedQuantized(lists: 4096, subquantizers: 64, codeBits: 6), vectors: 5_000_001,
        dimension: 768, rerankDepth: 100, vectorType: .float16, tableType: .bfloat16,
        imbalance: 1.5, keepsListTables: true),
      let flat = try? VectorIndex(.invertedFlat(lists: 17), vectors: 9000, dimension: 65),
      let small = try? VectorIndex(
        .graph(graphDegree: 16, efSearch: 1), vectors: 9000, dimension: 63)
    else { return [] }
    return [
      NamedIndex(name: "wiki", index: wiki, cacheBytes: 32e6),
      NamedIndex(name: "flat", index: flat),
      NamedIndex(name: "small", index: small, coefficients: costs),
    ]
  }

  static var workload: SyntheticWorkload {
    var chat = ClientStream(
      name: "chat", requestClass: "rag", load: .share(0.7),
      input: .logNormal(mean: 900, variation: 1.2, maximum: 8000), output: .constant(250),
      prefixes: SharedPrefixes(count: 20, tokens: 800, exponent: 1.1),
      sessions: SessionShape(
        meanTurns: 4, meanThinkTime: 21, thinkTimes: .gamma(variation: 1.5), growsContext: false,
        maximumContext: 32_000))
    chat.priority = -1
    let nightly = ClientStream(
      name: "nightly",
      load: .arrivals(
        .windows(
          [
            ArrivalProcess.RateWindow(duration: 60, rate: 3),
            ArrivalProcess.RateWindow(duration: 90, rate: 0, gaps: .constant),
          ], repeats: false)),
      input: .zipf(minimum: 16, maximum: 4097, exponent: 1.3),
      output: .empirical([
        LengthDistribution.WeightedLength(tokens: 1, weight: 3),
        LengthDistribution.WeightedLength(tokens: 7, weight: 0),
        LengthDistribution.WeightedLength(tokens: 9, weight: 0.5),
      ]))
    let mixture = ClientMixture(
      name: "api", clients: 3, rate: 20, skew: 1.4, medianVariation: 1.25, spreadOfVariation: 0.2,
      input: ClientMixture.Lengths(
        mean: 700, variationOfClients: 0.6, variation: 2, maximum: 9000),
      output: ClientMixture.Lengths(mean: 91))
    return SyntheticWorkload(
      seed: 7, streams: [chat, nightly] + ((try? mixture.streams(seed: 7)) ?? []),
      arrivals: .gamma(rate: 12, variation: 2), count: 10_000, duration: Nanoseconds(seconds: 3600),
      tokensPerContentName: 32)
  }

  static var pools: [EnginePool] {
    func small(
      _ name: String, _ device: String, _ place: Int?, devices: Int = 1, collectives: String? = nil
    ) -> EnginePool {
      EnginePool(
        name: name,
        service: .model(
          ModelService(
            model: "S",
            group: EngineGroup(
              name: name, device: device, tensorParallel: devices, maxModelLength: 2048),
            collectives: collectives)), firstPlace: place)
    }
    return [
      EnginePool(
        name: "chat", count: 4,
        service: .model(
          ModelService(
            model: "Llama-3.1-8B",
            group: EngineGroup(
              name: "chat", device: "h100", maxSequences: 64, maxModelLength: 16384,
              blockCount: 9000))),
        routing: PoolRouting(policy: .prefixAware, loadWeight: 256), firstPlace: 2,
        pricePerHour: 2.5, busyWatts: 700, idleWatts: 90,
        outages: [Outage(engine: 1, start: 60, duration: 30), Outage(engine: 1, start: 100)],
        scaling: Scaling(minimum: 1, upper: 40, lower: 5, interval: 5, startup: 60),
        admission: Admission(maxOutstanding: 200, maxWait: 9)),
      EnginePool(
        name: "embedder",
        service: .encoder(
          EncoderService(model: "E5", device: "h100", dataType: .float16, maxBatch: 16))),
      EnginePool(
        name: "guard",
        service: .encoder(
          EncoderService(model: "G", device: "l4", tensorParallel: 2, maxBatchTokens: 64))),
      EnginePool(
        name: "hosts", count: 2,
        service: .processors(ProcessorService(cores: 64, memoryBandwidth: 300)),
        routing: PoolRouting(
          policy: .heavyLight, heavyInput: 9, heavyOutput: 8, heavyEngines: 1)),
      EnginePool(
        name: "rack-store",
        service: .store(
          StoreService(
            capacity: 4000, bandwidth: 32, latency: 100, enginesPerInstance: 4, eviction: .firstIn,
            next: "remote", writesBack: false))),
      EnginePool(
        name: "remote", service: .store(StoreService(bandwidth: 5, hitRate: 0.5))),
      EnginePool(
        name: "web", service: .external(ExternalService(concurrency: 7)),
        routing: PoolRouting(policy: .shortestQueue), firstPlace: 31),
      small("first", "h100", 0, devices: 2, collectives: "rack"), small("second", "l4", nil),
      EnginePool(
        name: "searcher",
        service: .searcher(SearchService(device: "a100", flat: measuredOnDevice)), firstPlace: 30),
    ]
  }

  private static var measuredOnDevice: VectorSearchCoefficients {
    var coefficients = VectorSearchCoefficients()
    (coefficients[.batch], coefficients[.query]) = (9000 / 1e9, 800 / 1e9)
    coefficients[.element] = 0.5 / 1e9
    return coefficients
  }

  @Test("Every key is read")
  func everyKey() throws {
    let scenario = try Scenario(yaml: Self.whole, path: "a.yaml")
    let expected = Self.expected
    #expect(scenario.pools == expected.pools)
    #expect(scenario.pipelines == expected.pipelines)
    #expect(scenario.indexes == expected.indexes)
    #expect(scenario == expected)
    #expect(scenario.firstPlaces == [2, 6, 7, 8, nil, nil, 31, 0, 1, 30])
    #expect(scenario.prefills(of: scenario.pipelines[1]) == [nil, nil, 1, nil, nil])
  }

  @Test("What is not said has the documented default")
  func defaults() throws {
    let yaml = """
      version: 1
      name: n
      engines:
        - {name: e, model: m, device: d, max_model_len: 9}
        - {name: s, kind: store, bandwidth_gb_s: 1}
        - {name: x, kind: external}
      pipelines:
        - name: p
          stages:
            - {do: call, on: x, seconds: 0}
            - {do: generate, on: e}
      """
    let group = EngineGroup(name: "e", device: "d", maxModelLength: 9)
    let expected = Scenario(
      name: "n",
      pools: [
        EnginePool(name: "e", service: .model(ModelService(model: "m", group: group))),
        EnginePool(name: "s", service: .store(StoreService(bandwidth: 1))),
        EnginePool(name: "x", service: .external(ExternalService())),
      ],
      pipelines: [
        StagePipeline(
          name: "p",
          stages: [
            Stage(name: "call", action: .call(ExternalCall(duration: .constant(0))), pool: "x"),
            Stage(name: "generate", action: .generate, pool: "e"),
          ])
      ])
    #expect(try Scenario(yaml: yaml, path: "") == expected)
  }

  @Test(
    "A call's time is said in one of five ways",
    arguments: [
      ("seconds: 2", .constant(2)), ("mean_s: 2", .exponential(mean: 2)),
      ("mean_s: 2, cv: 3", .logNormal(mean: 2, variation: 3)),
      ("from_s: 0, to_s: 2", .uniform(0, 2)), ("measured_s: [1, 0.5, 0]", .measured([1, 0.5, 0])),
    ] as [(String, DurationDistribution)])
  func durations(text: String, expected: DurationDistribution) throws {
    let yaml = Self.whole.replacing("mean_s: 0.4, cv: 0.5", with: text)
    let stage = try Scenario(yaml: yaml, path: "").pipelines[0].stages[4]
    #expect(stage.action == .call(ExternalCall(duration: expected, tokens: 800)))
  }
}
