extension ConfigurationReader {
  /// A decoder as Llama's, with windows, experts or latent attention.
  func decoder(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", in: Bounds.hidden)
    let layers = try size("num_hidden_layers", in: Bounds.layers)
    let attends = try attention(hidden)
    let network = try networks(layers)
    let sees = try windows(layers)
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: try size("vocab_size", in: Bounds.vocabulary),
      layerGroups: try groups(layers) { (index) throws(AnalyticalError) in
        var mixer = attends
        if case .attention(var attention) = mixer {
          attention.window = sees[index]
          mixer = .attention(attention)
        }
        return (mixer, network[index])
      })
    model.head = .languageModel(
      hasBias: try fields.flag("lm_head_bias") ?? family.hasHeadBias)
    model.maximumPositions =
      try optional("max_position_embeddings", in: Bounds.positions) ?? 4096
    return model
  }

  /// What every layer's attention has in common.
  private func attention(_ hidden: Int) throws(AnalyticalError) -> TokenMixer {
    if fields.has("kv_lora_rank") {
      var attention = LatentAttention(
        heads: try size("num_attention_heads", in: Bounds.heads),
        queryRank: try optional("q_lora_rank", in: Bounds.small),
        keyValueRank: try size("kv_lora_rank", in: Bounds.small),
        plainDim: try size("qk_nope_head_dim", in: Bounds.headDim),
        rotaryDim: try size("qk_rope_head_dim", in: Bounds.headDim),
        valueDim: try size("v_head_dim", in: Bounds.headDim))
      attention.hasBias = try fields.flag("attention_bias") ?? false
      return .latent(attention)
    }
    let sizes = try heads(hidden)
    var attention = Attention(heads: sizes.heads, kvHeads: sizes.kvHeads, headDim: sizes.headDim)
    let hasBias =
      try fields.flag("attention_bias", "use_bias") ?? family.hasAttentionBias
    attention.hasBias = hasBias
    attention.hasOutputBias = hasBias && family.biasesOutput
    attention.queryKeyNorm =
      switch try fields.flag("use_qk_norm", "qk_layernorm") {
      case nil: family.queryKeyNorm
      case true?: family.queryKeyNorm == .none ? .perHead : family.queryKeyNorm
      case false?: .none
      }
    attention.hasSinks = family.hasSinks
    return .attention(attention)
  }

  /// Each layer's window, nil where it sees everything.
  private func windows(_ layers: Int) throws(AnalyticalError) -> [Int?] {
    let everything = [Int?](repeating: nil, count: layers)
    let size = try optional("sliding_window", "attention_chunk_size", in: Bounds.positions)
    guard let size, try fields.flag("use_sliding_window") ?? family.usesWindow else {
      return everything
    }
    let types = fields.texts("layer_types")
    if types.count == layers {
      return types.map { $0 == "full_attention" ? nil : size }
    }
    // Llama 4 sees chunks in layers that rotate, and everything in those that do not.
    let rotates = fields.integers("no_rope_layers")
    if rotates.count == layers { return rotates.map { $0 == 0 ? nil : size } }
    if fields.has("attention_chunk_size") {
      let every = try optional("no_rope_layer_interval", in: Bounds.layers) ?? 4
      return (1...layers).map { $0 % every == 0 ? nil : size }
    }
    // Of Qwen's layers only those behind the given one have a window.
    if let first = try fields.size(["max_window_layers"], 0...1024), !family.usesWindow {
      return (0..<layers).map { $0 < first ? nil : size }
    }
    let pattern =
      try optional("sliding_window_pattern", in: Bounds.layers) ?? family.windowPattern
    guard pattern > 1 else { return [Int?](repeating: size, count: layers) }
    return (1...layers).map { $0 % pattern == 0 ? nil : size }
  }

  /// Each layer's network: dense, or experts where the file names them.
  private func networks(_ layers: Int) throws(AnalyticalError) -> [FeedForward] {
    let hasBias = try fields.flag("mlp_bias", "use_bias") ?? family.hasFeedForwardBias
    let experts = try optional(
      "num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts",
      in: Bounds.experts)
    let isGated = try fields.flag("gated_mlp") ?? family.isGated
    func dense(_ names: String...) throws(AnalyticalError) -> FeedForward {
      guard let width = try fields.size(names, Bounds.width) else {
        return .dense(
          DenseNetwork(
            width: try size("intermediate_size", "ff_intermediate_size", in: Bounds.width),
            isGated: isGated, hasBias: hasBias))
      }
      return .dense(DenseNetwork(width: width, isGated: isGated, hasBias: hasBias))
    }
    guard let experts, experts > 1 else {
      return try [FeedForward](repeating: dense(), count: layers)
    }
    let mixture = FeedForward.experts(try mixture(of: experts))
    let plain = Set(fields.integers("mlp_only_layers"))
    let first = try fields.size(["first_k_dense_replace"], 0...1024) ?? 0
    let step = try optional("decoder_sparse_step", "moe_layer_freq", in: Bounds.layers) ?? 1
    let interleave = try optional("interleave_moe_layer_step", in: Bounds.layers) ?? 1
    var networks: [FeedForward] = []
    for index in 0..<layers {
      let isSparse =
        index >= first && !plain.contains(index) && (index + 1) % interleave == 0
        && (fields.has("decoder_sparse_step") ? (index + 1) % step == 0 : index % step == 0)
      networks.append(isSparse ? mixture : try dense("intermediate_size_mlp"))
    }
    return networks
  }

  private func mixture(of experts: Int) throws(AnalyticalError) -> ExpertNetwork {
    let perToken = try size(
      "num_experts_per_tok", "moe_top_k", "num_experts_per_token", in: Bounds.experts)
    guard perToken <= experts else {
      throw fields.error("a token cannot pass \(perToken) of \(experts) experts")
    }
    var network = ExpertNetwork(
      experts: experts, perToken: perToken,
      width: try size("moe_intermediate_size", "intermediate_size", in: Bounds.width))
    network.isGated = family.isGated
    network.hasBias = family.hasExpertBias
    network.hasRouterBias = family.hasRouterBias
    network.gatesShared = family.gatesShared
    if let width = try fields.size(["shared_expert_intermediate_size"], 0...1_048_576) {
      network.sharedWidth = width
    } else if let shared = try fields.size(["n_shared_experts"], 0...64) {
      network.sharedWidth = shared * network.width
    } else if type.hasPrefix("llama4") {
      network.sharedWidth = network.width
    }
    return network
  }
}
