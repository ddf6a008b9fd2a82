import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// What engines still have to do, as the coordinator sees it, and what becomes of it when one fails.
@Suite struct WorkLeftTests {
  private let generate = Stage(name: "generate", action: .generate, pool: "chat")

  private func engines(_ outcomes: [JourneyOutcome], stage: Int) -> [Int] {
    outcomes.compactMap { $0.stages.first { $0.stage == stage }?.engine }
  }

  /// A request that waits for blocks is as much work as one that waits for a place.
  @Test(arguments: [PoolRouting.Policy.leastTokensLeft, .oracle, .shortestQueue])
  func `What waits for its blocks is work left`(policy: PoolRouting.Policy) throws {
    let store = StoreService(bandwidth: 1, latency: 200, hitRate: 0)
    let plan = plan(
      [
        modelPool(count: 3) { $0.routing.policy = policy },
        EnginePool(name: "host", service: .store(store)),
      ], [Stage(name: "ahead", action: .prefetch, pool: "host"), generate])
    let records = (0..<12).map { number in
      let first = UInt64(number * 100)
      return request(Int64(number) * 10, input: 40, output: 5, content: Array(first..<first + 40))
    }
    let chosen = engines(try replay(plan, records).outcomes, stage: 1)
    #expect((0..<3).map { engine in chosen.count { $0 == engine } } == [4, 4, 4])
  }

  /// So is a decode that waits for memory, or whose keys are on their way.
  @Test(arguments: [PoolRouting.Policy.leastTokensLeft, .oracle, .shortestQueue], [0.001, 100])
  func `A decode that waits is work left`(policy: PoolRouting.Policy, bandwidth: Double) throws {
    let plan = plan(
      [
        modelPool("first"),
        modelPool("second", count: 2, blocks: 30) { $0.routing.policy = policy },
      ],
      [
        Stage(name: "prefill", action: .prefill, pool: "first"),
        Stage(name: "decode", action: .decode, pool: "second"),
      ], network: [NetworkLevel(name: "rack", members: 8, bandwidth: bandwidth)])
    let records = (0..<8).map { request(Int64($0), input: 80, output: 20) }
    let chosen = engines(try replay(plan, records).outcomes, stage: 1)
    // Engines of the second pool are 1 and 2.
    #expect((1...2).map { engine in chosen.count { $0 == engine } } == [4, 4], "\(chosen)")
  }

  /// Many short answers end before one long one does.
  @Test func `The oracle counts the longest answer`() throws {
    let pool = modelPool(count: 2, blocks: 100_000) {
      $0.routing.policy = .oracle
    } limits: {
      $0.maxSequences = 64
    }
    let lengths = [1000, 1200] + Array(repeating: 30, count: 30) + [5000, 5000]
    let records = lengths.enumerated().map {
      request(Int64($0.offset), input: 10, output: $0.element)
    }
    let chosen = engines(try replay(plan([pool], [generate]), records).outcomes, stage: 0)
    #expect(chosen[32] != chosen[33], "the two longest share an engine")
  }

  /// Requests before them have ended, and gave their places to later ones.
  @Test func `What begins anew after an outage does so in the order in which it came`() throws {
    let web = EnginePool(
      name: "web", service: .external(ExternalService(concurrency: 1)),
      outages: [Outage(engine: 0, start: 17e-6, duration: 1e-6)])
    let call = Stage(
      name: "call", action: .call(ExternalCall(duration: .constant(10e-6))), pool: "web")
    let records = [0, 5000, 6000, 15_000].map { request($0, input: 5, output: 1) }
    let (result, outcomes) = try replay(plan([web], [call]), records)
    #expect(outcomes.map(\.end.rawValue) == [10_000, 28_000, 38_000, 48_000])
    // The second was served from 10 us to the outage at 17, and again.
    #expect(result.stages[0][0].serviceTime == 4 * 10_000 + 7000)
  }

  /// A step of 256 tokens takes 3,560 ns; what was computed of it is lost, and the engine worked all the same.
  @Test func `A step that fails with its engine was work`() throws {
    let pool = modelPool { $0.outages = [Outage(engine: 0, start: 1e-6, duration: 5e-6)] }
    let (result, outcomes) = try replay(
      plan([pool], [generate]), [request(0, input: 256, output: 1)])
    #expect(outcomes[0].end.rawValue == 6000 + 3560 && outcomes[0].retries == 1)
    #expect(result.engines[0].busyTime.rawValue == 1000 + 3560)
    // It waited while nobody served, and no longer.
    #expect(result.stages[0][0].queueTime == 5000 && result.stages[0][0].serviceTime == 1000 + 3560)
  }

  @Test func `An engine that is not up does not fail`() throws {
    let scaling = Scaling(
      minimum: 1, upper: 100, lower: 1, interval: 1e-6, startup: 1e-6)
    let pool = modelPool(count: 2) {
      $0.scaling = scaling
      $0.outages = [Outage(engine: 1, start: 1e-6, duration: 1e-6)]
    }
    let result = try replay(plan([pool], [generate]), [request(0, input: 256, output: 9)]).result
    #expect(result.engines.map(\.failures) == [0, 0])
  }

  /// Whoever asks a store that has nothing has its answer to wait for, whatever an earlier one had.
  @Test(arguments: [0, 4, 20]) func `A look-up that misses takes its time`(found: Int) throws {
    let plan = plan(
      [
        modelPool(),
        EnginePool(
          name: "near", service: .store(StoreService(bandwidth: 1e6, latency: 1, next: "far"))),
        EnginePool(name: "far", service: .store(StoreService(bandwidth: 1e6, latency: 50))),
      ],
      [Stage(name: "fetch", action: .fetch, pool: "near"), generate])
    let first = Array(UInt64(0)..<40)
    let second = Array(first[..<found]) + (0..<UInt64(40 - found)).map { 1000 + $0 }
    var records = [request(0, input: 40, output: 1, content: first)]
    // Long after; its engine has forgotten, as blocks of others took its place.
    records.append(request(1_000_000, input: 40, output: 1, content: second))
    var forgetful = plan
    forgetful.pools[0].group?.enablesPrefixCaching = false
    let outcomes = try replay(forgetful, records).outcomes
    let fetch = try #require(outcomes[1].stages.first)
    #expect(fetch.ended.rawValue - fetch.arrived.rawValue >= 51_000)
  }

  @Test func `The wait for a look-up that misses is the store's`() throws {
    let store = StoreService(bandwidth: 1, latency: 50, hitRate: 0)
    let plan = plan(
      [modelPool(), EnginePool(name: "host", service: .store(store))],
      [Stage(name: "ahead", action: .prefetch, pool: "host"), generate])
    let result = try replay(
      plan, [request(0, input: 40, output: 1, content: Array(0..<40))]
    ).result
    let shares = result.endBlame.shares(slowestFrom: 0)
    #expect(shares.first { $0.pool == 1 }.map { ($0.share * 51_400).rounded() } == 50_000)
  }

  @Test func `A decode of one token is skipped`() throws {
    let plan = plan(
      [modelPool("first"), modelPool("second")],
      [
        Stage(name: "prefill", action: .prefill, pool: "first"),
        Stage(name: "decode", action: .decode, pool: "second"),
      ])
    let result = try replay(
      plan, [request(0, input: 40, output: 1), request(1, input: 40, output: 11)]
    ).result
    #expect(result.stages[0][1].served == 1 && result.stages[0][1].skipped == 1)
  }

  @Test func `A class without a pipeline is rejected`() throws {
    var plan = plan([modelPool()], [generate])
    plan.scenario.pipelines[0].requestClass = "a"
    let records = ["a", "b", nil].map { name in
      var record = request(0, input: 40, output: 1)
      record.requestClass = name
      return record
    }
    let (result, outcomes) = try replay(plan, records)
    #expect(outcomes.map(\.status) == [.finished, .rejected, .rejected])
    #expect(result.withoutPipeline == 2 && result.rejected == 2)
  }
}
