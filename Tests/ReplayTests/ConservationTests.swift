import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct ConservationTests {
  @Test("Every step keeps its limits, and every block has its users", arguments: 0..<20)
  func invariants(batch: UInt64) throws {
    for seed in (batch * 20)..<(batch * 20 + 20) {
      let example = RandomCase(seed: 2_000_000 + seed)
      var limits = try EngineLimits(example.deployment.engines[0])
      limits.asyncScheduling = false
      let table = RequestTable(example.records)
      var scheduler = Scheduler(limits: limits)
      var expected = 0
      for (index, record) in example.records.enumerated()
      where limits.canServe(input: record.inputTokens, output: record.outputTokens) {
        expected += record.outputTokens
        scheduler.enqueue(
          Resident(
            request: Int32(index), input: Int32(record.inputTokens),
            output: Int32(record.outputTokens), content: table.content(of: index),
            blockSize: limits.blockSize))
      }
      var tokens = 0
      var decision = Decision()
      while scheduler.outstanding > 0 {
        scheduler.schedule(into: &decision, chain: table.chain)
        try #require(!decision.isEmpty, "seed \(seed): nothing moves")
        #expect(decision.shape.tokens <= limits.maxBatchedTokens)
        #expect(scheduler.running.count <= limits.maxSequences)
        tokens += decision.firstTokens.count + decision.laterTokens.count + decision.decodes
        #expect(
          decision.shape.sampledSequences
            >= decision.firstTokens.count + decision.laterTokens.count + decision.decodes)
        try checkBlocks(scheduler, seed: seed)
        for slot in decision.finishing { scheduler.finish(slot) }
      }
      #expect(tokens == expected, "seed \(seed)")
      #expect(scheduler.pool.usedCount == 0, "seed \(seed)")
    }
  }

  /// Each block has as many users as tables hold it, and what nobody uses is free.
  func checkBlocks(_ scheduler: Scheduler, seed: UInt64) throws {
    var users = Array(repeating: Int32(0), count: scheduler.pool.users.count)
    for table in scheduler.tables { for block in table { users[Int(block)] += 1 } }
    try #require(users == scheduler.pool.users, "seed \(seed)")
    try #require(scheduler.pool.usedCount == users.filter { $0 > 0 }.count, "seed \(seed)")
  }

  @Test("Times are in order, tokens complete, and the same run is the same", arguments: 0..<10)
  func outcomes(batch: UInt64) throws {
    for seed in (batch * 50)..<(batch * 50 + 50) {
      let example = RandomCase(seed: 3_000_000 + seed)
      var deployment = example.deployment
      deployment.engines[0].count = 3
      deployment.routing = seed % 2 == 0 ? .roundRobin : .leastLoaded
      let simulation = try Simulation(deployment: deployment, pricings: [TellingPrice()])
      let result = simulation.run(RequestTable(example.records))
      #expect(result == simulation.run(RequestTable(example.records)))
      var gaps = 0
      for (outcome, record) in zip(result.outcomes, example.records) {
        guard outcome.status == .finished else {
          #expect(outcome.status == .rejected)
          continue
        }
        #expect(Int(outcome.outputTokens) == record.outputTokens)
        #expect(outcome.arrival == record.arrival)
        #expect(outcome.arrival <= outcome.scheduled)
        #expect(outcome.scheduled < outcome.firstToken)
        #expect(outcome.firstToken <= outcome.lastToken)
        #expect((outcome.firstToken == outcome.lastToken) == (record.outputTokens == 1))
        gaps += record.outputTokens - 1
      }
      #expect(result.tokenGaps.totalCount == UInt64(gaps))
      for engine in result.engines { #expect(engine.busyTime <= result.makespan) }
    }
  }
}
