import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Requests that are turned away or cannot be served, by hand.
@Suite struct AdmissionTests {
  /// Calls of 10 us, one at a time.
  private func run(
    _ admission: Admission, _ arrivals: [Int64]
  ) throws -> (result: PipelineResult, outcomes: [JourneyOutcome]) {
    let pool = EnginePool(
      name: "web", service: .external(ExternalService(concurrency: 1)), admission: admission)
    let call = ExternalCall(duration: .constant(10e-6))
    return try replay(
      plan([pool], [Stage(name: "call", action: .call(call), pool: "web")]),
      arrivals.map { request($0, input: 1, output: 1) })
  }

  @Test("An engine takes no more than so many at once")
  func outstanding() throws {
    let (result, outcomes) = try run(
      Admission(maxOutstanding: 2), [0, 1000, 2000, 10_000, 11_000, 12_000])
    // At 10 us the first is still there: arrivals come before ends of the same instant.
    #expect(
      outcomes.map(\.status) == [.finished, .finished, .shed, .shed, .finished, .shed])
    #expect(outcomes.map(\.end.rawValue) == [10_000, 20_000, 2000, 10_000, 30_000, 12_000])
    #expect(result.shed == 3)
    #expect(result.shedByPool == [3])
    #expect(result.finished == 3)
  }

  @Test("Nobody is taken who would wait too long, by the rate at which others were served")
  func wait() throws {
    // Nothing is known until the first has ended. At 11 us one waits, at a rate of 1 in 11 us; at 12 us two
    // wait; at 21 us two wait, at a rate of 2 in 21 us.
    let (_, outcomes) = try run(
      Admission(maxWait: 15e-6), [0, 0, 0, 11_000, 12_000, 20_500, 20_600])
    #expect(
      outcomes.map(\.status)
        == [.finished, .finished, .finished, .finished, .shed, .finished, .shed])
  }

  @Test("A request without tokens is rejected, and the turns after it are still due")
  func zeroLength() throws {
    var records = [
      request(0, input: 10, output: 5), request(1, input: 10, output: 0),
      request(2, input: 0, output: 5), request(3, input: 10, output: 5),
    ]
    for index in records.indices { records[index].session = "s" }
    let (result, outcomes) = try replay(
      plan([modelPool()], [Stage(name: "generate", action: .generate, pool: "chat")]), records)
    #expect(outcomes.map(\.status) == [.finished, .rejected, .rejected, .finished])
    #expect(outcomes[3].arrival == outcomes[0].end)
    #expect(result.rejected == 2)
    #expect(result.unfinished == 0)
    let (alone, _) = try replay(
      plan([modelPool()], [Stage(name: "generate", action: .generate, pool: "chat")]),
      [request(0, input: 0, output: 0)])
    #expect(alone.arrivals == 1)
    #expect(alone.rejected == 1)
  }

  @Test("A stage that is passed over leaves the engine that a fetch chose for it")
  func passedOver() throws {
    let stages = [
      Stage(name: "fetch", action: .fetch, pool: "host"),
      Stage(
        name: "generate", action: .generate, pool: "chat",
        condition: StageCondition(inputAbove: 50)),
    ]
    let chat = modelPool(count: 2) { $0.routing.policy = .shortestQueue }
    let host = EnginePool(name: "host", service: .store(StoreService(bandwidth: 1)))
    let (_, outcomes) = try replay(
      plan([chat, host], stages),
      [request(0, input: 10, output: 2), request(10, input: 60, output: 2)])
    #expect(outcomes.map(\.status) == [.finished, .finished])
    #expect(outcomes[0].stages.map(\.stage) == [0])
    #expect(outcomes[1].stages.last?.engine == 0)
  }

  @Test(
    "Requests longer than any engine's memory are rejected, others served", arguments: [7, 8, 9])
  func memory(blocks: Int) throws {
    // 30 tokens of prompt and an answer of 3, whose last token is never kept, are 8 blocks of 4 tokens; one
    // more is vLLM's block of nothing.
    let (result, outcomes) = try replay(
      plan(
        [modelPool(blocks: blocks)], [Stage(name: "generate", action: .generate, pool: "chat")]),
      [request(0, input: 30, output: 3), request(1, input: 5, output: 1)])
    #expect(outcomes[0].status == (blocks < 9 ? .rejected : .finished))
    #expect(outcomes[1].status == .finished)
    #expect(result.rejected + result.finished == 2)
  }
}
