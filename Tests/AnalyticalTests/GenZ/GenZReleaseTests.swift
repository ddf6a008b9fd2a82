import Analytical
import Testing

@Suite struct GenZReleaseTests {
  @Test(arguments: GenZReleasePass.all)
  func `Passes cost what the released GenZ says`(expected: GenZReleasePass) throws {
    let estimator = try GenZEstimator(
      model: expected.model, system: .named(expected.system), bits: expected.bits,
      tensorParallel: expected.tensor, pipelineParallel: expected.pipeline,
      expertParallel: expected.expert, efficiency: expected.efficiency)
    let found = estimator.estimate(expected.pass)
    #expect(found.weights == expected.weights)
    #expect(found.unusedWeights == expected.unusedWeights)
    #expect(found.keyValues == expected.keyValues)
    #expect(found.footprint == expected.footprint)
    #expect(found.requiredMemory <= estimator.memoryCapacity)
    expectAgreement(found.latency, expected.latency, "latency")
    expectAgreement(found.pipelinedThroughput, expected.throughput, "throughput")
    expectAgreement(found.totalData, expected.totalData, "data")
    expectAgreement(2 * found.macs / 1e6, expected.megaflops, "multiply-adds")
    expectAgreement(found.attention, expected.attention, "attention")
    expectAgreement(found.linear, expected.linear, "matrices")
    expectAgreement(found.communication, expected.communication, "communication")
  }

  @Test(arguments: GenZReleaseSpeculation.all)
  func `Speculation costs what the released GenZ says`(expected: GenZReleaseSpeculation) throws {
    let target = try GenZEstimator(
      model: expected.target, system: .named(expected.system), bits: expected.bits,
      tensorParallel: expected.tensor, pipelineParallel: expected.pipeline,
      efficiency: expected.efficiency)
    let found = try target.speculation(
      draft: expected.draft, batch: expected.batch, inputTokens: expected.input,
      outputTokens: expected.output, speculatedTokens: expected.guesses,
      acceptance: expected.acceptance)
    #expect(found.requiredMemory <= target.memoryCapacity)
    expectAgreement(found.latency, expected.latency, "latency")
    expectAgreement(found.throughput, expected.throughput, "throughput")
    expectAgreement(found.tokensPerRound, expected.tokens, "tokens")
  }

  @Test func `A model too large for its chips is known`() throws {
    let system = try GenZSystem.named("H100_GPU")
    let pass = GenZPass.prefill(batch: 1, inputTokens: 1024)
    func fits(_ chips: Int) throws -> Bool {
      let estimator = try GenZEstimator(model: .llama70B, system: system, tensorParallel: chips)
      return estimator.estimate(pass).requiredMemory <= estimator.memoryCapacity
    }
    #expect(try !fits(1))
    #expect(try fits(2))
  }

  @Test func `All thirteen systems are found, whatever the case of their names`() {
    #expect(GenZSystem.builtIns.count == 13)
    for system in GenZSystem.builtIns {
      #expect(GenZSystem.builtIn(named: system.name.uppercased()) == system)
      #expect(GenZSystem.builtIn(named: system.name.lowercased()) == system)
    }
    #expect(GenZSystem.builtIn(named: "H100") == nil)
  }
}
