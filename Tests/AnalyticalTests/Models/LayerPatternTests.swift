import Analytical
import Operators
import Testing

/// Which layers of a configuration have a window, and which have experts.
@Suite struct LayerPatternTests {
  private static let sizes = """
    "hidden_size": 12, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 5,
    "intermediate_size": 20, "vocab_size": 100
    """

  private func model(_ type: String, layers: Int, _ fields: String = "") throws
    -> ModelArchitecture
  {
    try read(
      """
      {"model_type": "\(type)", \(Self.sizes), "num_hidden_layers": \(layers)
      \(fields.isEmpty ? "" : ", " + fields)}
      """)
  }

  /// Layers by their window; those that see everything under 0.
  private func windows(_ model: ModelArchitecture) -> [Int: Int] {
    var windows: [Int: Int] = [:]
    for group in model.layerGroups {
      guard case .attention(let attention) = group.mixer else { continue }
      windows[attention.window ?? 0, default: 0] += group.count
    }
    return windows
  }

  @Test(arguments: [
    ("mistral", 5, #""sliding_window": 64"#, [64: 5]),
    ("mistral", 5, #""sliding_window": null"#, [0: 5]),
    ("llama", 5, "", [0: 5]),
    // Every second layer of Gemma 2 sees everything, every sixth of Gemma 3, counted from one.
    ("gemma2", 5, #""sliding_window": 64"#, [64: 3, 0: 2]),
    ("gemma3_text", 14, #""sliding_window": 64"#, [64: 12, 0: 2]),
    ("gemma3_text", 14, #""sliding_window": 64, "sliding_window_pattern": 3"#, [64: 10, 0: 4]),
    ("cohere2", 9, #""sliding_window": 64"#, [64: 7, 0: 2]),
    ("gpt_oss", 5, #""sliding_window": 64"#, [64: 3, 0: 2]),
    (
      "gpt_oss", 3,
      #""sliding_window": 64, "layer_types": ["full_attention", "full_attention", "sliding_attention"]"#,
      [64: 1, 0: 2]
    ),
    // Of another number of layers than there are, the list is not meant.
    ("gpt_oss", 5, #""sliding_window": 64, "layer_types": ["full_attention"]"#, [64: 3, 0: 2]),
    ("qwen2", 5, #""sliding_window": 64, "max_window_layers": 2"#, [0: 5]),
    (
      "qwen2", 5, #""sliding_window": 64, "use_sliding_window": false, "max_window_layers": 2"#,
      [0: 5]
    ),
    (
      "qwen2", 5, #""sliding_window": 64, "use_sliding_window": true, "max_window_layers": 2"#,
      [0: 2, 64: 3]
    ),
    (
      "qwen3", 5, #""sliding_window": 64, "use_sliding_window": true, "max_window_layers": 5"#,
      [0: 5]
    ),
    // Llama 4 sees chunks but in every fourth layer, or where the list says so.
    (
      "llama4_text", 8, #""attention_chunk_size": 64, "no_rope_layer_interval": 4"#,
      [64: 6, 0: 2]
    ),
    (
      "llama4_text", 3, #""attention_chunk_size": 64, "no_rope_layers": [0, 0, 1]"#, [64: 1, 0: 2]
    ),
  ])
  func `Windows are where the family has them`(
    type: String, layers: Int, fields: String, expected: [Int: Int]
  ) throws {
    #expect(windows(try model(type, layers: layers, fields)) == expected)
  }

  /// Layers with experts and those without.
  private func experts(_ model: ModelArchitecture) -> [Int] {
    model.layerGroups.reduce(into: [0, 0]) { counts, group in
      if case .experts = group.feedForward {
        counts[0] += group.count
      } else {
        counts[1] += group.count
      }
    }
  }

  @Test(arguments: [
    ("mixtral", 6, "", [6, 0]),
    ("deepseek_v3", 6, #""first_k_dense_replace": 2"#, [4, 2]),
    ("deepseek_v3", 7, #""first_k_dense_replace": 1, "moe_layer_freq": 2"#, [3, 4]),
    ("qwen3_moe", 7, #""decoder_sparse_step": 2"#, [3, 4]),
    ("qwen3_moe", 7, #""decoder_sparse_step": 2, "mlp_only_layers": [1, 2]"#, [2, 5]),
    ("llama4_text", 7, #""interleave_moe_layer_step": 3"#, [2, 5]),
  ])
  func `Experts are where the family has them`(
    type: String, layers: Int, fields: String, expected: [Int]
  ) throws {
    let some = #""num_experts": 7, "num_experts_per_tok": 2"#
    let model = try model(type, layers: layers, fields.isEmpty ? some : "\(some), \(fields)")
    #expect(experts(model) == expected)
  }

  @Test(arguments: [
    ("llama", "LlamaForCausalLM", true), ("gpt2", "GPT2LMHeadModel", true),
    ("llama", "LlamaModel", false), ("gpt2", "GPT2Model", false), ("bert", "BertModel", false),
  ])
  func `Only a class that ends in Model and names no head has none`(
    type: String, architecture: String, hasHead: Bool
  ) throws {
    let model = try read(
      """
      {"model_type": "\(type)", "architectures": ["\(architecture)"], \(Self.sizes),
      "num_hidden_layers": 3, "max_position_embeddings": 9, "n_positions": 9, "n_head": 6}
      """)
    let isLanguageModel = if case .languageModel = model.head { true } else { false }
    #expect(isLanguageModel == hasHead)
    let roles = model.forwardPass(.bfloat16).map(\.role)
    #expect(roles.contains("lm_head") == hasHead && roles.contains("sampler") == hasHead)
  }

  @Test func `One expert is none`() throws {
    let model = try model("mixtral", layers: 3, #""num_local_experts": 1"#)
    #expect(!model.hasExperts)
  }

  @Test(arguments: [
    ("llama", true), ("gemma3_text", true), ("jamba", true), ("next", false), ("", false),
    ("Llama", false),
  ])
  func `An unknown type reads like Llama and says so`(type: String, isKnown: Bool) throws {
    let found = try model(type, layers: 3)
    #expect(found.isFamilyKnown == isKnown)
    guard !isKnown else { return }
    var llama = try model("llama", layers: 3)
    llama.isFamilyKnown = false
    #expect(found == llama)
  }

  @Test func `Of a field given twice the last counts, as in Python`() throws {
    #expect(try model("llama", layers: 3, #""vocab_size": 7, "vocab_size": 9"#).vocabularySize == 9)
  }
}
