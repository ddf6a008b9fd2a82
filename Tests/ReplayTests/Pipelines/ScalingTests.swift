import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Numbers of engines that follow the load, by hand: calls of one place each, on engines that look every 10 us.
@Suite(.timeLimit(.minutes(1))) struct ScalingTests {
  private func run(
    seconds: Double, count: Int, concurrency: Int? = 1, _ scaling: Scaling, outages: [Outage] = [],
    _ records: [RequestRecord]
  ) throws -> (result: PipelineResult, outcomes: [JourneyOutcome]) {
    let pool = EnginePool(
      name: "web", count: count,
      service: .external(ExternalService(concurrency: concurrency)),
      routing: PoolRouting(policy: .shortestQueue), outages: outages, scaling: scaling)
    let call = ExternalCall(duration: .constant(seconds))
    return try replay(
      plan([pool], [Stage(name: "call", action: .call(call), pool: "web")]), records)
  }

  private func scaling(
    upper: Double, lower: Double, startup: Double, interval: Double = 10e-6
  ) -> Scaling {
    Scaling(minimum: 1, upper: upper, lower: lower, interval: interval, startup: startup)
  }

  private func calls(_ arrivals: [Int64]) -> [RequestRecord] {
    arrivals.map { request($0, input: 1, output: 1) }
  }

  @Test("One engine is added at each look above the bound, and the last one goes below it")
  func upAndDown() throws {
    let (result, outcomes) = try run(
      seconds: 100e-6, count: 3, scaling(upper: 2, lower: 0.5, startup: 5e-6),
      calls([0, 0, 0, 0, 0, 0, 14_000, 16_000, 26_000]))
    // Looks at 10 and 20 us start engines that are there at 15 and 25 us; what waits stays where it is.
    #expect(outcomes.map { $0.stages[0].engine } == [0, 0, 0, 0, 0, 0, 0, 1, 2])
    #expect(outcomes.last?.end == Nanoseconds(126_000))
    #expect(outcomes[6].end == Nanoseconds(700_000))
    // With one request left, from 600 us on, three engines are more than needed at 610 us, and two are not.
    #expect(result.engines[2].upTime == Nanoseconds(610_000 - 25_000))
    #expect(result.engines[0].upTime == Nanoseconds(700_000))
  }

  @Test("The last engine that is up serves until the one on its way is there")
  func lastStays() throws {
    let (_, outcomes) = try run(
      seconds: 3e-6, count: 2, concurrency: nil, scaling(upper: 2, lower: 1, startup: 100e-6),
      calls([9000, 9000, 9000, 9000, 9000, 25_000]))
    // One is started at 10 us; at 20 us there is nothing to do.
    #expect(outcomes.last?.end == Nanoseconds(28_000))
  }

  @Test("An engine that failed comes back after its outage, not when the load asks for it")
  func failed() throws {
    let (result, outcomes) = try run(
      seconds: 50e-6, count: 2, scaling(upper: 1, lower: 0.1, startup: 1e-6),
      outages: [Outage(engine: 1, start: 1e-6, duration: 100e-6)],
      calls([0, 0, 0, 20_000, 115_000]))
    // It was stopped when it failed, and can be started from 101 us on: at the look at 110 us.
    #expect(outcomes.map { $0.stages[0].engine } == [0, 0, 0, 0, 1])
    #expect(result.finished == 5)
  }

  @Test("A replay ends whose engines are gone for good", arguments: [(0.5, 1), (100, 1), (0.5, 2)])
  func goneForGood(upper: Double, count: Int) throws {
    let outages = (0..<count).map { Outage(engine: $0, start: 5e-6) }
    let (result, outcomes) = try run(
      seconds: 2e-6, count: count, scaling(upper: upper, lower: 0.1, startup: 1e-6),
      outages: outages, calls([0, 4000, 7000, 8000]))
    #expect(outcomes.map(\.status) == [.finished, .unfinished, .unfinished, .unfinished])
    #expect(result.unfinished == 3)
    #expect(!result.isCut)
  }

  @Test("Looks go on while all sessions think")
  func sessions() throws {
    // Calls of 5 us, then nothing until 505 us, when at 510 us all six are there at once.
    var records: [RequestRecord] = []
    for turn in 0..<2 {
      for session in 0..<6 {
        var record = request(Int64(600 * turn + 100 * session), input: 1, output: 1)
        record.session = "\(session)"
        record.thinkTime = turn == 0 ? nil : Nanoseconds(500_000)
        records.append(record)
      }
    }
    let (result, outcomes) = try run(
      seconds: 5e-6, count: 2, concurrency: nil, scaling(upper: 5, lower: 0, startup: 100e-9),
      records)
    #expect(outcomes.last?.end == Nanoseconds(510_500))
    #expect(result.engines[1].upTime == Nanoseconds(400))
  }

  @Test(
    "Looks between which nothing happens cost nothing, though a month has 2.6 million million of them"
  )
  func emptyLooks() throws {
    let month: Int64 = 30 * 86_400 * 1_000_000_000
    let (result, outcomes) = try run(
      seconds: 100e-6, count: 2, scaling(upper: 2, lower: 0.5, startup: 5e-6, interval: 1e-6),
      calls([0, 0, 0, 0, 0, 0, month]))
    // Started at the first look, there at 6 us; the first look after the last of six calls is at 601 us.
    #expect(result.engines[1].upTime == Nanoseconds(601_000 - 6000))
    #expect(outcomes.last?.end == Nanoseconds(month + 100_000))
  }
}
