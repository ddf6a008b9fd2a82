/// The keys and bounds of a search's YAML: what the reader enforces and the schema says.
enum SearchFormat {
  /// The most values of one key to choose from.
  static let maxChoices = 64

  /// Keys of the whole.
  static let keys =
    [
      FormatKey(
        name: "version", kind: .integer(SearchSpace.version...SearchSpace.version), isRequired: true
      ),
      ScenarioFormat.name,
      FormatKey(name: "model", kind: .text(maxLength: 1024), isRequired: true),
      FormatKey(name: "devices", kind: .mappings(deviceKeys, maxCount: 16), isRequired: true),
      FormatKey(name: "engine", kind: .mapping(engineKeys), isRequired: true),
      replicas,
      FormatKey(name: "routing", kind: choices(.choice(Routing.allCases.map(\.rawValue)))),
      FormatKey(name: "split", kind: .mapping(splitKeys)),
      FormatKey(name: "mix_devices", kind: .boolean),
      FormatKey(name: "slo", kind: .mapping(ScenarioFormat.objectiveKeys), isRequired: true),
      FormatKey(name: "budget", kind: .mapping(budgetKeys)),
      FormatKey(name: "objective", kind: .choice(SearchObjective.allCases.map(\.rawValue))),
      FormatKey(name: "workload", kind: .mapping(WorkloadFormat.keys)),
    ] + ScenarioFormat.keys.filter { $0.name == "seed" }

  /// Keys of a kind of device.
  static let deviceKeys = [
    FormatKey(name: "device", kind: .text(maxLength: 256), isRequired: true),
    FormatKey(name: "count", kind: .integer(1...65_536), isRequired: true),
    FormatKey(name: "price_per_hour", kind: .amount(0...1e6)),
    FormatKey(name: "per_node", kind: .integer(1...1024)),
  ]

  /// Keys of an engine, each with one value or several to choose from: those of a deployment's group that a design
  /// does not give it.
  static let engineKeys = DeploymentFormat.engineKeys.compactMap { key -> FormatKey? in
    switch key.name {
    case "name", "count", "device", "role": return nil
    default: break
    }
    // A list already.
    if case .ascending = key.kind { return key }
    return FormatKey(name: key.name, kind: choices(key.kind), isRequired: key.isRequired)
  }

  /// Keys of designs that prefill and decode apart.
  static let splitKeys =
    [
      FormatKey(name: "prefill", kind: .mapping(sideKeys), isRequired: true),
      FormatKey(name: "decode", kind: .mapping(sideKeys), isRequired: true),
    ]
    + DeploymentFormat.keys.filter {
      ["decode_pool", "convert_at_waiting"].contains($0.name)
    } + [
      FormatKey(
        name: "transfer", kind: .mapping(DeploymentFormat.transferKeys), isRequired: true)
    ]

  /// Keys of the engines of one role: those that differ from `engine`'s.
  static let sideKeys =
    engineKeys.map { FormatKey(name: $0.name, kind: $0.kind) } + [replicas]

  /// Keys of what a design may take.
  static let budgetKeys = [
    FormatKey(name: "devices", kind: .integer(1...1_000_000)),
    FormatKey(name: "price_per_hour", kind: .number(above: 0, through: 1e9)),
  ]

  private static let replicas = FormatKey(name: "replicas", kind: choices(.integer(1...1024)))

  private static func choices(_ kind: FormatKey.Kind) -> FormatKey.Kind {
    .choices(kind, maxCount: maxChoices)
  }
}
