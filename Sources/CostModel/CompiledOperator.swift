internal import Analytical
public import Operators

/// One operator's time at any point, as a deployment's step is compiled from it.
///
///     let gemm = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
///     let compiled = CompiledOperator(gemm, on: model)
///     compiled?.estimate(at: AxisPoint(128)).nanoseconds
///
/// Where ``CostModel/predict(_:at:explains:)`` looks into a field anew each time, this lays the field
/// along the operator's own curve once: a query is then a look-up and a line between two points, within
/// a percent or two of the field.
public struct CompiledOperator: Sendable {
  /// What it predicts.
  public let `operator`: Operator
  private let model: CostModel
  /// Of one prefill, where the operator is the attention of several.
  private let candidates: CostModel.Candidates
  private let work: WorkLaw
  private let sequences: Int

  /// Compiles an operator; nil for kinds whose work is not known.
  ///
  /// - Complexity: a look into the field for each point of the curve that was not measured, which a model
  ///   keeps for the next one who asks.
  public init?(_ op: Operator, on model: CostModel) {
    var single = op
    let several = op.kind.isStepAttention ? single.attributes.removeValue(forKey: "sequences") : nil
    let candidates = model.candidates(for: single)
    guard let work = candidates.work else { return nil }
    self.operator = op
    self.sequences = max(1, several ?? 1)
    self.model = model
    self.candidates = candidates
    self.work = work
  }

  /// The operator's time at a point.
  ///
  /// - Complexity: O(log *p*) for *p* points of its curve.
  public func estimate(at point: AxisPoint) -> FittedCurve.Estimate {
    guard candidates.attention == nil else {
      return model.estimate(
        candidates, attention: StepShape(attentionAt: point, sequences: sequences))
    }
    return model.estimate(candidates, sizes: point.sizes, work: work.work(at: point))
  }
}
