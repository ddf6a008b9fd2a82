import Foundation
import Operators

/// How the gaps between successive events scatter about their mean; the mean itself is given apart.
public enum GapDistribution: Sendable, Hashable {
  /// All alike.
  case constant
  /// Without memory: arrivals of a Poisson process.
  case exponential
  /// Normal without its part below zero, scaled to the mean. `variation` is the coefficient of
  /// variation before that cut, 0 to 10,000; ``GapDistribution/variation`` is what remains.
  case normal(variation: Double)
  /// Gamma with a coefficient of variation of 0 to 10,000; above 1 in bursts.
  case gamma(variation: Double)
  /// Weibull with a shape of 0.1 to 100; below 1 in bursts.
  case weibull(shape: Double)

  /// Standard deviation divided by mean.
  public var variation: Double {
    switch self {
    case .constant: return 0
    case .exponential: return 1
    case .gamma(let variation): return variation
    case .normal(let variation):
      guard variation > 0 else { return 0 }
      let excess = Self.excess(variation)
      let variance = 1 - excess / variation - excess * excess
      return variation * max(0, variance).squareRoot() / (1 + variation * excess)
    case .weibull(let shape):
      let ratio = exp(lgamma(1 + 2 / shape) - 2 * lgamma(1 + 1 / shape))
      return max(0, ratio - 1).squareRoot()
    }
  }

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    switch self {
    case .constant, .exponential: break
    case .normal(let variation), .gamma(let variation):
      try ParameterCheck.require("variation", variation, in: 0...ParameterCheck.highestVariation)
    case .weibull(let shape): try ParameterCheck.require("shape", shape, in: 0.1...100)
    }
  }

  /// Density over share of a standard normal above -1/variation: by how many deviations the cut at
  /// zero moves the mean.
  private static func excess(_ variation: Double) -> Double {
    StandardNormal.density(1 / variation) / StandardNormal.below(1 / variation)
  }

  /// A gap; the mean is 1.
  func draw(_ random: inout RandomStream) -> Double {
    switch self {
    case .constant: return 1
    case .exponential: return random.exponential()
    case .gamma(let variation):
      // As the shape grows without bound the gaps become alike.
      guard variation > 1e-6 else { return 1 }
      let shape = 1 / (variation * variation)
      return random.gamma(shape: shape) / shape
    case .weibull(let shape):
      return pow(random.exponential(), 1 / shape) / exp(lgamma(1 + 1 / shape))
    case .normal(let variation):
      guard variation > 0 else { return 1 }
      // At least half of the normal lies above zero.
      while true {
        let value = 1 + variation * random.normal()
        if value >= 0 { return value / (1 + variation * Self.excess(variation)) }
      }
    }
  }
}
