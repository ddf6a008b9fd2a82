import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// What engines write to stores: 1,600 bytes for each whole piece of 16 tokens, at a hundredth of a byte a nanosecond.
@Suite struct StoreWritingTests {
  private static let piece = 1600.0
  private static let rate = 0.01

  /// Fetch and answer on one engine without a cache of its own.
  private func scenario(_ stores: [(String, StoreService)]) -> ScenarioPlan {
    plan(
      [modelPool(limits: { $0.enablesPrefixCaching = false })]
        + stores.map { EnginePool(name: $0.0, service: .store($0.1)) },
      [
        Stage(name: "fetch", action: .fetch, pool: stores[0].0),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
  }

  @Test(
    "A store that is slower than its writers drops what their buffer does not hold",
    arguments: 0..<20)
  func slow(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let room = Int.random(in: 1...6, using: &random)
    let store = StoreService(
      bandwidth: Self.rate, writeBuffer: (Double(room) + 0.5) * Self.piece / 1e9)
    var (clock, records, ends) = (Int64(0), [RequestRecord](), [Int64]())
    for _ in 0..<80 {
      clock += Int64.random(in: 2000...500_000, using: &random)
      records.append(request(clock, input: 32, output: 1))
      // A step of 32 tokens alone.
      ends.append(clock + 1320)
    }
    // A transfer at a time, and what came meanwhile as the next one.
    var (sending, waiting, free, written, dropped) = (0, 0, Int64(0), 0, 0)
    for end in ends {
      while sending > 0, free <= end {
        (sending, waiting) = (waiting, 0)
        free += Int64(Double(sending) * Self.piece / Self.rate)
      }
      let kept = min(2, room - sending - waiting)
      (written, dropped, waiting) = (written + kept, dropped + 2 - kept, waiting + kept)
      if sending == 0 {
        (sending, waiting) = (waiting, 0)
        free = end + Int64(Double(sending) * Self.piece / Self.rate)
      }
    }
    let (result, _) = try replay(scenario([("host", store)]), records)
    let totals = try #require(result.stores.first)
    #expect(totals.dropped == dropped)
    #expect(totals.bytesWritten == Double(written) * Self.piece)
    #expect(totals.blocks == written)
    // Whatever is behind, one transfer of the one engine is under way.
    #expect(result.links.map(\.peakFlows).max() == 1)
    if seed == 0 { #expect(dropped > 0 && written > 20) }
  }

  @Test(
    "A reader has half of a store's bandwidth, however much is to be written",
    arguments: [1, 4, 12])
  func reading(writes: Int) throws {
    let store = StoreService(bandwidth: Self.rate)
    var records = [request(0, input: 32, output: 1, content: [1, 2], tokensPerName: 16)]
    for number in 0..<writes {
      records.append(request(1_000_000 + Int64(number) * 2000, input: 160, output: 1))
    }
    // One of two pieces is read: the last token is computed in any case.
    records.append(request(1_100_000, input: 32, output: 1, content: [1, 2], tokensPerName: 16))
    let (_, outcomes) = try replay(scenario([("host", store)]), records)
    let fetch = try #require(outcomes.last?.stages.first)
    #expect((fetch.ended - fetch.ready).rawValue == Int64(2 * Self.piece / Self.rate))
  }

  @Test(
    "A store with a hit rate keeps no blocks, and gets what was not found", arguments: [0.0, 1])
  func hitRate(_ rate: Double) throws {
    let store = StoreService(bandwidth: Self.rate, hitRate: rate)
    let (result, _) = try replay(
      scenario([("host", store)]), [request(0, input: 48, output: 1)])
    let totals = try #require(result.stores.first)
    #expect(totals.blocks == 0)
    // Two of three pieces are before the last token.
    #expect(totals.bytesWritten == (rate == 0 ? 3 : 1) * Self.piece)
  }

  @Test("A store with a hit rate gets once what a prefill stored and its decode goes on from")
  func handedOver() throws {
    let store = StoreService(bandwidth: Self.rate, hitRate: 0)
    let plan = plan(
      [
        modelPool("prompts"), modelPool("answers"),
        EnginePool(name: "host", service: .store(store)),
      ],
      [
        Stage(name: "fetch", action: .fetch, pool: "host"),
        Stage(name: "prefill", action: .prefill, pool: "prompts"),
        Stage(name: "decode", action: .decode, pool: "answers"),
      ])
    let (result, _) = try replay(plan, [request(0, input: 48, output: 17)])
    // Three pieces of the prompt, and one of the answer, whose last token is not computed.
    #expect(result.stores.first?.bytesWritten == 4 * Self.piece)
  }

  @Test("A store with a hit rate does not get again what its engine's memory had")
  func cached() throws {
    let store = StoreService(bandwidth: Self.rate, hitRate: 0)
    let plan = plan(
      [modelPool(), EnginePool(name: "host", service: .store(store))],
      [
        Stage(name: "fetch", action: .fetch, pool: "host"),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
    let records = [0, 10_000_000].map {
      request($0, input: 48, output: 1, content: [1, 2, 3], tokensPerName: 16)
    }
    let (result, _) = try replay(plan, records)
    // The second time memory has all pieces but that of the last token, which is computed in any case.
    #expect(result.stores.first?.bytesWritten == (3 + 1) * Self.piece)
  }

  /// A step of 32 tokens ends at 1,320 ns; its two pieces are written for 320 us, those of the second step after them.
  @Test(
    "An engine that fails loses what it had still to write, which nobody finds",
    arguments: [(100_000, 0), (400_000, 2), (700_000, 4)] as [(Int64, Int)])
  func failing(at failure: Int64, _ kept: Int) throws {
    var plan = scenario([("host", StoreService(bandwidth: Self.rate))])
    plan.scenario.pools[0].outages = [
      Outage(engine: 0, start: 1e-9 * Double(failure), duration: 1e-5)
    ]
    let records = [0, 10_000, 5_000_000, 6_000_000].enumerated().map { number, time in
      let first = UInt64(1 + 2 * (number % 2))
      return request(
        Int64(time), input: 33, output: 1, content: [first, first + 1], tokensPerName: 16)
    }
    let (result, outcomes) = try replay(plan, records)
    let totals = try #require(result.stores.first)
    #expect(result.engines.first?.failures == 1)
    #expect(totals.dropped == 4 - kept)
    #expect(outcomes.map(\.fetchedTokens) == [0, 0, kept > 0 ? 32 : 0, kept > 2 ? 32 : 0])
    // What was lost is computed again, and written.
    #expect(totals.blocks == 4)
    #expect(totals.bytesWritten == 4 * Self.piece)
  }

  @Test("An engine that fails takes with it no block that another wrote since")
  func rewritten() throws {
    // Room for two pieces: the second request evicts the first's, which are still under way, and the fourth, on the
    // engine that goes on, writes them anew.
    let store = StoreService(capacity: 2.5 * Self.piece / 1e9, bandwidth: Self.rate)
    let pool = modelPool(count: 2) {
      $0.outages = [Outage(engine: 0, start: 100e-6, duration: 1e-5)]
    } limits: {
      $0.enablesPrefixCaching = false
    }
    let plan = plan(
      [pool, EnginePool(name: "host", service: .store(store))],
      [
        Stage(name: "fetch", action: .fetch, pool: "host"),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
    let contents: [[UInt64]] = [[1, 2], [3, 4], [], [1, 2], [1, 2]]
    let records = zip([0, 10_000, 20_000, 30_000, 6_000_000] as [Int64], contents).map {
      request($0, input: 16 * $1.count + 1, output: 1, content: $1, tokensPerName: 16)
    }
    let (result, outcomes) = try replay(plan, records)
    #expect(outcomes.map { $0.stages[1].engine } == [0, 1, 0, 1, 0])
    let totals = try #require(result.stores.first)
    #expect(totals.evictions == 4)
    // What had been evicted is not lost once more.
    #expect(totals.dropped == 0)
    #expect(outcomes.map(\.fetchedTokens) == [0, 0, 0, 0, 32])
  }

  @Test("Models with keys and values of different sizes share no store's capacity")
  func sizes() throws {
    let store = StoreService(capacity: 1, bandwidth: 1)
    var plan = plan(
      [
        modelPool("small"),
        modelPool("large") {
          guard case .model(var service) = $0.service else { return }
          service.model = "another"
          $0.service = .model(service)
        },
        EnginePool(name: "host", service: .store(store)),
      ],
      [
        Stage(name: "fetch", action: .fetch, pool: "host"),
        Stage(name: "draft", action: .generate, pool: "small"),
        Stage(name: "answer", action: .generate, pool: "large"),
      ])
    #expect(throws: Never.self) { try PipelineSimulation(plan) }
    plan.pools[1].keyValueBytesPerToken = 300
    let error = #expect(throws: PipelineError.self) { try PipelineSimulation(plan) }
    #expect("\(error, default: "")".contains("take 100 and 300 bytes a token"))
    plan.scenario.pools[2].service = .store(StoreService(bandwidth: 1))
    #expect(throws: Never.self) { try PipelineSimulation(plan) }
  }

  @Test("What a level has evicted is brought by the next, and what follows by the level itself")
  func interleaved() throws {
    let near = StoreService(
      capacity: 3.5 * Self.piece / 1e9, bandwidth: 1, latency: 1, next: "far")
    let far = StoreService(bandwidth: 1, latency: 2)
    let names = Array<UInt64>(1...6)
    let record = request(0, input: 96, output: 1, content: names, tokensPerName: 16)
    var again = record
    again.arrival = Nanoseconds(1_000_000)
    let (result, outcomes) = try replay(scenario([("near", near), ("far", far)]), [record, again])
    // The near one holds the last three pieces, the far one the first; the last is computed in any case.
    #expect(outcomes.map(\.fetchedTokens) == [0, 80])
    #expect(result.stores.map(\.bytesRead) == [2 * Self.piece, 3 * Self.piece])
    #expect(result.stores.map(\.lookups) == [2, 2])
    #expect(result.stores.map(\.hits) == [1, 1])
    // Both at once, each on its own link; the far one after both look-ups.
    let fetch = try #require(outcomes.last?.stages.first)
    #expect((fetch.ended - fetch.ready).rawValue == 3000 + 4800)
  }
}
