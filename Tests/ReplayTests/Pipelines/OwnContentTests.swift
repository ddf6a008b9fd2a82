import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Names of what a request alone has, which engines leave out where nobody would look for them.
@Suite struct OwnContentTests {
  @Test(
    "Times are those with all names: of a pipeline in which a second stage might look for them, and never does",
    arguments: 0..<40)
  func leftOut(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let sizes = [1, 4, 6, 16]
    let size = sizes[Int(seed) % sizes.count]
    var clock: Int64 = 0
    let records = (0..<60).map { number -> RequestRecord in
      clock += Int64.random(in: 0...6000, using: &random)
      let input = Int.random(in: 1...90, using: &random)
      let output = Int.random(in: 1...30, using: &random)
      // Some logs name the answer, too, and some less than the prompt.
      let named = [0, input / size, (input + size - 1) / size, (input + output) / size]
      let names = named.randomElement(using: &random) ?? 0
      let shared = Int.random(in: 0...6, using: &random)
      var record = request(
        clock, input: input, output: output,
        content: (0..<names).map { UInt64($0 < shared ? 1 : 1 + number / 5) },
        tokensPerName: size)
      if seed % 2 == 0, number % 3 == 0 { record.session = "\(number % 4)" }
      return record
    }
    // Little memory: requests are preempted, and blocks are driven out.
    let pools = [
      modelPool(count: 2, blocks: 60) {
        $0.routing.policy = seed % 3 == 0 ? .prefixAware : .twoChoices
      },
      EnginePool(
        name: "store", service: .store(StoreService(capacity: 2e-5, bandwidth: 1, latency: 0.5))),
    ]
    // Who fetches from stores has all names.
    let stages = [
      Stage(name: "fetch", action: .fetch, pool: "store"),
      Stage(name: "generate", action: .generate, pool: "chat"),
    ]
    var never = Stage(name: "never", action: .generate, pool: "chat")
    never.condition = StageCondition(requestClass: "nobody")
    let one = try replay(plan(pools, stages), records)
    let two = try replay(plan(pools, stages + [never]), records)
    func lines(_ outcomes: [JourneyOutcome]) -> [String] {
      outcomes.map {
        "\($0.number) \(String(describing: $0.firstToken)) \($0.end) \($0.cachedTokens) \($0.fetchedTokens)"
      }
    }
    #expect(lines(one.outcomes) == lines(two.outcomes))
    #expect(one.result.steps == two.result.steps)
    #expect(one.result.finished > 0)
  }
}
