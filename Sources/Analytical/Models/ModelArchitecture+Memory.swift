public import Operators

/// The types in which a model's numbers are kept, by what they are.
public struct Precision: Hashable, Sendable {
  /// Activations, and what attention is computed in.
  public var activations: DataType
  /// What products are computed in; of few bits where activations are quantised before each.
  public var products: DataType
  /// Weights of attention and dense networks.
  public var weights: DataType
  /// Weights of experts.
  public var experts: DataType
  /// Weights of the embedding and the head, which quantised models leave as they are.
  public var head: DataType
  /// Keys and values, and what latent attention keeps.
  public var keyValues: DataType

  /// Everything in one type.
  public init(_ type: DataType) {
    activations = type
    products = type
    weights = type
    experts = type
    head = type
    keyValues = type
  }

  /// What engines make of a checkpoint in a type: below 16 bits products take quantised inputs and
  /// weights, and everything else, the head and keys and values included, stays in bf16.
  public init(serving type: DataType) {
    self.init(type)
    guard type.bytesPerElement < 2 else { return }
    (activations, head, keyValues) = (.bfloat16, .bfloat16, .bfloat16)
  }

  /// Each in a type of its own; what is not given is as `weights`, or as `activations`.
  public init(
    activations: DataType, products: DataType? = nil, weights: DataType,
    experts: DataType? = nil, head: DataType? = nil, keyValues: DataType? = nil
  ) {
    self.activations = activations
    self.products = products ?? activations
    self.weights = weights
    self.experts = experts ?? weights
    self.head = head ?? activations
    self.keyValues = keyValues ?? activations
  }
}

extension ModelArchitecture {
  /// Bytes of keys and values of one token on each device of a tensor-parallel group.
  ///
  /// Beyond ``kvHeads`` ranks the heads are replicated, as serving engines do. Layers with a window
  /// keep as much of each token while it is inside.
  public func keyValueBytesPerToken(_ dataType: DataType, tensorParallel: Int = 1) -> Double {
    layerGroups.reduce(0) { bytes, group in
      bytes + Double(group.count) * group.mixer.cachedValuesPerToken(ranks: tensorParallel)
        * dataType.bytesPerElement
    }
  }

  /// Bytes that one sequence of that many tokens keeps on each device of a tensor-parallel group:
  /// keys and values, of windows only what is inside, and the states of scans, which stay in the
  /// activations' type.
  public func cacheBytes(
    tokens: Double, _ precision: Precision, tensorParallel: Int = 1
  ) -> Double {
    layerGroups.reduce(0) { bytes, group in
      let kept: Double
      switch group.mixer {
      case .attention(let attention):
        kept = attention.window.map { min(tokens, Double($0)) } ?? tokens
      case .latent: kept = tokens
      case .stateSpace(let space):
        let values = space.share(of: max(1, tensorParallel)).cachedValues
        return bytes + Double(group.count * values) * precision.activations.bytesPerElement
      }
      return bytes + Double(group.count) * kept
        * group.mixer.cachedValuesPerToken(ranks: tensorParallel)
        * precision.keyValues.bytesPerElement
    }
  }
}

extension TokenMixer {
  /// Values that a layer keeps of each token on each of so many devices.
  func cachedValuesPerToken(ranks: Int) -> Double {
    switch self {
    case .attention(let attention):
      Double(2 * shared(attention.kvHeads, by: max(1, ranks)) * attention.headDim)
    // One vector serves all heads, so every device keeps it.
    case .latent(let attention): Double(attention.cachedValues)
    case .stateSpace: 0
    }
  }
}
