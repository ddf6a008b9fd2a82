import Scenarios

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

extension DurationDistribution {
  /// Seconds that are drawn with two numbers from 0 up to 1.
  func seconds(_ first: Double, _ second: Double) -> Double {
    switch self {
    case .constant(let seconds): return seconds
    case .exponential(let mean): return -mean * log(1 - first)
    case .uniform(let from, let to): return from + (to - from) * first
    case .measured(let values):
      return values.isEmpty ? 0 : values[min(values.count - 1, Int(first * Double(values.count)))]
    case .logNormal(let mean, let variation):
      let square = log(1 + variation * variation)
      // Box and Muller, 1958.
      let normal = (-2 * log(1 - first)).squareRoot() * cos(2 * .pi * second)
      return mean * exp(square.squareRoot() * normal - square / 2)
    }
  }
}
