public import Operators

/// The work of one operator at any point, its sizes looked up once: ``OperatorWork/init(_:at:)`` for
/// hot loops.
public struct WorkLaw: Hashable, Sendable {
  private enum Form: Hashable {
    /// A straight line in the first two sizes: the work at none, and what one more of each adds.
    case line(none: OperatorWork, first: OperatorWork, second: OperatorWork)
    case attention(AttentionCost, sequences: Double, window: Double?)
    case experts(ExpertCost)
    case other(Operator)
  }

  private let form: Form

  /// Takes the sizes from an operator; nil for kinds whose work is not known.
  public init?(_ op: Operator) {
    switch op.kind {
    case .attention, .latentAttention:
      form = .attention(
        AttentionCost(op), sequences: Double(op.attributes["sequences"] ?? 1), window: op.window)
    case .bidirectionalAttention: form = .other(op)
    case .moe: form = .experts(ExpertCost(op))
    default:
      guard let none = OperatorWork(op, at: AxisPoint(0)),
        let first = OperatorWork(op, at: AxisPoint(1)),
        let second = OperatorWork(op, at: AxisPoint(0, 1))
      else { return nil }
      form = .line(none: none, first: first.less(none), second: second.less(none))
    }
  }

  /// The work at a point of the operator's curve.
  public func work(at point: AxisPoint) -> OperatorWork {
    switch form {
    case .line(let none, let first, let second):
      let (one, other) = (Double(point[0]), Double(point[1]))
      return OperatorWork(
        flops: none.flops + one * first.flops + other * second.flops,
        bytes: none.bytes + one * first.bytes + other * second.bytes,
        linkBytes: none.linkBytes + one * first.linkBytes + other * second.linkBytes)
    case .attention(let cost, let sequences, let window):
      return cost.work(AttentionLoad(sequences: sequences, window: window, at: point))
    case .experts(let cost): return cost.work(Double(point[0]))
    case .other(let op): return OperatorWork(op, at: point) ?? OperatorWork()
    }
  }
}

extension OperatorWork {
  /// What is more here than in another amount.
  fileprivate func less(_ other: OperatorWork) -> OperatorWork {
    OperatorWork(
      flops: flops - other.flops, bytes: bytes - other.bytes,
      linkBytes: linkBytes - other.linkBytes)
  }
}
