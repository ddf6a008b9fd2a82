import Analytical
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Blocks that come while their request waits.
@Suite struct PrefetchTests {
  /// Requests of 40 tokens whose first 39 a store always has: 3,900 bytes, so many nanoseconds on their way, and one
  /// token that is computed.
  private func scenario(
    _ action: StageAction, fetching: Double, limits: (inout EngineGroup) -> Void = { _ in }
  ) -> ScenarioPlan {
    var store = StoreService(bandwidth: 1e6)
    store.hitRate = 1
    store.curve = StorageCurve([StorageCurve.Point(bytes: 3900, seconds: fetching / 1e9)])
    return plan(
      [
        modelPool(limits: limits),
        EnginePool(name: "host", service: .store(store)),
      ],
      [
        Stage(
          name: "fetch", action: action, pool: "host", condition: StageCondition(inputUpTo: 40)),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
  }

  @Test("On an idle engine all of the fetch is waited for, as without")
  func idle() throws {
    for action in [StageAction.fetch, .prefetch] {
      let (result, outcomes) = try replay(
        scenario(action, fetching: 7000), [request(0, input: 40, output: 1, content: Array(0..<40))]
      )
      // 7,000 ns of the store and a step of one token; pool 1 is the store.
      #expect(outcomes[0].end.rawValue == 8010)
      let parts = result.endBlame.shares(slowestFrom: 0)
      #expect(parts.map(\.pool) == [1, 0])
      #expect(parts.map { ($0.share * 8010).rounded() } == [7000, 1010])
      let stage = result.stages[0][1]
      #expect(stage.prefetched == (action == .prefetch ? 1 : 0))
      #expect(stage.fetchWait == (action == .prefetch ? 7000 : 0) && stage.fetchHidden == 0)
    }
  }

  @Test(
    "Behind another's step the fetch is hidden as far as that goes on",
    // The step of 256 tokens, all that it may have, takes 3,560 ns.
    arguments: [(1000.0, 1000.0, 0.0), (3400, 3400, 0), (5000, 3560, 1440), (9000, 3560, 5440)])
  func busy(fetching: Double, hidden: Double, waited: Double) throws {
    let records = [
      request(0, input: 256, output: 1),
      request(0, input: 40, output: 1, content: Array(0..<40)),
    ]
    func end(_ action: StageAction) throws -> (Int64, StageTotals) {
      let (result, outcomes) = try replay(scenario(action, fetching: fetching), records)
      return (outcomes[1].end.rawValue, result.stages[0][1])
    }
    let (late, _) = try end(.fetch)
    let (early, stage) = try end(.prefetch)
    #expect(early == late)
    #expect(stage.fetchHidden == hidden && stage.fetchWait == waited)
  }

  @Test("A request whose blocks come late stands before those that came after it")
  func order() throws {
    // One sequence at a time. The second request's blocks come while the third is served and the fourth waits.
    let records = [
      request(0, input: 250, output: 1), request(10, input: 40, output: 1, content: Array(0..<40)),
      request(20, input: 250, output: 1), request(30, input: 200, output: 1),
    ]
    let (_, outcomes) = try replay(
      scenario(.prefetch, fetching: 5000) { $0.maxSequences = 1 }, records)
    let started = outcomes.map { $0.stages.last?.started.rawValue ?? 0 }
    #expect(started[0] == 0 && started[2] == 3500 && started[1] == 7000)
    #expect(started[3] > started[1])
    // With a fetch it comes to the engine after the fourth.
    let (_, others) = try replay(
      scenario(.fetch, fetching: 5000) { $0.maxSequences = 1 }, records)
    let others3 = others.map { $0.stages.last?.started.rawValue ?? 0 }
    #expect(others3[1] > others3[3])
  }

  @Test("Where blocks take no time it is the same as a fetch", arguments: 0..<20)
  func free(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var time: Int64 = 0
    let records = (0..<60).map { _ in
      time += Int64.random(in: 2...6000, using: &random)
      let input = Int.random(in: 1...60, using: &random)
      return request(
        time, input: input, output: Int.random(in: 1...9, using: &random),
        content: Array(0..<UInt64(input)))
    }
    func ends(_ action: StageAction) throws -> [Nanoseconds] {
      let store = StoreService(bandwidth: 1e6, hitRate: 0.5)
      let whole = try replayWhole(
        plan(
          [
            modelPool { _ in
            } limits: {
              $0.maxSequences = 3
            }, EnginePool(name: "host", service: .store(store)),
          ],
          [
            Stage(name: "fetch", action: action, pool: "host"),
            Stage(name: "generate", action: .generate, pool: "chat"),
          ]), records)
      #expect(whole.leftovers == [])
      return whole.outcomes.map(\.end)
    }
    #expect(try ends(.fetch) == ends(.prefetch))
  }
}
