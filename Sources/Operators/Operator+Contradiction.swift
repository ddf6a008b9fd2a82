extension Operator {
  /// What of the operator's static sizes cannot be, in words; nil where nothing is against them.
  ///
  /// Sizes that are missing are not looked for.
  public var contradiction: String? {
    // "Not gated", and what is written without being read, are told by a zero.
    let zero = attributes.filter { $0.value < ($0.key == "gated" || $0.key == "inputs" ? 0 : 1) }
      .map(\.key).min()
    if let zero { return "\(zero) is less than 1" }
    func exceeds(_ part: String, _ whole: String) -> Bool {
      guard let part = attributes[part], let whole = attributes[whole] else { return false }
      return part > whole
    }
    for (part, whole) in [
      ("topK", "experts"), ("expertParallel", "experts"), ("kvHeads", "heads"), ("nodes", "ranks"),
    ] where exceeds(part, whole) {
      return "\(part) is more than \(whole)"
    }
    for (whole, parts) in [("experts", "expertParallel"), ("intermediate", "tensorParallel")] {
      if let size = attributes[whole], let count = attributes[parts], !size.isMultiple(of: count) {
        return "\(whole) do not divide among \(parts)"
      }
    }
    if kind.isStepAttention, let heads = attributes["heads"], let shared = attributes["kvHeads"],
      !heads.isMultiple(of: shared)
    {
      return "heads do not divide among kvHeads"
    }
    return nil
  }
}
