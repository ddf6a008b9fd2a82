internal import Operators

extension FittedCurve {
  /// Of a batch that holds prefills and decodes, where the samples hold no such batches, the variance of the logarithm of
  /// its time beside the sum of the two, for decodes that take all of that sum. One call for all may leave the
  /// decodes' keys unsplit and reads them for each head of a group.
  ///
  /// Public layer tables of an RTX 4090 and an RTX PRO 6000 (vLLM 0.19.0) measure both: of their 27,408 mixed batches
  /// the sum is on average 7 and -2 % too low where decodes take less than a tenth of it, and half as long as measured
  /// where they take nearly all. Errors grow as the root of that share.
  private static let mixedVariance = 0.75 * 0.75

  /// Software that runs the prefills of a step and its decodes one after the other, so that their sum is the step's:
  /// TensorRT-LLM has a kernel for either phase, and PyTorch's attention takes sequences of one length.
  private static let apart = ["TensorRT-LLM", "PyTorch"]

  /// The time of a batch whose prefills and decodes were measured apart.
  ///
  /// - Parameter runsApart: whether their software runs them one after the other.
  static func sum(
    ofPrefills first: Estimate, andDecodes second: Estimate, runsApart: Bool
  ) -> Estimate {
    let total = first.nanoseconds + second.nanoseconds
    guard total > 0 else { return first }
    var sum = Estimate(
      nanoseconds: total,
      errors: (first.errors * first.nanoseconds + second.errors * second.nanoseconds) / total,
      evidence: max(first.evidence, second.evidence, .interpolated))
    guard !runsApart else { return sum }
    sum.addDoubt((mixedVariance * second.nanoseconds / total).squareRoot())
    sum.evidence = max(sum.evidence, .extrapolated)
    return sum
  }

  /// Whether the software that was measured runs prefills and decodes one after the other.
  static func runsMixedApart(_ runtime: String) -> Bool { apart.contains(where: runtime.hasPrefix) }

  /// Whether a step has prefills and decodes, and they were measured apart only.
  func addsPrefillsAndDecodes(of shape: StepShape) -> Bool {
    mixed == nil && shape.prefillTokens > 0 && shape.decodeSequences > 0
  }
}
