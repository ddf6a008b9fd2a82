public import Operators

/// What lies in the memory of the fullest device of a layout, in bytes.
public struct MemoryPlan: Hashable, Sendable {
  /// Weights, adapters included.
  public var weights = 0.0
  /// Keys, values and states of all sequences.
  public var cache = 0.0
  /// What one step's intermediate results and the device's context take.
  public var activations = 0.0
  /// The device's memory.
  public var capacity = 0.0

  /// Creates an empty plan.
  public init() {}

  /// All together.
  public var total: Double { weights + cache + activations }

  /// Whether it fits.
  public var fits: Bool { total <= capacity }
}

extension ModelArchitecture {
  /// Bytes of weights on the fullest device of a layout.
  ///
  /// Heads, widths, the vocabulary and experts are divided; norms, routers and latent down
  /// projections lie on every device of a stage, and so do key-value heads that are fewer than
  /// devices. Stages hold whole layers, taken as equally large; the first holds the embedding and
  /// the last the head.
  public func weightBytes(_ precision: Precision, _ layout: Parallelism) -> Double {
    let layers = layerGroups.reduce(0) { bytes, group in
      bytes + Double(group.count) * layerBytes(group, precision, layout)
    }
    let deepest = Double(shared(self.layers, by: layout.pipeline)) / Double(self.layers)
    let vocabulary = shared(vocabularySize, by: layout.tensor)
    let width = embedding.width ?? hiddenSize
    let projection = width == hiddenSize ? 0 : width * hiddenSize
    var first =
      vocabulary * width + projection
      + (embedding.learnedPositions + embedding.tokenTypes) * hiddenSize
    if embedding.isNormalized { first += normParameters }
    var last = hasFinalNorm ? normParameters : 0
    // The table of a model that ties its head to the embedding is on both of their stages.
    var table = tiesEmbeddings && layout.pipeline == 1 ? 0 : vocabulary * width
    switch head {
    case .languageModel(let hasBias): last += projection + (hasBias ? vocabulary : 0)
    case .hidden(let hasPooler):
      table = 0
      last += projection + (hasPooler ? hiddenSize * hiddenSize + hiddenSize : 0)
    }
    last += table
    let ends = layout.pipeline == 1 ? first + last : max(first, last)
    return layers * deepest + Double(ends) * precision.head.bytesPerElement
  }

  /// Bytes of a layer's weights on each of its devices.
  private func layerBytes(
    _ group: LayerGroup, _ precision: Precision, _ layout: Parallelism
  ) -> Double {
    var weights =
      group.mixer.share(of: layout.tensor).parameters(hiddenSize) + group.norms * normParameters
    var bytes = 0.0
    switch group.feedForward {
    case .none: break
    case .dense(var network):
      network.width = shared(network.width, by: layout.tensor)
      weights += FeedForward.dense(network).parameters(hiddenSize)
    case .experts(var network):
      // Router, its bias and the shared part's gate.
      let chosen =
        (network.experts + (network.gatesShared && network.sharedWidth > 0 ? 1 : 0)) * hiddenSize
        + (network.hasRouterBias ? network.experts : 0)
      network.experts = shared(network.experts, by: layout.expert)
      network.width = shared(network.width, by: layout.expertTensor)
      network.sharedWidth = shared(network.sharedWidth, by: layout.tensor)
      let common =
        network.sharedWidth > 0
        ? DenseNetwork(width: network.sharedWidth, isGated: network.isGated) : nil
      let experts =
        network.experts * network.parametersPerExpert(hiddenSize)
        + (common.map { FeedForward.dense($0).parameters(hiddenSize) } ?? 0)
      bytes =
        Double(experts) * precision.experts.bytesPerElement
        + Double(chosen) * precision.activations.bytesPerElement
    }
    return bytes + Double(weights) * precision.weights.bytesPerElement
  }

  /// Bytes of one step's intermediate results on a device: the feed-forward network's and the
  /// residual's rows, two copies of single-precision logits for each sequence that samples, and
  /// half a GiB of the device's context.
  public func activationBytes(
    tokens: Int, sampled: Int, _ dataType: DataType, tensorParallel: Int
  ) -> Double {
    let row = 2 * Double(intermediateSize) / Double(tensorParallel) + 4 * Double(hiddenSize)
    let logits = 8 * Double(sampled) * Double(vocabularySize)
    return Double(tokens) * row * dataType.bytesPerElement + logits + 536_870_912
  }
}
