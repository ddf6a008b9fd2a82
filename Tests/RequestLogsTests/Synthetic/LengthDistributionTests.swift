import Foundation
import Operators
import Testing

@testable import RequestLogs

private func lengths(_ distribution: LengthDistribution, count: Int) -> [Int] {
  let sampler = LengthSampler(distribution)
  var random = RandomStream(seed: 11, name: "lengths")
  return (0..<count).map { _ in sampler.draw(&random) }
}

@Suite("Lengths of a synthetic workload")
struct LengthDistributionTests {
  @Test(
    "have the mean that theory tells, within five deviations of the sample's mean",
    arguments: [
      .constant(77), .uniform(minimum: 10, maximum: 20), .normal(mean: 500, variation: 0.3),
      // Clamped on either side: a third of them below 1, or at the maximum.
      .normal(mean: 20, variation: 2), .normal(mean: 500, variation: 0.3, maximum: 520),
      .logNormal(mean: 900, variation: 1.2), .logNormal(mean: 900, variation: 3, maximum: 1_000),
      .zipf(minimum: 100, maximum: 4_000, exponent: 0.8),
      .zipf(minimum: 1, maximum: 1_000, exponent: 1),
      .zipf(minimum: 1, maximum: 1_000_000, exponent: 2.5),
      .pareto(minimum: 64, maximum: 8_192, shape: 1),
      .pareto(minimum: 64, maximum: 100_000, shape: 1.6),
      .empirical([
        .init(tokens: 5, weight: 1), .init(tokens: 50, weight: 0), .init(tokens: 9, weight: 3),
      ]),
    ] as [LengthDistribution])
  func mean(distribution: LengthDistribution) throws {
    try distribution.validate()
    let count = 20_000
    let values = lengths(distribution, count: count).map(Double.init)
    let mean = values.reduce(0, +) / Double(count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    let doubt = 5 * (variance / Double(count)).squareRoot()
    // Rounding to whole tokens moves clamped ones, at the bound, by less than this.
    #expect(abs(mean - distribution.mean) <= doubt + 0.02, "\(mean), not \(distribution.mean)")
  }

  @Test(
    "of a log-normal have the variation asked for", arguments: [0.3, 1.0])
  func variation(variation: Double) {
    let values = lengths(.logNormal(mean: 5_000, variation: variation), count: 20_000)
    let mean = Double(values.reduce(0, +)) / 20_000
    let squares = values.map { (Double($0) / mean - 1) * (Double($0) / mean - 1) }
    let square = squares.reduce(0, +) / 20_000
    let fourth = squares.reduce(0) { $0 + ($1 - square) * ($1 - square) } / 20_000
    #expect(abs(square - variation * variation) < 5 * (fourth / 20_000).squareRoot())
  }

  @Test(
    "of Zipf's law occur as often as it says, each rank",
    arguments: [0, 0.5, 1, 1.7, 4] as [Double])
  func zipf(exponent: Double) {
    let count = 20_000
    var occurrences = [Double](repeating: 0, count: 8)
    for length in lengths(.zipf(minimum: 3, maximum: 10, exponent: exponent), count: count) {
      occurrences[length - 3] += 1
    }
    let weights = (1...8).map { pow(Double($0), -exponent) }
    let sum = weights.reduce(0, +)
    // Chi-squared with seven degrees of freedom exceeds 35 once in 90,000 times.
    let chi = zip(occurrences, weights).reduce(0.0) { total, pair in
      let expected = pair.1 / sum * Double(count)
      return total + (pair.0 - expected) * (pair.0 - expected) / expected
    }
    #expect(chi < 35)
  }

  @Test("of Zipf's law have a mean that is a ratio of two sums", arguments: [0, 0.7, 1, 2, 3.3])
  func zipfMean(exponent: Double) {
    let ranks = (1...50_000).map(Double.init)
    let weights = ranks.map { pow($0, -exponent) }
    let mean = zip(ranks, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    let distribution = LengthDistribution.zipf(minimum: 1, maximum: 50_000, exponent: exponent)
    #expect(abs(distribution.mean / mean - 1) < 1e-7)
  }

  @Test("stay within their bounds, whatever the parameters")
  func bounds() {
    let extremes: [(LengthDistribution, ClosedRange<Int>)] = [
      (.normal(mean: 1, variation: 100), 1...LengthDistribution.mostTokens),
      (.logNormal(mean: 16_777_216, variation: 100), 1...LengthDistribution.mostTokens),
      (.zipf(minimum: 1, maximum: 16_777_216, exponent: 20), 1...16_777_216),
      (.zipf(minimum: 16_777_216, maximum: 16_777_216, exponent: 0), 16_777_216...16_777_216),
      (.pareto(minimum: 1, maximum: 16_777_216, shape: 0.01), 1...16_777_216),
      (.pareto(minimum: 5, maximum: 5, shape: 100), 5...5),
      (.pareto(minimum: 1, maximum: 2, shape: 100), 1...2),
      (.empirical([.init(tokens: 9, weight: 1e-18)]), 9...9),
    ]
    for (distribution, range) in extremes {
      #expect(throws: Never.self) { try distribution.validate() }
      #expect(lengths(distribution, count: 500).allSatisfy(range.contains), "\(distribution)")
      #expect(distribution.mean >= Double(range.lowerBound) * 0.999_999)
      #expect(distribution.mean <= Double(range.upperBound) * 1.000_001)
    }
  }
}
