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
  /// A sum over ranks, left on every rank.
  public static let allReduce = OperatorKind(rawValue: "allReduce")
  /// A gathering of every rank's part on every rank.
  public static let allGather = OperatorKind(rawValue: "allGather")
  /// A sum over ranks, a part of it left on each.
  public static let reduceScatter = OperatorKind(rawValue: "reduceScatter")
  /// An exchange between all pairs of ranks.
  public static let allToAll = OperatorKind(rawValue: "allToAll")
  /// One rank's bytes, left on every rank.
  public static let broadcast = OperatorKind(rawValue: "broadcast")
  /// A sum over ranks, left on one.
  public static let reduce = OperatorKind(rawValue: "reduce")
  /// One rank's bytes sent to another.
  public static let sendReceive = OperatorKind(rawValue: "sendReceive")

  /// The kinds that have axes, in the order above.
  public static let known: [OperatorKind] = [
    .gemm, .attention, .rmsNorm, .layerNorm, .activation, .rotary, .embedding, .elementwise,
    .softmax, .sample, .memcpy, .memset, .allReduce, .allGather, .reduceScatter, .allToAll,
    .broadcast, .reduce, .sendReceive,
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
