internal import Operators

extension ForwardPass {
  /// Lists what mixes the tokens of a group's layers, the norm before it included.
  mutating func addMixer(of group: LayerGroup) {
    if group.norms > 0 { addNorm("input_layernorm", width: hidden, count: group.count) }
    switch group.mixer {
    case .attention(let attention): add(attention, count: group.count)
    case .latent(let attention): add(attention, count: group.count)
    case .stateSpace(let space): add(space, count: group.count)
    }
  }

  private mutating func add(_ attention: Attention, count: Int) {
    let attention = attention.share(of: ranks)
    let (heads, kvHeads, headDim) = (attention.heads, attention.kvHeads, attention.headDim)
    addProduct("qkv_proj", n: (heads + 2 * kvHeads) * headDim, k: hidden, count: count)
    switch attention.queryKeyNorm {
    case .none: break
    case .perHead, .weightless:
      addNorm("qk_norm", width: headDim, count: count, .rows(perToken: heads + kvHeads))
    case .acrossHeads: addNorm("qk_norm", width: (heads + kvHeads) * headDim, count: count)
    }
    var sizes = ["heads": heads, "kvHeads": kvHeads, "headDim": headDim]
    if attention.isRotary { add("rotary_emb", .rotary, sizes, count: count) }
    if let window = attention.window { sizes["window"] = window }
    addAttention(
      model.isCausal ? .attention : .bidirectionalAttention, sizes, count: count,
      combined: heads * headDim, exchanged: 2 * kvHeads * headDim)
    addProduct("o_proj", n: hidden, k: heads * headDim, count: count)
  }

  private mutating func add(_ attention: LatentAttention, count: Int) {
    let heads = attention.share(of: ranks).heads
    let queries = heads * (attention.plainDim + attention.rotaryDim)
    // What leads down is not divided: every device makes the whole small vectors.
    if let rank = attention.queryRank {
      addProduct("q_a_proj", n: rank, k: hidden, count: count)
      addNorm("q_a_layernorm", width: rank, count: count)
      addProduct("q_b_proj", n: queries, k: rank, count: count)
    } else {
      addProduct("q_proj", n: queries, k: hidden, count: count)
    }
    addProduct("kv_a_proj", n: attention.cachedValues, k: hidden, count: count)
    addNorm("kv_a_layernorm", width: attention.keyValueRank, count: count)
    // Unfolds keys and values in prefill; in decode the same weights fold queries and outputs.
    addProduct(
      "kv_b_proj", n: heads * (attention.plainDim + attention.valueDim), k: attention.keyValueRank,
      count: count)
    add(
      "rotary_emb", .rotary,
      ["heads": heads, "kvHeads": 1, "headDim": attention.rotaryDim], count: count)
    var sizes = ["heads": heads]
    var usual = LatentAttention.deepSeek
    usual.heads = attention.heads
    usual.queryRank = attention.queryRank
    usual.hasBias = attention.hasBias
    if attention != usual {
      sizes["rank"] = attention.keyValueRank
      sizes["rotary"] = attention.rotaryDim
      sizes["plain"] = attention.plainDim
      sizes["value"] = attention.valueDim
    }
    addAttention(
      .latentAttention, sizes, count: count, combined: heads * attention.keyValueRank,
      exchanged: attention.cachedValues)
    addProduct("o_proj", n: hidden, k: heads * attention.valueDim, count: count)
  }

  /// Lists attention of any kind, and what sequence-parallel parts exchange for it.
  ///
  /// - Parameters:
  ///   - combined: values of a decode's partial result.
  ///   - exchanged: values of a token's keys and values.
  private mutating func addAttention(
    _ kind: OperatorKind, _ sizes: [String: Int], count: Int, combined: Int, exchanged: Int
  ) {
    var sizes = sizes
    if precision.keyValues != precision.activations {
      sizes["kvBits"] = Int(precision.keyValues.bytesPerElement * 8)
    }
    add("attention", kind, sizes, count: count, .attention)
    guard layout.sequence > 1 else { return }
    let size = precision.activations.bytesPerElement
    // Each part's keys and values pass all others; decodes sum partial results instead.
    add(
      "key_value_ring", .sendReceive, ["ranks": layout.sequence], count: count,
      .prefillBytes(perToken: Int(Double((layout.sequence - 1) * exchanged) * size)))
    add(
      "attention_combine", .allReduce, ["ranks": layout.sequence], count: count,
      .decodeBytes(perSequence: Int(Double(combined) * size)))
  }

  private mutating func add(_ space: StateSpace, count: Int) {
    let space = space.share(of: ranks)
    let width = space.width
    addProduct("in_proj", n: space.projected, k: hidden, count: count)
    add(
      "conv1d", .convolution,
      ["width": space.convolved, "kernel": space.convolution], count: count)
    switch space.version {
    case .mamba(let rank):
      addProduct("x_proj", n: rank + 2 * space.state, k: width, count: count)
      addProduct("dt_proj", n: width, k: rank, count: count)
    case .mamba2: addNorm("gate_norm", width: width, count: count)
    }
    var sizes = ["width": width, "state": space.state]
    if case .mamba2(_, let groups) = space.version { sizes["groups"] = groups }
    add("selective_scan", .stateSpaceScan, sizes, count: count, .scan)
    addProduct("out_proj", n: hidden, k: width, count: count)
  }
}
