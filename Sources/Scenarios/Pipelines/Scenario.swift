public import RequestLogs

/// What is simulated when requests pass through more than one engine: pools of engines, the network
/// between them, and pipelines of stages.
///
/// As text it is YAML; `TraceSchemas/scenario.schema.json` is the contract, and ``init(yaml:path:)`` its
/// reader.
public struct Scenario: Sendable, Hashable {
  /// The version of the format.
  public static let version = 1

  /// `name`: what reports call it.
  public var name: String
  /// `engines`: the pools of like engines; at least one.
  public var pools: [EnginePool]
  /// `pipelines`: what requests pass through; at least one.
  public var pipelines: [StagePipeline]
  /// `indexes`: the vector indexes that `retrieve` stages search.
  public var indexes: [NamedIndex]
  /// `network`: the levels of the network, from the inside out; without any, bytes travel in no time.
  public var network: [NetworkLevel]
  /// `network: key_values`: when keys and values travel from a `prefill` to its `decode`; whole by default.
  public var keyValueMode: KeyValueTransfer.Mode
  /// `workload`: requests that are drawn rather than recorded; nil, the default, where a log brings them. Of a text it has
  /// the scenario's seed, and the clients of its `mixtures` as streams.
  public var workload: SyntheticWorkload?
  /// `slo`: what latencies are held against.
  public var objectives: LatencyObjectives?
  /// `bytes_per_token`: bytes of a token of text on the network; 4 by default.
  public var bytesPerToken: Double
  /// `seed`: what decides everything that is drawn at random; 0 by default.
  public var seed: UInt64

  /// The most engines of all pools together.
  public static let maxEngines = 4096

  /// The engines of all pools together.
  public var engineCount: Int { pools.reduce(0) { $0 + $1.count } }

  /// Creates a scenario; see the properties for what defaults mean.
  public init(
    name: String, pools: [EnginePool], pipelines: [StagePipeline], indexes: [NamedIndex] = [],
    network: [NetworkLevel] = [], keyValueMode: KeyValueTransfer.Mode = .whole,
    workload: SyntheticWorkload? = nil,
    objectives: LatencyObjectives? = nil,
    bytesPerToken: Double = 4, seed: UInt64 = 0
  ) {
    self.name = name
    self.pools = pools
    self.pipelines = pipelines
    self.indexes = indexes
    self.network = network
    self.keyValueMode = keyValueMode
    self.workload = workload
    self.objectives = objectives
    self.bytesPerToken = bytesPerToken
    self.seed = seed
  }
}

/// A level of the network: a switch and what hangs below it.
public struct NetworkLevel: Sendable, Hashable {
  /// `name`: node, rack, ...
  public var name: String
  /// `members`: how many units of the level below one switch joins.
  public var members: Int
  /// `bandwidth_gb_s`: bytes a nanosecond of each member's link, in each direction.
  public var bandwidth: Double
  /// `latency_us`: microseconds through one link; 0 by default.
  public var latency: Double
  /// `efficiency`: the part of the bandwidth that transfers get; 1 by default.
  public var efficiency: Double

  /// Creates a level.
  public init(
    name: String, members: Int, bandwidth: Double, latency: Double = 0, efficiency: Double = 1
  ) {
    self.name = name
    self.members = members
    self.bandwidth = bandwidth
    self.latency = latency
    self.efficiency = efficiency
  }
}

/// What latencies are held against: HERMES's objective (2025, table II), six limits that must all hold.
///
/// P50, P90 and P99 of the time to first token may be 2, 3 and 6 times ``timeToFirstToken``, those of the
/// time per output token 1.25, 1.5 and 5 times ``timePerOutputToken``.
public struct LatencyObjectives: Sendable, Hashable {
  /// `ttft_ms`: base in milliseconds; HERMES takes 250, with retrieval or key-value fetch 1,000.
  public var timeToFirstToken: Double
  /// `tpot_ms`: base in milliseconds; HERMES takes 25.
  public var timePerOutputToken: Double
  /// `ttft_factors`, `tpot_factors`: of P50, P90, P99.
  public var firstTokenFactors: [Double]
  /// See ``firstTokenFactors``.
  public var outputTokenFactors: [Double]

  /// The quantiles that the factors belong to.
  public static let quantiles = [0.5, 0.9, 0.99]

  /// Creates objectives; factors are HERMES's by default.
  public init(
    timeToFirstToken: Double, timePerOutputToken: Double, firstTokenFactors: [Double] = [2, 3, 6],
    outputTokenFactors: [Double] = [1.25, 1.5, 5]
  ) {
    self.timeToFirstToken = timeToFirstToken
    self.timePerOutputToken = timePerOutputToken
    self.firstTokenFactors = firstTokenFactors
    self.outputTokenFactors = outputTokenFactors
  }
}
