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

  @Test("Decodes that wait for an engine's memory are waited for, too")
  func decodesWait() throws {
    // Of 11 blocks a decode of 42 tokens takes all in the end. The first takes ten steps of 1,001 ns; of the three
    // that come together later one is let in, one waits, and the third would wait for that.
    let answers = modelPool("answers", blocks: 12) { $0.admission = Admission(maxWait: 5e-6) }
    let plan = plan(
      [modelPool("prompts"), answers],
      [
        Stage(name: "prefill", action: .prefill, pool: "prompts"),
        Stage(name: "decode", action: .decode, pool: "answers"),
      ])
    let (_, outcomes) = try replay(
      plan, [0, 50_000, 50_000, 50_000].map { request($0, input: 32, output: 11) })
    #expect(outcomes.map(\.status) == [.finished, .finished, .finished, .shed])
    #expect(outcomes[0].end.rawValue == 1320 + 10_010)
  }

  @Test("The rate of an engine that failed is that of all that it served")
  func waitAfterFailure() throws {
    // One at a time, each 1,320 ns: the second of three waits for one, the third for two.
    let pool = modelPool {
      $0.admission = Admission(maxWait: 2e-6)
      $0.outages = [Outage(engine: 0, start: 5e-6, duration: 5e-6)]
    } limits: {
      $0.maxSequences = 1
    }
    let (_, outcomes) = try replay(
      plan([pool], [Stage(name: "generate", action: .generate, pool: "chat")]),
      [0, 20_000, 20_000, 20_000].map { request($0, input: 32, output: 1) })
    #expect(outcomes.map(\.status) == [.finished, .finished, .finished, .shed])
  }

  @Test("A cascade asks the large model for what is difficult, after the small one and the judge")
  func cascade() throws {
    let stages = [
      Stage(name: "draft", action: .generate, pool: "small"),
      Stage(name: "judge", action: .encode(EncoderWork(source: .all)), pool: "judge"),
      Stage(
        name: "answer", action: .generate, pool: "large",
        condition: StageCondition(difficultyAbove: 0.5)),
    ]
    let records = [0.2, 0.5, 0.8].enumerated().map { number, difficulty in
      var record = request(Int64(number) * 1_000_000, input: 10, output: 3)
      record.difficulty = difficulty
      return record
    }
    let (_, outcomes) = try replay(
      plan([modelPool("small"), encoderPool("judge"), modelPool("large")], stages), records)
    // An answer: a step of 10 tokens, and two of one decode. The judge sees prompt and answer.
    let (first, answer, judge) = (Int64(1100), Int64(1100 + 2 * 1001), Int64(1000 + 130))
    for (outcome, isHard) in zip(outcomes, [false, false, true]) {
      let start = outcome.arrival.rawValue + (isHard ? answer + judge : 0)
      #expect(outcome.firstToken?.rawValue == start + first)
      #expect(outcome.lastToken?.rawValue == start + answer)
      #expect(outcome.end.rawValue == start + answer + (isHard ? 0 : judge))
    }
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
