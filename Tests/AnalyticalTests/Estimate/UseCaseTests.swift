import Operators
import Testing

@testable import Analytical

@Suite("Use cases")
struct UseCaseTests {
  private func search(_ platform: String) throws -> PlanSearch {
    PlanSearch(
      model: try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B")),
      platform: try #require(Platform.builtIn(named: platform)))
  }

  @Test(
    "are answered by the best of all plans that keep to the limits, or the one that misses them least",
    arguments: [
      ("dgx-h100", 200.0, 10.0, true), ("dgx-h100", 0.5, 10, false), ("l40s-8-pcie", 1e6, 1, false),
      ("l40s-8-pcie", 1e6, 1e6, true),
    ])
  func best(platform: String, ttft: Double, tpot: Double, isMet: Bool) throws {
    let useCase = UseCase(
      name: "any", inputTokens: 1000, outputTokens: 100, firstTokenMilliseconds: ttft,
      perTokenMilliseconds: tpot, source: "")
    let search = try search(platform)
    let (devices, batches) = ([1, 2, 4], [1, 16, 256])
    let answer = try #require(
      try search.best(for: useCase, devices: devices, batches: batches))
    #expect(answer.isMet == isMet)
    #expect(useCase.serviceLevel.isMet(by: answer.plan.estimate) == isMet)
    func excess(_ plan: Plan) -> Double {
      max(
        plan.estimate.timeToFirstToken / 1e6 / ttft, plan.estimate.timePerOutputToken / 1e6 / tpot)
    }
    for count in devices {
      for batch in batches {
        for plan in try search.plans(devices: count, useCase.workload(batch: batch)) {
          if isMet {
            #expect(
              excess(plan) > 1 || plan.throughputPerDevice <= answer.plan.throughputPerDevice)
          } else {
            #expect(excess(plan) >= excess(answer.plan) * (1 - 1e-12))
          }
        }
      }
    }
  }

  @Test("have no answer where nothing fits")
  func nothing() throws {
    var search = try search("l40s-8-pcie")
    search.model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-405B"))
    #expect(try search.best(for: UseCase.builtIns[0], devices: [1, 2], batches: [1]) == nil)
  }

  @Test("are those of GenZ's paper, and others, each with its source")
  func builtIns() {
    let sizes = UseCase.builtIns.prefix(5).map { [$0.inputTokens, $0.outputTokens] }
    #expect(
      sizes == [[1000, 200], [3000, 1000], [10_000, 200], [15_000, 1000], [20_000, 50]])
    #expect(UseCase.builtIns.allSatisfy { !$0.source.isEmpty && $0.outputTokens > 1 })
    #expect(Set(UseCase.builtIns.map(\.name)).count == UseCase.builtIns.count)
  }
}
