import Operators

/// The keys and bounds of a scenario's YAML: what the reader enforces, what values made in code are held
/// to, and what the schema says.
enum ScenarioFormat {
  /// Tokens of one thing.
  static let maxTokens = 16_777_216
  /// Paths that one stage may think on, all levels together.
  static let maxPaths = 1024
  /// Links of a network, two for each member of each level's switches.
  static let maxLinks = 1_048_576
  /// Places of a network: each has two links.
  static let maxPlaces = maxLinks / 2

  /// Names of what the file itself describes.
  static let name = FormatKey(name: "name", kind: .text(maxLength: 256), isRequired: true)

  /// Keys of the whole.
  static let keys = [
    FormatKey(
      name: "version", kind: .integer(Scenario.version...Scenario.version), isRequired: true),
    name,
    FormatKey(name: "network", kind: .mapping(networkKeys)),
    FormatKey(name: "engines", kind: .list(maxCount: 256), isRequired: true),
    FormatKey(name: "pipelines", kind: .mappings(pipelineKeys, maxCount: 256), isRequired: true),
    FormatKey(name: "indexes", kind: .list(maxCount: 256)),
    FormatKey(name: "vector_search", kind: .mapping(IndexFormat.costKeys)),
    FormatKey(name: "workload", kind: .mapping(WorkloadFormat.keys)),
    FormatKey(name: "slo", kind: .mapping(objectiveKeys)),
    FormatKey(name: "bytes_per_token", kind: .number(above: 0, through: 1e6)),
    // What a double still holds, so that every reader of YAML and JSON takes it for the same number.
    FormatKey(name: "seed", kind: .integer(0...9_007_199_254_740_991)),
  ]

  /// Keys of the network.
  static let networkKeys = [
    FormatKey(name: "levels", kind: .mappings(levelKeys, maxCount: 8), isRequired: true),
    FormatKey(
      name: "key_values", kind: .choice(KeyValueTransfer.Mode.allCases.map(\.rawValue))),
  ]

  /// Keys of a level of the network.
  static let levelKeys = [
    name,
    FormatKey(name: "members", kind: .integer(1...4096), isRequired: true),
    FormatKey(name: "bandwidth_gb_s", kind: .number(above: 0, through: 1e6), isRequired: true),
    FormatKey(name: "latency_us", kind: .amount(0...1e9)),
    FormatKey(name: "efficiency", kind: .number(above: 0, through: 1)),
  ]

  /// Keys of the objectives.
  static let objectiveKeys = [
    FormatKey(name: "ttft_ms", kind: .number(above: 0, through: 1e9), isRequired: true),
    FormatKey(name: "tpot_ms", kind: .number(above: 0, through: 1e9), isRequired: true),
    FormatKey(name: "ttft_factors", kind: factors),
    FormatKey(name: "tpot_factors", kind: factors),
  ]

  /// One factor for each quantile.
  private static let factors = FormatKey.Kind.numbers(
    0.01...1000, counts: LatencyObjectives.quantiles.count...LatencyObjectives.quantiles.count)

  /// Keys of a pipeline.
  static let pipelineKeys = [
    name,
    FormatKey(name: "class", kind: .text(maxLength: 256)),
    FormatKey(name: "share", kind: .number(above: 0, through: 1e6)),
    FormatKey(name: "stages", kind: .list(maxCount: 64), isRequired: true),
  ]
}
