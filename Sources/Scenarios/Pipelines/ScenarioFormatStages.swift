/// What a stage's `do` may say.
enum StageVerb: String, Sendable, Hashable, MappingForm {
  case tokenize, pad, detokenize, process
  case embed, rerank, filter, score
  case retrieve, call, fetch, prefetch, prefill, decode, generate, think

  static let selector = "do"

  /// The keys of a stage that does this.
  var keys: [FormatKey] {
    switch self {
    case .tokenize, .pad, .detokenize, .process: ScenarioFormat.processKeys
    case .embed, .rerank, .filter, .score: ScenarioFormat.encodeKeys
    case .retrieve: ScenarioFormat.retrieveKeys
    case .call: ScenarioFormat.callKeys
    case .think: ScenarioFormat.thinkKeys
    case .fetch, .prefetch, .prefill, .decode, .generate: ScenarioFormat.stageKeys
    }
  }

  /// The tokens that a stage works on where it does not say which.
  var source: TokenSource {
    switch self {
    case .detokenize: .answer
    case .embed, .rerank: .prompt
    case .filter, .score: .all
    default: .context
    }
  }
}

extension StageAction {
  /// The kinds of engines that can do this.
  var poolKinds: [PoolKind] {
    switch self {
    case .process: [.processors]
    case .retrieve: [.processors, .searcher]
    case .encode: [.encoder]
    case .call: [.external]
    case .fetch, .prefetch: [.store]
    case .prefill, .decode, .generate, .think: [.model]
    }
  }
}

extension ScenarioFormat {
  /// Keys of every stage.
  static let stageKeys = [
    FormatKey(name: "name", kind: .text(maxLength: 256)),
    FormatKey(name: "do", kind: .choice(StageVerb.allCases.map(\.rawValue)), isRequired: true),
    FormatKey(name: "on", kind: .text(maxLength: 256), isRequired: true),
    FormatKey(name: "after", kind: .names(maxCount: 64)),
    FormatKey(name: "when", kind: .mapping(conditionKeys)),
    FormatKey(name: "optional", kind: .boolean),
  ]

  /// Keys of which requests a stage is done for.
  static let conditionKeys = [
    FormatKey(name: "class", kind: .text(maxLength: 256)),
    FormatKey(name: "difficulty_above", kind: .amount(0...1)),
    FormatKey(name: "difficulty_below", kind: .amount(0...1)),
    FormatKey(name: "share", kind: .amount(0...1)),
    FormatKey(name: "input_above", kind: .integer(0...maxTokens)),
    FormatKey(name: "input_up_to", kind: .integer(0...maxTokens)),
    FormatKey(name: "passages", kind: .boolean),
  ]

  /// Keys of work of cores.
  static let processKeys =
    stageKeys + [
      tokensOf,
      FormatKey(name: "us", kind: .amount(0...1e9)),
      FormatKey(name: "us_per_token", kind: .amount(0...1e6)),
      FormatKey(name: "bytes_per_token", kind: .amount(0...1e9)),
      threads,
    ]

  /// Keys of a forward pass.
  static let encodeKeys =
    stageKeys + [
      tokensOf,
      FormatKey(name: "tokens", kind: .integer(1...maxTokens)),
      FormatKey(name: "sequences", kind: .integer(1...4096)),
    ]

  /// Keys of a search.
  static let retrieveKeys =
    stageKeys + [
      FormatKey(name: "index", kind: .text(maxLength: 256), isRequired: true),
      FormatKey(name: "probes", kind: .integer(1...1_000_000), isRequired: true),
      FormatKey(name: "documents", kind: .integer(1...4096), isRequired: true),
      FormatKey(name: "tokens_per_document", kind: .integer(0...maxTokens)),
      threads,
      FormatKey(name: "max_batch", kind: .integer(1...4096)),
      FormatKey(name: "max_wait_us", kind: .amount(0...1e9)),
      FormatKey(name: "from_log", kind: .boolean),
    ]

  /// Keys of a call.
  static let callKeys =
    stageKeys + [
      FormatKey(name: "seconds", kind: .amount(0...maxDuration)),
      FormatKey(name: "mean_s", kind: .number(above: 0, through: maxDuration)),
      FormatKey(name: "cv", kind: .number(above: 0, through: 100)),
      FormatKey(name: "from_s", kind: .amount(0...maxDuration)),
      FormatKey(name: "to_s", kind: .number(above: 0, through: maxDuration)),
      FormatKey(name: "measured_s", kind: .numbers(0...maxDuration, counts: 1...65_536)),
      FormatKey(name: "tokens", kind: .integer(0...maxTokens)),
    ]

  /// Keys of reasoning.
  static let thinkKeys =
    stageKeys + [
      FormatKey(name: "tokens", kind: .integer(1...maxTokens)),
      FormatKey(name: "scale", kind: .number(above: 0, through: 1024)),
      FormatKey(name: "branches", kind: .integers(1...maxPaths, maxCount: 8)),
      FormatKey(name: "keep", kind: .integer(1...maxPaths)),
      FormatKey(name: "carries", kind: .boolean),
    ]

  /// Seconds of one call: 64 stages of 36 means, the most that a double of 53 random bits draws from an
  /// exponential distribution, stay below the nanoseconds of 63 bits.
  private static let maxDuration = 1e6

  private static let tokensOf = FormatKey(
    name: "tokens_of", kind: .choice(TokenSource.allCases.map(\.rawValue)))
  private static let threads = FormatKey(name: "threads", kind: .integer(1...4096))
}
