/// Models whose configurations have names of their own.
extension ConfigurationReader {
  /// GPT-2 and models of its shape: learned positions, biases everywhere.
  func gpt2(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("n_embd", "hidden_size", in: Bounds.hidden)
    let positions = try size("n_positions", "n_ctx", in: Bounds.positions)
    let width = try optional("n_inner", in: Bounds.width) ?? 4 * hidden
    var attention = try biasedAttention(hidden)
    attention.isRotary = false
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("n_layer", "num_hidden_layers", in: Bounds.layers),
          mixer: .attention(attention), feedForward: .dense(biased(width)), norms: family.norms)
      ])
    model.embedding.learnedPositions = positions
    model.maximumPositions = positions
    return model
  }

  /// OPT: as GPT-2; two of its positions are for padding.
  func opt(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", in: Bounds.hidden)
    let positions = try size("max_position_embeddings", in: Bounds.positions)
    let table = try optional("word_embed_proj_dim", in: Bounds.hidden) ?? hidden
    var attention = try biasedAttention(hidden)
    attention.isRotary = false
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("num_hidden_layers", in: Bounds.layers), mixer: .attention(attention),
          feedForward: .dense(biased(try size("ffn_dim", in: Bounds.width))), norms: family.norms)
      ])
    model.embedding.width = table == hidden ? nil : table
    model.embedding.learnedPositions = positions + 2
    // Where layers are normalised last, the last layer's norm is the last.
    model.hasFinalNorm = try fields.flag("do_layer_norm_before") ?? true
    model.maximumPositions = positions
    return model
  }

  /// Falcon: attention and network side by side, one key-value head or groups.
  func falcon(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", in: Bounds.hidden)
    let isNew = try fields.flag("new_decoder_architecture") ?? false
    let isParallel = try fields.flag("parallel_attn") ?? true
    let hasBias = try fields.flag("bias") ?? false
    let isShared = try fields.flag("multi_query") ?? true
    let sizes = try heads(
      hidden, keyValues: isNew ? ["num_kv_heads"] : [], default: !isNew && isShared ? 1 : nil)
    var attention = Attention(heads: sizes.heads, kvHeads: sizes.kvHeads, headDim: sizes.headDim)
    attention.hasBias = hasBias
    attention.hasOutputBias = hasBias
    attention.isRotary = !(try fields.flag("alibi") ?? false)
    let network = DenseNetwork(
      width: try optional("ffn_hidden_size", in: Bounds.width) ?? 4 * hidden, isGated: false,
      hasBias: hasBias)
    let norms = isParallel && !isNew ? 1 : 2
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("num_hidden_layers", "n_layer", in: Bounds.layers),
          mixer: .attention(attention), feedForward: .dense(network), norms: norms)
      ])
    model.maximumPositions = try optional("max_position_embeddings", in: Bounds.positions) ?? 2048
    return model
  }

  /// DBRX: experts in every layer.
  func dbrx(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("d_model", in: Bounds.hidden)
    guard let attends = try fields.object("attn_config"),
      let network = try fields.object("ffn_config")
    else { throw fields.error("it has no fields 'attn_config' and 'ffn_config'") }
    let heads = try size("n_heads", in: Bounds.heads)
    let kvHeads = try attends.size(["kv_n_heads"], Bounds.heads) ?? heads
    guard heads % kvHeads == 0, hidden % heads == 0 else {
      throw fields.error("\(heads) heads, \(kvHeads) of keys and values, do not divide \(hidden)")
    }
    let experts = try network.needed(["moe_num_experts"], Bounds.experts)
    let mixture = ExpertNetwork(
      experts: experts, perToken: try network.needed(["moe_top_k"], 1...experts),
      width: try network.needed(["ffn_hidden_size"], Bounds.width))
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("n_layers", in: Bounds.layers),
          mixer: .attention(Attention(heads: heads, kvHeads: kvHeads, headDim: hidden / heads)),
          feedForward: .experts(mixture))
      ])
    model.maximumPositions = try optional("max_seq_len", in: Bounds.positions) ?? 2048
    return model
  }

  /// GLM as it was before `transformers` took it in.
  func chatGLM(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", in: Bounds.hidden)
    let isShared = try fields.flag("multi_query_attention") ?? false
    let sizes = try heads(hidden, keyValues: isShared ? ["multi_query_group_num"] : [])
    var attention = Attention(heads: sizes.heads, kvHeads: sizes.kvHeads, headDim: sizes.headDim)
    attention.hasBias = try fields.flag("add_qkv_bias") ?? false
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden,
      vocabularySize: try size("padded_vocab_size", "vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("num_layers", in: Bounds.layers), mixer: .attention(attention),
          feedForward: .dense(
            DenseNetwork(width: try size("ffn_hidden_size", in: Bounds.width))))
      ])
    model.maximumPositions = try optional("seq_length", in: Bounds.positions) ?? 4096
    return model
  }

  /// BERT and its like: both directions, learned positions, normalised after each part.
  func encoder(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", in: Bounds.hidden)
    let positions = try size("max_position_embeddings", in: Bounds.positions)
    var attention = try biasedAttention(hidden)
    attention.isRotary = false
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: [
        LayerGroup(
          count: try size("num_hidden_layers", in: Bounds.layers), mixer: .attention(attention),
          feedForward: .dense(biased(try size("intermediate_size", in: Bounds.width))),
          norms: family.norms)
      ])
    model.embedding.learnedPositions = positions
    model.embedding.tokenTypes = try optional("type_vocab_size", in: Bounds.small) ?? 2
    model.embedding.isNormalized = true
    model.hasFinalNorm = false
    model.head = .hidden(hasPooler: true)
    model.isCausal = false
    model.maximumPositions = positions
    return model
  }

  /// Attention whose projections all add a bias, each head with keys and values of its own.
  private func biasedAttention(_ hidden: Int) throws(AnalyticalError) -> Attention {
    let sizes = try heads(hidden, keyValues: [])
    var attention = Attention(heads: sizes.heads, kvHeads: sizes.heads, headDim: sizes.headDim)
    attention.hasBias = true
    attention.hasOutputBias = true
    return attention
  }

  private func biased(_ width: Int) -> DenseNetwork {
    DenseNetwork(width: width, isGated: false, hasBias: true)
  }
}
