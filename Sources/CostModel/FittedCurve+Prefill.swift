internal import Analytical
internal import Operators

/// A curve of several equal prefills at once.
struct PrefillBatch: Sendable {
  /// How many.
  var sequences: Int
  var curve: FittedCurve
}

extension FittedCurve {
  /// What holding a ratio at another past than any measured adds to its doubt: on public tables of
  /// an H200 the ratio at the whole length errs by 2 to 30 % where the past is at most three times
  /// the chunk, held against the difference of two whole prompts.
  private static let pastError = 0.2

  /// The time of a step's prefills, without its decodes.
  ///
  /// Without ``PrefillBatch`` curves several prefills are priced as one of as many tokens, at the
  /// ratio of that and the work of their own. With them, as that many of their mean length, between
  /// the two numbers of sequences beside theirs.
  func estimate(
    prefillsOf shape: StepShape, _ work: OperatorWork, _ batches: [PrefillBatch]
  ) -> Estimate? {
    let (queries, pairs) = (Double(shape.prefillTokens), Double(shape.prefillPairs))
    let isBatch = shape.prefillSequences > 1 && !batches.isEmpty
    let sequences = isBatch ? Double(shape.prefillSequences) : 1
    let length = queries / sequences
    // The past of one sequence that would have as many query-key pairs.
    let past = max(0, (pairs - queries * (length + 1) / 2) / queries)
    guard isBatch else { return estimate(length: queries, past: past, work) }

    let above = batches.firstIndex { $0.sequences >= shape.prefillSequences } ?? batches.count - 1
    let upper = batches[above]
    let lower = above > 0 ? batches[above - 1] : PrefillBatch(sequences: 1, curve: self)
    guard let high = upper.curve.estimate(length: length, past: past, work),
      let low = lower.curve.estimate(length: length, past: past, work)
    else { return nil }
    let fraction =
      logarithm(sequences / Double(lower.sequences))
      / logarithm(Double(upper.sequences) / Double(lower.sequences))
    let weight = min(1, fraction)
    var estimate = Estimate(
      nanoseconds: exponential(
        (1 - weight) * logarithm(low.nanoseconds) + weight * logarithm(high.nanoseconds)),
      error: (1 - weight) * low.error + weight * high.error,
      evidence: weight == 1 ? high.evidence : max(low.evidence, high.evidence, .interpolated))
    if fraction > 1 { estimate.evidence = max(estimate.evidence, .extrapolated) }
    return estimate
  }

  /// The time of this curve's number of prefills of one length.
  ///
  /// Where no past was measured, the ratio is that of a prompt of the whole length, past and all:
  /// its last tokens read the same keys. The ratio of the chunk alone would be that of a small,
  /// inefficient prompt.
  private func estimate(length: Double, past: Double, _ work: OperatorWork) -> Estimate? {
    guard !hasPast, past > 0 else {
      return estimatePrefill(SIMD4(length, past, 0, 0), work)
    }
    guard var estimate = estimatePrefill(SIMD4(length + past, 0, 0, 0), work)
    else { return nil }
    estimate.error = (estimate.error * estimate.error + Self.pastError * Self.pastError)
      .squareRoot()
    estimate.evidence = max(estimate.evidence, .extrapolated)
    return estimate
  }
}
