import Scenarios
import Testing

@testable import Replay

/// Each policy on candidates made by hand.
@Suite struct RoutingRulesTests {
  private func candidate(
    _ engine: Int, requests: Int = 0, input: Int = 0, output: Int = 0, cached: Int = 0,
    left: Int = 0, time: Double = 0
  ) -> RoutingCandidate {
    RoutingCandidate(
      engine: engine,
      load: EngineLoad(requests: requests, inputTokens: input, outputTokens: output),
      cachedTokens: cached, tokensLeft: left, timeLeft: time)
  }

  private func asked(
    _ number: Int = 0, input: Int = 100, output: Int = 10, session: Int = -1
  ) -> RoutedRequest {
    RoutedRequest(number: number, input: input, output: output, session: session)
  }

  @Test("takes the engine with the least of what its policy looks at, of equals the first")
  func fewest() {
    // Each engine is the least loaded by one measure alone.
    let candidates = [
      candidate(0, requests: 1, input: 90, output: 90, left: 90, time: 90),
      candidate(1, requests: 5, input: 10, output: 80, left: 80, time: 80),
      candidate(2, requests: 5, input: 95, output: 20, left: 70, time: 70),
      candidate(3, requests: 5, input: 40, output: 30, left: 60, time: 60),
      candidate(4, requests: 5, input: 99, output: 99, left: 5, time: 50),
      candidate(5, requests: 5, input: 99, output: 99, left: 50, time: 4),
    ]
    let expected: [(PoolRouting.Policy, Int)] = [
      (.shortestQueue, 0), (.leastInput, 1), (.leastOutput, 2), (.leastKeyValues, 3),
      (.leastTokensLeft, 4), (.oracle, 5),
    ]
    for (policy, place) in expected {
      var rule = PoolRouting(policy: policy).rule(engines: 6, seed: 0)
      #expect(rule.choose(asked(), among: candidates) == place, "\(policy)")
      let equals = [candidate(2), candidate(4), candidate(5)]
      #expect(rule.choose(asked(), among: equals) == 0, "\(policy)")
    }
  }

  @Test("goes around, past engines that are away")
  func roundRobin() {
    var rule = PoolRouting(policy: .roundRobin).rule(engines: 4, seed: 0)
    var chosen: [Int] = []
    for up in [[0, 1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2, 3], [0, 1], [0, 1, 2, 3]] {
      let candidates = up.map { candidate($0) }
      chosen.append(candidates[rule.choose(asked(), among: candidates)].engine)
    }
    #expect(chosen == [0, 2, 3, 0, 1, 2])
  }

  @Test(
    "weighs a cached beginning against requests",
    arguments: [(0, 1), (100, 1), (299, 1), (301, 0), (1000, 0)] as [(Double, Int)])
  func prefixAware(weight: Double, expected: Int) {
    // Three requests more for 900 tokens more: equal at 300 tokens a request.
    var rule = PoolRouting(policy: .prefixAware, loadWeight: weight).rule(engines: 2, seed: 0)
    let candidates = [
      candidate(0, requests: 1, cached: 100), candidate(1, requests: 4, cached: 1000),
    ]
    #expect(rule.choose(asked(), among: candidates) == expected)
    #expect(rule.knowledge == .cache)
  }

  @Test("parts heavy from light, and takes any engine where none of its own is up")
  func heavyLight() {
    var rule = PoolRouting(policy: .heavyLight, heavyInput: 100, heavyOutput: 20, heavyEngines: 2)
      .rule(engines: 4, seed: 0)
    func choose(_ input: Int, _ output: Int, _ candidates: [RoutingCandidate]) -> Int {
      candidates[rule.choose(asked(input: input, output: output), among: candidates)].engine
    }
    let all = [
      candidate(0, requests: 9), candidate(1, requests: 8), candidate(2, requests: 7),
      candidate(3, requests: 6),
    ]
    #expect(choose(100, 20, all) == 3)
    #expect(choose(101, 20, all) == 1)
    #expect(choose(100, 21, all) == 1)
    #expect(choose(500, 50, [all[0], all[2], all[3]]) == 0)
    #expect(choose(500, 50, [all[2], all[3]]) == 3)
    #expect(choose(1, 1, [all[0], all[1]]) == 1)
  }

  @Test("gives half of the engines, rounded up, to heavy requests by default", arguments: 2...7)
  func half(count: Int) {
    var rule = PoolRouting(policy: .heavyLight).rule(engines: count, seed: 0)
    let candidates = (0..<count).map { candidate($0) }
    #expect(rule.choose(asked(input: 2048, output: 512), among: candidates) == (count + 1) / 2)
    #expect(rule.choose(asked(input: 2049, output: 1), among: candidates) == 0)
    #expect(rule.choose(asked(input: 1, output: 513), among: candidates) == 0)
  }

  @Test("draws two engines evenly, and takes the one with fewer requests", arguments: [2, 3, 5, 8])
  func twoChoices(count: Int) {
    var rule = PoolRouting(policy: .twoChoices).rule(engines: count, seed: 7)
    let equals = (0..<count).map { candidate($0, requests: 3) }
    // The engine with rank r from the idlest is taken unless both draws are idler or one is.
    let ranked = (0..<count).map { candidate($0, requests: $0) }
    var (even, byRank) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count))
    let draws = 20_000
    for number in 0..<draws {
      even[rule.choose(asked(number), among: equals)] += 1
      byRank[rule.choose(asked(number), among: ranked)] += 1
    }
    for place in 0..<count {
      let uniform = 1 / Double(count)
      let above = Double(count - place) / Double(count)
      let beyond = Double(count - place - 1) / Double(count)
      let ranked = above * above - beyond * beyond
      for (counts, share) in [(even, uniform), (byRank, ranked)] {
        let spread = (share * (1 - share) * Double(draws)).squareRoot()
        #expect(abs(Double(counts[place]) - share * Double(draws)) < 4 * spread)
      }
    }
    var other = PoolRouting(policy: .twoChoices).rule(engines: count, seed: 8)
    let same = (0..<100).filter { number in
      rule.choose(asked(number), among: equals) == other.choose(asked(number), among: equals)
    }
    #expect(same.count < 90)
  }

  @Test("stays with a session's engine until that is away, then with the new one")
  func session() {
    var rule = PoolRouting(policy: .session).rule(engines: 3, seed: 0)
    let all = [
      candidate(0, requests: 5), candidate(1, requests: 2), candidate(2, requests: 3),
    ]
    func choose(_ session: Int, _ candidates: [RoutingCandidate]) -> Int {
      candidates[rule.choose(asked(session: session), among: candidates)].engine
    }
    #expect(choose(0, all) == 1)
    var later = all
    later[1].load.requests = 50
    #expect(choose(0, later) == 1)
    #expect(choose(1, later) == 2)
    // Without a session each request joins the shortest queue, and is forgotten.
    #expect(choose(-1, later) == 2)
    #expect(choose(-1, all) == 1)
    // Engine 1 fails: its session moves, and does not come back with it.
    #expect(choose(0, [later[0], later[2]]) == 2)
    #expect(choose(0, later) == 2)
    #expect(choose(1, later) == 2)
  }
}
