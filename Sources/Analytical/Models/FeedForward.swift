/// What transforms each token of a layer by itself.
public enum FeedForward: Hashable, Sendable {
  /// Nothing: the mixer is the whole layer (Mamba).
  case none
  /// One network that every token passes.
  case dense(DenseNetwork)
  /// A mixture of experts, of which each token passes a few.
  case experts(ExpertNetwork)
}

/// Two products with an activation between them, or three where the activation is gated.
public struct DenseNetwork: Hashable, Sendable {
  /// Values between the products.
  public var width: Int
  /// Whether half of the first product gates the other (Shazeer, GLU variants, 2020).
  public var isGated: Bool
  /// Whether the products add a bias.
  public var hasBias: Bool

  /// Creates a network.
  public init(width: Int, isGated: Bool = true, hasBias: Bool = false) {
    self.width = width
    self.isGated = isGated
    self.hasBias = hasBias
  }
}

/// A mixture of experts (Shazeer et al., 2017; shared experts: Dai et al., DeepSeekMoE, 2024).
public struct ExpertNetwork: Hashable, Sendable {
  /// Experts to choose from.
  public var experts: Int
  /// Experts that a token passes.
  public var perToken: Int
  /// Values between an expert's products.
  public var width: Int
  /// Whether the experts' activation is gated.
  public var isGated = true
  /// Whether the experts' products add a bias.
  public var hasBias = false
  /// Values between the products of what every token passes besides; 0 for nothing.
  public var sharedWidth = 0
  /// Whether a learned gate weighs the shared part (Qwen).
  public var gatesShared = false
  /// Whether the choice of experts adds a learned bias.
  public var hasRouterBias = false

  /// Creates a mixture of gated experts.
  public init(experts: Int, perToken: Int, width: Int) {
    self.experts = experts
    self.perToken = perToken
    self.width = width
  }

  /// How many different experts a step of that many tokens is expected to touch, where tokens
  /// choose evenly and independently: E · (1 − (1 − K/E)^tokens).
  public func touched(byTokens tokens: Double) -> Double {
    let (experts, perToken) = (Double(experts), Double(min(perToken, experts)))
    guard tokens > 0, experts > 0 else { return 0 }
    return experts * (1 - power(1 - perToken / experts, tokens))
  }
}
