internal import Operators

extension ForwardPass {
  /// Lists what transforms the tokens of a group's layers, the norm before it included.
  mutating func addNetwork(of group: LayerGroup) {
    if group.norms > 1 { addNorm("post_attention_layernorm", width: hidden, count: group.count) }
    // What is normalised besides, as behind each part.
    if group.norms > 2 {
      addNorm("extra_layernorm", width: hidden, count: (group.norms - 2) * group.count)
    }
    switch group.feedForward {
    case .none: break
    case .dense(let network):
      add(
        width: network.width, isGated: network.isGated, count: group.count, prefix: "",
        weights: precision.weights)
    case .experts(let network): add(network, count: group.count)
    }
  }

  private mutating func add(
    width: Int, isGated: Bool, count: Int, prefix: String, weights: DataType
  ) {
    let width = shared(width, by: ranks)
    addProduct(
      prefix + (isGated ? "gate_up_proj" : "up_proj"), n: isGated ? 2 * width : width, k: hidden,
      count: count, weights: weights)
    add(
      prefix + "act_fn", .activation,
      isGated ? ["width": width] : ["width": width, "gated": 0], count: count)
    addProduct(prefix + "down_proj", n: hidden, k: width, count: count, weights: weights)
  }

  private mutating func add(_ network: ExpertNetwork, count: Int) {
    // The choice of experts is kept in the activations' type.
    addProduct(
      "router", n: network.experts, k: hidden, count: count, weights: precision.activations)
    if network.sharedWidth > 0 {
      add(
        width: network.sharedWidth, isGated: network.isGated, count: count, prefix: "shared_",
        weights: precision.experts)
    }
    var sizes = [
      "width": hidden, "intermediate": network.width, "experts": network.experts,
      "topK": network.perToken, "tensorParallel": layout.expertTensor,
      "expertParallel": layout.expert,
    ]
    if !network.isGated { sizes["gated"] = 0 }
    // Dealt-out experts serve the tokens of all groups.
    let groups = layout.expert > 1 ? layout.data : 1
    add(
      "experts", .moe, sizes, count: count, groups > 1 ? .groupTokens(ranks: groups) : .tokens,
      weights: precision.experts)
    // Within one group every device has all tokens already, and the sum behind them joins them.
    guard groups > 1 else { return }
    // Each device of a group sends its part of the group's tokens, and all wait for the one that sends most.
    let bytes = Int(
      Double(hidden * network.perToken * groups) * precision.activations.bytesPerElement
        / Double(layout.expert))
    add(
      "expert_exchange", .allToAll, ["ranks": layout.expert], count: 2 * count,
      .fullestBytes(perToken: bytes))
  }
}
