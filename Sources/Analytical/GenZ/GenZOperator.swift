/// One operator of a forward pass on one chip, with its price.
public struct GenZOperator: Hashable, Sendable {
  /// Where it stands in the model.
  public var name: Name
  /// What it computes and on what sizes.
  public var shape: Shape
  /// Which of its tensors stay on the chip.
  public var onChip: OnChip
  /// How often the pass runs it: once a layer, most of them. All other figures are of one run.
  public var count: Int
  /// Multiply-adds.
  public var macs: Double
  /// Bytes of activations read.
  public var inputBytes: Double
  /// Bytes of weights read, or of keys or values.
  public var weightBytes: Double
  /// Bytes written.
  public var outputBytes: Double
  /// Milliseconds that arithmetic alone would take.
  public var computeTime: Double
  /// Milliseconds that memory traffic alone would take; 0 where nothing is computed.
  public var memoryTime: Double
  /// Milliseconds that communication alone would take.
  public var communicationTime: Double
}

extension GenZOperator {
  /// Milliseconds that it takes: the longest of its three times, as if they overlapped wholly.
  public var latency: Double { max(computeTime, memoryTime, communicationTime) }

  /// What limits it, in GenZ's words: an operator without arithmetic counts as a collective.
  public var bound: Bound {
    guard computeTime > 0, memoryTime > 0 else { return .collective }
    return computeTime / memoryTime > 1 ? .compute : .memory
  }

  /// What limits an operator.
  public enum Bound: String, Hashable, Sendable {
    /// Arithmetic.
    case compute = "Compute"
    /// Memory traffic.
    case memory = "Memory"
    /// Communication, or nothing.
    case collective = "Collective"
  }

  /// The operators of a pass; raw values are the names in GenZ's tables.
  public enum Name: String, Hashable, Sendable {
    /// The embedding, which GenZ multiplies out as a dense matrix.
    case embedding = "embeddings"
    /// Its all-reduce.
    case embeddingReduce = "Emb_AR"
    /// The query, key and value projection.
    case queryKeyValue = "QKV"
    /// Queries times keys in prefill.
    case logit = "Logit"
    /// The same over the prompt in decode, and over a chunk of a prompt.
    case logitPrefix = "Logit Pre"
    /// The same over generated tokens.
    case logitSuffix = "Logit Suf"
    /// The same of a decoding request in a chunked pass.
    case logitDecode = "Logit Dec"
    /// Probabilities times values in prefill.
    case attend = "Attend"
    /// The same over the prompt in decode, and over a chunk of a prompt.
    case attendPrefix = "Attend Pre"
    /// The same over generated tokens.
    case attendSuffix = "Attend Suf"
    /// The same of a decoding request in a chunked pass.
    case attendDecode = "Attend Dec"
    /// The projection after attention.
    case output = "Out Proj"
    /// Its all-reduce.
    case attentionReduce = "MHA AR"
    /// The expert gate.
    case gate = "Gate"
    /// Its all-reduce.
    case gateReduce = "Gate AR"
    /// The all-to-all that sends tokens to their experts.
    case dispatch = "Dispatch A2A"
    /// The matrices into the feed-forward network, as one.
    case feedForwardUp = "up+gate"
    /// The matrix out of it.
    case feedForwardDown = "down"
    /// The all-to-all that brings tokens back.
    case collect = "Collect A2A"
    /// The feed-forward network's all-reduce.
    case feedForwardReduce = "FFN AR"
    /// Activations sent to the next pipeline stage.
    case messagePass = "Message Pass"
    /// The language-model head.
    case classifier = "classifier"
    /// Its all-gather, which GenZ reports among all-reduces.
    case classifierGather = "classifier_AG"
  }

  /// What an operator computes; every size is one chip's.
  public enum Shape: Hashable, Sendable {
    /// `[batch, rows, inner] × [columns, inner]ᵀ → [batch, rows, columns]`.
    case matrix(batch: Int, rows: Int, inner: Int, columns: Int)
    /// `[batch, heads, queries, headDim] × [batch, kvHeads, keys, headDim]ᵀ
    /// → [batch, heads, queries, keys]`.
    case logit(batch: Int, heads: Int, queries: Int, keys: Int, headDim: Int, kvHeads: Int)
    /// `[batch, heads, queries, keys] × [batch, kvHeads, keys, headDim]
    /// → [batch, heads, queries, headDim]`.
    case attend(batch: Int, heads: Int, queries: Int, keys: Int, headDim: Int, kvHeads: Int)
    /// `[batch, rows, width]` exchanged among `ranks` chips.
    case collective(Collective, batch: Int, rows: Int, width: Int, ranks: Int)
  }

  /// How chips exchange a tensor.
  public enum Collective: Hashable, Sendable {
    /// Sum on a ring.
    case allReduce
    /// Gather on a ring.
    case allGather
    /// Every chip to every other.
    case allToAll
    /// One chip to the next.
    case sendReceive
  }

  /// Tensors of an operator that cost on-chip bandwidth only.
  public struct OnChip: OptionSet, Hashable, Sendable {
    /// The bits of the set.
    public let rawValue: UInt8
    /// Creates a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The activations read.
    public static let input = OnChip(rawValue: 1)
    /// The activations written.
    public static let output = OnChip(rawValue: 2)
  }
}
