import Operators
import Testing

@testable import Replay

/// Shares of what requests waited for, against all requests sorted.
@Suite struct BlameTableTests {
  private struct Case {
    var latency: Int64
    var parts: [Double]
  }

  private func cases(_ seed: UInt64, pools: Int, count: Int, distinct: Int) -> [Case] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      // Latencies a factor of 1.3 apart lie in steps of their own, so that who is slowest is exact.
      var latency = 1000.0
      for _ in 0..<Int.random(in: 0..<distinct, using: &random) { latency *= 1.3 }
      let weights = (0..<(4 * pools)).map { _ in
        Bool.random(using: &random) ? Double.random(in: 0...1, using: &random) : 0
      }
      let sum = max(weights.reduce(0, +), 1e-9)
      return Case(latency: Int64(latency), parts: weights.map { $0 / sum * latency })
    }
  }

  @Test(
    "are those of the slowest requests, of a latency that not all belong to at its mean",
    arguments: 0..<24)
  func bruteForce(seed: UInt64) throws {
    let pools = Int(seed % 3) + 1
    let cases = cases(seed, pools: pools, count: Int(seed) * 7 + 1, distinct: 12)
    var table = BlameTable(pools: pools)
    for one in cases { table.add(one.latency, one.parts) }
    for quantile in [0, 0.3, 0.5, 0.9, 0.99, 1] {
      var left = max(1, (Double(cases.count) * (1 - quantile)).rounded())
      var expected = Array(repeating: 0.0, count: 4 * pools)
      for latency in Set(cases.map(\.latency)).sorted(by: >) where left > 0 {
        let alike = cases.filter { $0.latency == latency }
        let weight = min(1, left / Double(alike.count))
        for one in alike {
          for (place, part) in one.parts.enumerated() { expected[place] += weight * part }
        }
        left -= Double(alike.count)
      }
      let whole = expected.reduce(0, +)
      let shares = table.shares(slowestFrom: quantile)
      guard whole > 0 else {
        #expect(shares.isEmpty)
        continue
      }
      #expect(shares.count == expected.filter { $0 > 0 }.count)
      for (pool, part, share) in shares {
        let exact = expected[4 * pool + part.rawValue] / whole
        #expect(abs(share - exact) < 1e-9)
      }
      let sizes = shares.map(\.share)
      #expect(sizes == sizes.sorted(by: >))
      #expect(abs(sizes.reduce(0, +) - 1) < 1e-9)
    }
    let sum = cases.reduce(0) { $0 + $1.parts.reduce(0, +) }
    #expect(abs(table.total - sum) <= 1e-9 * sum)
  }

  @Test("mistake the latency of who belongs to the slowest by less than a sixteenth of an octave")
  func accuracy() {
    var table = BlameTable(pools: 1)
    // The slowest tenth waited in queue, the others were served; all within two octaves.
    for rank in 0..<1000 {
      let latency = Int64(1000 * (1 + 3 * Double(rank) / 1000))
      table.add(latency, rank >= 900 ? [0, Double(latency), 0, 0] : [0, 0, Double(latency), 0])
    }
    let queue = table.shares(slowestFrom: 0.9).first { $0.part == .queue }?.share ?? 0
    // Of the 42 requests in the step where the tenth begins 4 belong to it, and count at the step's mean.
    #expect(queue > 0.96)
    #expect(queue < 1)
  }

  @Test("are none of nobody, and of latencies without an end or a beginning as of any")
  func extremes() {
    var table = BlameTable(pools: 1)
    #expect(table.shares(slowestFrom: 0).isEmpty)
    table.add(0, [0, 0, 0, 0])
    #expect(table.shares(slowestFrom: 0.5).isEmpty)
    table.add(.max, [0, 1, 0, 3])
    table.add(-5, [0, 0, 0, 0])
    for quantile in [-1, 0, 0.99, 1, 2, Double.nan] {
      #expect(table.shares(slowestFrom: quantile).map(\.share) == [0.75, 0.25])
    }
  }
}
