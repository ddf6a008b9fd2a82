import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite("Load over time") struct PipelineLoadTests {
  private func run(
    _ plan: ScenarioPlan, _ records: [RequestRecord], recordsLoad: Bool = true
  ) throws -> (result: PipelineResult, outcomes: [JourneyOutcome]) {
    var simulation = try PipelineSimulation(plan)
    simulation.recordsLoad = recordsLoad
    var outcomes: [JourneyOutcome] = []
    var rest = records[...]
    let result = simulation.run(outcome: { outcomes.append($0) }) { rest.popFirst() }
    return (result, outcomes)
  }

  /// How much of a span lies in each bin, in bins.
  private func overlaps(
    _ spans: [(from: Nanoseconds, to: Nanoseconds)], _ load: PipelineLoad, bins: Int
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: bins)
    for span in spans {
      let from = (Double(span.from.rawValue) - Double(load.start)) / load.width
      let to = (Double(span.to.rawValue) - Double(load.start)) / load.width
      // One bin more on either side, for where a quotient is rounded across a border.
      for bin in max(0, Int(from) - 1)..<max(0, min(bins, Int(to) + 2)) {
        sums[bin] += max(0, min(Double(bin + 1), to) - max(Double(bin), from))
      }
    }
    return sums
  }

  @Test(
    "is what the stages of all requests overlap, and recording it changes nothing",
    arguments: 0..<30)
  func random(seed: UInt64) throws {
    let random = PipelineInvariantTests.RandomScenario(seed: seed)
    let whole = plan(random.scenario, price: exchangingPrice)
    let expected = try run(whole, random.records, recordsLoad: false)
    let found = try run(whole, random.records)
    #expect(expected.result.load == nil)
    #expect(found.outcomes == expected.outcomes)
    #expect(found.result.links == expected.result.links)
    #expect(found.result.engines == expected.result.engines)
    let load = try #require(found.result.load)
    for pool in load.pools {
      let spans = found.outcomes.flatMap { outcome in
        outcome.stages.compactMap { stage in
          random.scenario.pipelines[outcome.pipeline].stages[stage.stage].pool == pool.name
            ? (from: stage.started, to: stage.ended) : nil
        }
      }
      let bins = pool.running.count
      let off = zip(pool.running, overlaps(spans, load, bins: bins)).map { abs($0 - $1) }
      #expect(off.allSatisfy { $0 < 1e-6 }, "\(pool.name)")
      #expect(pool.waiting.allSatisfy { $0 > -1e-9 })
      let shares = (pool.busy ?? []) + (pool.memory ?? [])
      #expect(shares.allSatisfy { (0...1).contains($0) }, "\(pool.name)")
    }
    for links in load.links {
      #expect(zip(links.mean, links.largest).allSatisfy { $0 <= $1 + 1e-9 }, "\(links.name)")
      #expect(links.largest.allSatisfy { $0 <= 1 }, "\(links.name)")
    }
  }

  @Test("adds up to what engines worked and waited, and to the bytes of links")
  func sums() throws {
    var random = SplitMix64(seed: 5)
    let records = (0..<200).map { _ in
      request(
        Int64.random(in: 1_000_000...9_000_000, using: &random),
        input: Int.random(in: 1...80, using: &random),
        output: Int.random(in: 2...12, using: &random))
    }.sorted { $0.arrival < $1.arrival }
    let stages = [
      Stage(
        name: "tokenize", action: .process(ProcessorWork(source: .context, perToken: 0.5)),
        pool: "hosts"),
      Stage(name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder"),
      Stage(name: "prefill", action: .prefill, pool: "prompts"),
      Stage(name: "decode", action: .decode, pool: "answers"),
    ]
    let (result, _) = try run(
      plan(
        [hostPool(), encoderPool(), modelPool("prompts", count: 2), modelPool("answers")], stages,
        network: [NetworkLevel(name: "node", members: 8, bandwidth: 1)]), records)
    let load = try #require(result.load)
    #expect(load.start == result.firstArrival)
    #expect(result.finished == 200)
    for (index, pool) in load.pools.enumerated() {
      func sum(_ values: [Double]) -> Double { values.reduce(0, +) * load.width }
      let own = result.engines.filter { $0.pool == index }
      let busy = sum(zip(try #require(pool.busy), pool.up).map(*))
      let worked = own.reduce(0.0) { $0 + Double($1.busyTime.rawValue) }
      #expect(abs(busy / worked - 1) < 1e-9, "\(pool.name)")
      #expect(abs(sum(pool.waiting) - result.stages[0][index].queueTime) < 1)
      #expect(abs(sum(pool.running) / result.stages[0][index].serviceTime - 1) < 1e-9)
      let up = Double(own.count) * Double(result.makespan.rawValue)
      #expect(abs(sum(pool.up) / up - 1) < 1e-9)
      let blocks = own.reduce(0.0) { $0 + ($1.model.map { $0.blockTime / Double($0.blocks) } ?? 0) }
      guard let memory = pool.memory else { continue }
      #expect(abs(sum(zip(memory, pool.up).map(*)) / blocks - 1) < 1e-9)
    }
    for (name, suffix) in [("engine up", "up"), ("engine down", "down")] {
      let links = try #require(load.links.first { $0.name == name })
      let own = result.links.filter { $0.name.hasPrefix("engine") && $0.name.hasSuffix(suffix) }
      // Five engines may use theirs.
      let carried = 5 * links.mean.reduce(0, +) * load.width
      #expect(abs(carried / own.reduce(0.0) { $0 + $1.bytes } - 1) < 1e-9)
    }
  }

  @Test(
    "keeps to its bounds however long a replay is, and however many pools there are",
    arguments: [1, 255])
  func bounded(pools: Int) throws {
    let all = (0..<pools).map { hostPool("host \($0)") }
    let stage = Stage(
      name: "work", action: .process(ProcessorWork(source: .context, perRequest: 5)),
      pool: "host 0")
    let (result, _) = try run(
      plan(all, [stage]),
      [request(7, input: 1, output: 1), request(9_000_000_000_000_000, input: 1, output: 1)])
    let load = try #require(result.load)
    let bins = load.binCount(by: result.lastEnd)
    #expect(bins > 1 && bins <= PipelineLoad.mostBins)
    #expect(bins * (load.pools.count + load.links.count) <= PipelineLoad.mostRows)
    #expect(load.binCount(by: load.start) == 0)
  }
}
