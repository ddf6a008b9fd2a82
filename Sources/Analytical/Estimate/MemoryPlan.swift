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
  /// Norms, routers and latent down projections lie on every device of a stage; stages hold whole
  /// layers, the first the embedding and the last the head.
  public func weightBytes(_ precision: Precision, _ layout: Parallelism) -> Double {
    let ranks = Double(layout.tensor)
    var layers = 0.0
    for group in layerGroups {
      let shared = Double(group.mixer.parameters(hiddenSize)) / ranks
      var bytes = (shared + Double(group.norms * hiddenSize)) * precision.weights.bytesPerElement
      switch group.feedForward {
      case .none: break
      case .dense:
        bytes +=
          Double(group.feedForward.parameters(hiddenSize)) / ranks
          * precision.weights.bytesPerElement
      case .experts(let network):
        let experts = Double(network.experts * network.parametersPerExpert(hiddenSize))
        let all = Double(group.feedForward.parameters(hiddenSize))
        let router = Double(network.experts * hiddenSize)
        bytes +=
          experts / Double(layout.expert * layout.expertTensor) * precision.experts.bytesPerElement
          + (all - experts - router) / ranks * precision.experts.bytesPerElement
          + router * precision.activations.bytesPerElement
      }
      layers += Double(group.count) * bytes
    }
    let stages = layout.pipeline
    let deepest = Double((self.layers + stages - 1) / stages) / Double(self.layers)
    let table =
      Double(vocabularySize * (embedding.width ?? hiddenSize)) / ranks
      * precision.head.bytesPerElement
    let positions =
      Double((embedding.learnedPositions + embedding.tokenTypes) * hiddenSize)
      * precision.head.bytesPerElement
    var tables = 1.0
    if case .languageModel = head, !tiesEmbeddings, stages == 1 { tables = 2 }
    return layers * deepest + tables * table + positions
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
