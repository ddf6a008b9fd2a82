import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct LayerwiseTransferTests {
  /// Prompts on some engines, answers on others, over one link out and one in: 100 ns and so many bytes a
  /// nanosecond.
  private func split(
    _ mode: KeyValueTransfer.Mode, _ bandwidth: Double, prompts: Int = 1, answers: Int = 1,
    blocks: Int = 1000
  ) -> ScenarioPlan {
    var whole = plan(
      [modelPool("prompts", count: prompts), modelPool("answers", count: answers, blocks: blocks)],
      [
        Stage(name: "prefill", action: .prefill, pool: "prompts"),
        Stage(name: "decode", action: .decode, pool: "answers"),
      ],
      network: [
        NetworkLevel(
          name: "node", members: prompts + answers, bandwidth: bandwidth, latency: 0.05)
      ])
    whole.scenario.keyValueMode = mode
    return whole
  }

  @Test(
    "One request: what exceeds its prompt's step is the last layer, or what the link cannot hide",
    arguments: [
      // 50 tokens are 1,500 ns of prompt, and 5,000 bytes: 1,500 + 100 + 1,000, or + 2,500.
      (.whole, 5, 2600), (.whole, 2, 4100),
      // The last layer's share: 1,500 + 100 + 200. On a slower link all after the first layer: 300 + 100 + 2,500.
      (.layerwise, 5, 1800), (.layerwise, 2, 2900),
    ] as [(KeyValueTransfer.Mode, Double, Int64)])
  func byHand(mode: KeyValueTransfer.Mode, bandwidth: Double, came: Int64) throws {
    let (result, outcomes) = try replay(
      split(mode, bandwidth), [request(0, input: 50, output: 3)])
    #expect(outcomes[0].firstToken == Nanoseconds(1500))
    #expect(outcomes[0].stages[1].arrived == Nanoseconds(came))
    #expect(outcomes[0].end == Nanoseconds(came + 2 * 1001))
    // What went ahead was on its way, too.
    #expect(abs(result.links[0].bytes - 5000) < 1e-6)
  }

  @Test(
    "Transfers one after the other are those of a deployment with roles",
    arguments: [0.7, 2, 5, 40], KeyValueTransfer.Mode.allCases)
  func equalsHandovers(bandwidth: Double, mode: KeyValueTransfer.Mode) throws {
    var random = SplitMix64(seed: UInt64(bandwidth * 10))
    var clock: Int64 = 0
    let records = (0..<30).map { _ in
      clock += 120_000 + Int64.random(in: 0...1000, using: &random)
      // Prompts of up to three steps: the last one hides what it can.
      return request(
        clock, input: Int.random(in: 1...600, using: &random),
        output: Int.random(in: 2...9, using: &random))
    }
    var deployment = makeDeployment(sequences: 16, budget: 256, length: 100_000, blocks: 1000) {
      $0.role = .prefill
      $0.keyValues = KeyValueSize(bytesPerToken: 100, layers: 5)
    }
    var decode = deployment.engines[0]
    (decode.role, decode.name) = (.decode, "decode")
    deployment.engines.append(decode)
    deployment.transfer = KeyValueTransfer(bandwidth: bandwidth, latency: 0.1, mode: mode)
    let expected = try Simulation(deployment: deployment, pricings: [linearPrice, linearPrice])
      .run(RequestTable(records))
    let (result, outcomes) = try replay(split(mode, bandwidth), records)
    #expect(result.finished == 30)
    for outcome in outcomes {
      let other = expected.outcomes[outcome.number]
      #expect(outcome.firstToken == other.firstToken)
      // Flows end at the next whole nanosecond, those transfers at the nearest.
      #expect(abs((outcome.end - other.lastToken).rawValue) <= 1)
    }
  }

  @Test(
    "Where they share links, all bytes travel, and no link carries more than it can",
    arguments: 0..<20)
  func shared(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let records = (0..<40).map { _ in
      request(
        Int64.random(in: 0...60_000, using: &random),
        input: Int.random(in: 1...300, using: &random),
        output: Int.random(in: 2...20, using: &random))
    }.sorted { $0.arrival < $1.arrival }
    // Memory for few, so that some find none while their prompt is computed.
    let whole = split(.layerwise, 4, prompts: 2, answers: 2, blocks: seed % 2 == 0 ? 1000 : 100)
    let (result, _, leftovers) = try replayWhole(whole, records)
    #expect(result.finished == 40)
    #expect(leftovers.isEmpty)
    let bytes = 100 * records.reduce(0) { $0 + Double($1.inputTokens) }
    let up = result.links.filter { $0.name.hasSuffix("up") }
    #expect(abs(up.reduce(0) { $0 + $1.bytes } / bytes - 1) < 1e-9)
    for link in result.links {
      #expect(link.bytes <= link.capacity * link.busyTime.seconds * (1 + 1e-9))
    }
  }

  @Test(
    "An engine that fails meanwhile leaves nothing behind", arguments: [0, 1],
    [400, 900, 1550, 2200])
  func failure(pool: Int, at nanoseconds: Int) throws {
    var whole = split(.layerwise, 2)
    whole.scenario.pools[pool].outages = [
      Outage(engine: 0, start: 1e-9 * Double(nanoseconds), duration: 1e-6)
    ]
    let (result, outcomes, leftovers) = try replayWhole(whole, [request(0, input: 50, output: 3)])
    #expect(result.finished == 1)
    #expect(leftovers.isEmpty)
    #expect(outcomes[0].end > Nanoseconds(2900 + 2 * 1001))
  }
}
