public import Operators

/// One operator of a model's forward pass, how often it runs in a step, and on how much.
public struct OperatorUse: Hashable, Sendable {
  /// Which size of the step's batch the operator grows with.
  public enum Size: Hashable, Sendable {
    /// All query tokens of the step.
    case tokens
    /// The sequences that sample a token in this step.
    case sampledSequences
    /// The batch's attention.
    case attention
    /// All query tokens, as bytes of that many each.
    case bytes(perToken: Int)
    /// The query tokens of so many data-parallel ranks that step together.
    case groupTokens(ranks: Int)
    /// The query tokens of the rank of those that has the most, as bytes of that many each.
    case fullestBytes(perToken: Int)
    /// All query tokens, times a count of rows each (norms a head).
    case rows(perToken: Int)
    /// The sequences that sample a token, as bytes of that many each.
    case sampledBytes(perSequence: Int)
    /// All query tokens, and the sequences whose states they change.
    case scan
    /// The sequences that decode, as bytes of that many each.
    case decodeBytes(perSequence: Int)
    /// The query tokens in prefill, as bytes of that many each.
    case prefillBytes(perToken: Int)
  }

  /// What runs.
  public var `operator`: Operator
  /// What it does in the model, such as `qkv_proj`.
  public var role: String
  /// How often a step runs it.
  public var count: Int
  /// What it grows with.
  public var size: Size

  /// Whether it runs behind the last layer: the last norm, the head and what is made of it.
  public internal(set) var isBehindLayers = false

  /// What a size of step an operator's time follows.
  public enum Growth: Hashable, Sendable {
    /// The tokens alone.
    case tokens
    /// The tokens of all ranks that step together.
    case groupTokens
    /// The tokens of the rank of those that has the most.
    case fullestTokens
    /// The sequences that sample alone.
    case sampled
    /// The batch's attention.
    case attention
    /// Several sizes, or another one.
    case several
  }

  /// What its time follows.
  public var growth: Growth {
    switch size {
    case .tokens, .bytes, .rows: .tokens
    case .groupTokens: .groupTokens
    case .fullestBytes: .fullestTokens
    case .sampledSequences, .sampledBytes: .sampled
    case .attention: .attention
    case .scan, .decodeBytes, .prefillBytes: .several
    }
  }

  /// The point of the operator's curve at so many of what its time follows; of a group's tokens, with so many
  /// on each rank.
  ///
  /// - Complexity: O(1). A size that does not fit stays at the largest integer.
  public func point(size count: Int) -> AxisPoint {
    switch size {
    case .tokens, .sampledSequences, .attention, .scan: return AxisPoint(count)
    case .bytes(let each), .rows(let each), .sampledBytes(let each), .decodeBytes(let each),
      .prefillBytes(let each), .groupTokens(let each), .fullestBytes(let each):
      let (size, overflow) = count.multipliedReportingOverflow(by: each)
      return AxisPoint(overflow ? .max : size)
    }
  }

  /// The point of the operator's curve in a step; of attention see ``AttentionLoad``.
  public func point(in shape: StepShape) -> AxisPoint {
    switch size {
    case .sampledSequences, .sampledBytes: point(size: shape.sampledSequences)
    case .decodeBytes: point(size: shape.decodeSequences)
    case .prefillBytes: point(size: shape.prefillTokens)
    case .scan: AxisPoint(shape.tokens, shape.prefillSequences + shape.decodeSequences)
    case .groupTokens(let ranks): AxisPoint(shape.tokens(ofRanks: ranks))
    case .fullestBytes: point(size: shape.tokensOfFullest)
    case .tokens, .bytes, .rows, .attention: point(size: shape.tokens)
    }
  }

  /// The work of one run in a step, or nil for kinds whose work is not known.
  public func work(in shape: StepShape) -> OperatorWork? {
    size == .attention
      ? OperatorWork(attention: `operator`, AttentionLoad(`operator`, shape))
      : OperatorWork(`operator`, at: point(in: shape))
  }
}
