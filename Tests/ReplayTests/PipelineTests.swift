import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct PipelineTests {
  @Test("Two prompts that do not fit one step follow each other through two stages")
  func twoStages() throws {
    let deployment = makeDeployment(budget: 4) { $0.pipelineParallel = 2 }
    var options = ReplayOptions()
    options.recordsSteps = true
    let result = try Simulation(
      deployment: deployment, pricings: [LinearStepModel(perStep: 1000)], options: options
    ).run(RequestTable([request(0, input: 4, output: 3), request(0, input: 4, output: 3)]))
    // Each step takes 500 ns on each stage; the second prompt leaves the first stage at 1,000.
    #expect(result.outcomes.map(\.firstToken.rawValue) == [1000, 1500])
    #expect(result.outcomes.map(\.lastToken.rawValue) == [3000, 3500])
    #expect(result.steps.map(\.start.rawValue) == [0, 0, 1000, 1500, 2000, 2500])
    #expect(result.busyTime == Nanoseconds(3500))
    #expect(result.tokenGaps.mean == 1000)
  }

  @Test(
    "A full pipeline brings a step's tokens every stage's time",
    arguments: [2, 3, 4])
  func throughput(stages: Int) throws {
    // One sequence a step: as many sequences as stages.
    let deployment = makeDeployment(sequences: stages, budget: 8, blocks: 200) {
      $0.pipelineParallel = stages
    }
    let step = 1200.0
    let result = try Simulation(
      deployment: deployment, pricings: [LinearStepModel(perStep: step)]
    ).run(RequestTable((0..<stages).map { _ in request(0, input: 8, output: 101) }))
    // Prompts enter one stage's time apart; then every sequence gets a token each step's time.
    let expected = step * 101 + step / Double(stages) * Double(stages - 1)
    #expect(result.makespan == Nanoseconds(Int64(expected)))
  }

  @Test("Host time is spent once, before the first stage")
  func hostTime() throws {
    struct Hosted: StepPricing {
      func price(_ shape: StepShape) -> StepPrice {
        var price = StepPrice(hostTime: 100)
        price[.measured] = 900
        return price
      }
    }
    let deployment = makeDeployment { $0.pipelineParallel = 3 }
    let result = try Simulation(deployment: deployment, pricings: [Hosted()])
      .run(RequestTable([request(0, input: 4, output: 2)]))
    #expect(result.outcomes[0].firstToken == Nanoseconds(1000))
    #expect(result.makespan == Nanoseconds(2000))
  }
}
