extension Operator {
  /// The same without attributes that say what their absence says: weights, or keys and values, of the width of its type,
  /// experts and activations with a gate, one node, one sequence.
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
    return plain
  }
}
