import CostModel
import Histogram
import Operators
import Scenarios
import TestSupport
import Testing

@testable import Replay

@Suite struct ReferenceTests {
  /// How many random workloads plain engines take, and those of each other kind.
  static let cases = randomCases(800)
  static let others = randomCases(60)

  @Test(
    "The engine equals a plain one, step by step, under tight memory, budgets and shared prefixes",
    arguments: 0..<20)
  func equalsNaive(batch: UInt64) throws {
    for seed in (batch * Self.cases / 20)..<((batch + 1) * Self.cases / 20) {
      try compare(RandomCase(seed: seed), seed: seed)
    }
  }

  @Test(
    "And with priorities, batches in flight in a pipeline, and drafts",
    arguments: RandomCase.Feature.allCases, 0..<4)
  func equalsNaive(feature: RandomCase.Feature, batch: UInt64) throws {
    for seed in (batch * Self.others / 4)..<((batch + 1) * Self.others / 4) {
      try compare(RandomCase(seed: 4_000_000 + seed, with: feature), seed: seed)
    }
  }

  @Test(
    "And so do other policies", arguments: SchedulingPolicy.allCases.filter { $0 != .vllm }, 0..<4)
  func equalsNaive(policy: SchedulingPolicy, batch: UInt64) throws {
    for seed in (batch * Self.others / 4)..<((batch + 1) * Self.others / 4) {
      try compare(RandomCase(seed: 5_000_000 + seed, policy: policy), seed: seed)
    }
  }

  /// Replays a case on the engine and on the plain one.
  func compare(_ example: RandomCase, seed: UInt64) throws {
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = false
    let simulation = try Simulation(
      deployment: example.deployment, pricings: [TellingPrice()], options: options)
    let result = simulation.run(RequestTable(example.records))
    let naive = NaiveEngine(example.deployment.engines[0])
    let outcomes = naive.run(example.records, pricing: TellingPrice())
    for (step, pair) in zip(result.steps, naive.steps).enumerated() where pair.0 != pair.1 {
      Issue.record("seed \(seed), step \(step): \(pair.0) is not \(pair.1)")
      break
    }
    try #require(result.steps.count == naive.steps.count, "seed \(seed)")
    try #require(result.outcomes == outcomes, "seed \(seed)")
    var gaps = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    gaps.autoResize = true
    for gap in naive.gaps { gaps.record(UInt64(gap)) }
    #expect(result.tokenGaps.totalCount == gaps.totalCount, "seed \(seed)")
    #expect(result.tokenGaps.mean == gaps.mean, "seed \(seed)")
    #expect(naive.free.count == naive.users.count)
  }

  @Test("Random cases do preempt, hit the cache, reject and starve")
  func casesAreTelling() throws {
    var (preemptions, hits, rejected, resumed) = (0, 0, 0, 0)
    for seed in 0..<200 as Range<UInt64> {
      let example = RandomCase(seed: seed)
      let simulation = try Simulation(deployment: example.deployment, pricings: [TellingPrice()])
      let result = simulation.run(RequestTable(example.records))
      preemptions += result.engines[0].preemptions
      hits += result.outcomes.reduce(0) { $0 + Int($1.cachedTokens) }
      resumed += result.engines[0].hitTokens
      rejected += result.count(of: .rejected)
    }
    for feature in RandomCase.Feature.allCases {
      // What each feature is for happens often enough.
      let seen = telling(feature)
      #expect(seen.preemptions > 20, "\(feature)")
      #expect(seen.overlaps > 50 || feature == .priorities || feature == .drafts, "\(feature)")
      #expect(seen.middle > 5 || feature == .pipeline || feature == .drafts, "\(feature)")
      #expect(seen.zeroGaps > 100 || feature == .priorities || feature == .pipeline, "\(feature)")
    }
    #expect(preemptions > 100)
    #expect(hits > 100)
    #expect(resumed > hits)
    #expect(rejected > 10)
  }

  /// What random cases of a feature do: preemptions, steps that overlap, victims in the middle of
  /// the running list, and tokens that come together.
  func telling(
    _ feature: RandomCase.Feature
  ) -> (preemptions: Int, overlaps: Int, middle: Int, zeroGaps: Int) {
    var (preemptions, overlaps, middle, zeroGaps) = (0, 0, 0, 0)
    for seed in 0..<40 as Range<UInt64> {
      let example = RandomCase(seed: seed, with: feature)
      let naive = NaiveEngine(example.deployment.engines[0])
      preemptions += naive.run(example.records, pricing: TellingPrice())
        .reduce(0) { $0 + Int($1.preemptions) }
      middle += naive.middleVictims
      zeroGaps += naive.gaps.count { $0 == 0 }
      for (step, next) in zip(naive.steps, naive.steps.dropFirst())
      where next.start < step.start + step.duration { overlaps += 1 }
    }
    return (preemptions, overlaps, middle, zeroGaps)
  }

  @Test("Skipping the scheduler in runs of decode steps changes nothing", arguments: 0..<10)
  func runsEqualSteps(batch: UInt64) throws {
    for seed in (batch * 40)..<(batch * 40 + 40) {
      let example = RandomCase(seed: 1_000_000 + seed)
      var options = ReplayOptions()
      options.recordsSteps = true
      options.mergesSteps = false
      var simulation = try Simulation(
        deployment: example.deployment, pricings: [TellingPrice()], options: options)
      let fast = simulation.run(RequestTable(example.records))
      simulation.options.advancesDecodeRuns = false
      let slow = simulation.run(RequestTable(example.records))
      try #require(fast == slow, "seed \(seed)")
      simulation.options.mergesSteps = true
      let merged = simulation.run(RequestTable(example.records))
      #expect(merged.steps.reduce(0) { $0 + Int($1.steps) } == slow.steps.count)
      #expect(
        merged.steps.reduce(0) { $0 + $1.duration.rawValue }
          == slow.steps.reduce(0) { $0 + $1.duration.rawValue })
    }
  }
}
