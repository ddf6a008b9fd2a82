import CostModel
import Foundation
import Operators
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
    #expect(object.count == 29)
    for key in object.keys { #expect(key.allSatisfy { $0.isLowercase || $0 == "_" }) }
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
