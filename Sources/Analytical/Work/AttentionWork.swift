public import Operators

/// The work of one operator of attention in any step, its sizes looked up once.
public struct AttentionWork: Hashable, Sendable {
  private let cost: AttentionCost
  private let window: Double?
  private let isCausal: Bool

  /// Takes the sizes from an attention operator of any kind.
  public init(_ op: Operator) {
    cost = AttentionCost(op)
    window = op.window
    isCausal = op.kind != .bidirectionalAttention
  }

  /// The work of a step's batch.
  @inline(__always)
  public func work(in shape: StepShape) -> OperatorWork { cost.work(load(shape)) }

  /// The work of its prefills and of its decodes.
  public func parts(in shape: StepShape) -> (prefill: OperatorWork, decode: OperatorWork) {
    let load = load(shape)
    return (cost.work(load.prefill), cost.work(load.decode))
  }

  @inline(__always)
  private func load(_ shape: StepShape) -> AttentionLoad {
    AttentionLoad(shape, window: window, isCausal: isCausal)
  }
}
