internal import Operators

/// Speculative decoding: a small model proposes tokens, the large one checks them in one step.
public struct Speculation: Hashable, Sendable {
  /// Tokens that are proposed in a round.
  public var proposed: Int
  /// How likely the large model accepts each, the earlier ones accepted.
  public var acceptance: Double

  /// Creates a speculation.
  public init(proposed: Int, acceptance: Double) {
    self.proposed = proposed
    self.acceptance = acceptance
  }

  /// Tokens that a round is expected to yield: the accepted ones and one of the large model's own,
  /// (1 − a^(n+1)) / (1 − a) (Leviathan, Kalman and Matias, 2023, equation 1).
  public var tokensPerRound: Double {
    let rounds = Double(proposed + 1)
    guard acceptance < 1 else { return rounds }
    return (1 - power(acceptance, rounds)) / (1 - acceptance)
  }

  /// What a round takes and yields.
  public struct Round: Hashable, Sendable {
    /// Who speculates, and how.
    public var speculation: Speculation
    /// The draft model's name.
    public var draft: String
    /// All steps of the round, one after the other.
    public var steps: StepEstimate
    /// Nanoseconds of the draft's steps.
    public var draftTime: Double
    /// Nanoseconds in which the large model alone generates one token.
    public var plainTime: Double

    /// Nanoseconds of one token on average.
    public var timePerToken: Double { steps.time / speculation.tokensPerRound }
  }

  /// What a round of `batch` sequences takes.
  ///
  /// - Parameters:
  ///   - context: tokens of each sequence so far.
  ///   - target: the large model's steps.
  ///   - draft: the small model's.
  /// - Throws: ``AnalyticalError/layout(problem:)`` where the sizes make no sense.
  public func estimate(
    batch: Int, context: Int, target: StepEstimator, draft: StepEstimator
  ) throws(AnalyticalError) -> Round {
    guard (1...64).contains(proposed), (0...1).contains(acceptance) else {
      throw .layout(
        problem: "speculation needs 1 to 64 proposed tokens and an acceptance from 0 to 1")
    }
    guard (1...Workload.largest).contains(batch), (1...Workload.largest).contains(context) else {
      throw .layout(problem: "batch and context must be from 1 to \(Workload.largest)")
    }
    func decode(context: Int) -> StepShape {
      var step = StepShape()
      step.decodeSequences = batch
      step.decodeContext = batch * context
      step.longestDecodeContext = context
      step.sampledSequences = batch
      return step
    }
    var drafting = StepEstimate()
    for token in 1...proposed {
      drafting = drafting + draft.estimate(decode(context: context + token))
    }
    // The check reads each sequence's context once for all proposed tokens, and samples after each.
    // It is as long in every round, so that engines replay it as a graph. Latent attention is taken to
    // unfold the whole context for it, which engines avoid: too long there.
    let tokens = proposed + 1
    var check = StepShape()
    check.prefillSequences = batch
    check.prefillTokens = batch * tokens
    check.prefillPairs = batch * (tokens * context + tokens * (tokens + 1) / 2)
    check.prefillContext = batch * (context + tokens)
    check.sampledSequences = batch * tokens
    let isGraph = target.efficiencies.decodeDispatch == 0
    return Round(
      speculation: self, draft: draft.model.name,
      steps: drafting + target.estimate(check, isGraph: isGraph), draftTime: drafting.time,
      plainTime: target.estimate(decode(context: context)).time)
  }
}
