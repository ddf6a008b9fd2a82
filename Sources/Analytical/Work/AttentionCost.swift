public import Operators

/// What attention costs for each of the sizes that its load counts.
///
/// - Grouped: 4·heads·headDim operations for each query-key pair; queries, outputs and every key and
///   value cross the bus once (Dao, FlashAttention, 2022).
/// - Latent: in prefill keys and values are unfolded a head; in decode queries and outputs are folded
///   instead and only the kept vectors are read (DeepSeek-V2, 2024, section 2.1). What unfolds and
///   folds are products of their own.
struct AttentionCost: Hashable, Sendable {
  /// Operations a query-key pair of prefill, a key that was there before it, and a key of decode.
  let perPair, perPastKey, perDecodeKey: Double
  /// Bytes a query and a key of prefill.
  let bytesPerQuery, bytesPerKey: Double
  /// Bytes a query and a key of decode.
  let bytesPerDecode, bytesPerDecodeKey: Double

  /// Takes the sizes from an attention operator of any kind.
  init(_ op: Operator) {
    func attribute(_ name: String, _ other: Double) -> Double {
      op.attributes[name].map(Double.init) ?? other
    }
    let (size, kept) = (op.elementBytes, op.keyValueBytes)
    let heads = attribute("heads", 1)
    guard op.kind == .latentAttention else {
      let headDim = attribute("headDim", 128)
      let kvHeads = attribute("kvHeads", heads)
      perPair = 4 * heads * headDim
      perPastKey = 0
      perDecodeKey = perPair
      bytesPerQuery = 2 * size * heads * headDim
      bytesPerDecode = bytesPerQuery
      bytesPerKey = 2 * kept * kvHeads * headDim
      bytesPerDecodeKey = bytesPerKey
      return
    }
    let latent = LatentAttention.deepSeek
    let rank = attribute("rank", Double(latent.keyValueRank))
    let rotary = attribute("rotary", Double(latent.rotaryDim))
    let plain = attribute("plain", Double(latent.plainDim))
    let key = plain + rotary
    let value = attribute("value", Double(latent.valueDim))
    perPair = 2 * heads * (key + value)
    // A chunk unfolds again what was kept before it; its own keys are unfolded by a product.
    perPastKey = 2 * rank * heads * (plain + value)
    perDecodeKey = 2 * heads * (2 * rank + rotary)
    bytesPerQuery = size * heads * (key + value)
    bytesPerKey = bytesPerQuery
    bytesPerDecode = size * heads * (2 * rank + rotary)
    bytesPerDecodeKey = kept * (rank + rotary)
  }

  /// The work of a load.
  @inline(__always)
  func work(_ load: AttentionLoad) -> OperatorWork {
    OperatorWork(
      flops: perPair * load.pairs + perPastKey * max(0, load.context - load.queries)
        + perDecodeKey * load.decodeContext,
      bytes: bytesPerQuery * load.queries + bytesPerKey * load.context
        + bytesPerDecode * load.decodes + bytesPerDecodeKey * load.decodeContext)
  }
}

extension OperatorWork {
  /// The work of attention of any kind over a step's batch.
  public init(attention op: Operator, _ load: AttentionLoad) { self = AttentionCost(op).work(load) }
}

extension LatentAttention {
  /// DeepSeek's sizes, which the tables of `latentAttention` leave out.
  static let deepSeek = LatentAttention(
    heads: 128, queryRank: 1536, keyValueRank: 512, plainDim: 128, rotaryDim: 64, valueDim: 128)
}
