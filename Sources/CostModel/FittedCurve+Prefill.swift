internal import Analytical
internal import Operators

/// A curve of several equal prefills at once.
struct PrefillBatch: Sendable {
  /// How many.
  var sequences: Int
  var curve: FittedCurve
}

extension FittedCurve {
  /// What a ratio that is held from a whole prompt adds to the doubt of a chunk whose context is all past. Public layer
  /// tables of an RTX 4090 and an RTX PRO 6000 measure both: from their whole prompts alone, chunks of 16 to 2,048
  /// tokens with 16 to 16,384 before them are predicted on average 22 and 35 % too long where the past is most of the context
  /// (the worst tenth by half or more), whatever its length and theirs (without ``BlockWaves`` short ones up to four times too short).
  private static let pastError = 0.3

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
    // Below all batches is this curve itself, of one prefill.
    let (upper, lower) = (batches[above].sequences, above > 0 ? batches[above - 1].sequences : 1)
    guard let high = batches[above].curve.estimate(length: length, past: past, work),
      let low = above > 0
        ? batches[above - 1].curve.estimate(length: length, past: past, work)
        : estimate(length: length, past: past, work)
    else { return nil }
    let fraction =
      logarithm(sequences / Double(lower)) / logarithm(Double(upper) / Double(lower))
    let weight = min(1, fraction)
    var estimate = Estimate(
      nanoseconds: exponential(
        (1 - weight) * logarithm(low.nanoseconds) + weight * logarithm(high.nanoseconds)),
      errors: (1 - weight) * low.errors + weight * high.errors,
      evidence: weight == 1 ? high.evidence : max(low.evidence, high.evidence, .interpolated))
    if fraction > 1 { estimate.evidence = max(estimate.evidence, .extrapolated) }
    return estimate
  }

  /// The time of this curve's number of prefills of one length.
  ///
  /// Where no past was measured, the ratio is that of a prompt of the whole length, past and all:
  /// its last tokens read the same keys. The ratio of the chunk alone would be that of a small,
  /// inefficient prompt. But a chunk has no more blocks than its own queries make, and may leave most of the
  /// device idle where the whole prompt filled it.
  private func estimate(length: Double, past: Double, _ work: OperatorWork) -> Estimate? {
    guard !hasPast, past > 0 else {
      return estimatePrefill(SIMD4(length, past, 0, 0), work)
    }
    let share = past / (length + past)
    var filled = work
    if let waves { filled.flops *= waves.idleness(of: length, past: past) }
    guard var estimate = estimatePrefill(SIMD4(length + past, 0, 0, 0), filled)
    else { return nil }
    let unlike = Self.pastError * share
    estimate.errors =
      (estimate.errors * estimate.errors + SIMD2(repeating: unlike * unlike)).squareRoot()
    estimate.evidence = max(estimate.evidence, .extrapolated)
    return estimate
  }

  /// Whether a step has a chunk after a past, and it is priced by whole prompts, as no past was measured.
  func takesPastFromWholePrompts(_ shape: StepShape) -> Bool {
    let isMeasuredTogether = shape.decodeSequences > 0 && mixed != nil
    return prefill != nil && !hasPast && !isMeasuredTogether
      && shape.prefillContext > shape.prefillTokens
  }
}
