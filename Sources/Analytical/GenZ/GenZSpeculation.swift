/// What a small model's guesses are worth to a large one, as GenZ reckons.
public struct GenZSpeculation: Hashable, Sendable {
  /// Milliseconds of one round: `speculatedTokens` draft steps and one pass of the large model over
  /// them. On several pipeline stages, until the last micro-batch is through.
  public let latency: Double
  /// Tokens a second, over the whole batch.
  public let throughput: Double
  /// Tokens of one request that a round brings on average.
  public let tokensPerRound: Double
  /// The large model's pass over the guesses.
  public let verification: GenZEstimate
  /// One decode step of the small model.
  public let draft: GenZEstimate
  /// MiB that both models' weights, keys and values need; see ``GenZEstimator/memoryCapacity``.
  public let requiredMemory: Double
}

extension GenZEstimator {
  /// Speculative decoding with a draft model spread over the same chips in the same way: GenZ's
  /// `spec_decode_modeling`.
  ///
  /// - Parameters:
  ///   - outputTokens: tokens already generated.
  ///   - speculatedTokens: tokens that the draft guesses before they are verified, at least 2.
  ///   - acceptance: probability that a guess is right, 0...1.
  public func speculation(
    draft: GenZModel, batch: Int, inputTokens: Int, outputTokens: Int, speculatedTokens: Int,
    acceptance: Double
  ) throws(GenZRefusal) -> GenZSpeculation {
    guard speculatedTokens > 1 else { throw .speculatedTokens(speculatedTokens) }
    let tokens = try Self.expectedTokens(speculated: speculatedTokens, acceptance: acceptance)
    let drafter = try GenZEstimator(
      model: draft, system: system, bits: bits, tensorParallel: tensorParallel,
      pipelineParallel: pipelineParallel, expertParallel: expertParallel, efficiency: efficiency)
    let batch = GenZPass.bounded(batch, from: 1)
    let decode = GenZPass.decode(
      batch: batch, inputTokens: inputTokens, outputTokens: outputTokens)
    let past =
      GenZPass.bounded(inputTokens, from: 0) + GenZPass.bounded(outputTokens, from: 0)
    let guess = drafter.estimate(decode)
    let verification = estimate(
      .chunked(
        batch: GenZPass.microBatch(batch, stages: pipelineParallel),
        prefills: [GenZChunk(past: past, new: speculatedTokens)], decodes: []))
    let latency = pipelined(
      verification.latency + Double(speculatedTokens) * guess.latency, batch: batch)
    return GenZSpeculation(
      latency: latency, throughput: 1000 * Double(batch) * tokens / latency,
      tokensPerRound: tokens, verification: verification, draft: guess,
      requiredMemory: estimate(decode).requiredMemory + guess.requiredMemory)
  }

  /// Tokens that a round of `speculated` guesses brings on average, each right with probability
  /// `acceptance`: `min(1 + Σ k·xᵏ·(1 − x) + N·xᴺ, N)`, k from 1 to N − 1.
  ///
  /// GenZ's formula: the large model corrects one wrong guess, but adds no token after a round that
  /// was right throughout.
  ///
  /// - Complexity: O(`speculated`).
  public static func expectedTokens(
    speculated: Int, acceptance: Double
  ) throws(GenZRefusal) -> Double {
    guard (1...(1 << 24)).contains(speculated) else { throw .speculatedTokens(speculated) }
    guard (0...1).contains(acceptance) else { throw .rate(name: "acceptance", value: acceptance) }
    var expected = 1.0
    var power = 1.0
    for right in 1..<speculated {
      power *= acceptance
      expected += Double(right) * power * (1 - acceptance)
    }
    expected += Double(speculated) * power * acceptance
    return min(expected, Double(speculated))
  }
}
