extension Operator {
  /// The same without attributes that say what their absence says: weights, or keys and values, of the width of its type,
  /// experts and activations with a gate, one node, one sequence, as many key-value heads as heads where both see all,
  /// and the sizes of DeepSeek's latent attention.
  ///
  /// A `batch` of one stays: a batched product of one is another kernel than a plain one.
  public var withoutDefaults: Operator {
    var plain = self
    let bits = dataType.map { Int($0.bytesPerElement * 8) }
    for (name, value) in [
      ("weightBits", bits), ("kvBits", bits), ("gated", 1), ("nodes", 1), ("sequences", 1),
    ] where value != nil && attributes[name] == value {
      plain.attributes[name] = nil
    }
    if kind == .bidirectionalAttention, attributes["kvHeads"] == attributes["heads"] {
      plain.attributes["kvHeads"] = nil
    }
    // DeepSeek-V2 (arXiv 2405.04434), table 1, and V3 alike.
    let latent = ["rank": 512, "rotary": 64, "plain": 128, "value": 128]
    if kind == .latentAttention, latent.allSatisfy({ attributes[$0.key] == $0.value }) {
      for name in latent.keys { plain.attributes[name] = nil }
    }
    return plain
  }
}
