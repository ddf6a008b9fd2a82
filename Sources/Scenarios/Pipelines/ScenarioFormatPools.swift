import Operators

/// The kinds of engines, as a pool's `kind` says.
enum PoolKind: String, Sendable, Hashable, MappingForm {
  case model = "llm"
  case encoder
  case processors = "cpu"
  case searcher = "search"
  case store
  case external

  static let selector = "kind"

  /// The keys of a pool of this kind.
  var keys: [FormatKey] {
    switch self {
    case .model: ScenarioFormat.modelPoolKeys
    case .encoder: ScenarioFormat.encoderPoolKeys
    case .processors: ScenarioFormat.processorPoolKeys
    case .searcher: ScenarioFormat.searchPoolKeys
    case .store: ScenarioFormat.storePoolKeys
    case .external: ScenarioFormat.externalPoolKeys
    }
  }
}

extension EnginePool.Service {
  /// The kind in the text.
  var kind: PoolKind {
    switch self {
    case .model: .model
    case .encoder: .encoder
    case .processors: .processors
    case .searcher: .searcher
    case .store: .store
    case .external: .external
    }
  }
}

extension ScenarioFormat {
  /// Keys of every pool.
  private static let poolKeys = [
    name,
    FormatKey(name: "kind", kind: .choice(PoolKind.allCases.map(\.rawValue))),
    FormatKey(name: "price_per_hour", kind: .amount(0...1e6)),
    FormatKey(name: "busy_watts", kind: .amount(0...1e6)),
    FormatKey(name: "idle_watts", kind: .amount(0...1e6)),
  ]

  /// Keys of pools whose engines requests are routed to: all but stores, which stand beside what they
  /// serve and leave no choice.
  private static let routedPoolKeys =
    poolKeys + [
      FormatKey(name: "count", kind: .integer(1...Scenario.maxEngines)),
      FormatKey(name: "first_place", kind: .integer(0...maxPlaces - 1)),
      FormatKey(name: "routing", kind: .shorthand("policy", routingKeys)),
      FormatKey(name: "outages", kind: .mappings(outageKeys, maxCount: 4096)),
      FormatKey(name: "scaling", kind: .mapping(scalingKeys)),
      FormatKey(name: "admission", kind: .mapping(admissionKeys)),
    ]

  /// Keys of language models: those of a deployment's group, but for what a scenario says elsewhere.
  static let modelPoolKeys =
    routedPoolKeys + [model, FormatKey(name: "collectives", kind: .text(maxLength: 256))]
    + DeploymentFormat.engineKeys.filter { !["name", "count", "role"].contains($0.name) }

  /// Keys of encoders.
  static let encoderPoolKeys =
    routedPoolKeys + [
      model,
      device,
      FormatKey(name: "tensor_parallel", kind: .integer(1...1024)),
      FormatKey(name: "data_type", kind: .choice(DataType.allCases.map(\.rawValue))),
      FormatKey(name: "max_batch", kind: .integer(1...65_536)),
      FormatKey(name: "max_batch_tokens", kind: .integer(1...maxTokens)),
    ]

  /// Keys of cores.
  static let processorPoolKeys =
    routedPoolKeys + [
      FormatKey(name: "cores", kind: .integer(1...4096), isRequired: true),
      FormatKey(
        name: "memory_bandwidth_gb_s", kind: .number(above: 0, through: 1e6), isRequired: true),
      FormatKey(name: "memory_gb", kind: .number(above: 0, through: 1e9)),
    ]

  /// Keys of devices that search.
  static let searchPoolKeys =
    routedPoolKeys + [
      device,
      // Graphs are searched on cores alone.
      FormatKey(
        name: "vector_search",
        kind: .mapping(IndexFormat.costKeys.filter { $0.name != IndexForm.graph.rawValue })),
    ]

  /// Keys of stores.
  static let storePoolKeys =
    poolKeys + [
      FormatKey(name: "capacity_gb", kind: .number(above: 0, through: 1e9)),
      // Needed without a curve, as the reader says.
      FormatKey(name: "bandwidth_gb_s", kind: .number(above: 0, through: 1e6)),
      FormatKey(name: "curve", kind: .mappings(curveKeys, maxCount: 4096)),
      FormatKey(name: "latency_us", kind: .amount(0...1e9)),
      FormatKey(name: "engines_per_instance", kind: .integer(1...Scenario.maxEngines)),
      FormatKey(name: "hit_rate", kind: .amount(0...1)),
      FormatKey(
        name: "eviction", kind: .choice(StoreService.Eviction.allCases.map(\.rawValue))),
      FormatKey(name: "next", kind: .text(maxLength: 256)),
      FormatKey(name: "write_back", kind: .boolean),
      FormatKey(name: "write_buffer_gb", kind: .amount(0...1e9)),
    ]

  /// Keys of a point of a store's curve.
  static let curveKeys = [
    FormatKey(name: "bytes", kind: .number(above: 0, through: 1e18), isRequired: true),
    FormatKey(name: "time_us", kind: .number(above: 0, through: 1e15), isRequired: true),
  ]

  /// Keys of what is not simulated.
  static let externalPoolKeys =
    routedPoolKeys + [FormatKey(name: "concurrency", kind: .integer(1...1_000_000))]

  private static let model = FormatKey(
    name: "model", kind: .text(maxLength: 1024), isRequired: true)
  private static let device = FormatKey(
    name: "device", kind: .text(maxLength: 256), isRequired: true)

  /// Keys of how an engine is chosen; a policy alone may stand for them.
  static let routingKeys = [
    FormatKey(
      name: "policy", kind: .choice(PoolRouting.Policy.allCases.map(\.rawValue)),
      isRequired: true),
    FormatKey(name: "heavy_input", kind: .integer(0...maxTokens)),
    FormatKey(name: "heavy_output", kind: .integer(0...maxTokens)),
    FormatKey(name: "heavy_engines", kind: .integer(1...Scenario.maxEngines)),
    FormatKey(name: "load_weight", kind: .amount(0...Double(maxTokens))),
  ]

  /// Which policy a routing's key is of effect with.
  static let routingPolicies: KeyValuePairs<String, PoolRouting.Policy> = [
    "heavy_input": .heavyLight, "heavy_output": .heavyLight, "heavy_engines": .heavyLight,
    "load_weight": .prefixAware,
  ]

  /// Keys of an outage.
  static let outageKeys = [
    FormatKey(name: "engine", kind: .integer(0...Scenario.maxEngines - 1), isRequired: true),
    FormatKey(name: "at_s", kind: .amount(0...1e9), isRequired: true),
    FormatKey(name: "for_s", kind: .number(above: 0, through: 1e9)),
  ]

  /// Keys of a rule for the number of engines.
  static let scalingKeys = [
    FormatKey(name: "min_engines", kind: .integer(1...Scenario.maxEngines), isRequired: true),
    FormatKey(name: "up_at", kind: .number(above: 0, through: 1e6), isRequired: true),
    FormatKey(name: "down_at", kind: .amount(0...1e6), isRequired: true),
    // Looks between which nothing happens are passed over: a short one costs no more than what happens.
    FormatKey(name: "interval_s", kind: .amount(1e-6...1e9), isRequired: true),
    FormatKey(name: "startup_s", kind: .amount(0...1e9), isRequired: true),
  ]

  /// Keys of what is turned away.
  static let admissionKeys = [
    FormatKey(name: "max_outstanding", kind: .integer(1...1_000_000)),
    FormatKey(name: "max_wait_s", kind: .amount(0...1e9)),
  ]
}
