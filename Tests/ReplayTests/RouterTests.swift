import CostModel
import Operators
import Scenarios
import Testing

@testable import Replay

@Suite struct RouterTests {
  let price = LinearStepModel(perStep: 1000)

  @Test("Engines are chosen in turn, past those that cannot serve a request")
  func roundRobin() throws {
    var deployment = makeDeployment(count: 2)
    var small = deployment.engines[0]
    small.count = 1
    small.maxModelLength = 10
    deployment.engines.append(small)
    let simulation = try Simulation(deployment: deployment, pricings: [price, price])
    let records = [5, 5, 5, 5, 20, 20, 5].map { request(0, input: $0, output: 1) }
    let result = simulation.run(RequestTable(records))
    #expect(result.outcomes.map(\.engine) == [0, 1, 2, 0, 1, 0, 1])
    #expect(result.engines.map(\.group) == [0, 0, 1])
  }

  @Test("The engine with the fewest requests is chosen, the first of equals")
  func leastLoaded() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(count: 3, routing: .leastLoaded), pricings: [price])
    let result = simulation.run(
      RequestTable([
        request(0, input: 1, output: 9), request(0, input: 1, output: 1),
        request(0, input: 1, output: 9), request(1000, input: 1, output: 1),
        request(1001, input: 1, output: 1), request(1001, input: 1, output: 1),
      ]))
    // At 1,000 the second has not left yet: arrivals come before the ends of steps.
    #expect(result.outcomes.map(\.engine) == [0, 1, 2, 0, 1, 1])
  }

  @Test("Steps of all engines are recorded in the order of their beginning")
  func order() throws {
    var options = ReplayOptions()
    options.recordsSteps = true
    let simulation = try Simulation(
      deployment: makeDeployment(count: 3), pricings: [price], options: options)
    let records = (0..<90).map { request(Int64($0) * 700, input: 3, output: 4) }
    let result = simulation.run(RequestTable(records))
    let keys = result.steps.map { ($0.start.rawValue, $0.engine) }
    #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
  }
}
