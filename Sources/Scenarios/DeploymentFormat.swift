import Operators

/// A key of a YAML mapping: its name and what it may hold.
struct FormatKey: Sendable, Hashable {
  /// What a key may hold.
  indirect enum Kind: Sendable, Hashable {
    case text(maxLength: Int)
    case integer(ClosedRange<Int>)
    /// A number above the first bound, up to and with the second.
    case number(above: Double, through: Double)
    /// A number within these bounds, both included.
    case amount(ClosedRange<Double>)
    case boolean
    case choice([String])
    case list(maxCount: Int)
    /// Whole numbers, each larger than the one before.
    case ascending(ClosedRange<Int>, maxCount: Int)
    /// Whole numbers.
    case integers(ClosedRange<Int>, maxCount: Int)
    /// Numbers, so many of them.
    case numbers(ClosedRange<Double>, counts: ClosedRange<Int>)
    /// Names that differ, or none.
    case names(maxCount: Int)
    /// A value of this kind, or a list of several to choose from.
    case choices(Kind, maxCount: Int)
    /// Keys of its own.
    case mapping([FormatKey])
    /// Keys of its own, or the value of this one alone.
    case shorthand(String, [FormatKey])
    /// A list of mappings, at least one.
    case mappings([FormatKey], maxCount: Int)
    /// Keys that depend on one of them, or where one is given, the value of this key alone.
    case forms([FormatForm], number: FormatKey? = nil)
  }

  var name: String
  var kind: Kind
  var isRequired = false
}

/// One form of a mapping whose keys depend on one of them.
struct FormatForm: Sendable, Hashable {
  /// The key that tells the form.
  var selector: String
  /// What it says.
  var name: String
  /// All keys of the form, the selector among them.
  var keys: [FormatKey]
}

/// The keys and bounds of a deployment's YAML: what the reader enforces and the schema says.
enum DeploymentFormat {
  /// Keys of the whole.
  static let keys = [
    FormatKey(
      name: "version", kind: .integer(Deployment.version...Deployment.version), isRequired: true),
    FormatKey(name: "model", kind: .text(maxLength: 1024), isRequired: true),
    FormatKey(name: "engines", kind: .list(maxCount: 256), isRequired: true),
    FormatKey(name: "routing", kind: .choice(Routing.allCases.map(\.rawValue))),
    FormatKey(name: "decode_pool", kind: .choice(DecodePool.allCases.map(\.rawValue))),
    FormatKey(name: "convert_at_waiting", kind: .integer(1...1_000_000)),
    FormatKey(name: "transfer", kind: .mapping(transferKeys)),
  ]

  /// Keys of the links between engines with roles.
  static let transferKeys = [
    FormatKey(name: "bandwidth_gb_s", kind: .number(above: 0, through: 1e6), isRequired: true),
    FormatKey(name: "latency_us", kind: .number(above: 0, through: 1e9)),
    FormatKey(name: "mode", kind: .choice(KeyValueTransfer.Mode.allCases.map(\.rawValue))),
  ]

  /// Keys of a group of engines.
  static let engineKeys = [
    FormatKey(name: "name", kind: .text(maxLength: 256), isRequired: true),
    FormatKey(name: "count", kind: .integer(1...1024)),
    FormatKey(name: "device", kind: .text(maxLength: 256), isRequired: true),
    FormatKey(name: "tensor_parallel", kind: .integer(1...1024)),
    FormatKey(name: "expert_parallel", kind: .integer(1...4096)),
    FormatKey(name: "runtime", kind: .text(maxLength: 256)),
    FormatKey(name: "data_type", kind: .choice(DataType.allCases.map(\.rawValue))),
    FormatKey(
      name: "kv_cache_dtype", kind: .choice(["auto"] + DataType.allCases.map(\.rawValue))),
    FormatKey(name: "max_num_seqs", kind: .integer(1...65_536)),
    FormatKey(name: "max_num_batched_tokens", kind: .integer(1...16_777_216)),
    FormatKey(name: "max_model_len", kind: .integer(2...16_777_216), isRequired: true),
    FormatKey(name: "block_size", kind: .integer(1...4096)),
    FormatKey(name: "num_gpu_blocks", kind: .integer(2...EngineGroup.mostBlocks)),
    FormatKey(name: "memory_utilization", kind: .number(above: 0, through: 1)),
    FormatKey(name: "enable_prefix_caching", kind: .boolean),
    FormatKey(name: "enable_chunked_prefill", kind: .boolean),
    FormatKey(name: "long_prefill_token_threshold", kind: .integer(0...16_777_216)),
    FormatKey(name: "full_sequence_admission", kind: .boolean),
    FormatKey(name: "async_scheduling", kind: .boolean),
    FormatKey(
      name: "cudagraph_capture_sizes", kind: .ascending(1...16_777_216, maxCount: 16_384)),
    FormatKey(name: "max_cudagraph_capture_size", kind: .integer(0...65_536)),
    FormatKey(name: "policy", kind: .choice(SchedulingPolicy.allCases.map(\.rawValue))),
    FormatKey(name: "scheduling_policy", kind: .choice(QueueOrder.allCases.map(\.rawValue))),
    FormatKey(name: "pipeline_parallel", kind: .integer(1...64)),
    FormatKey(name: "data_parallel_lockstep", kind: .boolean),
    FormatKey(name: "num_speculative_tokens", kind: .integer(1...64)),
    FormatKey(name: "draft_acceptance_rate", kind: .number(above: 0, through: 1)),
    FormatKey(name: "draft_cost", kind: .number(above: 0, through: 10)),
    FormatKey(name: "draft_time_us", kind: .number(above: 0, through: 1e6)),
    FormatKey(name: "role", kind: .choice(EngineRole.allCases.map(\.rawValue))),
  ]

  /// The first key of these whose number is out of its bounds, or nil.
  static func firstOutOfBounds(_ numbers: [(key: String, value: Int)]) -> String? {
    numbers.first { number in
      engineKeys.contains { key in
        guard key.name == number.key, case .integer(let bounds) = key.kind else { return false }
        return !bounds.contains(number.value)
      }
    }?.key
  }
}
