import Analytical
import Operators
import Testing

@Suite struct SpeculationTests {
  /// Proposals are accepted until one is not; then, or behind the last, comes one of its own.
  private func simulated(_ proposed: Int, _ acceptance: Double, rounds: Int) -> Double {
    var random = SplitMix64(seed: UInt64(proposed))
    var tokens = 0
    for _ in 0..<rounds {
      for _ in 0..<proposed {
        guard Double.random(in: 0..<1, using: &random) < acceptance else { break }
        tokens += 1
      }
      tokens += 1
    }
    return Double(tokens) / Double(rounds)
  }

  @Test(arguments: [1, 2, 4, 7], [0.1, 0.5, 0.8, 0.95])
  func `A round yields as many tokens as playing it does`(proposed: Int, acceptance: Double) {
    let found = Speculation(proposed: proposed, acceptance: acceptance).tokensPerRound
    // A mean of 40,000 rounds of at most 8 tokens: five times its deviation.
    #expect(abs(found - simulated(proposed, acceptance, rounds: 40_000)) < 5 * 4 / 200)
    // And exactly: the chance that at least so many are accepted, summed.
    var sum = 0.0
    var chance = 1.0
    for _ in 0...proposed {
      sum += chance
      chance *= acceptance
    }
    expectClose(found, sum, 1e-12)
  }

  @Test func `None accepted yields one token, all accepted one more than proposed`() {
    for proposed in [1, 5, 64] {
      #expect(Speculation(proposed: proposed, acceptance: 0).tokensPerRound == 1)
      #expect(
        Speculation(proposed: proposed, acceptance: 1).tokensPerRound == Double(proposed + 1))
    }
  }

  private func steps(_ name: String) throws -> StepEstimator {
    try StepEstimator(
      model(name), on: Platform(try #require(Device.builtIn(named: "h100-sxm"))))
  }

  @Test func `A round is the draft's steps and one check of all its tokens`() throws {
    let (target, draft) = try (steps("Llama-3.1-70B"), steps("Llama-3.2-1B"))
    let (batch, context) = (5, 700)
    let speculation = Speculation(proposed: 3, acceptance: 0.7)
    var drafting = 0.0
    for token in 1...3 {
      var step = StepShape()
      for _ in 0..<batch { step.addDecode(context: context + token) }
      drafting += draft.estimate(step).time
    }
    var check = StepShape()
    for _ in 0..<batch { check.addPrefill(tokens: 4, past: context, samples: false) }
    check.sampledSequences = 4 * batch
    let found = try speculation.estimate(
      batch: batch, context: context, target: target, draft: draft)
    expectClose(found.draftTime, drafting)
    expectClose(found.steps.time, drafting + target.estimate(check, isGraph: true).time)
    expectClose(found.timePerToken, found.steps.time / speculation.tokensPerRound)
    #expect(found.draft == draft.model.name)
    // The draft's weights and cache lie in memory, and tokens come as rounds bring them.
    var estimator = RequestEstimator(target)
    let workload = Workload(batch: batch, inputTokens: 650, outputTokens: 100)
    let plain = try estimator.estimate(workload)
    estimator.draft = (draft, speculation)
    let faster = try estimator.estimate(workload)
    expectClose(faster.timePerOutputToken, found.timePerToken)
    expectClose(
      faster.memory.total - plain.memory.total,
      draft.model.weightBytes(Precision(.bfloat16), .single)
        + Double(batch * 750) * draft.model.keyValueBytesPerToken(.bfloat16))
  }

  @Test(arguments: [
    (0, 0.5, 1, 1), (65, 0.5, 1, 1), (.min, 0.5, 1, 1), (4, -0.1, 1, 1), (4, 1.1, 1, 1),
    (4, .nan, 1, 1), (4, 0.5, 0, 1), (4, 0.5, 1, 0), (4, 0.5, .max, 1), (4, 0.5, 1, .max),
  ])
  func `Sizes that make no sense are refused`(
    proposed: Int, acceptance: Double, batch: Int, context: Int
  ) throws {
    let steps = try steps("opt-125m")
    #expect(throws: AnalyticalError.self) {
      _ = try Speculation(proposed: proposed, acceptance: acceptance).estimate(
        batch: batch, context: context, target: steps, draft: steps)
    }
  }

  @Test func `The largest round overflows nothing`() throws {
    let steps = try steps("opt-125m")
    let found = try Speculation(proposed: 64, acceptance: 1).estimate(
      batch: 1 << 24, context: 1 << 24, target: steps, draft: steps)
    #expect(
      found.steps.time.isFinite && found.timePerToken > 0 && found.draftTime <= found.steps.time)
  }
}
