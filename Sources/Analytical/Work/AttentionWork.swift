public import Operators

/// The work of one operator of attention in any step, its sizes looked up once.
public struct AttentionWork: Hashable, Sendable {
  private let cost: AttentionCost
  private let window: Double?
  private let isCausal: Bool
  /// The prefills of each point of the operator's curve.
  private let sequences: Double

  /// Takes the sizes from an attention operator of any kind.
  public init(_ op: Operator) {
    cost = AttentionCost(op)
    window = op.window
    isCausal = op.kind != .bidirectionalAttention
    sequences = Double(op.attributes["sequences"] ?? 1)
  }

  /// The work of a step's batch.
  @inline(__always)
  public func work(in shape: StepShape) -> OperatorWork { cost.work(load(shape)) }

  /// The work of its prefills and of its decodes.
  public func parts(in shape: StepShape) -> (prefill: OperatorWork, decode: OperatorWork) {
    let load = load(shape)
    return (cost.work(load.prefill), cost.work(load.decode))
  }

  /// The work at a place of the operator's curve, whose sizes need not be whole: `tokens` of each
  /// prefill after `past` cached ones, and `decodes` that read `context` keys each.
  public func work(
    tokens: Double, past: Double, decodes: Double, context: Double
  ) -> OperatorWork {
    var load = AttentionLoad(sequences: sequences, tokens: tokens, past: past, window: window)
    load.decodes = decodes
    load.decodeContext = decodes * min(context, window ?? context)
    return cost.work(load)
  }

  @inline(__always)
  private func load(_ shape: StepShape) -> AttentionLoad {
    AttentionLoad(shape, window: window, isCausal: isCausal)
  }
}
