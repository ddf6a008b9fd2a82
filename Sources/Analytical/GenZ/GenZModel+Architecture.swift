extension GenZModel {
  /// The model of an architecture, as far as GenZ describes one.
  ///
  /// - Throws: ``AnalyticalError/layout(problem:)`` for models whose layers are not alike, and for
  ///   those of latent attention or state spaces, which GenZ prices otherwise or not at all.
  public init(_ model: ModelArchitecture) throws(AnalyticalError) {
    // Windows do not count: GenZ knows none.
    guard let attention = model.attention,
      model.layerGroups.allSatisfy({ group in
        if case .attention = group.mixer {
          group.feedForward == model.layerGroups[0].feedForward
        } else {
          false
        }
      })
    else {
      throw .layout(problem: "GenZ has no layers like those of \(model.name)")
    }
    var (width, inputs, experts, perToken) = (0, 2, 1, 1)
    switch model.layerGroups[0].feedForward {
    case .none: break
    case .dense(let network):
      width = network.width
      inputs = network.isGated ? 2 : 1
    case .experts(let network):
      guard network.sharedWidth == 0 else {
        throw .layout(problem: "GenZ has no shared experts like those of \(model.name)")
      }
      width = network.width
      inputs = network.isGated ? 2 : 1
      experts = network.experts
      perToken = network.perToken
    }
    self.init(
      vocabularySize: model.vocabularySize, hiddenSize: model.hiddenSize,
      intermediateSize: width, feedForwardInputs: inputs, layers: model.layers,
      heads: attention.heads, kvHeads: attention.kvHeads, headDim: attention.headDim,
      experts: experts, expertsPerToken: perToken)
  }
}
