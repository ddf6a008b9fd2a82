import Operators
import RequestLogs
import Testing

@testable import Scenarios

/// Holds the reader's keys and bounds, and the written contract, to each other.
@Suite struct ScenarioSchemaTests {
  let document: SchemaDocument

  init() throws { document = try SchemaDocument("scenario.schema.json") }

  /// The schema of each form of pool or stage, by what its selector says.
  private func forms(_ name: String, selector: String) throws -> [String: SchemaDocument.Object] {
    let forms = try #require(try document.definition(name)["oneOf"] as? [SchemaDocument.Object])
    var found: [String: SchemaDocument.Object] = [:]
    for form in forms {
      let object = try document.resolved(form)
      let properties = try #require(object["properties"] as? [String: SchemaDocument.Object])
      for value in try #require(properties[selector]?["enum"] as? [String]) {
        #expect(found[value] == nil)
        found[value] = object
      }
    }
    return found
  }

  /// The keys of a form, whose selector has these values only.
  private func narrowed(_ keys: [FormatKey], _ selector: String, to values: [String]) -> [FormatKey]
  {
    keys.map { key in
      guard key.name == selector else { return key }
      return FormatKey(name: selector, kind: .choice(values), isRequired: key.isRequired)
    }
  }

  @Test("The schema and the reader know the same keys, requirements and bounds")
  func keys() throws {
    try document.check(document.root, ScenarioFormat.keys)
    let engines = try #require(document.root["properties"] as? SchemaDocument.Object)["engines"]
    let items = (engines as? SchemaDocument.Object)?["items"] as? [String: String]
    #expect(items == ["$ref": "#/$defs/pool"])
    let stages = try document.property("stages", of: "pipeline")["items"] as? [String: String]
    #expect(stages == ["$ref": "#/$defs/stage"])
  }

  @Test("Each kind of pool has the reader's keys")
  func pools() throws {
    let forms = try forms("pool", selector: "kind")
    #expect(Set(forms.keys) == Set(PoolKind.allCases.map(\.rawValue)))
    for kind in PoolKind.allCases {
      try document.check(
        try #require(forms[kind.rawValue]), narrowed(kind.keys, "kind", to: [kind.rawValue]),
        // Where no kind is said it is a language model.
        alsoRequired: kind == .model ? [] : ["kind"])
    }
  }

  @Test("Each kind of index has the reader's keys")
  func indexes() throws {
    let forms = try forms("index", selector: "kind")
    #expect(Set(forms.keys) == Set(IndexForm.allCases.map(\.rawValue)))
    for form in IndexForm.allCases {
      try document.check(
        try #require(forms[form.rawValue]), narrowed(form.keys, "kind", to: [form.rawValue]))
    }
    let list = try #require(document.root["properties"] as? SchemaDocument.Object)["indexes"]
    let items = (list as? SchemaDocument.Object)?["items"] as? [String: String]
    #expect(items == ["$ref": "#/$defs/index"])
  }

  @Test("Each verb has the reader's keys")
  func stages() throws {
    let forms = try forms("stage", selector: "do")
    #expect(Set(forms.keys) == Set(StageVerb.allCases.map(\.rawValue)))
    for verb in StageVerb.allCases {
      let form = try #require(forms[verb.rawValue])
      let properties = try #require(form["properties"] as? [String: SchemaDocument.Object])
      let likes = try #require(properties["do"]?["enum"] as? [String])
      try document.check(form, narrowed(verb.keys, "do", to: likes))
    }
  }

  /// A default as text, so that numbers of any type compare.
  private func text(_ value: Any?) -> String? {
    (value as? Double).map(plainNumber) ?? value as? String
  }

  @Test("The schema's defaults are the values'")
  func defaults() throws {
    let routing = PoolRouting()
    let encoder = EncoderService(model: "m", device: "d")
    let store = StoreService(bandwidth: 1)
    let level = NetworkLevel(name: "n", members: 1, bandwidth: 1)
    let work = ProcessorWork(source: .context)
    let thinking = Thinking()
    let search = Retrieval(index: "i", probes: 1, documents: 1)
    let pool = EnginePool(name: "p", service: .external(ExternalService()))
    let stream = ClientStream(
      name: "s", load: .share(1), input: .constant(1), output: .constant(1))
    let sessions = SessionShape(meanTurns: 1, meanThinkTime: 0)
    let mixture = ClientMixture(name: "m", clients: 1, rate: 1)
    let expected: [(String, String, String)] = [
      ("network_level", "latency_us", plainNumber(level.latency)),
      ("network_level", "efficiency", plainNumber(level.efficiency)),
      ("encoder_pool", "max_batch", "\(encoder.maxBatch)"),
      ("encoder_pool", "max_batch_tokens", "\(encoder.maxBatchTokens)"),
      ("encoder_pool", "tensor_parallel", "\(encoder.tensorParallel)"),
      ("encoder_pool", "data_type", encoder.dataType.rawValue),
      ("store_pool", "latency_us", plainNumber(store.latency)),
      ("store_pool", "eviction", store.eviction.rawValue),
      ("external_pool", "count", "\(pool.count)"),
      ("external_pool", "routing", routing.policy.rawValue),
      ("routing", "heavy_input", "\(routing.heavyInput)"),
      ("routing", "heavy_output", "\(routing.heavyOutput)"),
      ("routing", "load_weight", plainNumber(routing.loadWeight)),
      ("pipeline", "share", plainNumber(StagePipeline(name: "p", stages: []).share)),
      ("process_stage", "us", plainNumber(work.perRequest)),
      ("process_stage", "us_per_token", plainNumber(work.perToken)),
      ("process_stage", "bytes_per_token", plainNumber(work.bytesPerToken)),
      ("process_stage", "threads", "\(work.threads)"),
      ("encode_stage", "sequences", "\(EncoderWork(source: .all).sequences)"),
      ("retrieve_stage", "tokens_per_document", "\(search.tokensPerDocument)"),
      ("retrieve_stage", "threads", "\(search.threads)"),
      ("retrieve_stage", "max_batch", "\(search.maxBatch)"),
      ("retrieve_stage", "max_wait_us", plainNumber(search.maxWait)),
      ("call_stage", "tokens", "\(ExternalCall(duration: .constant(1)).tokens)"),
      ("think_stage", "scale", plainNumber(thinking.scale)),
      ("workload", "tokens_per_content_name", "\(SyntheticWorkload().tokensPerContentName)"),
      ("stream", "priority", "\(stream.priority)"),
      ("prefixes", "exponent", plainNumber(SharedPrefixes(count: 1, tokens: 1).exponent)),
      ("sessions", "max_context", "\(sessions.maximumContext)"),
      ("mixture", "skew", plainNumber(mixture.skew)),
      ("mixture", "median_cv", plainNumber(mixture.medianVariation)),
      ("mixture", "cv_spread", plainNumber(mixture.spreadOfVariation)),
      ("mixture_lengths", "cv", plainNumber(mixture.input.variation)),
      ("mixture_lengths", "client_cv", plainNumber(mixture.input.variationOfClients)),
      ("mixture_lengths", "max", "\(mixture.input.maximum)"),
    ]
    for (definition, name, value) in expected {
      let property = try document.property(name, of: definition)
      #expect(text(property["default"]) == value, "\(definition).\(name)")
    }
    let carries = try document.property("carries", of: "think_stage")["default"] as? Bool
    #expect(carries == thinking.carries)
    let branches = try document.property("branches", of: "think_stage")["default"] as? [Int]
    #expect(branches == thinking.branches)
    let writesBack = try document.property("write_back", of: "store_pool")["default"] as? Bool
    #expect(writesBack == store.writesBack)
    let grows = try document.property("grows_context", of: "sessions")["default"] as? Bool
    #expect(grows == sessions.growsContext)
    let scenario = Scenario(name: "n", pools: [], pipelines: [])
    let whole = try #require(document.root["properties"] as? [String: SchemaDocument.Object])
    #expect(whole["bytes_per_token"]?["default"] as? Double == scenario.bytesPerToken)
    #expect(whole["seed"]?["default"] as? UInt64 == scenario.seed)
    let slo = try #require(whole["slo"]?["properties"] as? [String: SchemaDocument.Object])
    let objectives = LatencyObjectives(timeToFirstToken: 1, timePerOutputToken: 1)
    #expect(slo["ttft_factors"]?["default"] as? [Double] == objectives.firstTokenFactors)
    #expect(slo["tpot_factors"]?["default"] as? [Double] == objectives.outputTokenFactors)
  }
}
