extension OperatorKind {
  /// The static sizes that name a curve of this kind.
  public struct AttributeNames: Sendable {
    /// What every operator of the kind has.
    public var required: [String]
    /// What some have: their absence means one, none or not.
    public var optional: [String] = []

    /// All of them.
    public var all: [String] { required + optional }
  }

  /// The attributes of the kinds that a forward pass asks for; nil for others, whose sources name
  /// their own.
  public var attributeNames: AttributeNames? {
    switch self {
    case .gemm:
      AttributeNames(required: ["n", "k"], optional: ["batch", "weightBits", "adapters"])
    case .attention:
      AttributeNames(
        required: ["heads", "kvHeads", "headDim"], optional: ["sequences", "window", "kvBits"])
    case .bidirectionalAttention:
      AttributeNames(required: ["heads", "headDim"], optional: ["kvHeads", "window", "kvBits"])
    case .latentAttention:
      AttributeNames(
        required: ["heads"],
        optional: ["sequences", "kvBits", "rank", "rotary", "plain", "value"])
    case .moe:
      AttributeNames(
        required: ["width", "intermediate", "experts", "topK", "tensorParallel", "expertParallel"],
        optional: ["gated", "weightBits"])
    case .convolution: AttributeNames(required: ["width", "kernel"])
    case .stateSpaceScan: AttributeNames(required: ["width", "state"], optional: ["groups"])
    case .rmsNorm, .layerNorm: AttributeNames(required: ["width"])
    case .activation: AttributeNames(required: ["width"], optional: ["gated"])
    case .elementwise: AttributeNames(required: ["width"], optional: ["inputs"])
    case .softmax: AttributeNames(required: ["width"])
    case .rotary: AttributeNames(required: ["heads", "kvHeads", "headDim"])
    case .embedding: AttributeNames(required: ["width", "vocab"])
    case .sample: AttributeNames(required: ["vocab"])
    case .memcpy, .memset: AttributeNames(required: [])
    case .allReduce, .allGather, .reduceScatter, .allToAll, .broadcast, .reduce, .sendReceive:
      AttributeNames(required: ["ranks"], optional: ["nodes"])
    default: nil
    }
  }
}
