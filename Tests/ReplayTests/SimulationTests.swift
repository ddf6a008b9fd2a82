import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct SimulationTests {
  /// 1,000 ns a step, 10 for each prompt token, 1 for each decode.
  let price = LinearStepModel(perStep: 1000, perPrefillToken: 10, perDecodeSequence: 1)

  func run(
    _ deployment: Deployment, _ records: [RequestRecord], limit: Int64? = nil,
    merging: Bool = false
  ) throws -> ReplayResult {
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = merging
    options.limit = limit.map { Nanoseconds($0) }
    let pricings = Array(repeating: price, count: deployment.engines.count)
    return try Simulation(deployment: deployment, pricings: pricings, options: options)
      .run(RequestTable(records))
  }

  @Test("Three requests by hand: batching, an arrival during a step, chunks of a prompt")
  func threeRequests() throws {
    let result = try run(
      makeDeployment(budget: 10),
      [
        request(100, input: 5, output: 3), request(500, input: 12, output: 2),
        request(9000, input: 1, output: 1),
      ])
    // 100: five prompt tokens of A, 1,050 ns. 1150: one of A, and nine of B: 1,091 ns. 2241: A's
    // last one, and three of B: 1,031. 3272: B's last one: 1,001. 9000: C: 1,010.
    #expect(result.steps.map(\.start.rawValue) == [100, 1150, 2241, 3272, 9000])
    #expect(result.steps.map(\.duration.rawValue) == [1050, 1091, 1031, 1001, 1010])
    let (a, b, c) = (result.outcomes[0], result.outcomes[1], result.outcomes[2])
    #expect(a.timeToFirstToken == Nanoseconds(1050))
    #expect(a.endToEnd == Nanoseconds(3172))
    #expect(a.timePerOutputToken == Nanoseconds(1061))
    #expect(b.queueTime == Nanoseconds(650))
    #expect(b.firstToken == Nanoseconds(3272))
    #expect(b.lastToken == Nanoseconds(4273))
    #expect(c.lastToken == Nanoseconds(10_010))
    #expect(result.busyTime == Nanoseconds(5183))
    #expect(result.makespan == Nanoseconds(9910))
    #expect(result.stepCount == 5)
    #expect(result.eventCount == 8)
    #expect(result.tokenGaps.totalCount == 3)
  }

  @Test("With asynchronous scheduling an arrival waits for the step that was decided before")
  func asynchronous() throws {
    let result = try run(
      makeDeployment { $0.asyncScheduling = true },
      [request(0, input: 1, output: 5), request(500, input: 1, output: 1)])
    // The step that begins at 1,010 was decided at 0.
    #expect(result.steps.map(\.start.rawValue) == [0, 1010, 2011, 3022, 4023])
    #expect(result.outcomes[1].scheduled == Nanoseconds(2011))
  }

  @Test("The latest admitted request loses its memory, and finds its own blocks again")
  func preemption() throws {
    // Four blocks of four tokens. A and B hold two each after eight tokens; A's ninth takes B's.
    let result = try run(
      makeDeployment(block: 4, blocks: 5),
      [request(0, input: 7, output: 6), request(0, input: 7, output: 4)])
    #expect(result.outcomes.map(\.status) == [.finished, .finished])
    #expect(result.outcomes.map(\.preemptions) == [0, 1])
    #expect(result.engines[0].peakBlocks == 4)
    // A step with both prompts, one more with both, and then A alone until its sixth token.
    #expect(result.steps.map(\.shape.decodeSequences) == [0, 2, 1, 1, 1, 1, 0, 1])
    // B resumes with nine tokens. Its first block survived, as the tail of a request goes first.
    #expect(result.steps[6].shape.prefillTokens == 5)
    #expect(result.steps[6].start == result.outcomes[0].lastToken)
  }

  @Test("A shared beginning is computed once, whole blocks of it, but for the last token")
  func prefixCache() throws {
    let content: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8]
    let result = try run(
      makeDeployment(block: 4),
      [
        request(0, input: 8, output: 1, content: content),
        request(5000, input: 8, output: 1, content: content),
        request(9000, input: 10, output: 1, content: content + [9, 9]),
        request(15000, input: 8, output: 1, content: [0] + content.dropFirst()),
      ])
    #expect(result.outcomes.map(\.cachedTokens) == [0, 4, 8, 0])
  }

  @Test("Generated tokens that the log names are found by the next turn, as many as are stored")
  func namedOutput() throws {
    let turn: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    for (named, output, found) in [(13, 9, 12), (13, 8, 8), (8, 9, 8), (4, 9, 4)] {
      let result = try run(
        makeDeployment(block: 4),
        [
          request(0, input: 4, output: output, content: Array(turn[..<named])),
          request(90_000, input: 14, output: 1, content: turn + [99]),
        ])
      #expect(result.outcomes[1].cachedTokens == found, "\(named) names, \(output) generated")
    }
  }

  @Test(
    "Names of any size share as many of an engine's blocks as lie within equal names",
    arguments: [(1, 16, 512), (16, 16, 512), (512, 16, 512), (512, 512, 512), (100, 16, 496)])
  func contentSizes(perName: Int, block: Int, shared: Int32) throws {
    let names = (0...(1100 / perName)).map { UInt64($0 * perName < 512 ? 1 : $0) }
    let others = names.enumerated().map { $0.offset * perName < 512 ? 1 : $0.element + 9999 }
    let result = try run(
      makeDeployment(budget: 4096, block: block, blocks: 4000),
      [
        request(0, input: 1100, output: 1, content: names, tokensPerName: perName),
        request(1_000_000, input: 1100, output: 1, content: others, tokensPerName: perName),
      ])
    // With names of 100 tokens, the sixth begins before 512.
    #expect(result.outcomes[1].cachedTokens == (perName == 100 ? 592 : shared))
  }

  @Test("What can never run is rejected and counted")
  func rejection() throws {
    let result = try run(
      makeDeployment(length: 40, block: 4, blocks: 9),
      [
        request(0, input: 0, output: 3), request(0, input: 3, output: 0),
        request(0, input: 30, output: 11), request(0, input: 20, output: 14),
        request(0, input: 20, output: 13), request(0, input: .max, output: .max),
      ])
    #expect(
      result.outcomes.map(\.status) == [
        .rejected, .rejected, .rejected, .rejected, .finished, .rejected,
      ])
    #expect(ReplaySummary(result).rejected == 5)
  }

  @Test("A limit ends the run after what was decided before it", arguments: [false, true])
  func limit(isAsync: Bool) throws {
    let records = [
      request(0, input: 4, output: 100), request(0, input: 4, output: 2),
      request(1, input: 4, output: 100), request(90_000, input: 4, output: 1),
    ]
    let deployment = makeDeployment(sequences: 2) { $0.asyncScheduling = isAsync }
    let whole = try run(deployment, records)
    let result = try run(deployment, records, limit: 9000)
    #expect(result.outcomes.map(\.status) == [.unfinished, .finished, .unfinished, .unfinished])
    let decided = whole.steps.filter { $0.start < Nanoseconds(9000) }.count + (isAsync ? 1 : 0)
    #expect(result.steps == Array(whole.steps.prefix(decided)))
    #expect(Int(result.outcomes[0].outputTokens) == decided)
    #expect(result.outcomes[0].lastToken == (result.steps.last.map { $0.start + $0.duration }))
    #expect(result.outcomes[3].outputTokens == 0)
    #expect(result.arrivalCount == 3)
  }

  @Test("Prices that are no times end the run all the same")
  func hostilePrices() throws {
    struct Hostile: StepPricing {
      var value: Double
      func price(_ shape: StepShape) -> StepPrice { StepPrice(hostTime: value) }
    }
    for value in [0, -1, .nan, .infinity, -.infinity, 1e300, 0.4] {
      let simulation = try Simulation(
        deployment: makeDeployment(), pricings: [Hostile(value: value)])
      let result = simulation.run(
        RequestTable([
          request(.max - 5, input: 3, output: 9), request(.max, input: 3, output: 9),
          request(.min, input: 3, output: 9), request(0, input: 3, output: 9),
        ]))
      #expect(result.count(of: .finished) == 3)
      #expect(result.count(of: .unfinished) == 1)
    }
  }

  @Test("Outcomes keep the log's order, whatever the order of arrival")
  func logOrder() throws {
    let result = try run(
      makeDeployment(), [request(9000, input: 4, output: 1), request(0, input: 5, output: 1)])
    #expect(result.outcomes.map(\.inputTokens) == [4, 5])
    #expect(result.outcomes.map(\.firstToken.rawValue) == [10_040, 1050])
  }

  @Test("Progress tells how many have finished")
  func progress() throws {
    let records = (0..<1000).map { request(Int64($0), input: 2, output: 2) }
    nonisolated(unsafe) var told: [Int] = []
    let simulation = try Simulation(deployment: makeDeployment(), pricings: [price])
    _ = simulation.run(RequestTable(records)) { told.append($0) }
    #expect(told.count == 3)
    #expect(told == told.sorted())
  }

  @Test("Memory and pricings must be known")
  func errors() {
    var deployment = makeDeployment()
    #expect(throws: ReplayError.pricings(expected: 1, given: 2)) {
      try Simulation(deployment: deployment, pricings: [price, price])
    }
    deployment.engines[0].blockSize = 0
    #expect(throws: ReplayError.outOfBounds(group: "engines", what: "block_size")) {
      try Simulation(deployment: deployment, pricings: [price])
    }
    deployment.engines[0].blockCount = nil
    #expect(throws: ReplayError.unknownMemory(group: "engines")) {
      try Simulation(deployment: deployment, pricings: [price])
    }
  }

  @Test("Why a request is rejected is told, of several engines' reasons the nearest to serving it")
  func reasons() throws {
    var deployment = makeDeployment(budget: 30, length: 64, block: 4, blocks: 11)
    let lengths = [(0, 1), (1, 0), (60, 5), (41, 1), (40, 1), (30, 1), (31, 1)]
    func rejections() throws -> [RequestOutcome.Rejection?] {
      let simulation = try Simulation(
        deployment: deployment,
        pricings: deployment.engines.map { _ in LinearStepModel(perStep: 1) })
      return simulation.run(
        RequestTable(lengths.map { request(0, input: $0.0, output: $0.1) })
      ).outcomes.map(\.rejection)
    }
    // Ten blocks of four tokens.
    #expect(
      try rejections() == [.noTokens, .noTokens, .modelLength, .memory, nil, nil, nil])
    deployment.engines[0].enablesChunkedPrefill = false
    #expect(
      try rejections()
        == [.noTokens, .noTokens, .modelLength, .memory, .stepTokens, nil, .stepTokens])
    deployment.engines.append(makeDeployment(length: 128, block: 4, blocks: 11).engines[0])
    #expect(try rejections() == [.noTokens, .noTokens, .memory, .memory, nil, nil, nil])
  }
}
