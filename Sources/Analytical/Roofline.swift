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
}

extension OperatorWork {
  /// The work of an operator at a point, or nil for kinds whose work is not known.
  ///
  /// - GEMM: 2·m·n·k operations, each matrix crossing the bus once.
  /// - Attention: 4·heads·headDim operations for each causal query-key pair; queries, outputs and
  ///   every key and value cross the bus once (Dao, FlashAttention, 2022).
  /// - Ring collectives: 2·(r − 1)/r of the bytes for an all-reduce, half of it for the others; all of
  ///   the bytes where one rank sends or takes them.
  public init?(_ op: Operator, at point: AxisPoint) {
    let size = op.dataType?.bytesPerElement ?? 4
    func attribute(_ name: String) -> Double { Double(op.attributes[name] ?? 1) }
    let tokens = Double(point[0])
    switch op.kind {
    case .gemm:
      let (n, k, batch) = (attribute("n"), attribute("k"), attribute("batch"))
      self.init(
        flops: 2 * batch * tokens * n * k, bytes: batch * size * (tokens * k + k * n + tokens * n))
    case .attention:
      let (query, past) = (Double(point[0]), Double(point[1]))
      let (sequences, context) = (Double(point[2]), Double(point[3]))
      let several = attribute("sequences")
      self.init(
        attention: op, queries: several * query,
        pairs: several * (query * past + query * (query + 1) / 2),
        context: several * (query > 0 ? query + past : 0), decodes: sequences,
        decodeContext: sequences * context)
    case .rmsNorm, .layerNorm:
      self.init(
        flops: 4 * tokens * attribute("width"), bytes: 2 * size * tokens * attribute("width"))
    case .activation:
      self.init(
        flops: 4 * tokens * attribute("width"), bytes: 3 * size * tokens * attribute("width"))
    case .elementwise:
      self.init(flops: tokens * attribute("width"), bytes: 3 * size * tokens * attribute("width"))
    case .softmax:
      self.init(
        flops: 4 * tokens * attribute("width"), bytes: 2 * size * tokens * attribute("width"))
    case .rotary:
      let width = (attribute("heads") + attribute("kvHeads")) * attribute("headDim")
      self.init(flops: 3 * tokens * width, bytes: 2 * size * tokens * width)
    case .embedding:
      self.init(bytes: 2 * size * tokens * attribute("width"))
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

  /// The work of attention over a whole step's batch, from its sums.
  ///
  /// - Parameters:
  ///   - op: the attention operator, for its heads and data type.
  ///   - queries: query tokens in prefill.
  ///   - pairs: their causal query-key pairs.
  ///   - context: keys that they read.
  ///   - decodes: sequences in decode, one query each.
  ///   - decodeContext: keys that those read, summed.
  public init(
    attention op: Operator, queries: Double, pairs: Double, context: Double, decodes: Double,
    decodeContext: Double
  ) {
    let size = op.dataType?.bytesPerElement ?? 4
    let headDim = Double(op.attributes["headDim"] ?? 128)
    let heads = Double(op.attributes["heads"] ?? 1)
    let kvHeads = Double(op.attributes["kvHeads"] ?? op.attributes["heads"] ?? 1)
    self.init(
      flops: 4 * heads * headDim * (pairs + decodeContext),
      bytes: size * headDim
        * (2 * heads * (queries + decodes) + 2 * kvHeads * (context + decodeContext)))
  }
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
