import Testing

/// A small model and all of its tensors, as its published code declares them.
struct ParameterCase: Sendable, CustomTestStringConvertible {
  var name: String
  var configuration: String
  /// Shapes of what is there once.
  var ends: [[Int]]
  /// Shapes of what a layer has, and how many such layers there are.
  var layers: [(count: Int, tensors: [[Int]])]

  /// The slow, obvious count.
  var parameters: Int {
    func sum(_ shapes: [[Int]]) -> Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }
    return sum(ends) + layers.reduce(0) { $0 + $1.count * sum($1.tensors) }
  }

  var testDescription: String { name }

  init(
    _ name: String, _ fields: String, _ ends: [[Int]], _ layers: (count: Int, tensors: [[Int]])...
  ) {
    self.name = name
    configuration = "{\(fields)}"
    self.ends = ends
    self.layers = layers
  }
}

// Sizes of which none is another's product or sum, so that no mistake cancels out: 12 values a
// token, 6 heads of 5 with 2 key-value heads, a network of 20, 100 tokens.
private let usual = """
  "hidden_size": 12, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 5,
  "intermediate_size": 20, "vocab_size": 100, "num_hidden_layers": 3
  """
private let queries = [30, 12]
private let keyOrValue = [10, 12]
private let projections = [queries, keyOrValue, keyOrValue, [12, 30]]
private let gated = [[20, 12], [20, 12], [12, 20]]
private let plain = [[20, 12], [12, 20]]
private let queryKeyValueBias = [[30], [10], [10]]
private let norm = [12]
/// A scale and a bias.
private let layerNorm = [12, 2]
private let table = [100, 12]
private let latent = """
  "hidden_size": 12, "num_attention_heads": 6, "vocab_size": 100, "num_hidden_layers": 4,
  "kv_lora_rank": 9, "qk_nope_head_dim": 5, "qk_rope_head_dim": 4, "v_head_dim": 7,
  "intermediate_size": 20
  """
/// Down and up projections of keys and values, the norm between, and the output's.
private let latentCommon = [[13, 12], [9], [6 * (5 + 7), 9], [12, 6 * 7]]

private func experts(_ count: Int, width: Int) -> [[Int]] {
  [[count, 12]] + [[Int]](repeating: [3, width, 12], count: count)
}

extension ParameterCase {
  /// Decoders as Llama's.
  static let decoders: [ParameterCase] = [
    ParameterCase(
      "llama", #""model_type": "llama", \#(usual)"#, [table, table, norm],
      (3, projections + gated + [norm, norm])),
    ParameterCase(
      "llama with biases",
      #""model_type": "llama", \#(usual), "attention_bias": true, "mlp_bias": true"#,
      [table, table, norm],
      (
        3,
        projections + queryKeyValueBias + [[12]] + gated + [[20], [20], [12]] + [norm, norm]
      )),
    ParameterCase(
      "llama whose head is the embedding",
      #""model_type": "llama", \#(usual), "tie_word_embeddings": true"#, [table, norm],
      (3, projections + gated + [norm, norm])),
    ParameterCase(
      "qwen2", #""model_type": "qwen2", \#(usual)"#, [table, table, norm],
      (3, projections + queryKeyValueBias + gated + [norm, norm])),
    ParameterCase(
      "qwen3", #""model_type": "qwen3", \#(usual)"#, [table, table, norm],
      (3, projections + [[5], [5]] + gated + [norm, norm])),
    ParameterCase(
      "qwen3 as an embedding model",
      #""model_type": "qwen3", "architectures": ["Qwen3Model"], \#(usual)"#, [table, norm],
      (3, projections + [[5], [5]] + gated + [norm, norm])),
    ParameterCase(
      "olmo2", #""model_type": "olmo2", \#(usual)"#, [table, table, norm],
      (3, projections + [[30], [10]] + gated + [norm, norm])),
    ParameterCase(
      "gemma", #""model_type": "gemma", \#(usual)"#, [table, norm],
      (3, projections + gated + [norm, norm])),
    ParameterCase(
      "gemma2", #""model_type": "gemma2", \#(usual), "sliding_window": 8"#, [table, norm],
      (3, projections + gated + [norm, norm, norm, norm])),
    ParameterCase(
      "gemma3", #""model_type": "gemma3", "text_config": {"model_type": "gemma3_text", \#(usual)}"#,
      [table, norm], (3, projections + [[5], [5]] + gated + [norm, norm, norm, norm])),
    ParameterCase(
      "nemotron", #""model_type": "nemotron", \#(usual)"#, [table, table, layerNorm],
      (3, projections + plain + [layerNorm, layerNorm])),
    ParameterCase(
      "phi", #""model_type": "phi", \#(usual)"#, [table, table, [100], layerNorm],
      (
        3,
        projections + queryKeyValueBias + [[12]] + plain + [[20], [12]] + [layerNorm]
      )),
    ParameterCase(
      "starcoder2", #""model_type": "starcoder2", \#(usual)"#, [table, layerNorm],
      (
        3,
        projections + queryKeyValueBias + [[12]] + plain + [[20], [12]] + [layerNorm, layerNorm]
      )),
    ParameterCase(
      "cohere", #""model_type": "cohere", \#(usual)"#, [table, norm],
      (3, projections + gated + [norm])),
    ParameterCase(
      "glm4", #""model_type": "glm4", \#(usual), "attention_bias": true"#, [table, table, norm],
      (3, projections + queryKeyValueBias + gated + [norm, norm, norm, norm])),
    ParameterCase(
      "a type of next year", #""model_type": "next", \#(usual)"#, [table, table, norm],
      (3, projections + gated + [norm, norm])),
  ]

  /// Mixtures of experts, and latent attention.
  static let mixtures: [ParameterCase] = [
    ParameterCase(
      "mixtral",
      #""model_type": "mixtral", \#(usual), "num_local_experts": 7, "num_experts_per_tok": 2"#,
      [table, table, norm], (3, projections + experts(7, width: 20) + [norm, norm])),
    ParameterCase(
      "olmoe",
      #""model_type": "olmoe", \#(usual), "num_experts": 7, "num_experts_per_tok": 2"#,
      [table, table, norm],
      (3, projections + [[30], [10]] + experts(7, width: 20) + [norm, norm])),
    ParameterCase(
      "qwen2_moe, every other layer, one of them plain",
      #"""
      "model_type": "qwen2_moe", \#(usual), "num_experts": 7, "num_experts_per_tok": 2,
      "moe_intermediate_size": 8, "shared_expert_intermediate_size": 11,
      "decoder_sparse_step": 1, "mlp_only_layers": [1]
      """#, [table, table, norm],
      (
        2,
        projections + queryKeyValueBias + experts(7, width: 8) + [[3, 11, 12], [1, 12]]
          + [norm, norm]
      ), (1, projections + queryKeyValueBias + gated + [norm, norm])),
    ParameterCase(
      "qwen3_moe, every other layer",
      #"""
      "model_type": "qwen3_moe", \#(usual), "num_experts": 7, "num_experts_per_tok": 2,
      "moe_intermediate_size": 8, "decoder_sparse_step": 2
      """#, [table, table, norm],
      (1, projections + [[5], [5]] + experts(7, width: 8) + [norm, norm]),
      (2, projections + [[5], [5]] + gated + [norm, norm])),
    ParameterCase(
      "llama4, every other layer",
      #"""
      "model_type": "llama4", "text_config": {"model_type": "llama4_text", \#(usual),
      "intermediate_size_mlp": 23, "num_local_experts": 7, "num_experts_per_tok": 1,
      "interleave_moe_layer_step": 2, "attention_chunk_size": 64}
      """#, [table, table, norm],
      (1, projections + experts(7, width: 20) + [[3, 20, 12]] + [norm, norm]),
      (2, projections + [[3, 23, 12]] + [norm, norm])),
    ParameterCase(
      "gpt_oss",
      #""model_type": "gpt_oss", \#(usual), "num_local_experts": 7, "num_experts_per_tok": 2"#,
      [table, table, norm],
      (
        3,
        projections + queryKeyValueBias + [[12], [6]] + experts(7, width: 20) + [[7]]
          + [[7, 2, 20], [7, 12]] + [norm, norm]
      )),
    ParameterCase(
      "phimoe",
      #"""
      "model_type": "phimoe", \#(usual), "num_local_experts": 7, "num_experts_per_tok": 2,
      "lm_head_bias": true
      """#, [table, table, [100], layerNorm],
      (
        3,
        projections + queryKeyValueBias + [[12]] + experts(7, width: 20) + [layerNorm, layerNorm]
      )),
    ParameterCase(
      "deepseek_v3",
      #"""
      "model_type": "deepseek_v3", \#(latent), "q_lora_rank": 8, "n_routed_experts": 7,
      "num_experts_per_tok": 2, "n_shared_experts": 2, "moe_intermediate_size": 6,
      "first_k_dense_replace": 1
      """#, [table, table, norm],
      (1, [[8, 12], [8], [54, 8]] + latentCommon + [[3, 20, 12]] + [norm, norm]),
      (
        3,
        [[8, 12], [8], [54, 8]] + latentCommon + experts(7, width: 6) + [[3, 12, 12]]
          + [norm, norm]
      )),
    ParameterCase(
      "deepseek_v2 with full queries and biases, without experts",
      #""model_type": "deepseek_v2", \#(latent), "q_lora_rank": null, "attention_bias": true"#,
      [table, table, norm],
      (4, [[54, 12]] + latentCommon + [[13], [12]] + [[3, 20, 12]] + [norm, norm])),
    ParameterCase(
      "deepseek with plain attention",
      #"""
      "model_type": "deepseek", \#(usual), "n_routed_experts": 7, "num_experts_per_tok": 2,
      "n_shared_experts": 2, "moe_intermediate_size": 6, "first_k_dense_replace": 2
      """#, [table, table, norm], (2, projections + gated + [norm, norm]),
      (1, projections + experts(7, width: 6) + [[3, 12, 12]] + [norm, norm])),
    ParameterCase(
      "dbrx",
      #"""
      "model_type": "dbrx", "d_model": 12, "n_layers": 3, "n_heads": 6, "vocab_size": 100,
      "attn_config": {"kv_n_heads": 2},
      "ffn_config": {"ffn_hidden_size": 20, "moe_num_experts": 7, "moe_top_k": 2}
      """#, [table, table, norm],
      (3, [[12, 12], [4, 12], [4, 12], [12, 12]] + experts(7, width: 20) + [norm, norm])),
  ]
}
