public import Analytical
import Operators

extension ImportedTrace {
  /// Gives decode attention back the shape that its engine folded.
  ///
  /// With grouped-query attention an engine may fold the query heads that share a key-value head
  /// into the query length: a decode of a model of 32 heads on 8 is called with 8 heads and 4
  /// queries. A trace alone cannot tell that from a chunk of 4 tokens of a model with 8 heads; the
  /// architecture can.
  public mutating func unfoldAttention(
    of model: ModelArchitecture, tensorParallel: Int = 1
  ) {
    let (heads, kvHeads) = (model.heads / tensorParallel, model.kvHeads / tensorParallel)
    guard kvHeads > 0, heads > kvHeads else { return }
    let group = heads / kvHeads
    for index in samples.indices where samples[index].operator.kind == .attention {
      let (op, point) = (samples[index].operator, samples[index].point)
      guard op.attributes["heads"] == kvHeads, op.attributes["kvHeads"] == kvHeads,
        op.attributes["headDim"] == model.headDim, point[0] == group, point[2] == 0
      else { continue }
      samples[index].operator.attributes = [
        "heads": heads, "kvHeads": kvHeads, "headDim": model.headDim,
      ]
      samples[index].point = AxisPoint(
        0, 0, op.attributes["sequences"] ?? 1, point[1] + group)
    }
  }
}
