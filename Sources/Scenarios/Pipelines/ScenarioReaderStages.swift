import Yams

extension StagePipeline {
  /// Reads a pipeline.
  init(_ reader: MappingReader) throws(ScenarioError) {
    var stages: [Stage] = []
    for node in try reader.list("stages") {
      stages.append(try Stage(node, path: reader.path))
    }
    self.init(
      name: try reader.text("name") ?? "", requestClass: try reader.text("class"), stages: stages)
    share = try reader.number("share") ?? share
    if reader.has("share"), requestClass != nil {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "share"),
        message: "'share' has no effect beside 'class'; leave one of them out")
    }
  }
}

extension Stage {
  fileprivate init(_ node: Node, path: String) throws(ScenarioError) {
    let (verb, reader) = try StageVerb.read(node, what: "a stage", default: nil, path: path)
    self.init(
      name: try reader.text("name") ?? verb.rawValue, action: try StageAction(verb, reader),
      pool: try reader.text("on") ?? "", after: try reader.names("after"))
    condition =
      try reader.mapping("when", what: "a 'when'").map(StageCondition.init) ?? condition
    isOptional = try reader.boolean("optional") ?? isOptional
  }
}

extension StageCondition {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      requestClass: try reader.text("class"),
      difficultyAbove: try reader.number("difficulty_above"),
      difficultyBelow: try reader.number("difficulty_below"),
      share: try reader.number("share"), inputAbove: try reader.integer("input_above"),
      inputUpTo: try reader.integer("input_up_to"), passages: try reader.boolean("passages"))
    guard self != StageCondition() else {
      throw ScenarioError(
        path: reader.path, line: reader.line,
        message: "'when' needs one of its keys, "
          + ScenarioFormat.conditionKeys.map(\.name).joined(separator: ", "))
    }
  }
}

extension StageAction {
  fileprivate init(_ verb: StageVerb, _ reader: MappingReader) throws(ScenarioError) {
    switch verb {
    case .tokenize, .pad, .detokenize, .process:
      self = .process(try ProcessorWork(verb, reader))
    case .embed, .rerank, .filter, .score: self = .encode(try EncoderWork(verb, reader))
    case .retrieve: self = .retrieve(try Retrieval(reader))
    case .call: self = .call(try ExternalCall(reader))
    case .think: self = .think(try Thinking(reader))
    case .fetch: self = .fetch
    case .prefetch: self = .prefetch
    case .prefill: self = .prefill
    case .decode: self = .decode
    case .generate: self = .generate
    }
  }
}

extension ProcessorWork {
  fileprivate init(_ verb: StageVerb, _ reader: MappingReader) throws(ScenarioError) {
    self.init(source: try reader.choice("tokens_of").flatMap(TokenSource.init) ?? verb.source)
    perRequest = try reader.number("us") ?? perRequest
    perToken = try reader.number("us_per_token") ?? perToken
    bytesPerToken = try reader.number("bytes_per_token") ?? bytesPerToken
    threads = try reader.integer("threads") ?? threads
    guard perRequest > 0 || perToken > 0 || bytesPerToken > 0 else {
      throw ScenarioError(
        path: reader.path, line: reader.line,
        message: "a stage that does '\(verb.rawValue)' needs 'us', 'us_per_token' or "
          + "'bytes_per_token': what it costs")
    }
  }
}

extension EncoderWork {
  fileprivate init(_ verb: StageVerb, _ reader: MappingReader) throws(ScenarioError) {
    self.init(source: try reader.choice("tokens_of").flatMap(TokenSource.init) ?? verb.source)
    tokens = try reader.integer("tokens")
    sequences = try reader.integer("sequences") ?? sequences
    if tokens != nil, reader.has("tokens_of") {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "tokens_of"),
        message: "'tokens_of' has no effect beside 'tokens'; give one of them")
    }
  }
}

extension Retrieval {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      index: try reader.text("index") ?? "", probes: try reader.integer("probes") ?? 1,
      documents: try reader.integer("documents") ?? 1)
    tokensPerDocument = try reader.integer("tokens_per_document") ?? tokensPerDocument
    threads = try reader.integer("threads") ?? threads
    maxBatch = try reader.integer("max_batch") ?? maxBatch
    maxWait = try reader.number("max_wait_us") ?? maxWait
    isLogged = try reader.boolean("from_log") ?? isLogged
  }
}

extension ExternalCall {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(duration: try DurationDistribution(reader))
    tokens = try reader.integer("tokens") ?? tokens
  }
}

extension DurationDistribution {
  /// The ways to say how long something takes, by the keys of each.
  private static let forms = [
    ["seconds"], ["measured_s"], ["from_s", "to_s"], ["mean_s"], ["mean_s", "cv"],
  ]

  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    let given = ["seconds", "measured_s", "from_s", "to_s", "mean_s", "cv"].filter(reader.has)
    guard Self.forms.contains(given) else {
      throw ScenarioError(
        path: reader.path, line: given.first.map(reader.line(of:)) ?? reader.line,
        message: "a call takes 'seconds', or 'mean_s' (with 'cv', or exponential), or 'from_s' and "
          + "'to_s', or 'measured_s'; give one of these"
          + (given.isEmpty ? "" : ", not " + given.map { "'\($0)'" }.joined(separator: " and ")))
    }
    if let seconds = try reader.number("seconds") {
      self = .constant(seconds)
    } else if let measured = try reader.numbers("measured_s") {
      self = .measured(measured)
    } else if let low = try reader.number("from_s"), let high = try reader.number("to_s") {
      self = .uniform(low, high)
    } else if let mean = try reader.number("mean_s") {
      let variation = try reader.number("cv")
      self = variation.map { .logNormal(mean: mean, variation: $0) } ?? .exponential(mean: mean)
    } else {
      throw reader.error("mean_s", "is missing")
    }
  }
}

extension Thinking {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init()
    tokens = try reader.integer("tokens")
    scale = try reader.number("scale") ?? scale
    branches = try reader.integers("branches") ?? branches
    keep = try reader.integer("keep")
    carries = try reader.boolean("carries") ?? carries
    if tokens != nil, reader.has("scale") {
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "scale"),
        message: "'scale' has no effect beside 'tokens'; give one of them")
    }
  }
}
