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
  /// tokens with 16 to 16,384 before them are predicted 22 and 35 % too long where the past is most of the context,
  /// whatever its length and theirs (without ``units(_:inWaves:)`` short ones up to four times too short).
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
    let whole = units(length + past)
    let share = past / (length + past)
    let own = share * units(length, inWaves: true) + (1 - share) * units(length)
    var filled = work
    filled.flops *= whole / own
    guard var estimate = estimatePrefill(SIMD4(length + past, 0, 0, 0), filled)
    else { return nil }
    let unlike = Self.pastError * share
    estimate.errors =
      (estimate.errors * estimate.errors + SIMD2(repeating: unlike * unlike)).squareRoot()
    estimate.evidence = max(estimate.evidence, .extrapolated)
    return estimate
  }

  /// The share of the device's multiprocessors that prefills of one length keep busy, above 0 to 1: a block of the
  /// kernel is a head's next 64 queries. 1 where nothing is known of the device's multiprocessors.
  ///
  /// - Parameter inWaves: whether all wait for the last wave of blocks, which is seldom full.
  private func units(_ length: Double, inWaves: Bool = false) -> Double {
    guard let units = device.multiprocessors, units > 0, length > 0 else { return 1 }
    let heads = Double(max(1, self.operator.attributes["heads"] ?? 1))
    let sequences = Double(max(1, self.operator.attributes["sequences"] ?? 1))
    let rows = length / Self.queriesOfBlock
    let waves = rows.rounded(.up) * heads * sequences / Double(units)
    return min(1, rows * heads * sequences / Double(units) / (inWaves ? waves.rounded(.up) : 1))
  }

  /// Queries that one block of FlashAttention 2 works on at a head's width of 128 (its `kBlockM`).
  private static let queriesOfBlock = 64.0
}
