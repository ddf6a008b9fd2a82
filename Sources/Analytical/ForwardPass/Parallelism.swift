/// How one copy of a model is laid out on devices.
///
/// Each pipeline stage has `data` groups, each a share of the batch; a group holds `sequence` parts
/// of every sequence, each on `tensor` devices that share each layer. Experts lie on all devices
/// of a stage.
public struct Parallelism: Hashable, Sendable {
  /// Devices that share each layer's heads and widths.
  public var tensor: Int
  /// Stages that hold a part of the layers each.
  public var pipeline: Int
  /// Ways in which the experts of all groups together are dealt out, a multiple of `data`; the
  /// tensor-parallel devices left over share each expert's width. 1 where every group has all
  /// experts, as it must with sequence parts.
  public var expert: Int
  /// Groups that serve a share of the batch each, with dense weights of their own.
  public var data: Int
  /// Parts of each sequence's tokens, keys and values (ring attention; Liu et al., 2023).
  public var sequence: Int

  /// Creates a layout; one device unless said otherwise.
  public init(
    tensor: Int = 1, pipeline: Int = 1, expert: Int = 1, data: Int = 1, sequence: Int = 1
  ) {
    self.tensor = tensor
    self.pipeline = pipeline
    self.expert = expert
    self.data = data
    self.sequence = sequence
  }

  /// One device.
  public static let single = Parallelism()

  /// All devices together.
  public var devices: Int { tensor * pipeline * data * sequence }

  /// Devices that share each expert's width.
  public var expertTensor: Int {
    expert > 1 ? max(1, tensor * data / expert) : tensor
  }
}

extension Parallelism: CustomStringConvertible {
  /// The ways that are more than one, such as `TP 4 × PP 2`.
  public var description: String {
    let ways = [
      ("TP", tensor), ("PP", pipeline), ("EP", expert), ("DP", data), ("SP", sequence),
    ].filter { $0.1 > 1 }
    return ways.isEmpty ? "TP 1" : ways.map { "\($0.0) \($0.1)" }.joined(separator: " × ")
  }
}

extension ModelArchitecture {
  /// Why a model cannot be laid out so, or nil.
  ///
  /// Query heads must divide by the tensor-parallel devices, experts by their ways; widths and the
  /// vocabulary are padded.
  public func fault(in layout: Parallelism) -> String? {
    let ways = [
      layout.tensor, layout.pipeline, layout.expert, layout.data, layout.sequence,
    ]
    guard ways.allSatisfy({ (1...65_536).contains($0) }) else {
      return "ways of parallelism must be from 1 to 65536"
    }
    guard layout.pipeline <= layers else {
      return "\(layers) layers cannot fill \(layout.pipeline) pipeline stages"
    }
    let groups = layout.data
    if layout.expert > 1 {
      guard hasExperts else { return "\(name) has no experts to deal out" }
      guard layout.sequence == 1 else {
        return "experts cannot be dealt out among parts of a sequence"
      }
      guard layout.expert % groups == 0, groups * layout.tensor % layout.expert == 0 else {
        return "\(groups) × \(layout.tensor) devices cannot deal experts out in "
          + "\(layout.expert) ways: take a multiple of DP \(groups) that divides them"
      }
    }
    for group in layerGroups {
      if let heads = group.mixer.heads, heads % layout.tensor != 0 {
        return "\(layout.tensor) devices cannot share \(heads) heads evenly"
      }
      guard case .experts(let network) = group.feedForward else { continue }
      guard network.experts % layout.expert == 0 else {
        return "\(network.experts) experts cannot be dealt out in \(layout.expert) ways"
      }
    }
    return nil
  }
}

extension TokenMixer {
  /// Heads that tensor-parallel devices share; nil where there are none.
  var heads: Int? {
    switch self {
    case .attention(let attention): attention.heads
    case .latent(let attention): attention.heads
    case .stateSpace(let space):
      if case .mamba2(let heads, _) = space.version { heads } else { nil }
    }
  }
}
