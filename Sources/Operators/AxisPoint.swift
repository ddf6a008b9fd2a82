/// A point on an operator's curve: the sizes that vary from step to step.
///
/// The order and meaning of the values is that of ``OperatorKind/axes``. At most five axes; what
/// is not used is zero.
public struct AxisPoint: Hashable, Sendable {
  /// The values in the order of the operator's axes.
  public var values: SIMD8<Int64>

  /// Creates a point from up to five values.
  public init(
    _ first: Int, _ second: Int = 0, _ third: Int = 0, _ fourth: Int = 0, _ fifth: Int = 0
  ) {
    self.values = SIMD8(
      Int64(first), Int64(second), Int64(third), Int64(fourth), Int64(fifth), 0, 0, 0)
  }

  /// A point of an operator that has no axis.
  public static let none = AxisPoint(0)

  /// The value along the axis at `index` (0 to 4).
  public subscript(index: Int) -> Int { Int(values[index]) }

  /// Whether it comes before another in the order of a curve's samples: by the first axis, then by the
  /// next.
  public func precedes(_ other: AxisPoint) -> Bool {
    for axis in 0..<5 where values[axis] != other.values[axis] {
      return values[axis] < other.values[axis]
    }
    return false
  }
}

extension OperatorKind {
  /// Whether its points are a step's mixed batch: prefills and decodes together.
  public var isStepAttention: Bool { self == .attention || self == .latentAttention }

  /// The names of the axes, in the order of ``AxisPoint/values``.
  ///
  /// Attention is described by what one step's mixed batch holds: the query tokens of all
  /// sequences in prefill, the (pair-weighted) past before them, the sequences in decode, their
  /// mean key-value length, and the longest; the last is 0 where all are equally long.
  ///
  /// The bytes of a collective are those of the column `size` of nccl-tests: the whole array that
  /// each rank holds before or after it, never one rank's part of it.
  public var axes: [String] {
    switch self {
    case .gemm, .rmsNorm, .layerNorm, .activation, .rotary, .embedding, .elementwise, .softmax,
      .sample, .cacheWrite, .moe, .moeDispatch, .moeCombine, .quantize, .convolution:
      ["tokens"]
    case .bidirectionalAttention: ["sequences", "tokens"]
    case .stateSpaceScan: ["tokens", "sequences"]
    case .attention, .latentAttention, .latentAttentionBlock:
      ["prefillTokens", "prefillPast", "decodeSequences", "decodeContext", "decodeLongest"]
    case .memcpy, .memset, .allReduce, .allGather, .reduceScatter, .allToAll, .broadcast, .reduce,
      .sendReceive:
      ["bytes"]
    default: []
    }
  }
}

extension Operator {
  /// A point's sizes by name, as `tokens=128`; those that are zero are left out, but for the only one.
  public func text(of point: AxisPoint) -> String {
    let axes = kind.axes
    return zip(axes, 0...).filter { point[$1] > 0 || axes.count == 1 }
      .map { "\($0)=\(point[$1])" }.joined(separator: " ")
  }
}
