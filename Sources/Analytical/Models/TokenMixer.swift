/// What lets a layer's tokens see each other.
public enum TokenMixer: Hashable, Sendable {
  /// Multi-head, grouped-query or multi-query attention.
  case attention(Attention)
  /// Multi-head latent attention.
  case latent(LatentAttention)
  /// A selective state-space scan behind a short convolution.
  case stateSpace(StateSpace)
}

/// Attention with keys and values of their own heads (Ainslie et al., GQA, 2023).
public struct Attention: Hashable, Sendable {
  /// Which values of queries and keys are normalised together.
  public enum QueryKeyNorm: Hashable, Sendable {
    /// None.
    case none
    /// Each head's, with one scale for all heads (Qwen3, Gemma 3).
    case perHead
    /// All heads' together, with a scale for each value (OLMo 2).
    case acrossHeads
    /// Each head's, without weights (Llama 4).
    case weightless
  }

  /// Query heads.
  public var heads: Int
  /// Key-value heads; fewer than ``heads`` with grouped-query attention, 1 with multi-query.
  public var kvHeads: Int
  /// Values a head carries.
  public var headDim: Int
  /// Tokens that a query sees, its own included; nil for all earlier ones.
  public var window: Int?
  /// Whether the query, key and value projections add a bias.
  public var hasBias = false
  /// Whether the output projection adds a bias.
  public var hasOutputBias = false
  /// What of queries and keys is normalised.
  public var queryKeyNorm = QueryKeyNorm.none
  /// Whether queries and keys are rotated by their position.
  public var isRotary = true
  /// Whether each query head has a learned logit that takes part in the softmax (gpt-oss).
  public var hasSinks = false

  /// Creates plain rotary attention.
  public init(heads: Int, kvHeads: Int, headDim: Int, window: Int? = nil) {
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.window = window
  }
}

/// Attention whose keys and values are kept as one low-rank vector a token (DeepSeek-V2, 2024).
public struct LatentAttention: Hashable, Sendable {
  /// Query heads.
  public var heads: Int
  /// Rank of the queries' projection; nil where it is a full one.
  public var queryRank: Int?
  /// Values of the vector that stands for a token's keys and values.
  public var keyValueRank: Int
  /// Values of a head's query and key that carry no position.
  public var plainDim: Int
  /// Values of a head's query, and of the key that all heads share, that are rotated.
  public var rotaryDim: Int
  /// Values of a head's value.
  public var valueDim: Int
  /// Whether the down projections add a bias.
  public var hasBias = false

  /// Creates latent attention.
  public init(
    heads: Int, queryRank: Int?, keyValueRank: Int, plainDim: Int, rotaryDim: Int, valueDim: Int
  ) {
    self.heads = heads
    self.queryRank = queryRank
    self.keyValueRank = keyValueRank
    self.plainDim = plainDim
    self.rotaryDim = rotaryDim
    self.valueDim = valueDim
  }

  /// Values that the cache keeps of a token.
  public var cachedValues: Int { keyValueRank + rotaryDim }
}

/// A selective state-space model (Gu and Dao, Mamba, 2023; Dao and Gu, Mamba-2, 2024).
public struct StateSpace: Hashable, Sendable {
  /// How the step size and the scan are parameterised.
  public enum Version: Hashable, Sendable {
    /// Mamba: a step size for each channel through a rank.
    case mamba(stepRank: Int)
    /// Mamba-2: one step size a head, and inputs and outputs of the state in groups.
    case mamba2(heads: Int, groups: Int)
  }

  /// Which generation.
  public var version: Version
  /// Channels that are scanned.
  public var width: Int
  /// Values of state a channel keeps.
  public var state: Int
  /// Tokens that the convolution covers.
  public var convolution: Int
  /// Whether the convolution adds a bias.
  public var hasConvolutionBias = true
  /// Whether the projections add a bias.
  public var hasBias = false
  /// Whether step size, inputs and outputs of the state are normalised with weights (Jamba).
  public var normalizesInputs = false

  /// Creates a state-space mixer.
  public init(_ version: Version, width: Int, state: Int, convolution: Int) {
    self.version = version
    self.width = width
    self.state = state
    self.convolution = convolution
  }

  /// Channels of the convolution: with Mamba-2 the state's inputs and outputs pass it too.
  public var convolved: Int {
    switch version {
    case .mamba: width
    case .mamba2(_, let groups): width + 2 * groups * state
    }
  }

  /// Outputs of the projection that leads in.
  public var projected: Int {
    switch version {
    case .mamba: 2 * width
    case .mamba2(let heads, let groups): 2 * width + 2 * groups * state + heads
    }
  }

  /// Values that a sequence keeps in a layer, however long it is.
  public var cachedValues: Int { convolved * convolution + width * state }
}
