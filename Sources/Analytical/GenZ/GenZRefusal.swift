/// Why GenZ's arithmetic does not apply to what was asked.
public enum GenZRefusal: Error, Hashable, Sendable {
  /// A size or a degree of parallelism lies outside 1...2²⁴.
  case size(name: String, value: Int)
  /// A rate, a bandwidth, an efficiency or a probability is not a possible one.
  case rate(name: String, value: Double)
  /// Experts do not divide among the chips. A dense model has one expert, so none to divide.
  case experts(Int, expertParallel: Int)
  /// Query heads on one chip do not divide among its key-value heads.
  case heads(perChip: Int, kvHeadsPerChip: Int)
  /// Stages of equal depth leave no layer for the last one; GenZ divides by nothing there, or counts
  /// a negative number of layers.
  case stages(layers: Int, pipelineParallel: Int)
  /// Speculation with fewer than two tokens, which is plain decoding.
  case speculatedTokens(Int)
}

extension GenZRefusal: CustomStringConvertible {
  /// One sentence: what is wrong and what would do.
  public var description: String {
    switch self {
    case .size(let name, let value):
      "\(name) is \(value); it has to be at least 1 and at most 16777216"
    case .rate(let name, let value):
      "\(name) cannot be \(value)"
    case .experts(let experts, let expertParallel):
      "\(experts) experts do not divide among \(expertParallel) chips; "
        + "choose an expert parallelism that divides them"
    case .heads(let heads, let kvHeads):
      "\(heads) query heads on a chip do not divide among its \(kvHeads) key-value heads; "
        + "choose another tensor parallelism"
    case .stages(let layers, let stages):
      "\(stages) equal pipeline stages leave no layer of \(layers) for the last; choose fewer"
    case .speculatedTokens(let tokens):
      "speculation needs at least 2 tokens a pass, not \(tokens)"
    }
  }
}
