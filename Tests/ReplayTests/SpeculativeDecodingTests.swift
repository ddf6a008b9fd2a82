import Analytical
import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct SpeculativeDecodingTests {
  func run(
    _ records: [RequestRecord], _ drafts: SpeculativeDecoding, sequences: Int = 64
  ) throws -> ReplayResult {
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = false
    let deployment = makeDeployment(
      sequences: sequences, budget: 4096, length: 65_536, block: 16, blocks: 100_000
    ) { $0.speculation = drafts }
    return try Simulation(
      deployment: deployment, pricings: [LinearStepModel(perStep: 1000)], options: options
    ).run(RequestTable(records))
  }

  @Test(
    "A round brings as many tokens as Leviathan, Kalman and Matias expect",
    arguments: [(1, 0.5), (3, 0.7), (4, 0.7), (5, 0.9), (8, 0.95)])
  func tokensPerRound(tokens: Int, acceptance: Double) throws {
    let records = (0..<20).map { _ in request(0, input: 8, output: 2001) }
    let result = try run(records, SpeculativeDecoding(tokens: tokens, acceptance: acceptance))
    let rounds = result.steps.dropFirst().reduce(0) {
      $0 + $1.shape.prefillSequences + $1.shape.decodeSequences
    }
    let expected = Speculation(proposed: tokens, acceptance: acceptance).tokensPerRound
    #expect(abs(20 * 2000 / Double(rounds) / expected - 1) < 0.02)
    #expect(result.tokenGaps.totalCount == 20 * 2000)
  }

  @Test("A request takes as many rounds alone as beside others, and all drafts accepted are k + 1")
  func independence() throws {
    let drafts = SpeculativeDecoding(tokens: 4, acceptance: 0.6)
    let records = (0..<8).map { request(Int64($0) * 777, input: 5 + $0, output: 100 + $0) }
    let together = try run(records, drafts)
    let inTurn = try run(records, drafts, sequences: 1)
    func rounds(_ result: ReplayResult) -> Int {
      result.steps.reduce(0) { $0 + $1.shape.prefillSequences + $1.shape.decodeSequences }
    }
    #expect(rounds(together) == rounds(inTurn))
    #expect(together.steps.count < inTurn.steps.count)
    let all = try run(
      [request(0, input: 8, output: 51)], SpeculativeDecoding(tokens: 4, acceptance: 1))
    #expect(all.steps.count == 11)
    #expect(all.steps[1].shape.prefillTokens == 5)
    #expect(all.steps[1].shape.sampledSequences == 5)
  }

  @Test("Drafts cost their part of the step, and their time")
  func cost() throws {
    let result = try run(
      [request(0, input: 8, output: 1)],
      SpeculativeDecoding(tokens: 4, acceptance: 0.5, cost: 0.25, microseconds: 2))
    #expect(result.makespan == Nanoseconds(1250 + 2000))
  }
}
