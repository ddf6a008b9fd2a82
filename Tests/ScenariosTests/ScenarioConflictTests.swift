import Testing

@testable import Scenarios

@Suite struct ScenarioConflictTests {
  typealias Change = @Sendable (inout Scenario) -> Void

  private static func pool(_ index: Int, _ change: @escaping @Sendable (inout EnginePool) -> Void)
    -> Change
  {
    { change(&$0.pools[index]) }
  }

  private static func group(_ change: @escaping @Sendable (inout EngineGroup) -> Void) -> Change {
    pool(0) { pool in
      guard case .model(var service) = pool.service else { return }
      change(&service.group)
      pool.service = .model(service)
    }
  }

  private static func action(_ stage: Int, _ action: StageAction) -> Change {
    { $0.pipelines[0].stages[stage].action = action }
  }

  private static func call(_ duration: DurationDistribution) -> Change {
    action(4, .call(ExternalCall(duration: duration)))
  }

  /// Changes of the whole example that no file could have made, and where each is told.
  static let changes: [(String, Change)] = [
    ("bytes_per_token", { $0.bytesPerToken = .nan }),
    ("slo.tpot_ms", { $0.objectives?.timePerOutputToken = 0 }),
    ("slo.ttft_factors", { $0.objectives?.firstTokenFactors = [1] }),
    ("slo.tpot_factors", { $0.objectives?.outputTokenFactors = [1, .infinity, .infinity] }),
    (
      "network.levels",
      { $0.network = (0..<9).map { NetworkLevel(name: "\($0)", members: 1, bandwidth: 1) } }
    ),
    ("network.levels[1].members", { $0.network[1].members = .max }),
    ("network.levels[0].bandwidth_gb_s", { $0.network[0].bandwidth = .nan }),
    ("network.levels[0].name", { $0.network[0].name = "" }),
    ("engines", { $0.pools = [] }),
    (
      "engines",
      { scenario in
        scenario.pools = (0..<257).map {
          EnginePool(name: "\($0)", service: .external(ExternalService()))
        }
      }
    ),
    ("engines[0].name", pool(0) { $0.name = String(repeating: "x", count: 257) }),
    ("engines[0].count", pool(0) { $0.count = .max }),
    ("engines[0].count", pool(0) { $0.count = .min }),
    ("engines[0].first_place", pool(0) { $0.firstPlace = -1 }),
    ("engines[0].first_place", pool(0) { $0.firstPlace = .max }),
    ("engines[0].busy_watts", pool(0) { $0.busyWatts = -.infinity }),
    ("engines[0].routing.load_weight", pool(0) { $0.routing.loadWeight = .nan }),
    ("engines[0].routing.heavy_input", pool(0) { $0.routing.heavyInput = .max }),
    ("engines[0].outages[1].engine", pool(0) { $0.outages[1].engine = -1 }),
    ("engines[0].outages[1].at_s", pool(0) { $0.outages[1].start = .infinity }),
    ("engines[0].outages[0].for_s", pool(0) { $0.outages[0].duration = 0 }),
    (
      "engines[0].outages",
      pool(0) { $0.outages = .init(repeating: Outage(engine: 0, start: 1), count: 9999) }
    ),
    ("engines[0].scaling.up_at", pool(0) { $0.scaling?.upper = .nan }),
    ("engines[0].scaling.min_engines", pool(0) { $0.scaling?.minimum = 0 }),
    ("engines[0].admission.max_outstanding", pool(0) { $0.admission?.maxOutstanding = 0 }),
    ("engines[0].max_num_seqs", group { $0.maxSequences = 0 }),
    ("engines[0].memory_utilization", group { $0.memoryUtilization = 2 }),
    ("engines[0].enable_chunked_prefill", group { $0.enablesChunkedPrefill = false }),
    ("engines[0].cudagraph_capture_sizes", group { $0.graphSizes = [2, 2] }),
    ("engines[0].cudagraph_capture_sizes", group { $0.graphSizes = [0] }),
    (
      "engines[0].draft_acceptance_rate",
      group { $0.speculation = SpeculativeDecoding(tokens: 1, acceptance: 2) }
    ),
    (
      "engines[1].max_batch",
      pool(1) { $0.service = .encoder(EncoderService(model: "", device: "", maxBatch: 0)) }
    ),
    (
      "engines[3].cores",
      pool(3) { $0.service = .processors(ProcessorService(cores: 0, memoryBandwidth: 1)) }
    ),
    ("engines[4].kind", pool(4) { $0.count = 2 }),
    ("engines[4].kind", pool(4) { $0.firstPlace = 1 }),
    ("engines[4].kind", pool(4) { $0.admission = Admission(maxWait: 1) }),
    (
      "engines[5].capacity_gb",
      pool(5) { $0.service = .store(StoreService(capacity: .infinity, bandwidth: 1)) }
    ),
    (
      "engines[4].next",
      pool(5) { $0.service = .store(StoreService(bandwidth: 1, next: "rack-store")) }
    ),
    ("engines[6].concurrency", pool(6) { $0.service = .external(ExternalService(concurrency: 0)) }),
    ("pipelines", { $0.pipelines = [] }),
    ("pipelines[1].share", { $0.pipelines[1].share = .infinity }),
    ("pipelines[0].stages", { $0.pipelines[0].stages = [] }),
    (
      "pipelines[0].stages",
      { scenario in
        scenario.pipelines[0].stages = (0..<65).map {
          Stage(name: "\($0)", action: .generate, pool: "chat")
        }
      }
    ),
    ("pipelines[0].stages[1].name", { $0.pipelines[0].stages[1].name = "" }),
    ("pipelines[0].stages[4].after", { $0.pipelines[0].stages[4].after = ["embed", "embed"] }),
    (
      "pipelines[1].stages[3].when.input_above",
      { $0.pipelines[1].stages[3].condition.inputAbove = -1 }
    ),
    ("pipelines[0].stages[8].when.share", { $0.pipelines[0].stages[8].condition.share = .nan }),
    (
      "pipelines[0].stages[0].us_per_token",
      action(0, .process(ProcessorWork(source: .all, perToken: .infinity)))
    ),
    (
      "pipelines[0].stages[0].threads", action(0, .process(ProcessorWork(source: .all, threads: 0)))
    ),
    (
      "pipelines[0].stages[1].sequences",
      action(1, .encode(EncoderWork(source: .all, sequences: .max)))
    ),
    (
      "pipelines[0].stages[2].documents",
      action(2, .retrieve(Retrieval(index: "", probes: 1, documents: .max)))
    ),
    ("pipelines[0].stages[4].seconds", call(.constant(-1))),
    ("pipelines[0].stages[4].mean_s", call(.exponential(mean: 0))),
    ("pipelines[0].stages[4].cv", call(.logNormal(mean: 1, variation: .infinity))),
    ("pipelines[0].stages[4].to_s", call(.uniform(2, 1))),
    ("pipelines[0].stages[4].measured_s", call(.measured([]))),
    ("pipelines[0].stages[4].measured_s", call(.measured([.nan]))),
    ("pipelines[0].stages[6].branches", action(6, .think(Thinking(branches: [])))),
    ("pipelines[0].stages[6].branches", action(6, .think(Thinking(branches: [.max, .max])))),
    (
      "pipelines[0].stages[6].branches",
      action(6, .think(Thinking(branches: .init(repeating: 1024, count: 8))))
    ),
    ("pipelines[0].stages[6].keep", action(6, .think(Thinking(keep: 0)))),
    ("pipelines[0].stages[6].scale", action(6, .think(Thinking(scale: .nan)))),
  ]

  @Test("Values made in code are held to a file's bounds", arguments: changes.indices)
  func values(index: Int) {
    let (place, change) = Self.changes[index]
    var scenario = ScenarioReaderTests.expected
    #expect(scenario.firstConflict == nil)
    change(&scenario)
    let conflict = scenario.firstConflict?.description ?? "none"
    #expect(conflict.hasPrefix(place + ": "), "\(conflict)")
  }

  @Test("A group's own name, count and role are of no account")
  func group() {
    var scenario = ScenarioReaderTests.expected
    Self.group { ($0.name, $0.count, $0.role) = ("", -1, .prefill) }(&scenario)
    #expect(scenario.firstConflict == nil)
  }
}
