public import Analytical
public import Operators

/// One device's part of a decoder, as `tools/capture` can run it: what it measures there is measured
/// in its place, inside whole steps.
///
/// A Llama-style decoder: equal layers of grouped-query attention with rotary positions, a gated
/// network and root-mean-square norms.
public struct CapturedModel: Sendable, Hashable {
  /// The width of a token between layers.
  public let hiddenSize: Int
  /// The width inside the gated network.
  public let intermediateSize: Int
  /// The number of layers.
  public let layers: Int
  /// Query heads.
  public let heads: Int
  /// Key-value heads.
  public let kvHeads: Int
  /// Values a head.
  public let headDim: Int
  /// Rows of the embedding and of the output product.
  public let vocabularySize: Int

  /// Reads the sizes off a forward pass; nil for a model of any other style.
  public init?(_ uses: [OperatorUse]) {
    func only(_ kind: OperatorKind) -> OperatorUse? {
      let found = uses.filter { $0.operator.kind == kind }
      return found.count == 1 ? found.first : nil
    }
    guard let attention = only(.attention), let activation = only(.activation),
      let embedding = only(.embedding),
      let heads = attention.operator.attributes["heads"],
      let kvHeads = attention.operator.attributes["kvHeads"],
      let headDim = attention.operator.attributes["headDim"],
      let width = activation.operator.attributes["width"],
      let hidden = embedding.operator.attributes["width"],
      let vocabulary = embedding.operator.attributes["vocab"],
      attention.operator.attributes.count == 3, activation.operator.attributes.count == 1,
      only(.rotary)?.operator.attributes == attention.operator.attributes
    else { return nil }
    hiddenSize = hidden
    intermediateSize = width
    layers = attention.count
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    vocabularySize = vocabulary
    let type = attention.operator.dataType
    let expected = [
      ("qkv_proj", (heads + 2 * kvHeads) * headDim, hidden), ("o_proj", hidden, heads * headDim),
      ("gate_up_proj", 2 * width, hidden), ("down_proj", hidden, width),
      ("lm_head", vocabulary, hidden),
    ]
    let products = uses.filter { $0.operator.kind == .gemm }
    guard products.count == expected.count else { return nil }
    for (role, n, k) in expected {
      let product = Operator(.gemm, dataType: type, ["n": n, "k": k])
      guard products.contains(where: { $0.role == role && $0.operator == product }) else {
        return nil
      }
    }
    let norm = Operator(.rmsNorm, dataType: type, ["width": hidden])
    guard uses.allSatisfy({ $0.operator.kind != .layerNorm }),
      uses.allSatisfy({ $0.operator.kind != .rmsNorm || $0.operator == norm })
    else { return nil }
  }

  /// Whether `tools/capture` can measure an operator.
  ///
  /// Products and sampling can be measured alone; all else only in its place.
  ///
  /// - Parameters:
  ///   - op: the operator.
  ///   - model: the decoder that it is a part of, if it is one that can be run.
  public static func canMeasure(_ op: Operator, in model: CapturedModel?) -> Bool {
    guard op.dataType == .float32 || op.dataType == .float16 || op.dataType == .bfloat16 else {
      return false
    }
    switch op.kind {
    case .gemm: return Set(op.attributes.keys) == ["n", "k"]
    case .sample: return Set(op.attributes.keys) == ["vocab"]
    default: return model?.attributes[op.kind] == op.attributes
    }
  }

  /// The attributes of its operators that are no products.
  private var attributes: [OperatorKind: [String: Int]] {
    let attention = ["heads": heads, "kvHeads": kvHeads, "headDim": headDim]
    return [
      .attention: attention, .rotary: attention, .rmsNorm: ["width": hiddenSize],
      .activation: ["width": intermediateSize], .elementwise: ["width": hiddenSize],
      .embedding: ["width": hiddenSize, "vocab": vocabularySize],
    ]
  }
}
