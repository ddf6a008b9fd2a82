extension ParameterCase {
  /// Models whose layers are none of Llama's: state spaces, encoders, earlier decoders.
  static let others: [ParameterCase] = [
    ParameterCase(
      "mamba",
      #"""
      "model_type": "mamba", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 100,
      "state_size": 5, "conv_kernel": 3, "expand": 2, "time_step_rank": 4
      """#, [[100, 12], [12]],
      (
        3,
        [
          [48, 12], [24, 3], [24], [4 + 2 * 5, 24], [24, 4], [24], [24, 5], [24], [12, 24], [12],
        ]
      )),
    ParameterCase(
      "mamba with biases, without the convolution's, and a rank of its own choosing",
      #"""
      "model_type": "falcon_mamba", "hidden_size": 40, "num_hidden_layers": 3, "vocab_size": 100,
      "state_size": 5, "conv_kernel": 3, "intermediate_size": 24, "time_step_rank": "auto",
      "use_bias": true, "use_conv_bias": false, "tie_word_embeddings": false
      """#, [[100, 40], [100, 40], [40]],
      (
        3,
        [
          [48, 40], [48], [24, 3], [3 + 2 * 5, 24], [24, 3], [24], [24, 5], [24], [40, 24], [40],
          [40],
        ]
      )),
    ParameterCase(
      "mamba2",
      #"""
      "model_type": "mamba2", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 98,
      "state_size": 5, "conv_kernel": 3, "expand": 2, "num_heads": 6, "head_dim": 4,
      "n_groups": 2, "pad_vocab_size_multiple": 16, "tie_word_embeddings": false
      """#, [[112, 12], [112, 12], [12]],
      (
        3,
        [
          [2 * 24 + 2 * 2 * 5 + 6, 12], [24 + 2 * 2 * 5, 3], [24 + 2 * 2 * 5], [6], [6], [6], [24],
          [12, 24], [12],
        ]
      )),
    ParameterCase(
      "jamba",
      #"""
      "model_type": "jamba", "hidden_size": 12, "num_hidden_layers": 8, "vocab_size": 100,
      "num_attention_heads": 6, "num_key_value_heads": 2, "intermediate_size": 20,
      "attn_layer_period": 4, "attn_layer_offset": 2, "expert_layer_period": 2,
      "expert_layer_offset": 1, "num_experts": 7, "num_experts_per_tok": 2, "mamba_d_state": 5,
      "mamba_d_conv": 3, "mamba_expand": 2, "mamba_dt_rank": 4
      """#, [[100, 12], [100, 12], [12]],
      // Layers 2 and 6 attend; 1, 3, 5 and 7 have experts.
      (2, [[12, 12], [4, 12], [4, 12], [12, 12]] + [[3, 20, 12]] + [[12], [12]]),
      (
        2,
        [
          [48, 12], [24, 3], [24], [14, 24], [24, 4], [24], [24, 5], [24], [12, 24],
          [4], [5], [5],
        ] + [[3, 20, 12]] + [[12], [12]]
      ),
      (
        4,
        [
          [48, 12], [24, 3], [24], [14, 24], [24, 4], [24], [24, 5], [24], [12, 24],
          [4], [5], [5],
        ] + [[7, 3, 20, 12], [7, 12]] + [[12], [12]]
      )),
    ParameterCase(
      "bert",
      #"""
      "model_type": "bert", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 100,
      "num_attention_heads": 6, "intermediate_size": 20, "max_position_embeddings": 31,
      "type_vocab_size": 3
      """#, [[100, 12], [31, 12], [3, 12], [12, 2], [12, 12], [12]],
      (3, [[4, 12, 12], [4, 12], [20, 12], [20], [12, 20], [12], [12, 2], [12, 2]])),
    ParameterCase(
      "gpt2",
      #"""
      "model_type": "gpt2", "n_embd": 12, "n_layer": 3, "n_head": 6, "n_positions": 31,
      "vocab_size": 100
      """#, [[100, 12], [31, 12], [12, 2]],
      (3, [[36, 12], [36], [12, 12], [12], [48, 12], [48], [12, 48], [12], [12, 2], [12, 2]])),
    ParameterCase(
      "gpt2 with a width",
      #"""
      "model_type": "gpt2", "n_embd": 12, "n_layer": 3, "n_head": 6, "n_positions": 31,
      "vocab_size": 100, "n_inner": 20
      """#, [[100, 12], [31, 12], [12, 2]],
      (3, [[36, 12], [36], [12, 12], [12], [20, 12], [20], [12, 20], [12], [12, 2], [12, 2]])),
    ParameterCase(
      "opt",
      #"""
      "model_type": "opt", "hidden_size": 12, "ffn_dim": 20, "num_hidden_layers": 3,
      "num_attention_heads": 6, "vocab_size": 100, "max_position_embeddings": 31
      """#, [[100, 12], [33, 12], [12, 2]],
      (3, [[4, 12, 12], [4, 12], [20, 12], [20], [12, 20], [12], [12, 2], [12, 2]])),
    ParameterCase(
      "opt with a narrow table, normalised last",
      #"""
      "model_type": "opt", "hidden_size": 12, "ffn_dim": 20, "num_hidden_layers": 3,
      "num_attention_heads": 6, "vocab_size": 100, "max_position_embeddings": 31,
      "word_embed_proj_dim": 7, "do_layer_norm_before": false
      """#, [[100, 7], [33, 12], [12, 7], [7, 12]],
      (3, [[4, 12, 12], [4, 12], [20, 12], [20], [12, 20], [12], [12, 2], [12, 2]])),
    ParameterCase(
      "falcon with one key-value head and one norm",
      #"""
      "model_type": "falcon", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 100,
      "num_attention_heads": 6, "multi_query": true, "parallel_attn": true, "bias": false
      """#, [[100, 12], [12, 2]],
      (3, [[12 + 2 + 2, 12], [12, 12], [48, 12], [12, 48], [12, 2]])),
    ParameterCase(
      "falcon with groups and two norms",
      #"""
      "model_type": "falcon", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 100,
      "num_attention_heads": 6, "num_kv_heads": 3, "new_decoder_architecture": true, "bias": false
      """#, [[100, 12], [12, 2]],
      (3, [[12 + 6 + 6, 12], [12, 12], [48, 12], [12, 48], [12, 2], [12, 2]])),
    ParameterCase(
      "falcon with heads of their own and biases",
      #"""
      "model_type": "falcon", "hidden_size": 12, "num_hidden_layers": 3, "vocab_size": 100,
      "num_attention_heads": 6, "multi_query": false, "parallel_attn": false, "bias": true
      """#, [[100, 12], [12, 2]],
      (
        3,
        [[36, 12], [36], [12, 12], [12], [48, 12], [48], [12, 48], [12], [12, 2], [12, 2]]
      )),
    ParameterCase(
      "chatglm",
      #"""
      "model_type": "chatglm", "hidden_size": 12, "num_layers": 3, "padded_vocab_size": 100,
      "num_attention_heads": 6, "multi_query_attention": true, "multi_query_group_num": 2,
      "kv_channels": 2, "ffn_hidden_size": 20, "add_qkv_bias": true
      """#, [[100, 12], [100, 12], [12]],
      (3, [[12 + 4 + 4, 12], [20], [12, 12], [40, 12], [12, 20], [12], [12]])),
  ]
}
