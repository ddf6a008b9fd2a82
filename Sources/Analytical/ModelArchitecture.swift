public import Operators

/// The sizes of a dense decoder of the Llama family: what its forward pass is made of.
///
/// Covers Llama 2 to 3.x, Mistral, Qwen 1.5 to 3 (dense): pre-normalised blocks of grouped-query
/// attention with rotary embedding, and a gated feed-forward network.
public struct ModelArchitecture: Hashable, Sendable {
  /// The name that a user knows it by, such as `meta-llama/Llama-3.1-8B`.
  public var name: String
  /// Values a token carries between layers.
  public var hiddenSize: Int
  /// Width of the feed-forward network.
  public var intermediateSize: Int
  /// Decoder layers.
  public var layers: Int
  /// Query heads.
  public var heads: Int
  /// Key-value heads; fewer than ``heads`` with grouped-query attention.
  public var kvHeads: Int
  /// Values a head carries.
  public var headDim: Int
  /// Tokens of the vocabulary.
  public var vocabularySize: Int
  /// Whether the language-model head shares the embedding's weights.
  public var tiesEmbeddings: Bool
  /// Whether queries and keys are normalised a head (Qwen3).
  public var normalizesQueriesAndKeys: Bool
  /// Whether the query, key and value projections add a bias (Qwen 1.5 to 2.5).
  public var hasAttentionBias: Bool
  /// The longest sequence that its positions were made for.
  public var maximumPositions: Int

  /// Creates an architecture.
  public init(
    name: String, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, kvHeads: Int,
    headDim: Int? = nil, vocabularySize: Int, tiesEmbeddings: Bool = false,
    normalizesQueriesAndKeys: Bool = false, hasAttentionBias: Bool = false,
    maximumPositions: Int = 4096
  ) {
    self.name = name
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.layers = layers
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim ?? hiddenSize / max(1, heads)
    self.vocabularySize = vocabularySize
    self.tiesEmbeddings = tiesEmbeddings
    self.normalizesQueriesAndKeys = normalizesQueriesAndKeys
    self.hasAttentionBias = hasAttentionBias
    self.maximumPositions = maximumPositions
  }

  /// All weights of the model, as published parameter counts count them.
  ///
  /// Below 2^55 at the largest sizes that a configuration may have.
  public var parameterCount: Int {
    let embedding = vocabularySize * hiddenSize
    let queryKeyValue = (heads + 2 * kvHeads) * headDim
    let attention =
      hiddenSize * queryKeyValue + heads * headDim * hiddenSize
      + (hasAttentionBias ? queryKeyValue : 0)
      + (normalizesQueriesAndKeys ? 2 * headDim : 0)
    let feedForward = 3 * hiddenSize * intermediateSize
    let perLayer = attention + feedForward + 2 * hiddenSize
    return embedding * (tiesEmbeddings ? 1 : 2) + layers * perLayer + hiddenSize
  }

  /// Bytes of weights on each device of a tensor-parallel group.
  public func weightBytes(_ dataType: DataType, tensorParallel: Int = 1) -> Double {
    Double(parameterCount) * dataType.bytesPerElement / Double(max(1, tensorParallel))
  }

  /// Bytes of keys and values of one token on each device of a tensor-parallel group.
  ///
  /// Beyond ``kvHeads`` ranks the heads are replicated, as serving engines do.
  public func keyValueBytesPerToken(_ dataType: DataType, tensorParallel: Int = 1) -> Double {
    let headsHere = max(1, kvHeads / max(1, tensorParallel))
    return Double(2 * layers * headsHere * headDim) * dataType.bytesPerElement
  }
}
