import Analytical
import Operators
import Testing

@testable import Scenarios

@Suite struct DeploymentReaderTests {
  static let whole = """
    version: 1
    model: meta-llama/Llama-3.1-8B        # a name
    engines:
      - name: gpu0
        count: 2
        device: rtx-4090
        tensor_parallel: 4
        expert_parallel: 8
        data_type: fp8
        max_num_seqs: 128
        max_num_batched_tokens: 4096
        max_model_len: 32768
        block_size: 32
        num_gpu_blocks: 2588
        enable_prefix_caching: false
        enable_chunked_prefill: true
        long_prefill_token_threshold: 7
        full_sequence_admission: false
        async_scheduling: true
        policy: vllm
        scheduling_policy: priority
        pipeline_parallel: 1
        data_parallel_lockstep: true
        num_speculative_tokens: 3
        draft_acceptance_rate: 0.7
        draft_cost: 0.25
        draft_time_us: 12.5
        cudagraph_capture_sizes: [1, 2, 4, 48]
        runtime: vLLM 0.24.0
        kv_cache_dtype: bf16
    routing: least-loaded
    """

  static let least = """
    version: 1
    model: m
    engines:
      - name: a
        device: d
        max_model_len: 4096
    """

  @Test("Every key is read")
  func everyKey() throws {
    let deployment = try Deployment(yaml: Self.whole, path: "a.yaml")
    let group = EngineGroup(
      name: "gpu0", count: 2, device: "rtx-4090", tensorParallel: 4, expertParallel: 8,
      dataType: .float8, keyValueType: .bfloat16, runtime: "vLLM 0.24.0",
      maxSequences: 128, maxBatchedTokens: 4096, maxModelLength: 32768, blockSize: 32,
      blockCount: 2588, enablesPrefixCaching: false, longPrefillTokenThreshold: 7,
      fullSequenceAdmission: false, asyncScheduling: true, graphSizes: [1, 2, 4, 48],
      queueOrder: .priority, lockstep: true,
      speculation: SpeculativeDecoding(
        tokens: 3, acceptance: 0.7, cost: 0.25, microseconds: 12.5))
    #expect(
      deployment
        == Deployment(
          model: "meta-llama/Llama-3.1-8B", engines: [group], routing: .leastLoaded))
    // And no key is left out of this test.
    for key in DeploymentFormat.keys + DeploymentFormat.engineKeys
    where !["memory_utilization", "max_cudagraph_capture_size", "convert_at_waiting"].contains(
      key.name)
    {
      #expect((Self.whole + Self.roles).contains(key.name + ":"))
    }
  }

  @Test("What is not given has its default")
  func defaults() throws {
    let deployment = try Deployment(yaml: Self.least, path: "a.yaml")
    #expect(
      deployment
        == Deployment(
          model: "m", engines: [EngineGroup(name: "a", device: "d", maxModelLength: 4096)]))
    let part = Self.least + "\n    memory_utilization: 0.5"
    #expect(try Deployment(yaml: part, path: "").engines[0].memoryUtilization == 0.5)
    let graphs = Self.least + "\n    max_cudagraph_capture_size: 272"
    #expect(
      try Deployment(yaml: graphs, path: "").engines[0].graphSizes
        == [1, 2, 4] + Array(stride(from: 8, through: 248, by: 8)) + [256, 272])
  }

  @Test(
    "An error has its line, and says what to do",
    arguments: [
      ("routing: least-loaded", "routing: random", 31, "one of round-robin, least-loaded"),
      ("max_num_seqs: 128", "max_num_seq: 128", 10, "did you mean 'max_num_seqs'?"),
      ("max_num_seqs: 128", "zzzzzzzzzz: 128", 10, "known keys are name, count"),
      ("max_num_seqs: 128", "max_num_seqs: 0", 10, "a whole number, 1 to 65536, not '0'"),
      ("max_num_seqs: 128", "max_num_seqs: 1e3", 10, "a whole number"),
      ("max_num_seqs: 128", "max_num_seqs: \"128\"", 10, "a whole number"),
      ("max_num_seqs: 128", "max_num_seqs: [128]", 10, "a whole number"),
      ("max_num_seqs: 128", "max_num_seqs: 99999999999999999999", 10, "a whole number"),
      ("max_num_seqs: 128", "max_num_seqs:", 10, "a whole number"),
      ("max_num_seqs: 128", "count: 128", 5, "given twice"),
      ("[1, 2, 4, 48]", "[1, 2, 2]", 28, "each larger than the one before"),
      ("[1, 2, 4, 48]", "[0]", 28, "whole numbers, 1 to 16777216"),
      ("[1, 2, 4, 48]", "[]", 28, "a list of 1 to 16384"),
      ("[1, 2, 4, 48]", "48", 28, "a list of 1 to 16384, not '48'"),
      (
        "[1, 2, 4, 48]", "[1]\n    max_cudagraph_capture_size: 8", 29,
        "give one of them"
      ),
      ("version: 1", "version: 2", 1, "a whole number, 1, not '2'"),
      ("data_type: fp8", "data_type: fp9", 9, "one of fp32, fp16, bf16, fp8, int8, int4"),
      ("device: rtx-4090", "count: 1", 5, "given twice"),
      ("device: rtx-4090", "memory_utilization: 0.9", 4, "needs the key 'device'"),
      ("count: 2", "memory_utilization: 0.9", 5, "no effect beside 'num_gpu_blocks'"),
      ("count: 2", "memory_utilization: .nan", 5, "a number above 0.0 and at most 1.0"),
      ("name: gpu0", "name: \"\"", 4, "text of 1 to 256"),
      ("name: gpu0", "name: [x]", 4, "text of 1 to 256"),
      ("model: meta", "model: *meta", 2, "anchors and aliases are not taken"),
      ("enable_chunked_prefill: true", "enable_chunked_prefill: false", 16, "at least 'max_model"),
      ("enable_chunked_prefill: true", "enable_chunked_prefill: yes", 16, "true or false"),
      ("model: meta", "model: {meta", 3, "not YAML"),
      ("policy: vllm", "policy: sglang", 21, "known to policy vllm alone"),
      ("policy: vllm", "policy: orka", 20, "one of vllm, sglang, sarathi, orca, static"),
      ("pipeline_parallel: 1", "pipeline_parallel: 2", 23, "not replayed together"),
      ("num_speculative_tokens: 3", "", 25, "no effect without 'num_speculative_tokens'"),
      ("draft_acceptance_rate: 0.7", "", 24, "needs 'draft_acceptance_rate'"),
      ("expert_parallel: 8", "expert_parallel: 0", 8, "a whole number, 1 to 4096"),
      ("expert_parallel: 8", "expert_parallel: 16", 8, "a multiple of the 2 engines"),
      ("expert_parallel: 8", "expert_parallel: 1\n    x: 1", 9, "has no key 'x'"),
      ("data_parallel_lockstep: true", "", 8, "more than an engine's 4 tensor-parallel devices"),
      ("count: 2", "count: 3", 8, "a multiple of the 3 engines in lockstep that divides their 12"),
      ("draft_acceptance_rate: 0.7", "draft_acceptance_rate: 0", 25, "above 0.0 and at most 1.0"),
    ])
  func errors(old: String, new: String, line: Int, message: String) throws {
    let yaml = Self.whole.replacing(old, with: new)
    #expect(yaml != Self.whole)
    let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x.yaml") }
    #expect(error?.line == line, "\(String(describing: error))")
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    #expect(error?.description.hasPrefix("x.yaml:") == true)
  }

  @Test(
    "Experts are dealt out among devices that there are",
    arguments: [
      (4, 1, false, 4, true), (4, 1, false, 2, true), (4, 2, false, 4, true),
      (4, 1, false, 3, false), (4, 2, false, 8, false), (4, 2, true, 8, true),
      (4, 2, true, 4, true), (4, 2, true, 2, true), (3, 2, true, 3, false), (1, 4, true, 4, true),
      (1, 4, true, 2, false), (4, 1, true, 4, true), (4, 1, true, 8, false), (4, 4, true, 1, true),
    ])
  func experts(tensor: Int, count: Int, lockstep: Bool, ways: Int, fits: Bool) throws {
    let yaml =
      Self.least + """

            count: \(count)
            tensor_parallel: \(tensor)
            data_parallel_lockstep: \(lockstep)
            expert_parallel: \(ways)
        """
    guard fits else {
      let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x") }
      #expect(error?.line == 10, "\(String(describing: error))")
      return
    }
    let group = try Deployment(yaml: yaml, path: "x").engines[0]
    // A copy of the model is one engine's, unless its experts lie on all.
    #expect(group.layout.devices == tensor * (lockstep && ways > 1 ? count : 1))
    #expect(group.layout.expert == ways)
  }

  @Test("A key's line is found again, or that of its group")
  func lines() {
    #expect(Deployment.line(of: "expert_parallel", ofGroup: 0, in: Self.whole) == 8)
    #expect(Deployment.line(of: "expert_parallel", ofGroup: 0, in: Self.least) == 4)
    #expect(Deployment.line(of: "expert_parallel", ofGroup: 7, in: Self.least) == 4)
    #expect(Deployment.line(of: "expert_parallel", ofGroup: 0, in: "- [") == 1)
  }

  @Test(
    "What is no deployment is an error, not a trap",
    arguments: [
      "", " ", "---", "- a", "x", "1: 2", "? [a]\n: b", "\0", "\t", "a: b: c", "version: 1",
      "version: 1\nmodel: m\nengines: []", "version: 1\nmodel: m\nengines: 7",
      "version: 1\nmodel: m\nengines: [1]", String(repeating: "[", count: 100_000),
      String(repeating: "{a: ", count: 100_000), String(repeating: "- ", count: 100_000),
      String(repeating: "a:\n ", count: 3), String(repeating: "x", count: 2_000_000),
      "a: &b [*b]", "? ? ? ? a", "!!binary a", "%YAML 9.9\n---\na: 1", "a: 1\n---\na: 1",
    ])
  func nonsense(yaml: String) {
    #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x.yaml") }
  }

  @Test("Policies of whole prompts need a step that holds the longest request")
  func wholePrompts() throws {
    for policy in SchedulingPolicy.allCases {
      let short = Self.least + "\n    policy: \(policy.rawValue)"
      let yaml = short + "\n    max_num_batched_tokens: 4096"
      #expect(try Deployment(yaml: yaml, path: "").engines[0].policy == policy)
      guard policy.computesWholePrompts else { continue }
      let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: short, path: "") }
      #expect(error?.line == 7)
    }
  }

  static let roles = """
    version: 1
    model: m
    engines:
      - name: p
        device: d
        max_model_len: 4096
        role: prefill
      - name: d
        device: d
        max_model_len: 4096
        role: decode
    decode_pool: local
    transfer:
      bandwidth_gb_s: 12.5
      latency_us: 3
      mode: layerwise
    """

  @Test("Roles are read, and how keys and values travel between them")
  func everyRole() throws {
    let deployment = try Deployment(yaml: Self.roles, path: "a.yaml")
    #expect(deployment.engines.map(\.role) == [.prefill, .decode])
    #expect(deployment.decodePool == .local)
    #expect(
      deployment.transfer == KeyValueTransfer(bandwidth: 12.5, latency: 3, mode: .layerwise))
    let least = Self.roles.replacing("\n  latency_us: 3\n  mode: layerwise", with: "")
      .replacing("decode_pool: local\n", with: "")
    #expect(try Deployment(yaml: least, path: "").transfer == KeyValueTransfer(bandwidth: 12.5))
    #expect(try Deployment(yaml: least, path: "").decodePool == .global)
    #expect(try Deployment(yaml: least, path: "").conversionQueue == nil)
    let converting = Self.roles.replacing("decode_pool: local", with: "convert_at_waiting: 3")
    #expect(try Deployment(yaml: converting, path: "").conversionQueue == 3)
  }

  @Test(
    "Roles that do not go together are an error, with its line",
    arguments: [
      ("role: decode", "role: both", 4, "but none have role decode"),
      ("role: prefill", "role: both", 4, "but none have role prefill"),
      ("role: decode", "role: decoder", 11, "one of both, prefill, decode"),
      ("decode_pool: local", "decode_pool: pairs", 12, "one of global, local"),
      ("bandwidth_gb_s: 12.5", "bandwidth_gb_s: 0", 14, "a number above 0.0"),
      ("bandwidth_gb_s: 12.5", "speed: 7", 14, "a transfer has no key 'speed'"),
      ("  bandwidth_gb_s: 12.5\n", "", 14, "needs the key 'bandwidth_gb_s'"),
      ("decode_pool: local", "convert_at_waiting: 0", 12, "a whole number, 1 to 1000000"),
      ("mode: layerwise", "mode: chunked", 16, "one of whole, layerwise"),
      (
        "transfer:\n  bandwidth_gb_s: 12.5\n  latency_us: 3\n  mode: layerwise", "", 4,
        "need 'transfer'"
      ),
      ("role: prefill", "role: prefill\n    policy: sglang", 8, "not replayed together"),
      ("role: prefill", "role: prefill\n    pipeline_parallel: 2", 8, "not replayed together"),
      ("role: decode", "role: decode\n    async_scheduling: true", 12, "not replayed together"),
      (
        "role: decode", "role: decode\n    data_parallel_lockstep: true", 12,
        "not replayed together"
      ),
      (
        "role: decode", "role: decode\n    num_speculative_tokens: 1\n    draft_acceptance_rate: 1",
        12, "not replayed together"
      ),
    ])
  func roleErrors(old: String, new: String, line: Int, message: String) throws {
    let yaml = Self.roles.replacing(old, with: new)
    #expect(yaml != Self.roles)
    let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x.yaml") }
    #expect(error?.line == line, "\(String(describing: error))")
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
  }

  @Test(
    "Without roles, what only roles need is an error",
    arguments: [
      ("transfer: {bandwidth_gb_s: 1}", "'transfer'"), ("decode_pool: local", "'decode_pool'"),
      ("convert_at_waiting: 3", "'convert_at_waiting'"),
    ])
  func withoutRoles(line: String, name: String) {
    let yaml = Self.least + "\n" + line
    let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x") }
    #expect(error?.line == 7)
    #expect(error?.message.hasPrefix(name + " has no effect") == true)
  }

  @Test("Two groups of one name are an error")
  func sameName() {
    let yaml = Self.least + "\n  - name: a\n    device: d\n    max_model_len: 4096"
    let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x") }
    #expect(error?.line == 7)
  }

  @Test("There are no more engines than can be simulated")
  func tooMany() {
    let groups = (0..<5).map {
      "  - name: g\($0)\n    count: 1024\n    device: d\n    max_model_len: 9"
    }
    let yaml = "version: 1\nmodel: m\nengines:\n" + groups.joined(separator: "\n")
    let error = #expect(throws: ScenarioError.self) { try Deployment(yaml: yaml, path: "x") }
    #expect(error?.message.contains("at most 4096") == true)
  }

  @Test("Every cut of the text is read or refused")
  func truncated() {
    for end in Self.whole.indices {
      _ = try? Deployment(yaml: String(Self.whole[..<end]), path: "x")
    }
  }

  @Test(
    "The nearest name is that of the fewest edits",
    arguments: [
      ("enginse", "engines"), ("Routing", "routing"), ("modle", "model"), ("qqqqqqq", nil),
      ("", nil),
    ] as [(String, String?)])
  func nearest(unknown: String, expected: String?) {
    #expect(nearestName(to: unknown, among: DeploymentFormat.keys.map(\.name)) == expected)
  }

  @Test(
    "A name's part before its hyphen may be meant for the whole",
    arguments: [("h1000", "h100-sxm"), ("a600", "a6000"), ("h100", "h100-sxm"), ("h", nil)]
      as [(String, String?)])
  func nearestHead(unknown: String, expected: String?) {
    #expect(nearestName(to: unknown, among: ["a6000", "h100-sxm", "h100-pcie"]) == expected)
  }
}
