import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct StepExchangeTests {
  static let node = [NetworkLevel(name: "node", members: 2, bandwidth: 0.5)]
  static let split = [
    Stage(name: "prefill", action: .prefill, pool: "prompts"),
    Stage(name: "decode", action: .decode, pool: "answers"),
  ]

  /// Prompts on one engine, answers on another whose devices exchange over its link.
  private func split(
    share: Double, bandwidth: Double, perStep: Double,
    _ change: (inout EnginePool) -> Void = { _ in }
  ) -> ScenarioPlan {
    var answers = modelPool("answers")
    answers.exchange(over: "node")
    change(&answers)
    return plan(
      [modelPool("prompts"), answers], Self.split,
      network: [NetworkLevel(name: "node", members: 2, bandwidth: bandwidth)],
      price: LinearStepModel(perStep: perStep, collectiveShare: share))
  }

  @Test(
    "Alone on its links an engine takes as long as without them, to the nanosecond",
    arguments: 0..<30)
  func alone(seed: UInt64) throws {
    var random = RandomCase(seed: seed)
    random.deployment.engines[0].asyncScheduling = false
    random.deployment.engines[0].pipelineParallel = 1
    var pool = EnginePool(
      name: "chat",
      service: .model(ModelService(model: "none", group: random.deployment.engines[0])))
    let stages = [Stage(name: "generate", action: .generate, pool: "chat")]
    let expected = try replay(
      plan([pool], stages, network: Self.node, price: exchangingPrice), random.records)
    pool.exchange(over: "node")
    let found = try replay(
      plan([pool], stages, network: Self.node, price: exchangingPrice), random.records)
    #expect(found.outcomes == expected.outcomes)
    #expect(found.result.tokenGaps == expected.result.tokenGaps)
    #expect(found.result.steps == expected.result.steps)
    // Both ways as many bytes as the link carries in the time of the exchanges.
    let busy = Double(expected.result.engines[0].busyTime.rawValue)
    for link in found.result.links.prefix(2) {
      #expect(abs(link.bytes - 0.5 * 0.3 * busy) <= 0.5 * Double(found.result.steps))
    }
    #expect(found.result.links.dropFirst(2).allSatisfy { $0.bytes == 0 })
  }

  @Test("Beside one transfer both have half: a step's exchanges take twice as long")
  func halves() throws {
    // Steps of 800 ns, half of which exchanges; the second request brings 25,000 bytes while the first decodes.
    let plan = split(share: 0.5, bandwidth: 0.5, perStep: 800)
    let records = [request(0, input: 8, output: 200), request(20_000, input: 250, output: 2)]
    let (result, outcomes) = try replay(plan, records)
    // The largest gaps are those between the two engines.
    #expect(result.tokenGaps.valueAtPercentile(95) == 1200)
    #expect(result.tokenGaps.min == 800)
    // In 1,200 ns go 200 and 200 bytes of the transfer, which alone would take 800 ns.
    let transfer = (outcomes[1].stages[1].arrived - outcomes[1].stages[0].ended).rawValue
    #expect(abs(transfer - 25_000 * 1200 / 400) <= 400)
  }

  // MARK: Against brute force

  /// When each request's answer ends, one nanosecond after the other.
  ///
  /// - Parameter sent: when each request's keys and values are sent, and how many bytes they are.
  private func bruteForce(
    _ sent: [(time: Int64, bytes: Double, output: Int)], perStep: Int64, exchanging: Int64,
    rate: Double
  ) -> [Int64] {
    var left = sent.map(\.bytes)
    var tokens = sent.map { $0.output - 1 }
    var ends = sent.map { _ in Int64.max }
    var (waiting, running): ([Int], [Int]) = ([], [])
    var (part, computing, bytes) = (Int64(8), Int64(0), 0.0)
    var clock: Int64 = 0
    func share(_ time: Int64) -> Int64 { time / 8 + (part < time % 8 ? 1 : 0) }
    while ends.contains(.max) {
      // What came, and a step's parts that are over at this instant.
      for index in left.indices where left[index] <= 1e-9 && ends[index] == .max {
        guard !waiting.contains(index), !running.contains(index) else { continue }
        waiting.append(index)
      }
      while computing == 0, bytes <= 1e-9 {
        if part < 7, !running.isEmpty {
          part += 1
        } else {
          for index in running {
            tokens[index] -= 1
            if tokens[index] == 0 { ends[index] = clock }
          }
          running.removeAll { tokens[$0] == 0 }
          running += waiting
          waiting = []
          guard !running.isEmpty else { break }
          part = 0
        }
        computing = share(perStep - exchanging)
        bytes = rate * Double(share(exchanging))
      }
      let isExchanging = computing == 0 && !running.isEmpty
      let moving = left.indices.filter { sent[$0].time <= clock && left[$0] > 1e-9 }
      let each = rate / Double(moving.count + (isExchanging ? 1 : 0))
      for index in moving { left[index] -= each }
      if isExchanging { bytes -= each }
      computing = max(0, computing - 1)
      clock += 1
    }
    return ends
  }

  @Test("Transfers and exchanges share a link as one nanosecond after the other", arguments: 0..<8)
  func equalsBruteForce(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let perStep = Int64.random(in: 100...300, using: &random)
    let exchanging = Int64.random(in: 1...perStep, using: &random)
    let rate = Double.random(in: 5...90, using: &random)
    let records = (0..<8).map { _ in
      request(
        Int64.random(in: 0...3000, using: &random),
        input: Int.random(in: 1...250, using: &random),
        output: Int.random(in: 2...9, using: &random))
    }.sorted { $0.arrival < $1.arrival }
    let (result, outcomes) = try replay(
      split(share: Double(exchanging) / Double(perStep), bandwidth: rate, perStep: Double(perStep)),
      records)
    let expected = bruteForce(
      outcomes.map {
        ($0.stages[0].ended.rawValue, 100 * Double($0.promptTokens), $0.outputTokens)
      }, perStep: perStep, exchanging: exchanging, rate: rate)
    // A step begins later by one where a transfer comes at its very beginning, or not.
    for (outcome, end) in zip(outcomes, expected) {
      #expect(abs(outcome.end.rawValue - end) <= 2 * perStep, "\(outcome.end.rawValue) \(end)")
    }
    #expect(zip(outcomes, expected).filter { abs($0.end.rawValue - $1) > 2 }.count <= 1)
    for link in result.links {
      #expect(link.bytes <= link.capacity * link.busyTime.seconds * (1 + 1e-9))
    }
  }

  @Test(
    "An engine that fails within a step leaves nothing on its links", arguments: [0, 7, 55, 230])
  func failure(after nanoseconds: Int) throws {
    let plan = split(share: 0.5, bandwidth: 0.5, perStep: 800) {
      $0.outages = [Outage(engine: 0, start: 1e-9 * Double(5000 + nanoseconds), duration: 1e-6)]
    }
    let (result, _, leftovers) = try replayWhole(
      plan, [request(0, input: 8, output: 30), request(100, input: 20, output: 9)])
    #expect(result.finished == 2)
    #expect(result.retries > 0)
    #expect(leftovers.isEmpty)
  }

  @Test("A step's exchanges are told once, over all of its links")
  func traced() throws {
    var trace = PipelineTrace()
    var records = [request(0, input: 8, output: 3)][...]
    _ = try PipelineSimulation(split(share: 0.5, bandwidth: 0.5, perStep: 800))
      .run(tracing: &trace) { records.popFirst() }
    let exchanges = trace.transfers.filter { $0.purpose == .exchange }
    #expect(exchanges.map(\.bytes) == [200, 200])
    #expect(exchanges.allSatisfy { $0.links == [2, 3] && $0.request == nil })
    // After the first of eight parts is computed, until the step ends.
    #expect(exchanges.allSatisfy { $0.end - $0.start == Nanoseconds(750) })
  }
}
