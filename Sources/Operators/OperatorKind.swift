/// What an operator does, as every source, model and curve calls it.
///
/// An open set: known kinds are statics, what is not known yet is ``opaque(_:)`` and keeps the
/// profiler's own name, so that nothing measured is thrown away.
public struct OperatorKind: RawRepresentable, Hashable, Sendable {
  /// The name as stored in the database, such as `gemm`.
  public var rawValue: String

  /// Creates a kind from its stored name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A matrix product, `[tokens, k] × [k, n]`, optionally over `batch` independent matrices.
  public static let gemm = OperatorKind(rawValue: "gemm")
  /// Scaled dot-product attention of one step's batch.
  public static let attention = OperatorKind(rawValue: "attention")
  /// Root-mean-square normalisation over `width`.
  public static let rmsNorm = OperatorKind(rawValue: "rmsNorm")
  /// Layer normalisation over `width`.
  public static let layerNorm = OperatorKind(rawValue: "layerNorm")
  /// A gated activation: `silu(a) · b` over `width` outputs.
  public static let activation = OperatorKind(rawValue: "activation")
  /// Rotary position embedding of queries and keys.
  public static let rotary = OperatorKind(rawValue: "rotary")
  /// The write of a step's keys and values into the pages of the cache.
  public static let cacheWrite = OperatorKind(rawValue: "cacheWrite")
  /// The lookup of rows of an embedding table.
  public static let embedding = OperatorKind(rawValue: "embedding")
  /// An element-wise map over `width` values a token.
  public static let elementwise = OperatorKind(rawValue: "elementwise")
  /// A softmax outside fused attention.
  public static let softmax = OperatorKind(rawValue: "softmax")
  /// The choice of the next token from logits.
  public static let sample = OperatorKind(rawValue: "sample")
  /// A copy of bytes, on the device or across its link.
  public static let memcpy = OperatorKind(rawValue: "memcpy")
  /// A fill of bytes.
  public static let memset = OperatorKind(rawValue: "memset")
  // The bytes of collectives are those of the larger of a rank's two buffers.

  /// A sum over ranks, left on every rank.
  public static let allReduce = OperatorKind(rawValue: "allReduce")
  /// A gathering of every rank's part on every rank.
  public static let allGather = OperatorKind(rawValue: "allGather")
  /// A sum over ranks, a part of it left on each.
  public static let reduceScatter = OperatorKind(rawValue: "reduceScatter")
  /// An exchange between all pairs of ranks.
  public static let allToAll = OperatorKind(rawValue: "allToAll")
  /// A copy of one rank's data to all others.
  public static let broadcast = OperatorKind(rawValue: "broadcast")
  /// A sum over ranks, left on one.
  public static let reduce = OperatorKind(rawValue: "reduce")
  /// A transfer from one rank to another.
  public static let sendReceive = OperatorKind(rawValue: "sendReceive")

  /// Attention without a causal mask, over `sequences` of equal length, as encoders run it.
  public static let bidirectionalAttention = OperatorKind(rawValue: "bidirectionalAttention")
  /// Multi-head latent attention without its projections (DeepSeek-V2, 2024).
  public static let latentAttention = OperatorKind(rawValue: "latentAttention")
  /// Multi-head latent attention with its projections.
  public static let latentAttentionBlock = OperatorKind(rawValue: "latentAttentionBlock")
  /// The experts' products of a mixture of experts, on one device of its group.
  public static let moe = OperatorKind(rawValue: "moe")
  /// The sending of tokens to the ranks that hold their experts.
  public static let moeDispatch = OperatorKind(rawValue: "moeDispatch")
  /// The return of the experts' results to the tokens' ranks, and their sum.
  public static let moeCombine = OperatorKind(rawValue: "moeCombine")
  /// A short causal convolution along each channel's tokens, `kernel` of them.
  public static let convolution = OperatorKind(rawValue: "convolution")
  /// The scan of a selective state-space model over `width` channels of `state` values.
  public static let stateSpaceScan = OperatorKind(rawValue: "stateSpaceScan")
  /// The conversion of activations to a type of `bits`, scaled.
  public static let quantize = OperatorKind(rawValue: "quantize")

  /// Whether devices exchange data in it.
  public var isCollective: Bool {
    switch self {
    case .allReduce, .allGather, .reduceScatter, .allToAll, .broadcast, .reduce, .sendReceive,
      .moeDispatch, .moeCombine:
      true
    default: false
    }
  }

  /// The kinds that have axes, in the order above.
  public static let known: [OperatorKind] = [
    .gemm, .attention, .rmsNorm, .layerNorm, .activation, .rotary, .embedding, .elementwise,
    .softmax, .sample, .memcpy, .memset, .allReduce, .allGather, .reduceScatter, .allToAll,
    .broadcast, .reduce, .sendReceive, .cacheWrite, .bidirectionalAttention, .latentAttention,
    .latentAttentionBlock, .moe, .moeDispatch, .moeCombine, .quantize,
    .convolution, .stateSpaceScan,
  ]

  /// An operator that is known by its profiler's name only.
  public static func opaque(_ name: String) -> OperatorKind {
    OperatorKind(rawValue: "opaque:" + name)
  }

  /// Whether this kind is known by its profiler's name only.
  public var isOpaque: Bool { rawValue.hasPrefix("opaque:") }
}

extension OperatorKind: CustomStringConvertible {
  /// The stored name.
  public var description: String { rawValue }
}
