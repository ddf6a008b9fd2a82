/// The sizes of a decoder, as GenZ describes a model.
///
/// All layers are alike: attention, then a feed-forward network, dense or of experts. Norms, biases,
/// rotary embedding and sliding windows have no place here, since GenZ counts none of them.
public struct GenZModel: Hashable, Sendable {
  /// Tokens of the vocabulary.
  public var vocabularySize: Int
  /// Values a token carries between layers.
  public var hiddenSize: Int
  /// Width of the feed-forward network, or of one expert.
  public var intermediateSize: Int
  /// Matrices into the feed-forward network: 2 when it is gated, 1 when not.
  public var feedForwardInputs: Int
  /// Decoder layers.
  public var layers: Int
  /// Query heads.
  public var heads: Int
  /// Key-value heads.
  public var kvHeads: Int
  /// Values a head carries.
  public var headDim: Int
  /// Experts a layer; 1 makes the model dense.
  public var experts: Int
  /// Experts that each token visits.
  public var expertsPerToken: Int

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - kvHeads: as many as `heads` when nil.
  ///   - headDim: `hiddenSize / heads` when nil.
  public init(
    vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, feedForwardInputs: Int = 2,
    layers: Int, heads: Int, kvHeads: Int? = nil, headDim: Int? = nil, experts: Int = 1,
    expertsPerToken: Int = 1
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.feedForwardInputs = feedForwardInputs
    self.layers = layers
    self.heads = heads
    self.kvHeads = kvHeads ?? heads
    self.headDim = headDim ?? hiddenSize / max(1, heads)
    self.experts = experts
    self.expertsPerToken = expertsPerToken
  }
}

extension GenZModel {
  /// Every size with its name, for checks.
  var sizes: [(name: String, value: Int)] {
    [
      ("vocabulary size", vocabularySize), ("hidden size", hiddenSize),
      ("intermediate size", intermediateSize), ("feed-forward inputs", feedForwardInputs),
      ("layers", layers), ("heads", heads), ("key-value heads", kvHeads), ("head size", headDim),
      ("experts", experts), ("experts per token", expertsPerToken),
    ]
  }
}
