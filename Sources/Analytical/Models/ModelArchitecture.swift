/// The sizes of a transformer or state-space model: what its forward pass is made of.
///
/// A model is an embedding, groups of equal layers, and a head. Each layer mixes tokens (attention,
/// latent attention, a state-space scan) and then transforms each token (a dense network or a
/// mixture of experts). The order of layers costs nothing and is not kept.
///
///     ModelArchitecture.builtIn(named: "Llama-3.1-8B")?.parameterCount  // 8,030,261,248
public struct ModelArchitecture: Hashable, Sendable {
  /// The name that a user knows it by, such as `meta-llama/Llama-3.1-8B`.
  public var name: String
  /// Values a token carries between layers.
  public var hiddenSize: Int
  /// Tokens of the vocabulary.
  public var vocabularySize: Int
  /// The layers, equal ones together; at least one group.
  public var layerGroups: [LayerGroup]
  /// What turns tokens into the first layer's input.
  public var embedding = TokenEmbedding()
  /// How values are normalised between layers.
  public var norm = Norm.rms
  /// Whether the last layer's output is normalised.
  public var hasFinalNorm = true
  /// What is made of the last layer's output.
  public var head = Head.languageModel()
  /// Whether the language-model head shares the embedding's weights.
  public var tiesEmbeddings = false
  /// Whether tokens see earlier tokens only; false for encoders.
  public var isCausal = true
  /// The longest sequence that its positions were made for.
  public var maximumPositions = 4096
  /// Whether the family of its configuration is known; otherwise it was read as Llama's.
  public var isFamilyKnown = true

  /// Creates a model of any layers.
  public init(name: String, hiddenSize: Int, vocabularySize: Int, layerGroups: [LayerGroup]) {
    self.name = name
    self.hiddenSize = hiddenSize
    self.vocabularySize = vocabularySize
    self.layerGroups = layerGroups
  }

  /// Creates a dense decoder of the Llama family: pre-normalised layers of grouped-query attention
  /// with rotary embedding, and a gated feed-forward network.
  public init(
    name: String, hiddenSize: Int, intermediateSize: Int, layers: Int, heads: Int, kvHeads: Int,
    headDim: Int? = nil, vocabularySize: Int
  ) {
    let attention = Attention(
      heads: heads, kvHeads: kvHeads, headDim: headDim ?? hiddenSize / max(1, heads))
    self.init(
      name: name, hiddenSize: hiddenSize, vocabularySize: vocabularySize,
      layerGroups: [
        LayerGroup(
          count: layers, mixer: .attention(attention),
          feedForward: .dense(DenseNetwork(width: intermediateSize)))
      ])
  }
}

extension ModelArchitecture {
  /// Layers of all groups together.
  public var layers: Int { layerGroups.reduce(0) { $0 + $1.count } }

  /// The first group's attention, or nil where no layer has grouped-query attention.
  public var attention: Attention? {
    for group in layerGroups {
      if case .attention(let attention) = group.mixer { return attention }
    }
    return nil
  }

  /// Query heads of the first layers that have attention; 1 where none has.
  public var heads: Int {
    for group in layerGroups {
      switch group.mixer {
      case .attention(let attention): return attention.heads
      case .latent(let attention): return attention.heads
      case .stateSpace: continue
      }
    }
    return 1
  }

  /// Key-value heads of the first layers with grouped-query attention; 1 where none has.
  public var kvHeads: Int { attention?.kvHeads ?? 1 }

  /// Values a head carries in the first layers with grouped-query attention.
  public var headDim: Int { attention?.headDim ?? hiddenSize }

  /// Width of the widest feed-forward network that every token passes.
  public var intermediateSize: Int {
    layerGroups.reduce(0) { widest, group in
      switch group.feedForward {
      case .none: widest
      case .dense(let network): max(widest, network.width)
      case .experts(let experts):
        max(widest, experts.width * experts.perToken + experts.sharedWidth)
      }
    }
  }

  /// Whether it generates tokens; embedding models do not.
  public var generates: Bool {
    if case .languageModel = head { true } else { false }
  }

  /// Whether any layer is a mixture of experts.
  public var hasExperts: Bool {
    layerGroups.contains { if case .experts = $0.feedForward { true } else { false } }
  }
}

/// A number of equal layers.
public struct LayerGroup: Hashable, Sendable {
  /// How many.
  public var count: Int
  /// What mixes tokens.
  public var mixer: TokenMixer
  /// What transforms each token.
  public var feedForward: FeedForward
  /// Normalisations over the hidden size in each layer.
  public var norms: Int

  /// Creates a group.
  public init(count: Int, mixer: TokenMixer, feedForward: FeedForward, norms: Int = 2) {
    self.count = count
    self.mixer = mixer
    self.feedForward = feedForward
    self.norms = norms
  }
}

/// What turns tokens into the first layer's input.
public struct TokenEmbedding: Hashable, Sendable {
  /// Values a token has in the table; nil for the hidden size. Where they differ, a projection
  /// leads in and another out (OPT 350M).
  public var width: Int?
  /// Learned positions; 0 for rotary or none.
  public var learnedPositions = 0
  /// Token types with an embedding of their own (BERT).
  public var tokenTypes = 0
  /// Whether the sum is normalised.
  public var isNormalized = false

  /// Creates a plain table.
  public init() {}
}

/// How values are normalised.
public enum Norm: Hashable, Sendable {
  /// Root mean square, with a scale (Zhang and Sennrich, 2019).
  case rms
  /// Mean and variance, with a scale and perhaps a bias.
  case layer(hasBias: Bool)
  /// Without weights.
  case weightless
}

/// What is made of the last layer's output.
public enum Head: Hashable, Sendable {
  /// Logits over the vocabulary.
  case languageModel(hasBias: Bool = false)
  /// The hidden values themselves, as embedding models give them; perhaps through a square layer
  /// with bias (BERT's pooler).
  case hidden(hasPooler: Bool = false)
}
