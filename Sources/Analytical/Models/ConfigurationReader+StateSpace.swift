extension ConfigurationReader {
  /// Mamba, Mamba-2, Falcon Mamba and Jamba.
  func stateSpaceModel(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    let hidden = try size("hidden_size", "d_model", in: Bounds.hidden)
    let layers = try size("num_hidden_layers", "n_layer", in: Bounds.layers)
    let scans = try TokenMixer.stateSpace(type == "mamba2" ? mamba2(hidden) : mamba(hidden))
    var vocabulary = try size("vocab_size", in: Bounds.vocabulary)
    if let multiple = try optional("pad_vocab_size_multiple", in: Bounds.small) {
      vocabulary = (vocabulary + multiple - 1) / multiple * multiple
    }
    let mixers = try attentionLayers(hidden)
    let networks = try hybridNetworks()
    var model = ModelArchitecture(
      name: name, hiddenSize: hidden, vocabularySize: vocabulary,
      layerGroups: try groups(layers) { (index) throws(AnalyticalError) in
        (mixers?(index) ?? scans, networks?(index) ?? .none)
      })
    model.maximumPositions =
      try optional("max_position_embeddings", in: Bounds.positions) ?? Bounds.positions.upperBound
    return model
  }

  private func mamba(_ hidden: Int) throws(AnalyticalError) -> StateSpace {
    let expand = try optional("expand", "mamba_expand", in: Bounds.small) ?? 2
    let width = try optional("intermediate_size", in: Bounds.width)
    let isAutomatic = ["time_step_rank", "mamba_dt_rank"].contains { fields.text($0) == "auto" }
    let rank = isAutomatic ? nil : try optional("time_step_rank", "mamba_dt_rank", in: Bounds.small)
    var space = StateSpace(
      .mamba(stepRank: rank ?? (hidden + 15) / 16),
      width: try scanned(type == "jamba" ? nil : width, hidden, expand),
      state: try optional("state_size", "mamba_d_state", in: Bounds.small) ?? 16,
      convolution: try optional("conv_kernel", "mamba_d_conv", in: Bounds.small) ?? 4)
    space.hasConvolutionBias =
      try fields.flag("use_conv_bias", "mamba_conv_bias") ?? true
    space.hasBias = try fields.flag("use_bias", "mamba_proj_bias") ?? false
    space.normalizesInputs = type == "jamba"
    return space
  }

  private func mamba2(_ hidden: Int) throws(AnalyticalError) -> StateSpace {
    let expand = try optional("expand", in: Bounds.small) ?? 2
    let width = try scanned(nil, hidden, expand)
    let headDim = try optional("head_dim", "headdim", in: Bounds.headDim) ?? 64
    var space = StateSpace(
      .mamba2(
        heads: try optional("num_heads", in: Bounds.heads) ?? max(1, width / headDim),
        groups: try optional("n_groups", "ngroups", in: Bounds.heads) ?? 8),
      width: width, state: try optional("state_size", "d_state", in: Bounds.small) ?? 128,
      convolution: try optional("conv_kernel", "d_conv", in: Bounds.small) ?? 4)
    space.hasConvolutionBias = try fields.flag("use_conv_bias") ?? true
    space.hasBias = try fields.flag("use_bias") ?? false
    return space
  }

  private func scanned(_ width: Int?, _ hidden: Int, _ expand: Int) throws(AnalyticalError) -> Int {
    let width = width ?? hidden * expand
    guard Bounds.width.contains(width) else {
      throw fields.error("a scan of \(width) channels is outside \(Bounds.width)")
    }
    return width
  }

  /// Jamba's attention by layer: nil where the layer scans.
  private func attentionLayers(_ hidden: Int) throws(AnalyticalError) -> ((Int) -> TokenMixer?)? {
    guard type == "jamba" else { return nil }
    let sizes = try heads(hidden)
    var attention = Attention(heads: sizes.heads, kvHeads: sizes.kvHeads, headDim: sizes.headDim)
    attention.isRotary = false
    let period = try optional("attn_layer_period", in: Bounds.layers) ?? 8
    let offset = try fields.size(["attn_layer_offset"], 0...1024) ?? 4
    return { index in index % period == offset % period ? .attention(attention) : nil }
  }

  /// Jamba's networks by layer.
  private func hybridNetworks() throws(AnalyticalError) -> ((Int) -> FeedForward)? {
    guard type == "jamba" else { return nil }
    let width = try size("intermediate_size", in: Bounds.width)
    let dense = FeedForward.dense(DenseNetwork(width: width))
    let experts = try optional("num_experts", in: Bounds.experts) ?? 16
    guard experts > 1 else { return { _ in dense } }
    let perToken = try optional("num_experts_per_tok", in: 1...experts) ?? min(2, experts)
    let mixture = FeedForward.experts(
      ExpertNetwork(experts: experts, perToken: perToken, width: width))
    let period = try optional("expert_layer_period", in: Bounds.layers) ?? 2
    let offset = try fields.size(["expert_layer_offset"], 0...1024) ?? 1
    return { index in index % period == offset % period ? mixture : dense }
  }
}
