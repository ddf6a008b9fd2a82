import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Sessions, clients in a closed loop, and clients that give up.
@Suite struct SessionTests {
  let price = LinearStepModel(perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1)

  func run(
    _ workload: ReplayWorkload, _ deployment: Deployment = makeDeployment()
  ) throws -> ReplayResult {
    try Simulation(deployment: deployment, pricings: [price]).run(RequestTable(workload))
  }

  @Test("A turn is sent when it was, or its think time after the end of the one before it")
  func turns() throws {
    var records = [
      request(0, input: 1, output: 1), request(500, input: 1, output: 1),
      request(9000, input: 1, output: 1), request(9000, input: 5000, output: 1),
      request(9100, input: 1, output: 1),
    ]
    for row in records.indices { records[row].session = "a" }
    var options = WorkloadOptions()
    options.thinkTime = Nanoseconds(300)
    let result = try run(options.workload(of: records))
    // 0 to 1,010; then 300 later, to 2,320; at 9,000 as recorded, to 10,010; the next can never run,
    // and what follows it waits for no more than that.
    #expect(result.outcomes.map(\.arrival.rawValue) == [0, 1310, 9000, 10_310, 10_610])
    #expect(result.outcomes[3].status == .rejected)
    #expect(result.outcomes[4].lastToken == Nanoseconds(11_620))
  }

  @Test("Without think time a turn is in the step that begins when the last one ends")
  func noThinkTime() throws {
    var records = [
      request(0, input: 1, output: 1), request(0, input: 1, output: 9),
      request(1, input: 1, output: 1),
    ]
    records[0].session = "a"
    records[2].session = "a"
    let result = try run(WorkloadOptions().workload(of: records))
    #expect(result.outcomes[2].arrival == Nanoseconds(1020))
    #expect(result.outcomes[2].scheduled == Nanoseconds(1020))
  }

  @Test("Three clients by hand: each sends when its last request has ended")
  func closedLoop() throws {
    var options = WorkloadOptions()
    options.clients = 3
    let records = [3, 1, 2, 1, 1].map { request(99, input: 1, output: $0) }
    let result = try run(options.workload(of: records))
    // 0: three prompts, 1,030 ns, and the second ends; 1030: two decodes and a prompt, 1,012, and the
    // third and the fourth end; 2042: one decode and a prompt.
    #expect(result.outcomes.map(\.arrival.rawValue) == [0, 0, 0, 1030, 2042])
    #expect(result.outcomes.map(\.lastToken.rawValue) == [3053, 1030, 2042, 2042, 3053])
  }

  /// A random case whose requests are turns of few sessions.
  func randomSessions(seed: UInt64) -> (deployment: Deployment, workload: ReplayWorkload) {
    var random = SplitMix64(seed: seed ^ 0x5e55)
    var example = RandomCase(seed: seed)
    var options = WorkloadOptions()
    // At least one: what an end causes at its own instant has an order of its own.
    options.thinkTime = Nanoseconds(Int64.random(in: 1...3000, using: &random))
    if seed % 3 == 0 { options.clients = Int.random(in: 1...6, using: &random) }
    if seed % 5 == 0 { options.deadline = Nanoseconds(Int64.random(in: 0...9000, using: &random)) }
    for row in example.records.indices where Int.random(in: 0..<4, using: &random) > 0 {
      example.records[row].session = "\(Int.random(in: 0..<5, using: &random))"
    }
    example.deployment.engines[0].count = Int.random(in: 1...3, using: &random)
    if seed % 2 == 0 { example.deployment.routing = .leastLoaded }
    return (example.deployment, options.workload(of: example.records))
  }

  @Test("Ends decide arrivals, and a plain replay of these arrivals is the same", arguments: 0..<10)
  func fixedPoint(batch: UInt64) throws {
    var waited = 0
    for seed in (batch * 40)..<(batch * 40 + 40) {
      let (deployment, workload) = randomSessions(seed: 5_000_000 + seed)
      let simulation = try Simulation(deployment: deployment, pricings: [TellingPrice()])
      let result = simulation.run(RequestTable(workload))
      #expect(result.arrivalCount == workload.records.count, "seed \(seed)")
      #expect(result.count(of: .unfinished) == 0, "seed \(seed)")
      for (row, outcome) in result.outcomes.enumerated() {
        guard workload.options.clients == nil else { continue }
        var expected = workload.records[row].arrival
        let earlier = workload.turns.map { Int($0.predecessors[row]) } ?? -1
        if earlier >= 0 {
          expected = max(
            expected, end(result.outcomes[earlier], workload) + workload.options.thinkTime)
        }
        waited += expected > workload.records[row].arrival ? 1 : 0
        #expect(outcome.arrival == expected, "seed \(seed), row \(row)")
      }
      var plain = workload.records
      for row in plain.indices { plain[row].arrival = result.outcomes[row].arrival }
      let again = simulation.run(RequestTable(plain))
      try #require(again == result, "seed \(seed)")
    }
    #expect(waited > 50)
  }

  func end(_ outcome: RequestOutcome, _ workload: ReplayWorkload) -> Nanoseconds {
    switch outcome.status {
    case .finished: outcome.lastToken
    case .cancelled: outcome.arrival + (workload.options.deadline ?? .zero)
    case .rejected, .unfinished: outcome.arrival
    }
  }

  @Test(
    "There are never more requests than clients, and as many while any is left", arguments: 0..<8)
  func clients(seed: UInt64) throws {
    let example = RandomCase(seed: 6_000_000 + seed)
    var options = WorkloadOptions()
    options.clients = Int(1 + seed)
    let simulation = try Simulation(deployment: example.deployment, pricings: [TellingPrice()])
    let result = simulation.run(RequestTable(options.workload(of: example.records)))
    let ran = result.outcomes.filter { $0.status == .finished }
    let last = result.outcomes.map(\.arrival).max() ?? .zero
    for time in Set(result.outcomes.map(\.arrival)) where time < last {
      let here = ran.count { $0.arrival <= time && $0.lastToken > time }
      #expect(here == options.clients, "seed \(seed) at \(time)")
    }
  }

  @Test(
    "The interactive response time law: clients are as many as throughput by response and think")
  func responseTimeLaw() throws {
    var options = WorkloadOptions()
    options.clients = 20
    options.thinkTime = Nanoseconds(40_000)
    var random = SplitMix64(seed: 9)
    let records = (0..<20_000).map { _ in
      request(
        0, input: Int.random(in: 1...40, using: &random),
        output: Int.random(in: 1...40, using: &random))
    }
    let result = try run(options.workload(of: records))
    let response =
      result.outcomes.reduce(0) { $0 + Double($1.endToEnd.rawValue) } / Double(records.count)
    let throughput = Double(records.count) / Double(result.makespan.rawValue)
    // Only the beginning and the end of the run are off.
    #expect(abs(throughput * (response + 40_000) / 20 - 1) < 0.005)
  }

  @Test("A client that gives up frees its place; what had its last token on the way finishes")
  func cancellation() throws {
    var records = [
      request(0, input: 1, output: 100), request(0, input: 1, output: 100),
      request(0, input: 1, output: 1),
    ]
    records[0].cancelled = Nanoseconds(5000)
    records[1].cancelled = Nanoseconds(500)
    records[2].cancelled = Nanoseconds(1500)
    var deployment = makeDeployment(sequences: 1)
    let result = try run(WorkloadOptions().workload(of: records), deployment)
    // The second never had its turn. The first has five steps of its own, the last until 5,014.
    #expect(result.outcomes.map(\.status) == [.cancelled, .cancelled, .cancelled])
    #expect(result.outcomes.map(\.outputTokens) == [5, 0, 0])
    deployment.engines[0].maxSequences = 3
    let three = try run(WorkloadOptions().workload(of: records), deployment)
    #expect(three.outcomes.map(\.status) == [.cancelled, .cancelled, .finished])
    #expect(ReplaySummary(three).cancelled == 2)
  }

  @Test("Whoever gives up, limits hold and no block is lost", arguments: 0..<10)
  func abortInvariants(batch: UInt64) throws {
    var aborted = 0
    for seed in (batch * 20)..<(batch * 20 + 20) {
      let example = RandomCase(seed: 7_000_000 + seed)
      var random = SplitMix64(seed: seed)
      var limits = try EngineLimits(example.deployment.engines[0])
      limits.asyncScheduling = false
      let table = RequestTable(example.records)
      var scheduler = Scheduler(limits: limits)
      for (index, record) in example.records.enumerated()
      where limits.canServe(input: record.inputTokens, output: record.outputTokens) {
        scheduler.enqueue(
          Resident(
            request: Int32(index), input: Int32(record.inputTokens),
            output: Int32(record.outputTokens), content: table.content(of: index),
            blockSize: limits.blockSize))
      }
      var decision = Decision()
      while scheduler.outstanding > 0 {
        scheduler.schedule(into: &decision, chain: table.chain)
        try #require(!decision.isEmpty, "seed \(seed): nothing moves")
        #expect(decision.shape.tokens <= limits.maxBatchedTokens)
        if Int.random(in: 0..<3, using: &random) == 0 {
          let victim = Int32.random(in: 0..<Int32(example.records.count), using: &random)
          if let slot = scheduler.slot(of: victim) {
            _ = scheduler.abort(slot)
            aborted += 1
          }
          #expect(scheduler.slot(of: victim) == nil)
        }
        try ConservationTests().checkBlocks(scheduler, seed: seed)
        for slot in decision.finishing { scheduler.finish(slot) }
      }
      #expect(scheduler.pool.usedCount == 0, "seed \(seed)")
      #expect(scheduler.decodes.count == 0 && scheduler.prefilling.isEmpty)
    }
    #expect(aborted > 20)
  }

  @Test("A deadline that nobody meets too late changes nothing", arguments: 0..<20 as Range<UInt64>)
  func generousDeadline(seed: UInt64) throws {
    let example = RandomCase(seed: 8_000_000 + seed)
    let simulation = try Simulation(deployment: example.deployment, pricings: [TellingPrice()])
    var options = WorkloadOptions()
    options.deadline = Nanoseconds(seconds: 100)
    let result = simulation.run(RequestTable(options.workload(of: example.records)))
    #expect(result == simulation.run(RequestTable(example.records)))
  }
}

/// Replays that are fed as they go, and replays that are stopped.
@Suite struct StreamTests {
  @Test("A stream gives the outcomes of the table, in order", arguments: 0..<20 as Range<UInt64>)
  func equalsTable(seed: UInt64) throws {
    let example = RandomCase(seed: 9_000_000 + seed)
    // Many times over, so that rows leave while others arrive.
    var records: [RequestRecord] = []
    for round in 0..<80 {
      for record in example.records {
        var later = record
        later.arrival = record.arrival + Nanoseconds(Int64(round) * 40_000)
        records.append(later)
      }
    }
    records.sort { $0.arrival < $1.arrival }
    var deployment = example.deployment
    deployment.engines[0].count = 2
    let simulation = try Simulation(deployment: deployment, pricings: [TellingPrice()])
    let table = simulation.run(RequestTable(records))
    nonisolated(unsafe) var rest = records[...]
    nonisolated(unsafe) var outcomes: [RequestOutcome] = []
    let stream = simulation.run(streaming: { rest.popFirst() }) { outcomes.append($0) }
    #expect(outcomes == table.outcomes, "seed \(seed)")
    #expect(stream.engines == table.engines)
    #expect(stream.tokenGaps == table.tokenGaps)
    #expect(stream.outcomes.isEmpty)
  }

  @Test(
    "A stopped replay has what had finished, says that it is cut, and nothing else differs",
    arguments: [false, true])
  func cut(isAsync: Bool) throws {
    let records = (0..<300).map { request(Int64($0) * 9000, input: 20, output: 30) }
    let deployment = makeDeployment(count: 2) { $0.asyncScheduling = isAsync }
    let simulation = try Simulation(
      deployment: deployment, pricings: [LinearStepModel(perStep: 1000)])
    let whole = simulation.run(RequestTable(records))
    nonisolated(unsafe) var looks = 0
    let result = simulation.run(
      RequestTable(records),
      shouldStop: {
        looks += 1
        return looks == 2
      })
    #expect(result.isCut)
    #expect(!whole.isCut)
    #expect(result.count(of: .finished) > 50)
    #expect(result.count(of: .unfinished) > 50)
    for (part, all) in zip(result.outcomes, whole.outcomes) where part.status == .finished {
      #expect(part == all)
    }
    let summary = ReplaySummary(result)
    #expect(summary.isCut)
    #expect(summary.timeToFirstToken?.count == result.count(of: .finished))
  }

  @Test("A warm-up is simulated and counted nowhere")
  func warmUp() throws {
    let records = (0..<100).map { request(Int64($0) * 1000, input: 4, output: 3) }
    var options = ReplayOptions()
    let simulation = try Simulation(
      deployment: makeDeployment(), pricings: [LinearStepModel(perStep: 500)], options: options)
    options.warmUp = Nanoseconds(50_000)
    let warm = try Simulation(
      deployment: makeDeployment(), pricings: [LinearStepModel(perStep: 500)], options: options)
    let all = simulation.run(RequestTable(records))
    let result = warm.run(RequestTable(records))
    #expect(result.outcomes == all.outcomes)
    let summary = ReplaySummary(result, warmUp: options.warmUp)
    #expect((summary.requests, summary.warmUp, summary.finished) == (50, 50, 50))
    #expect(summary.timeToFirstToken?.count == 50)
    // The step that begins when the warm-up ends brings the last token of a request before it.
    #expect(summary.interTokenLatency?.count == 101)
    #expect(summary.outputTokens == 150)
    #expect(summary.makespan == all.makespan - options.warmUp)
    #expect(summary.steps == all.stepCount)
  }
}
