import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// A price in which a rank's peers count, too.
private struct MeetingPrice: StepPricing {
  func price(_ shape: StepShape) -> StepPrice {
    var price = TellingPrice().price(shape)
    price[.borrowed] = 13 * Double(shape.groupTokens) + 17 * Double(shape.fullestTokens)
    return price
  }
}

@Suite struct LockstepTests {
  /// Ranks in turn, one plain engine each: all step while any has work.
  ///
  /// - Parameter meet: whether each rank's step is priced beside those of all.
  func naive(
    _ engines: [NaiveEngine], _ records: [RequestRecord], meet: Bool = false
  ) -> [RequestOutcome] {
    let requests = records.enumerated().map {
      NaiveEngine.Request(number: $0.offset, record: $0.element)
    }
    var arriving: [(request: NaiveEngine.Request, rank: Int)] = []
    for request in requests {
      if engines[0].canServe(request.record) {
        arriving.append((request, arriving.count % engines.count))
      } else {
        request.outcome.status = .rejected
        request.outcome.rejection = engines[0].obstacle(request.record)
      }
      request.outcome.engine = Int32(arriving.last?.rank ?? 0)
      if request.outcome.status == .rejected { request.outcome.engine = 0 }
    }
    var now: Int64 = 0
    while true {
      while let first = arriving.first, first.request.record.arrival.rawValue <= now {
        engines[first.rank].wait(arriving.removeFirst().request)
      }
      let plans = engines.map { $0.schedule() }
      guard plans.contains(where: { $0.shape.tokens > 0 }) else {
        if engines.contains(where: { !$0.running.isEmpty || !$0.waiting.isEmpty }) { continue }
        guard let first = arriving.first else { break }
        now = max(now, first.request.record.arrival.rawValue)
        continue
      }
      var dummy = StepShape()
      dummy.addDecode(context: 1)
      var shapes = plans.map { $0.shape.tokens > 0 ? $0.shape : dummy }
      if meet {
        let tokens = shapes.map(\.tokens)
        for rank in shapes.indices {
          shapes[rank].groupTokens = tokens.reduce(0, +)
          shapes[rank].fullestTokens = tokens.max() ?? 0
        }
      }
      let durations = shapes.map { MeetingPrice().price($0).total }
      let end = now + Int64((durations.max() ?? 0).rounded())
      for (engine, plan) in zip(engines, plans) where plan.shape.tokens > 0 {
        engine.start(plan, at: now)
        engine.complete(plan, start: now, end: end)
      }
      now = end
    }
    return requests.map(\.outcome)
  }

  @Test(
    "Ranks step together, as long as the slowest, and idle ones wait with them", arguments: 0..<4)
  func equalsNaive(batch: UInt64) throws {
    for seed in (batch * 20)..<(batch * 20 + 20) {
      var example = RandomCase(seed: 6_000_000 + seed)
      example.deployment.engines[0].asyncScheduling = false
      example.deployment.engines[0].count = 1 + Int(seed % 4)
      example.deployment.engines[0].lockstep = true
      let simulation = try Simulation(deployment: example.deployment, pricings: [TellingPrice()])
      let result = simulation.run(RequestTable(example.records))
      let engines = (0...(seed % 4)).map { _ in NaiveEngine(example.deployment.engines[0]) }
      try #require(result.outcomes == naive(engines, example.records), "seed \(seed)")
    }
  }

  @Test(
    "Ranks that share experts are priced beside each other, idle ones with their dummy",
    arguments: 0..<4)
  func sharedExperts(batch: UInt64) throws {
    for seed in (batch * 20)..<(batch * 20 + 20) {
      var example = RandomCase(seed: 7_000_000 + seed)
      let count = 2 + Int(seed % 3)
      example.deployment.engines[0].asyncScheduling = false
      example.deployment.engines[0].count = count
      example.deployment.engines[0].lockstep = true
      example.deployment.engines[0].tensorParallel = 2
      example.deployment.engines[0].expertParallel = seed % 2 == 0 ? count : 2 * count
      var options = ReplayOptions()
      options.recordsSteps = true
      options.mergesSteps = false
      let result = try Simulation(
        deployment: example.deployment, pricings: [MeetingPrice()], options: options
      ).run(RequestTable(example.records))
      let engines = (0..<count).map { _ in NaiveEngine(example.deployment.engines[0]) }
      try #require(result.outcomes == naive(engines, example.records, meet: true), "seed \(seed)")
      // What is recorded says the same: ranks of one instant know of the same tokens.
      let working = result.steps.filter { $0.shape.tokens > 0 }
      for steps in Dictionary(grouping: working, by: \.start).values {
        #expect(Set(steps.map(\.shape.groupTokens)).count == 1)
        let own = steps.reduce(0) { $0 + $1.shape.tokens } + count - steps.count
        #expect(steps[0].shape.groupTokens == own)
      }
    }
  }

  @Test("Engines in lockstep with experts of their own know nothing of each other")
  func ownExperts() throws {
    let deployment = makeDeployment(count: 2) { $0.lockstep = true }
    let records = [request(0, input: 50, output: 2), request(0, input: 9, output: 3)]
    let meeting = try Simulation(deployment: deployment, pricings: [MeetingPrice()])
      .run(RequestTable(records)).outcomes
    let telling = try Simulation(deployment: deployment, pricings: [TellingPrice()])
      .run(RequestTable(records)).outcomes
    #expect(meeting == telling)
  }

  @Test(
    "A dummy batch is never faster than its price, and work arriving meanwhile waits",
    arguments: [false, true])
  func example(isAsync: Bool) throws {
    let deployment = makeDeployment(count: 2) {
      $0.lockstep = true
      $0.asyncScheduling = isAsync
    }
    let price = LinearStepModel(perStep: 1000, perPrefillToken: 10)
    let result = try Simulation(deployment: deployment, pricings: [price])
      .run(RequestTable([request(0, input: 50, output: 2), request(100, input: 1, output: 1)]))
    // Rank 1 idles beside the prompt until 1,500, and then computes its own beside a decode.
    #expect(result.outcomes[0].firstToken == Nanoseconds(1500))
    #expect(result.outcomes[1].scheduled == Nanoseconds(1500))
    #expect(result.outcomes[0].lastToken == Nanoseconds(2510))
    #expect(result.outcomes[1].lastToken == Nanoseconds(2510))
  }
}
