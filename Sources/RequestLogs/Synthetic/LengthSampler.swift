import Foundation
import Operators

/// Draws lengths of a distribution, with what can be computed beforehand.
struct LengthSampler {
  private enum Kind {
    case constant(Int)
    case uniform(minimum: Int, count: UInt64)
    case normal(mean: Double, deviation: Double, maximum: Double)
    case logNormal(location: Double, scale: Double, maximum: Double)
    case zipf(ZipfSampler, minimum: Int)
    case pareto(minimum: Double, maximum: Double, shape: Double, share: Double)
    /// Lengths, and the weights up to each.
    case empirical([Int], [Double])
  }

  private let kind: Kind

  /// The distribution must be valid.
  init(_ distribution: LengthDistribution) {
    switch distribution {
    case .constant(let tokens): kind = .constant(tokens)
    case .uniform(let minimum, let maximum):
      kind = .uniform(minimum: minimum, count: UInt64(maximum - minimum + 1))
    case .normal(let mean, let variation, let maximum):
      kind = .normal(mean: mean, deviation: mean * variation, maximum: Double(maximum))
    case .logNormal(let mean, let variation, let maximum):
      let (location, scale) = LengthDistribution.logarithms(mean: mean, variation: variation)
      kind = .logNormal(location: location, scale: scale, maximum: Double(maximum))
    case .zipf(let minimum, let maximum, let exponent):
      kind = .zipf(
        ZipfSampler(count: maximum - minimum + 1, exponent: exponent), minimum: minimum)
    case .pareto(let minimum, let maximum, let shape):
      let share = -expm1(-shape * log(Double(maximum) / Double(minimum)))
      kind = .pareto(
        minimum: Double(minimum), maximum: Double(maximum), shape: shape, share: share)
    case .empirical(let lengths):
      var sum = 0.0
      let sums = lengths.map { length in
        sum += length.weight
        return sum
      }
      kind = .empirical(lengths.map(\.tokens), sums)
    }
  }

  func draw(_ random: inout RandomStream) -> Int {
    switch kind {
    case .constant(let tokens): return tokens
    case .uniform(let minimum, let count):
      return minimum + Int(random.next(upperBound: count))
    case .normal(let mean, let deviation, let maximum):
      return rounded(mean + deviation * random.normal(), maximum)
    case .logNormal(let location, let scale, let maximum):
      return rounded(exp(location + scale * random.normal()), maximum)
    case .zipf(let sampler, let minimum): return minimum + sampler.draw(&random) - 1
    case .pareto(let minimum, let maximum, let shape, let share):
      return rounded(minimum * exp(-log1p(-random.uniform() * share) / shape), maximum)
    case .empirical(let lengths, let sums):
      return lengths[place(of: random.uniform() * (sums.last ?? 0), in: sums)]
    }
  }

  private func rounded(_ value: Double, _ maximum: Double) -> Int {
    Int(min(max(1, value), maximum).rounded())
  }
}

/// The first place whose sum of weights exceeds a value; the last where none does.
func place(of value: Double, in sums: [Double]) -> Int {
  var low = 0
  var high = sums.count - 1
  while low < high {
    let middle = (low + high) / 2
    if sums[middle] > value { high = middle } else { low = middle + 1 }
  }
  return low
}
