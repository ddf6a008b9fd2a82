import CostModel
import Foundation
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Replays against queueing theory: the sample path to the nanosecond, and closed forms as near as so
/// many requests tell. `tools/accuracy queueing` prints the same closed forms at a million requests,
/// within 1 %.
@Suite struct QueueingTests {
  /// Poisson arrivals of one-token requests, at this mean distance in nanoseconds.
  func poisson(count: Int, mean: Double, seed: UInt64) -> [RequestRecord] {
    var random = SplitMix64(seed: seed)
    var clock = 0.0
    return (0..<count).map { _ in
      clock -= mean * log(1 - Double.random(in: 0..<1, using: &random))
      return request(Int64(clock), input: 1, output: 1)
    }
  }

  func meanWait(_ result: ReplayResult) -> Double {
    result.outcomes.reduce(0) { $0 + Double($1.queueTime.rawValue) }
      / Double(result.outcomes.count)
  }

  @Test(
    "One at a time is M/D/1: the mean wait is Pollaczek and Khinchine's",
    arguments: [0.3, 0.5, 0.7, 0.8])
  func pollaczekKhinchine(load: Double) throws {
    let service = 1_000_000.0
    let simulation = try Simulation(
      deployment: makeDeployment(sequences: 1), pricings: [LinearStepModel(perStep: service)])
    let result = simulation.run(
      RequestTable(poisson(count: 100_000, mean: service / load, seed: 7)))
    // At the load that was drawn, which a twentieth of a percent off would show fivefold.
    let drawn = service * Double(result.outcomes.count) / Double(last(result))
    let expected = drawn * service / (2 * (1 - drawn))
    #expect(abs(meanWait(result) / expected - 1) < 0.02)
    // Utilisation is the load.
    let busy = Double(result.busyTime.rawValue) / Double(result.makespan.rawValue)
    #expect(abs(busy / load - 1) < 0.01)
  }

  func last(_ result: ReplayResult) -> Int64 {
    result.outcomes.map(\.arrival.rawValue).max() ?? 0
  }

  @Test("One at a time, every single wait is Lindley's recursion", arguments: [0.5, 0.9, 1.2])
  func lindley(load: Double) throws {
    var random = SplitMix64(seed: 5)
    let service = 1000.0
    // Exponential services: a prompt token is a nanosecond.
    let records = poisson(count: 30_000, mean: service / load, seed: 13).map { record in
      var record = record
      record.inputTokens = 1 + Int(-service * log(1 - Double.random(in: 0..<1, using: &random)))
      return record
    }
    let simulation = try Simulation(
      deployment: makeDeployment(
        sequences: 1, budget: 1 << 20, length: 1 << 20, block: 1 << 10, blocks: 1 << 10),
      pricings: [LinearStepModel(perStep: 0, perPrefillToken: 1)])
    let result = simulation.run(RequestTable(records))
    var free: Int64 = 0
    var wrong = 0
    for (record, outcome) in zip(records, result.outcomes) {
      let start = max(free, record.arrival.rawValue)
      wrong += outcome.scheduled == Nanoseconds(start) ? 0 : 1
      free = start + Int64(record.inputTokens)
    }
    #expect(wrong == 0)
  }

  @Test(
    "Slots of one engine with geometric answers near Erlang's M/M/c",
    arguments: [(2, 0.5), (4, 0.6)])
  func erlang(slots: Int, load: Double) throws {
    var random = SplitMix64(seed: 21)
    let mean = 16.0
    let step = 1000.0
    let records = poisson(
      count: 20_000, mean: step * mean / load / Double(slots), seed: 17
    ).map { record in
      var record = record
      let uniform = 1 - Double.random(in: 0..<1, using: &random)
      record.outputTokens = 1 + Int(log(uniform) / log(1 - 1 / mean))
      return record
    }
    let simulation = try Simulation(
      deployment: makeDeployment(sequences: slots, block: 1 << 10, blocks: 1 << 10),
      pricings: [LinearStepModel(perStep: step)])
    let result = simulation.run(RequestTable(records))
    let tokens = records.reduce(0) { $0 + $1.outputTokens }
    let offered = step * Double(tokens) / Double(last(result))
    // The chance that all are busy: the sum over Erlang's states.
    var (term, sum) = (1.0, 1.0)
    for busy in 1..<slots {
      term *= offered / Double(busy)
      sum += term
    }
    term *= offered / Double(slots) / (1 - offered / Double(slots))
    let wait =
      term / (sum + term) * step * Double(tokens) / Double(records.count)
      / (Double(slots) - offered)
    // Whoever does not find the engine idle arrives within a step and waits for its end: half a step.
    let idle = 1 / (sum + term)
    #expect(abs((meanWait(result) - (1 - idle) * step / 2) / wait - 1) < 0.1)
  }

  @Test(
    "Steps without a limit to their batch are the bulk queue M/D[1,∞]/1",
    arguments: [0.5, 2.0, 8.0])
  func bulkService(load: Double) throws {
    let service = 1_000_000.0
    let simulation = try Simulation(
      deployment: makeDeployment(sequences: 1000, budget: 4096, blocks: 5000),
      pricings: [LinearStepModel(perStep: service)])
    let records = poisson(count: 100_000, mean: service / load, seed: 11)
    let result = simulation.run(RequestTable(records))
    // Unbounded batches: a request that finds the server busy (probability p) waits half a
    // service on average. Busy periods are runs of steps that see an arrival: their mean is
    // e^load steps, between mean idle times of 1 / load; so p = e^load / (e^load + 1 / load).
    let busy = exp(load) / (exp(load) + 1 / load)
    #expect(abs(meanWait(result) / (busy * service / 2) - 1) < 0.03)
  }

  @Test("Engines in turn are independent queues of Erlang arrivals: shorter waits than one's")
  func roundRobin() throws {
    let service = 1_000_000.0
    let simulation = try Simulation(
      deployment: makeDeployment(count: 4, sequences: 1),
      pricings: [LinearStepModel(perStep: service)])
    let records = poisson(count: 100_000, mean: service / 0.8 / 4, seed: 3)
    let inTurn = meanWait(simulation.run(RequestTable(records)))
    let least = try Simulation(
      deployment: makeDeployment(count: 4, sequences: 1, routing: .leastLoaded),
      pricings: [LinearStepModel(perStep: service)])
    let shortest = meanWait(least.run(RequestTable(records)))
    let single = 0.8 * service / (2 * 0.2)
    // A common queue, M/D/4, waits about half as long as M/M/4: Erlang's C(4, 3.2) is 0.5964.
    let common = 0.5 * 0.5964 * service / (4 * 0.2)
    // Equal services in turn are the best that can be done without a common queue.
    #expect(inTurn > common)
    #expect(shortest > inTurn)
    #expect(shortest < single / 2)
  }

  @Test("Under overload throughput is the batch over the step")
  func saturation() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(sequences: 16, blocks: 1000),
      pricings: [LinearStepModel(perStep: 1000, perDecodeSequence: 10)])
    let records = (0..<3200).map { _ in request(0, input: 1, output: 101) }
    let result = simulation.run(RequestTable(records))
    // 200 rounds of 16 requests: a step for their prompts and 100 of decode.
    #expect(result.makespan == Nanoseconds(200 * (1000 + 100 * 1160)))
    #expect(result.stepCount == 200 * 101)
  }
}
