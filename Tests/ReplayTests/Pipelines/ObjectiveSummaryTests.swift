import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite("The objectives of a scenario")
struct ObjectiveSummaryTests {
  typealias RandomScenario = PipelineInvariantTests.RandomScenario

  /// Requests far apart, each of which takes 1,200 ns to its first token and 1,001 for each other one.
  func summary(
    firstToken: Double, outputToken: Double, outputs: [Int] = [2, 3, 4], gap: Int64 = 100_000,
    change: (inout LatencyObjectives) -> Void = { _ in }
  ) throws -> (ObjectiveSummary, PipelineSummary) {
    // In milliseconds; every factor is 1 unless it is changed.
    var objectives = LatencyObjectives(
      timeToFirstToken: firstToken / 1e6, timePerOutputToken: outputToken / 1e6,
      firstTokenFactors: [1, 1, 1], outputTokenFactors: [1, 1, 1])
    change(&objectives)
    var plan = plan([modelPool()], [Stage(name: "generate", action: .generate, pool: "chat")])
    plan.scenario.objectives = objectives
    let records = outputs.enumerated().map {
      request(Int64($0.offset) * gap, input: 20, output: $0.element)
    }
    let summary = PipelineSummary(try replay(plan, records).result, plan)
    return (try #require(summary.objectives), summary)
  }

  @Test(
    "hold up to their limits, and not beyond",
    arguments: [
      (1200, 1001, true, 3), (1199, 1001, false, 0), (1200, 1000, false, 0), (1e9, 1e9, true, 3),
    ] as [(Double, Double, Bool, Int)])
  func limits(firstToken: Double, outputToken: Double, holds: Bool, within: Int) throws {
    let (objectives, summary) = try summary(firstToken: firstToken, outputToken: outputToken)
    #expect(objectives.holds == holds)
    #expect(objectives.checks.count == 6)
    #expect(objectives.checks.map(\.quantile) == [0.5, 0.9, 0.99, 0.5, 0.9, 0.99])
    #expect(objectives.checks[0].value == Nanoseconds(1200))
    #expect(objectives.checks[0].holds == (firstToken >= 1200))
    #expect(objectives.checks[3].holds == (outputToken >= 1001))
    #expect(objectives.within == within)
    #expect(objectives.attainment == Double(within) / 3)
    #expect(objectives.goodput == Double(within) / summary.makespan.seconds)
  }

  @Test("take the time per output token for kept where no answer has a second token")
  func singleTokens() throws {
    let (objectives, _) = try summary(firstToken: 1200, outputToken: 1, outputs: [1, 1])
    #expect(objectives.holds)
    #expect(objectives.checks.suffix(3).allSatisfy { $0.value == nil && $0.holds })
    #expect(objectives.within == 2)
  }

  @Test("have a limit for each factor")
  func factors() throws {
    // All wait for one step of 200 prompt tokens: 3,000 ns.
    let (objectives, _) = try summary(
      firstToken: 1200, outputToken: 1e6, outputs: Array(repeating: 40, count: 10), gap: 0
    ) { $0.firstTokenFactors = [1, 1, 10] }
    #expect(
      Array(objectives.checks.map(\.limit).prefix(3))
        == [1200, 1200, 12_000].map { Nanoseconds($0) })
    #expect(!objectives.checks[0].holds)
    #expect(!objectives.checks[1].holds)
    #expect(objectives.checks[2].holds)
    #expect(!objectives.holds)
    // Each is within the last limit of both.
    #expect(objectives.within == 10)
  }

  @Test("are broken where nothing finishes")
  func nothingFinishes() throws {
    var plan = plan(
      [modelPool(blocks: 2)], [Stage(name: "generate", action: .generate, pool: "chat")])
    plan.scenario.objectives = LatencyObjectives(timeToFirstToken: 1, timePerOutputToken: 1)
    let summary = PipelineSummary(try replay(plan, [request(0, input: 90, output: 2)]).result, plan)
    #expect(summary.rejected == 1)
    #expect(summary.objectives?.holds == false)
    #expect(summary.objectives?.attainment == 0)
    #expect(summary.objectives?.goodput == 0)
  }

  @Test("count as good what is within both last limits", arguments: 0..<12)
  func goodput(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let plan = plan(random.scenario)
    let (result, outcomes) = try replay(plan, random.records)
    let own = try #require(random.scenario.objectives)
    let objectives = try #require(PipelineSummary(result, plan).objectives)
    let good = outcomes.filter { outcome in
      guard outcome.status == .finished else { return false }
      if let first = outcome.timeToFirstToken,
        first.milliseconds > 6 * own.timeToFirstToken
      {
        return false
      }
      guard let first = outcome.firstToken, let last = outcome.lastToken, outcome.outputTokens > 1
      else { return true }
      return (last - first).milliseconds / Double(outcome.outputTokens - 1)
        <= 5 * own.timePerOutputToken
    }
    #expect(objectives.within == good.count)
    #expect(objectives.attainment <= 1)
  }
}
