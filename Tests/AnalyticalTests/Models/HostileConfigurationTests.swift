import Analytical
import Operators
import Testing

/// Configurations that nobody means: an error, or a model that can be used; never a trap.
@Suite struct HostileConfigurationTests {
  private static let cases =
    ParameterCase.decoders + ParameterCase.mixtures + ParameterCase.others

  /// Reads a configuration; of one that is accepted, everything is asked for.
  private func use(_ bytes: [UInt8], _ text: @autoclosure () -> String) {
    do throws(AnalyticalError) {
      let model = try ModelArchitecture(configuration: bytes, name: "c.json")
      #expect(model.parameterCount > 0, "\(text())")
      #expect(model.activeParameterCount <= model.parameterCount)
      #expect(model.cacheBytes(tokens: 1e6, Precision(.bfloat16)) > 0)
      let ways = Parallelism(tensor: 2, pipeline: 2, expert: 4, data: 2, sequence: 2)
      for use in model.forwardPass(Precision(.bfloat16), ways) {
        #expect(use.operator.attributes.values.allSatisfy { $0 >= 0 }, "\(use.operator)")
        #expect(use.point(size: 1 << 40)[0] >= 0)
      }
    } catch {
      let line = "\(error)"
      #expect(line.hasPrefix("c.json: cannot use this model configuration: "))
      #expect(!line.contains("\n") && line.utf8.count < 400, "\(line)")
    }
  }

  @Test(arguments: cases) func `Any cut of a configuration is refused`(known: ParameterCase) {
    let bytes = Array(known.configuration.utf8)
    for count in 0..<bytes.count {
      #expect(throws: AnalyticalError.self) {
        _ = try ModelArchitecture(configuration: Array(bytes[..<count]), name: "c.json")
      }
    }
  }

  private static let strange = [
    "0", "-1", "1", "2", "3", "7", "1.5", "-0.0", "1e3", "1e308", "1e999", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "1000000000", "131072", "4096", "null", "true",
    "false", "\"\"", "\"auto\"", "\"llama\"", "[]", "[0]", "[null, -1, 99999999999999999999]", "{}",
    #"{"model_type": "bert"}"#, "[[[[[[]]]]]]",
  ]

  /// The configuration with another value in the place of each number, text and list in turn.
  private func mutations(_ text: String) -> [String] {
    var found: [String] = []
    var place = text.startIndex
    while let colon = text[place...].firstIndex(of: ":") {
      let start = text.index(after: colon)
      let end = text[start...].firstIndex { ",}".contains($0) } ?? text.endIndex
      if !text[start..<end].contains("{") {
        found += Self.strange.map { text[..<start] + " " + $0 + text[end...] }
      }
      place = start
    }
    return found
  }

  @Test(arguments: cases) func `Any field may hold anything`(known: ParameterCase) {
    for text in mutations(known.configuration) { use(Array(text.utf8), text) }
  }

  @Test(arguments: cases) func `Bytes may be changed at random`(known: ParameterCase) {
    var random = SplitMix64(seed: 3)
    for _ in 0..<60 {
      var bytes = Array(known.configuration.utf8)
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(.random(in: 48...57, using: &random), at: place)
        default:
          let other = Int.random(in: 0..<bytes.count, using: &random)
          bytes.swapAt(place, other)
        }
      }
      use(bytes, String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test(arguments: [
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
    "{\"text_config\": {\"text_config\": {\"hidden_size\": 8}}}", "null", "true", "\u{0}",
    "{\"model_type\": \"\(String(repeating: "x", count: 100_000))\"}",
    "{\"mlp_only_layers\": [\(String(repeating: "1,", count: 400_000))1]}",
    "{\"hidden_size\": \(String(repeating: "9", count: 100_000))}",
    "{\"hidden_size\": 8} {\"hidden_size\": 8}", "{'hidden_size': 8}",
    String(repeating: " ", count: 2 << 20) + "{}",
  ])
  func `Documents that are too deep, too large or no object are refused`(text: String) {
    #expect(throws: AnalyticalError.self) {
      _ = try ModelArchitecture(configuration: Array(text.utf8), name: "c.json")
    }
  }

  /// The largest sizes of every family at once.
  @Test(arguments: cases) func `The largest sizes overflow nothing`(known: ParameterCase) throws {
    let limits: [(names: [String], largest: Int)] = [
      (["hidden_size", "n_embd", "d_model"], 131_072),
      (
        ["intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size", "moe_intermediate_size"],
        1_048_576
      ),
      (["intermediate_size_mlp", "shared_expert_intermediate_size"], 1_048_576),
      (["num_hidden_layers", "n_layer", "n_layers", "num_layers"], 1024),
      (["num_attention_heads", "n_head", "n_heads", "num_key_value_heads", "kv_n_heads"], 4096),
      (["num_kv_heads", "multi_query_group_num", "num_heads", "n_groups"], 4096),
      (["head_dim", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "kv_channels"], 8192),
      (["vocab_size", "padded_vocab_size"], 16_777_216),
      (["num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"], 4096),
      (["num_experts_per_tok", "moe_top_k"], 4096), (["n_shared_experts"], 64),
      (["q_lora_rank", "kv_lora_rank", "state_size", "conv_kernel", "time_step_rank"], 65_536),
      (["mamba_d_state", "mamba_d_conv", "mamba_dt_rank", "type_vocab_size"], 65_536),
      (["max_position_embeddings", "n_positions"], 1_000_000_000),
      (["expand", "mamba_expand"], 8),
    ]
    var text = known.configuration
    for (names, largest) in limits {
      for name in names {
        text = text.replacing(
          try Regex("\"\(name)\": ([0-9]+|null|\"auto\")"), with: "\"\(name)\": \(largest)")
      }
    }
    let model = try read(text)
    #expect(model.parameterCount > 1 << 45 && model.parameterCount < 1 << 62, "\(text)")
    #expect(model.activeParameterCount > 0)
    // Weights once more, in floating point, where nothing overflows.
    let weights = model.weightBytes(Precision(.int8), .single)
    expectClose(weights, Double(model.parameterCount), 1e-9)
    for layout in layouts(of: model) {
      let bytes = model.weightBytes(Precision(.bfloat16), layout)
      #expect(bytes.isFinite && bytes > 0)
      for use in model.forwardPass(Precision(.bfloat16), layout) {
        #expect(use.operator.attributes.values.allSatisfy { $0 >= 0 }, "\(use.operator)")
      }
    }
  }
}
