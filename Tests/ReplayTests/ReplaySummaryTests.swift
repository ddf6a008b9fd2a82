import CostModel
import Foundation
import Operators
import Scenarios
import Testing

@testable import Replay

@Suite struct ReplaySummaryTests {
  @Test("Figures of a run by hand")
  func figures() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(blocks: 11), pricings: [LinearStepModel(perStep: 500_000_000)])
    let summary = ReplaySummary(
      simulation.run(
        RequestTable([request(0, input: 4, output: 2), request(0, input: 6, output: 4)])))
    // Four steps: both, both, and twice the second alone; two, three, three and three blocks.
    #expect(summary.finished == 2)
    #expect(summary.makespan == Nanoseconds(2_000_000_000))
    #expect(summary.requestsPerSecond == 1)
    #expect(summary.inputTokensPerSecond == 5)
    #expect(summary.outputTokensPerSecond == 3)
    #expect(summary.meanRunning == 1.5)
    #expect(summary.peakRunning == 2)
    #expect(summary.steps == 4)
    #expect(summary.events == 6)
    #expect(summary.timeToFirstToken?.p99 == Nanoseconds(500_000_000))
    #expect(summary.endToEnd?.mean == Nanoseconds(1_500_000_000))
    let gaps = try #require(summary.interTokenLatency)
    #expect(gaps.count == 4)
    #expect(abs(gaps.p50.seconds / 0.5 - 1) < 1e-3)
    #expect(summary.peakMemoryUse == 0.4)
  }

  @Test("Keys are in snake case, and come back")
  func coding() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(), pricings: [LinearStepModel(perStep: 1)])
    let summary = ReplaySummary(simulation.run(RequestTable([request(0, input: 4, output: 2)])))
    let data = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(ReplaySummary.self, from: data) == summary)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object.count == 31)
    for key in object.keys { #expect(key.allSatisfy { $0.isLowercase || $0 == "_" }) }
  }

  @Test("Blocks are counted as they are looked up: a part of one is looked up and never found")
  func blocks() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(block: 4), pricings: [LinearStepModel(perStep: 1)])
    let records = (0..<3).map {
      request(Int64($0) * 1000, input: 10, output: 2, content: [7, 7, 7], tokensPerName: 4)
    }
    // Each looks up three blocks, and all but the first find the two that are full.
    let summary = ReplaySummary(simulation.run(RequestTable(records)))
    #expect(summary.queriedBlocks == 9)
    #expect(summary.hitBlocks == 4)
    #expect(summary.prefixHitRate == 16.0 / 30)
    let without = try Simulation(
      deployment: makeDeployment { $0.enablesPrefixCaching = false },
      pricings: [LinearStepModel(perStep: 1)])
    #expect(ReplaySummary(without.run(RequestTable(records))).queriedBlocks == nil)
  }

  @Test("Absurd prices do not trap", arguments: [1e15, 1e18, 1e300, .infinity, .nan, -1])
  func absurd(perStep: Double) throws {
    let simulation = try Simulation(
      deployment: makeDeployment(), pricings: [LinearStepModel(perStep: perStep)])
    let requests = RequestTable((0..<50).map { request(Int64($0), input: 4, output: 9) })
    #expect(ReplaySummary(simulation.run(requests)).requests == 50)
  }

  @Test("Nothing gives zeros")
  func empty() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(), pricings: [LinearStepModel(perStep: 1)])
    #expect(ReplaySummary(simulation.run(RequestTable())).requestsPerSecond == 0)
  }
}
