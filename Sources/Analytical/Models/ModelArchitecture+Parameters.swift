extension ModelArchitecture {
  /// All weights of the model, as published counts count them.
  ///
  /// Below 2^62 at the largest sizes that a configuration may have.
  public var parameterCount: Int {
    let table = embedding.width ?? hiddenSize
    var count = vocabularySize * table
    if table != hiddenSize { count += 2 * table * hiddenSize }
    count += (embedding.learnedPositions + embedding.tokenTypes) * hiddenSize
    if embedding.isNormalized { count += normParameters }
    for group in layerGroups { count += group.count * parameters(of: group) }
    if hasFinalNorm { count += normParameters }
    switch head {
    case .languageModel(let hasBias):
      if !tiesEmbeddings { count += vocabularySize * table }
      if hasBias { count += vocabularySize }
    case .hidden(let hasPooler):
      if hasPooler { count += hiddenSize * hiddenSize + hiddenSize }
    }
    return count
  }

  /// Weights that take part in one token's products: of experts only those that it passes.
  public var activeParameterCount: Int {
    layerGroups.reduce(parameterCount) { count, group in
      guard case .experts(let network) = group.feedForward else { return count }
      let idle = network.experts - min(network.perToken, network.experts)
      return count - group.count * idle * network.parametersPerExpert(hiddenSize)
    }
  }

  /// Weights of one layer of a group.
  public func parameters(of group: LayerGroup) -> Int {
    group.mixer.parameters(hiddenSize) + group.feedForward.parameters(hiddenSize)
      + group.norms * normParameters
  }

  /// Weights of one normalisation over the hidden size.
  var normParameters: Int {
    switch norm {
    case .rms: hiddenSize
    case .layer(let hasBias): hasBias ? 2 * hiddenSize : hiddenSize
    case .weightless: 0
    }
  }
}

extension TokenMixer {
  /// Weights of the mixer of a layer whose tokens carry `hidden` values.
  public func parameters(_ hidden: Int) -> Int {
    switch self {
    case .attention(let attention): attention.parameters(hidden)
    case .latent(let attention): attention.parameters(hidden)
    case .stateSpace(let space): space.parameters(hidden)
    }
  }
}

extension FeedForward {
  /// Weights of the network of a layer whose tokens carry `hidden` values.
  public func parameters(_ hidden: Int) -> Int {
    switch self {
    case .none: 0
    case .dense(let network): network.parameters(hidden)
    case .experts(let network): network.parameters(hidden)
    }
  }
}

extension Attention {
  fileprivate func parameters(_ hidden: Int) -> Int {
    let outputs = (heads + 2 * kvHeads) * headDim
    var count = hidden * outputs + heads * headDim * hidden
    if hasBias { count += outputs }
    if hasOutputBias { count += hidden }
    if hasSinks { count += heads }
    switch queryKeyNorm {
    case .none, .weightless: break
    case .perHead: count += 2 * headDim
    case .acrossHeads: count += (heads + kvHeads) * headDim
    }
    return count
  }
}

extension LatentAttention {
  fileprivate func parameters(_ hidden: Int) -> Int {
    let queries = heads * (plainDim + rotaryDim)
    var count = hidden * queries
    if let queryRank { count = hidden * queryRank + queryRank + queryRank * queries }
    count += hidden * (keyValueRank + rotaryDim) + keyValueRank
    count += keyValueRank * heads * (plainDim + valueDim)
    if hasBias { count += (queryRank ?? 0) + keyValueRank + rotaryDim + hidden }
    return count + heads * valueDim * hidden
  }
}

extension StateSpace {
  fileprivate func parameters(_ hidden: Int) -> Int {
    var count = hidden * projected + width * hidden
    if hasBias { count += projected + hidden }
    count += convolved * convolution + (hasConvolutionBias ? convolved : 0)
    switch version {
    case .mamba(let rank):
      count += width * (rank + 2 * state) + rank * width + width
      count += width * state + width
      if normalizesInputs { count += rank + 2 * state }
    case .mamba2(let heads, _):
      count += 3 * heads + width
    }
    return count
  }
}

extension DenseNetwork {
  fileprivate func parameters(_ hidden: Int) -> Int {
    let first = (isGated ? 2 : 1) * width
    return (first + width) * hidden + (hasBias ? first + hidden : 0)
  }
}

extension ExpertNetwork {
  fileprivate func parameters(_ hidden: Int) -> Int {
    var count = experts * parametersPerExpert(hidden) + experts * hidden
    if hasRouterBias { count += experts }
    if sharedWidth > 0 {
      count += DenseNetwork(width: sharedWidth, isGated: isGated).parameters(hidden)
      if gatesShared { count += hidden }
    }
    return count
  }

  /// Weights of one expert of a layer whose tokens carry `hidden` values.
  public func parametersPerExpert(_ hidden: Int) -> Int {
    DenseNetwork(width: width, isGated: isGated, hasBias: hasBias).parameters(hidden)
  }
}
