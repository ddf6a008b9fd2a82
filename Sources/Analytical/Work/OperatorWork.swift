public import Operators

/// The work of an operator: what the speed of light has to be divided by.
public struct OperatorWork: Hashable, Sendable {
  /// Floating-point operations; a multiply-add counts as two.
  public var flops: Double
  /// Bytes that must cross the memory bus at least once.
  public var bytes: Double
  /// Bytes that must cross the link to other devices.
  public var linkBytes: Double

  /// Creates an amount of work.
  @inlinable
  public init(flops: Double = 0, bytes: Double = 0, linkBytes: Double = 0) {
    self.flops = flops
    self.bytes = bytes
    self.linkBytes = linkBytes
  }

  /// The work of an operator at a point, or nil for kinds whose work is not known.
  ///
  /// - GEMM: 2·m·n·k operations, each matrix crossing the bus once.
  /// - Attention: see ``init(attention:_:)``; an attribute `sequences` multiplies the prefill.
  /// - Experts: each token passes `topK` of `experts`, evenly; of the weights those cross the bus
  ///   that the tokens are expected to touch (``ExpertNetwork/touched(byTokens:)``).
  /// - A state-space scan: 9 operations for each value of state a token (Gu's count in the issues of
  ///   the repository state-spaces/mamba, number 110), each sequence's state in and out once.
  /// - Ring collectives: 2·(r − 1)/r of the bytes for an all-reduce, half of it for an all-gather, a
  ///   reduce-scatter and an all-to-all; all bytes once for the others.
  public init?(_ op: Operator, at point: AxisPoint) {
    let size = op.elementBytes
    func attribute(_ name: String, _ other: Int = 1) -> Double {
      Double(op.attributes[name] ?? other)
    }
    let tokens = Double(point[0])
    switch op.kind {
    case .gemm:
      let (n, k, batch) = (attribute("n"), attribute("k"), attribute("batch"))
      self.init(
        flops: 2 * batch * tokens * n * k,
        bytes: batch
          * (size * (tokens * k + tokens * n) + attribute("adapters") * op.weightBytes * k * n))
    case .attention, .latentAttention, .bidirectionalAttention:
      self.init(attention: op, AttentionLoad(op, at: point))
    case .moe: self = ExpertCost(op).work(tokens)
    case .rmsNorm, .layerNorm, .softmax:
      let values = tokens * attribute("width")
      self.init(flops: 4 * values, bytes: 2 * size * values)
    case .activation:
      let values = tokens * attribute("width")
      self.init(flops: 4 * values, bytes: (attribute("gated") == 0 ? 2 : 3) * size * values)
    case .elementwise:
      let values = tokens * attribute("width")
      self.init(flops: values, bytes: 3 * size * values)
    case .rotary:
      let values = tokens * (attribute("heads") + attribute("kvHeads")) * attribute("headDim")
      self.init(flops: 3 * values, bytes: 2 * size * values)
    case .convolution:
      let values = tokens * attribute("width")
      self.init(flops: 2 * attribute("kernel") * values, bytes: 2 * size * values)
    case .stateSpaceScan:
      let (width, state) = (attribute("width"), attribute("state"))
      let read = tokens * (3 * width + 2 * attribute("groups") * state)
      self.init(
        flops: 9 * tokens * width * state,
        bytes: size * (read + 2 * Double(point[1]) * width * state))
    case .embedding: self.init(bytes: 2 * size * tokens * attribute("width"))
    case .sample:
      self.init(flops: tokens * attribute("vocab"), bytes: 4 * tokens * attribute("vocab"))
    case .memcpy: self.init(bytes: 2 * tokens)
    case .memset: self.init(bytes: tokens)
    case .allReduce:
      let ranks = attribute("ranks")
      self.init(linkBytes: 2 * (ranks - 1) / ranks * tokens)
    case .allGather, .reduceScatter, .allToAll:
      let ranks = attribute("ranks")
      self.init(linkBytes: (ranks - 1) / ranks * tokens)
    case .broadcast, .reduce, .sendReceive: self.init(linkBytes: tokens)
    default: return nil
    }
  }
}

extension Operator {
  /// Bytes of an element of the inputs; of an unknown type four.
  var elementBytes: Double { dataType?.bytesPerElement ?? 4 }

  /// Bytes of a weight: where the attribute `weightBits` says nothing, as the inputs.
  var weightBytes: Double { attributes["weightBits"].map { Double($0) / 8 } ?? elementBytes }

  /// Bytes that each device of a group of experts reads, on average, for every expert that a step
  /// touches, wherever it lies.
  var weightBytesPerExpert: Double {
    func attribute(_ name: String, _ other: Int = 1) -> Double {
      Double(attributes[name] ?? other)
    }
    return (attributes["gated"] == 0 ? 2 : 3) * attribute("width") * attribute("intermediate")
      * weightBytes / attribute("tensorParallel") / attribute("expertParallel")
  }

  /// Bytes of a kept key or value: where the attribute `kvBits` says nothing, as the inputs.
  var keyValueBytes: Double { attributes["kvBits"].map { Double($0) / 8 } ?? elementBytes }
}

extension Device {
  /// The shortest time in nanoseconds in which the device could do this work: the longest of
  /// its arithmetic, its memory traffic and its link traffic (Williams et al., Roofline, 2009).
  public func speedOfLight(_ work: OperatorWork, _ dataType: DataType?) -> Double {
    let seconds = max(
      work.flops / peakFlops(dataType), work.bytes / memoryBandwidth, work.linkBytes / linkBandwidth
    )
    return seconds * 1e9
  }
}
