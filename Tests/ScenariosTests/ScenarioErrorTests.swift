import Testing

@testable import Scenarios

@Suite struct ScenarioErrorTests {
  /// What is written instead of what in the whole example, and what is said of it. The line is that of the
  /// first difference, which is where the new text stands.
  static let keys: [(String, String, String)] = [
    ("version: 1", "version: 2", "'version' is a whole number, 1, not '2'"),
    ("name: retrieval-chat", "nam: x", "a scenario has no key 'nam'; did you mean 'name'?"),
    ("name: retrieval-chat", "name: ''", "'name' is text of 1 to 256 characters"),
    ("name: retrieval-chat", #"name: "a\u001b[2J""#, "'name' holds a control character"),
    ("version: 1", #""a\u001bb": 1"#, "a scenario has no key 'a?b'"),
    ("members: 8", "members: 0", "'members' is a whole number, 1 to 4096, not '0'"),
    ("members: 8", "member: 8", "a level of the network has no key 'member'; did you mean"),
    ("members: 8, ", "", "a level of the network needs the key 'members'"),
    (
      "latency_us: 5,", "latency_us: -1,", "'latency_us' is a number, 0.0 to 1000000000.0, not '-1'"
    ),
    ("efficiency: 0.65", "efficiency: nan", "'efficiency' is a number above 0.0 and at most 1.0"),
    (
      "kind: llm", "kind: llms",
      "'kind' is one of llm, encoder, cpu, search, store, external, not 'llms'"
    ),
    ("kind: llm", "kind: llms", "did you mean 'llm'?"),
    ("kind: llm", "kind: [llm]", "'kind' is one of"),
    ("max_num_seqs: 64", "cores: 64", "'cores' belongs to 'kind: cpu', and this is 'kind: llm'"),
    ("max_num_seqs: 64", "max_num_seq: 64", "no key 'max_num_seq'; did you mean 'max_num_seqs'?"),
    ("max_num_seqs: 64", "role: prefill", "a pool of engines has no key 'role'"),
    ("max_num_seqs: 64", "memory_utilization: 0.5", "no effect beside 'num_gpu_blocks'"),
    ("max_num_seqs: 64", "policy: orca", "'max_num_batched_tokens' (2048) must be at least"),
    ("count: 4", "count: 4097", "'count' is a whole number, 1 to 4096, not '4097'"),
    ("policy: prefix-aware", "policy: prefix", "'policy' is one of round-robin, shortest-queue"),
    ("policy: prefix-aware", "policy: oracle", "'load_weight' has no effect without 'policy: pre"),
    ("load_weight: 256", "heavy_input: 256", "no effect without 'policy: heavy-light'"),
    ("policy: prefix-aware, ", "", "a routing needs the key 'policy'"),
    ("routing: shortest-queue", "routing: shortest", "'policy' is one of round-robin"),
    ("routing: shortest-queue", "routing: []", "a routing is written as 'key: value' lines"),
    ("engine: 1, at_s: 60", "engine: -1, at_s: 60", "'engine' is a whole number, 0 to 4095"),
    ("[{engine: 1, at_s: 60, for_s: 30}, {engine: 1, at_s: 100}]", "[]", "a list of 1 to 4096"),
    ("[{engine: 1, at_s: 60, for_s: 30}, {engine: 1, at_s: 100}]", "7", "1 to 4096, not '7'"),
    ("for_s: 30", "for_s: 0", "'for_s' is a number above 0.0 and at most 1000000000.0"),
    ("interval_s: 5", "interval_s: 1e-9", "'interval_s' is a number, 1e-06 to 1000000000.0"),
    (", startup_s: 60", "", "a scaling needs the key 'startup_s'"),
    ("max_outstanding: 200", "max_waiting: 2", "no key 'max_waiting'; did you mean 'max_wait_s'?"),
    ("data_type: fp16", "data_type: fp15", "'data_type' is one of"),
    ("data_type: fp16", "capacity_gb: 9", "'capacity_gb' belongs to 'kind: store'"),
    ("capacity_gb: 4000", "count: 2", "'count' belongs to 'kind: llm|encoder|cpu|search|external'"),
    ("capacity_gb: 4000", "latency: 2", "no key 'latency'; did you mean 'latency_us'?"),
    ("eviction: fifo", "eviction: lifo", "'eviction' is one of lru, fifo"),
    ("hit_rate: 0.5", "eviction: fifo", "'eviction' has no effect without 'capacity_gb'"),
    (
      "hit_rate: 0.5", "hit_rate: 0.5, capacity_gb: 1, eviction: fifo",
      "'eviction' has no effect beside 'hit_rate'"
    ),
    (
      "hit_rate: 0.5", "first_place: 1",
      "'first_place' belongs to 'kind: llm|encoder|cpu|search|external'"
    ),
    ("hit_rate: 0.5", "hit_rate: 1.5", "'hit_rate' is a number, 0.0 to 1.0"),
    ("write_back: false", "write_back: no", "'write_back' is true or false"),
    ("class: rag", "class: rag\n    share: 2", "'share' has no effect beside 'class'"),
    ("do: embed", "do: embedd", "'do' is one of tokenize"),
    ("do: embed", "do: embedd", "did you mean 'embed'?"),
    ("{do: embed, on: embedder, ", "{on: embedder, ", "a stage needs the key 'do'"),
    (
      "{do: embed, on: embedder, tokens_of: context}", "embed", "a stage is written as 'key: value'"
    ),
    ("do: embed, on: embedder, ", "do: embed, ", "a stage needs the key 'on'"),
    ("tokens_of: context", "probes: 3", "'probes' belongs to 'do: retrieve', and this is 'do: em"),
    ("tokens_of: context", "tokens_of: contex", "'tokens_of' is one of prompt, context, answer"),
    (
      "tokens_of: context", "tokens_of: all, tokens: 3", "'tokens_of' has no effect beside 'tokens'"
    ),
    ("index: wiki, ", "", "a stage needs the key 'index'"),
    (
      "us: 3, us_per_token: 0.5, bytes_per_token: 8, ", "",
      "a stage that does 'tokenize' needs 'us', 'us_per_token' or 'bytes_per_token'"
    ),
    ("us: 3", "us: 1e99", "'us' is a number, 0.0 to 1000000000.0"),
    ("mean_s: 0.4, ", "", "give one of these, not 'cv'"),
    ("mean_s: 0.4, cv: 0.5, ", "", "a call takes 'seconds', or"),
    ("mean_s: 0.4", "seconds: 1", "give one of these, not 'seconds' and 'cv'"),
    ("mean_s: 0.4, cv: 0.5", "from_s: 1", "give one of these, not 'from_s'"),
    ("mean_s: 0.4, cv: 0.5", "measured_s: []", "'measured_s' is a list of 1 to 65536 numbers"),
    ("mean_s: 0.4, cv: 0.5", "measured_s: [1, -1]", "numbers, 0.0 to 1000000.0"),
    ("mean_s: 0.4, cv: 0.5", "measured_s: 3", "1000000.0, not '3'"),
    ("after: [tokenize]", "after: tokenize", "'after' is a list of at most 64 names, in brackets"),
    (
      "after: [tokenize]", "after: [tokenize, tokenize]",
      "'after' is a list of names, each given once"
    ),
    ("branches: [2, 4]", "branches: [2, 0]", "a list of 1 to 8 whole numbers, 1 to 1024"),
    ("branches: [2, 4]", "branches: 8", "a list of 1 to 8 whole numbers, 1 to 1024, not '8'"),
    ("scale: 4", "scale: 4, tokens: 3", "'scale' has no effect beside 'tokens'"),
    (
      "when: {share: 0.1, passages: true}", "when: {}",
      "'when' needs one of its keys, class, difficulty_above"
    ),
    (
      "when: {share: 0.1, passages: true}", "when: {shares: 0.1}",
      "a 'when' has no key 'shares'; did you mean"
    ),
    (
      "when: {share: 0.1, passages: true}", "when: always",
      "a 'when' is written as 'key: value' lines"
    ),
    ("ttft_factors: [1, 2, 4]", "ttft_factors: [1, 2]", "'ttft_factors' is a list of 3 numbers"),
    ("seed: 7", "seed: -7", "'seed' is a whole number, 0 to 9007199254740991"),
    ("bytes_per_token: 2.5", "bytes_per_token: 0", "'bytes_per_token' is a number above 0.0"),
  ]

  /// The same, about what parts say about each other.
  static let conflicts: [(String, String, String)] = [
    ("name: rack,", "name: node,", "'node' is the name of an earlier one, too"),
    (
      "members: 4,",
      "members: 4, bandwidth_gb_s: 1}\n    - {name: x, members: 4096, bandwidth_gb_s: 1}\n    - {name: y, members: 4096,",
      "more than 1048576 links"
    ),
    ("name: embedder,", "name: chat,", "'chat' is the name of an earlier one"),
    ("idle_watts: 90", "idle_watts: 900", "'idle_watts' is at most 'busy_watts'"),
    ("engine: 1, at_s: 60", "engine: 4, at_s: 60", "the engines of 'chat' are 0 to 3"),
    ("at_s: 100", "at_s: 75", "engine 1 has not come back from its outage before by then"),
    (", for_s: 30", "", "engine 1 has not come back"),
    ("min_engines: 1", "min_engines: 5", "'min_engines' is at most 'count' (4)"),
    ("down_at: 5", "down_at: 40", "'down_at' is less than 'up_at'"),
    ("max_outstanding: 200, max_wait_s: 9", "", "'admission' needs 'max_outstanding' or"),
    ("heavy_engines: 1", "heavy_engines: 2", "fewer 'heavy_engines' than 'count' (2)"),
    ("routing: shortest-queue", "routing: heavy-light", "than 'count' (1)"),
    ("routing: shortest-queue", "routing: prefix-aware", "engines of kind external do not have"),
    ("next: remote", "next: remotes", "there is no store 'remotes'; did you mean 'remote'?"),
    ("next: remote", "next: hosts", "'hosts' is a pool of kind cpu"),
    ("next: remote", "next: rack-store", "never end; leave one 'next' out"),
    ("tensor_parallel: 2, collectives: rack", "collectives: rack", "with 'tensor_parallel: 1'"),
    (
      "collectives: rack", "collectives: rak", "no level of the network 'rak'; did you mean 'rack'?"
    ),
    ("collectives: rack", "collectives: rack, pipeline_parallel: 2", "goes with neither"),
    ("collectives: rack", "collectives: rack, async_scheduling: true", "goes with neither"),
    (
      "collectives: rack", "collectives: rack, data_parallel_lockstep: true",
      "and 'collectives' are"
    ),
    (
      "max_num_seqs: 64", "max_num_seqs: 64\n    data_parallel_lockstep: true",
      "'data_parallel_lockstep' and 'outages' are not replayed together"
    ),
    (
      "vector_search: {ivf-flat", "vector_search: {hnsw",
      "a 'vector_search' has no key 'hnsw'"
    ),
    ("key_values: layerwise", "key_values: layers", "'key_values' is one of whole, layerwise"),
    ("first_place: 31", "first_place: 32", "places 32 to 32, and the network has 32"),
    ("first_place: 2\n", "first_place: 29\n", "places 29 to 32, and the network has 32"),
    ("name: apart", "name: rag", "'rag' is the name of an earlier one"),
    ("share: 0.3", "class: rag", "requests of class 'rag' take the pipeline 'rag'"),
    ("{do: embed,", "{name: tokenize, do: embed,", "'tokenize' is the name of an earlier one"),
    (
      "on: embedder, tokens_of", "on: embeder, tokens_of",
      "no pool of engines 'embeder'; did you mean 'emb"
    ),
    (
      "on: embedder, tokens_of", "on: chat, tokens_of",
      "'embed' needs engines of kind encoder, and 'chat'"
    ),
    ("on: embedder, tokens_of", "on: chat, tokens_of", "is of kind llm; try 'embedder', 'guard'"),
    ("do: retrieve, on: hosts", "do: retrieve, on: web", "needs engines of kind cpu or search"),
    ("do: call, on: web", "do: call, on: hosts", "needs engines of kind external"),
    (
      "do: decode, on: second", "do: decode, optional: true, on: second",
      "a request passes both 'prefill' and 'decode' or none: leave 'optional' out"
    ),
    (
      "{do: rerank, on: embedder, tokens: 256, sequences: 20, optional: true}",
      "{name: rerank, do: retrieve, on: hosts, index: flat, probes: 1, documents: 1, from_log: true}",
      "'retrieve' brings the passages of the log; leave 'from_log' out here"
    ),
    ("optional: true", "optional: 1", "'optional' is true or false"),
    ("do: fetch, on: rack-store", "do: prefetch, on: chat", "'read' needs engines of kind store"),
    ("do: fetch, on: rack-store", "do: fetch, on: chat", "needs engines of kind store"),
    ("do: prefill, on: first", "do: prefill, on: guard", "needs engines of kind llm"),
    ("threads: 2", "threads: 65", "'threads' is at most the 'cores' of 'hosts' (64)"),
    ("threads: 64", "threads: 65", "'threads' is at most the 'cores' of 'hosts' (64)"),
    (
      "documents: 20", "documents: 4096, tokens_per_document: 4097", "more than the 16777216 tokens"
    ),
    ("branches: [2, 4]", "branches: [1024, 2]", "'branches' make at most 1024 paths"),
    ("keep: 3", "keep: 9", "'keep' is at most the number of paths (8)"),
    ("mean_s: 0.4, cv: 0.5", "from_s: 2, to_s: 2", "'to_s' is more than 'from_s'"),
    (
      "after: [tokenize]", "after: [tokenise]",
      "there is no stage 'tokenise'; did you mean 'tokenize'?"
    ),
    ("after: [tokenize]", "after: [call]", "'call' is not above this stage"),
    ("after: [tokenize]", "after: [generate]", "'generate' is not above this stage"),
    (
      "when: {share: 0.1, passages: true}", "when: {class: a}",
      "all requests of 'rag' are of class 'rag'"
    ),
    ("class: a,", "class: rag,", "take the pipeline 'rag' and never come here"),
    ("input_up_to: 9", "input_up_to: 7", "no context is above 7 and up to 7 tokens"),
    (
      "difficulty_above: 0.25, difficulty_below: 0.75",
      "difficulty_above: 1, difficulty_below: 0.5",
      "no difficulty is above 1.0 and below 0.5"
    ),
    (
      "do: generate", "do: decode",
      "'decode' must come after exactly one 'prefill' of the same model"
    ),
    ("do: generate", "do: prefill", "no 'decode' goes on with what 'prefill' computes"),
    ("do: decode, on: second", "do: decode, on: chat", "after exactly one 'prefill' of the same"),
    (
      "do: decode, on: second, when: {difficulty_above: 0.25",
      "do: decode, on: second, when: {difficulty_above: 0.2",
      "give both the same 'when'"
    ),
    (
      "{do: decode,", "{do: decode, after: [pad],", "'decode' must come after exactly one 'prefill'"
    ),
    (
      "{do: decode,", "{name: again, do: prefill, on: first}\n      - {do: decode,",
      "'decode' must come after exactly one 'prefill'"
    ),
    ("ttft_factors: [1, 2, 4]", "ttft_factors: [1, 2, 1]", "none may be less than the one before"),
  ]

  /// Expects the whole example with another text to be refused at that text, with this message.
  func check(_ old: String, _ new: String, _ message: String) throws {
    let whole = ScenarioReaderTests.whole
    let place = try #require(whole.firstRange(of: old))
    let yaml = whole[..<place.lowerBound] + new + whole[place.upperBound...]
    let line = 1 + whole[..<place.lowerBound].count { $0 == "\n" }
    let error = #expect(throws: ScenarioError.self) {
      try Scenario(yaml: String(yaml), path: "x.yaml")
    }
    // A new text of several lines has its error in one of them.
    let lines = line...line + new.count { $0 == "\n" }
    #expect(lines.contains(error?.line ?? 0), "\(String(describing: error))")
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    #expect(error?.message.contains("\n") == false)
  }

  @Test("A key or value that is wrong has its line, and what to do is said", arguments: keys)
  func key(old: String, new: String, message: String) throws { try check(old, new, message) }

  @Test("What does not fit the rest has its line, and what to do is said", arguments: conflicts)
  func conflict(old: String, new: String, message: String) throws { try check(old, new, message) }

  @Test(
    "In values over several lines, the line is that of the part",
    arguments: [
      ("for_s: 9", "for_s: 0", 13, "'for_s'"),
      ("- engine: 1\n    at_s: 20", "- engine: 2\n    at_s: 20", 14, "are 0 to 1"),
      ("at_s: 20", "at_s: 5", 15, "has not come back"),
      ("      first]", "      frst]", 23, "there is no stage 'frst'; did you mean 'first'?"),
      ("name: p", "share: 1", 17, "a pipeline needs the key 'name'"),
    ])
  func lines(old: String, new: String, line: Int, message: String) throws {
    let yaml = """
      version: 1
      name: n
      engines:
      - name: e
        model: m
        count: 2
        device: d
        max_model_len: 9
        outages:
        # The first of them.
        - engine: 1
          at_s: 0
          for_s: 9
        - engine: 1
          at_s: 20
      pipelines:
      - name: p
        stages:
        - name: first
          do: generate
          on: e
        - do: think
          after: [ # a comment
            first]
          on: e
      """
    #expect(try Scenario(yaml: yaml, path: "").pools[0].outages.count == 2)
    let text = yaml.replacing(old, with: new)
    #expect(text != yaml)
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: text, path: "x") }
    #expect(error?.line == line, "\(String(describing: error))")
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test("There are no more engines than can be simulated")
  func tooMany() {
    let yaml = ScenarioReaderTests.whole.replacing("count: 4\n", with: "count: 4096\n")
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "x") }
    #expect(error?.message.contains("at most 4096 engines") == true)
  }

  @Test("Without a network, places have no meaning")
  func noNetwork() {
    let yaml = """
      version: 1
      name: n
      engines: [{name: x, kind: external, first_place: 0}]
      pipelines: [{name: p, stages: [{do: call, on: x, seconds: 1}]}]
      """
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "x") }
    #expect(error?.message == "'first_place' has no effect without 'network'")
    #expect(error?.line == 3)
  }

  @Test(
    "Engines that prefill or decode alone are of a policy that can",
    arguments: ["policy: sglang", "async_scheduling: true", "data_parallel_lockstep: true"])
  func handover(setting: String) {
    let yaml = ScenarioReaderTests.whole.replacing(
      "name: second, model: S,", with: "name: second, model: S, \(setting),")
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "x") }
    #expect(error?.message.hasPrefix("'second' cannot decode alone: ") == true)
  }

  @Test("What comes back to a fetch that nothing uses is said")
  func uselessFetch() {
    var scenario = ScenarioReaderTests.expected
    scenario.pipelines[0].stages.removeAll { ["think", "generate"].contains($0.name) }
    #expect(
      scenario.firstConflict?.description
        == "pipelines[0].stages[5].do: no 'prefill', 'generate' or 'think' comes after 'read' to "
        + "use what it brings")
  }
}
