import Foundation

/// How many tokens prompts or answers have. A length is at least 1 and at most ``mostTokens``.
public enum LengthDistribution: Sendable, Hashable {
  /// All alike.
  case constant(Int)
  /// Each length from `minimum` to `maximum` as likely.
  case uniform(minimum: Int, maximum: Int)
  /// Normal, with this mean and coefficient of variation (0 to 10,000), clamped to 1 to `maximum`.
  case normal(mean: Double, variation: Double, maximum: Int = mostTokens)
  /// Log-normal, with the mean and coefficient of variation (0 to 10,000) of the lengths themselves, not
  /// of their logarithms; clamped to 1 to `maximum`.
  case logNormal(mean: Double, variation: Double, maximum: Int = mostTokens)
  /// Zipf: the k-th length from `minimum` on is as likely as k to the power -`exponent` (0 to 20).
  case zipf(minimum: Int, maximum: Int, exponent: Double)
  /// Pareto between two bounds: its density falls as length to the power -`shape` - 1; 0.01 to 100.
  case pareto(minimum: Int, maximum: Int, shape: Double)
  /// Lengths that were seen, each with its weight.
  case empirical([WeightedLength])

  /// A length, and how often it is drawn by others' weights.
  public struct WeightedLength: Sendable, Hashable {
    /// Tokens.
    public var tokens: Int
    /// At least 0; any unit.
    public var weight: Double

    /// Creates a weighted length.
    public init(tokens: Int, weight: Double = 1) {
      self.tokens = tokens
      self.weight = weight
    }
  }

  /// The longest length: what a log may hold.
  public static let mostTokens = Int(RawRow.mostTokens)
  /// The most lengths of an empirical distribution.
  public static let mostEntries = 1 << 20

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    switch self {
    case .constant(let tokens):
      try ParameterCheck.require("tokens", tokens, in: 1...Self.mostTokens)
    case .uniform(let minimum, let maximum): try Self.validate(minimum, maximum)
    case .normal(let mean, let variation, let maximum),
      .logNormal(let mean, let variation, let maximum):
      try ParameterCheck.require("mean", mean, in: 1...Double(Self.mostTokens))
      try ParameterCheck.require("variation", variation, in: 0...ParameterCheck.highestVariation)
      try ParameterCheck.require("maximum", maximum, in: 1...Self.mostTokens)
    case .zipf(let minimum, let maximum, let exponent):
      try Self.validate(minimum, maximum)
      try ParameterCheck.require("exponent", exponent, in: 0...20)
    case .pareto(let minimum, let maximum, let shape):
      try Self.validate(minimum, maximum)
      try ParameterCheck.require("shape", shape, in: 0.01...100)
    case .empirical(let lengths): try Self.validate(lengths)
    }
  }

  private static func validate(_ minimum: Int, _ maximum: Int) throws(RequestLogError) {
    try ParameterCheck.require("minimum", minimum, in: 1...mostTokens)
    try ParameterCheck.require("maximum", maximum, in: minimum...mostTokens)
  }

  private static func validate(_ lengths: [WeightedLength]) throws(RequestLogError) {
    try ParameterCheck.require("lengths", lengths.count, in: 1...mostEntries)
    var sum = 0.0
    for (index, length) in lengths.enumerated() {
      try ParameterCheck.part("lengths[\(index)]") { () throws(RequestLogError) in
        try ParameterCheck.require("tokens", length.tokens, in: 1...mostTokens)
        try ParameterCheck.require("weight", length.weight, in: 0...1e18)
      }
      sum += length.weight
    }
    try ParameterCheck.require(
      "lengths", sum, in: 1e-18...1e24, of: "weights that add up to a number")
  }

  /// The mean: exact but for rounding to whole tokens, which matters where lengths scatter by less than one.
  public var mean: Double {
    switch self {
    case .constant(let tokens): return Double(tokens)
    case .uniform(let minimum, let maximum): return (Double(minimum) + Double(maximum)) / 2
    case .normal(let mean, let variation, let maximum):
      return Self.clampedNormal(mean: mean, deviation: mean * variation, maximum: Double(maximum))
    case .logNormal(let mean, let variation, let maximum):
      return Self.clampedLogNormal(mean: mean, variation: variation, maximum: Double(maximum))
    case .zipf(let minimum, let maximum, let exponent):
      return Double(minimum) - 1
        + ZipfSampler.mean(count: maximum - minimum + 1, exponent: exponent)
    case .pareto(let minimum, let maximum, let shape):
      return Self.paretoMean(Double(minimum), Double(maximum), shape)
    case .empirical(let lengths):
      let sum = lengths.reduce(0) { $0 + $1.weight }
      return lengths.reduce(0) { $0 + $1.weight * Double($1.tokens) } / sum
    }
  }

  private static func clampedNormal(mean: Double, deviation: Double, maximum: Double) -> Double {
    guard deviation > 0 else { return min(mean, maximum) }
    let low = (1 - mean) / deviation
    let high = (maximum - mean) / deviation
    let inside = StandardNormal.below(high) - StandardNormal.below(low)
    return StandardNormal.below(low) + mean * inside
      + deviation * (StandardNormal.density(low) - StandardNormal.density(high))
      + maximum * StandardNormal.below(-high)
  }

  private static func clampedLogNormal(mean: Double, variation: Double, maximum: Double) -> Double {
    guard variation > 0 else { return min(mean, maximum) }
    let (location, scale) = logarithms(mean: mean, variation: variation)
    let low = -location / scale
    let high = (log(maximum) - location) / scale
    // What lies between the bounds, weighed by length, is a log-normal moved by its scale.
    let inside = StandardNormal.below(high - scale) - StandardNormal.below(low - scale)
    return StandardNormal.below(low) + mean * inside + maximum * StandardNormal.below(-high)
  }

  /// Mean and deviation of the logarithms of a log-normal.
  static func logarithms(mean: Double, variation: Double) -> (location: Double, scale: Double) {
    let variance = log1p(variation * variation)
    return (log(mean) - variance / 2, variance.squareRoot())
  }

  private static func paretoMean(_ low: Double, _ high: Double, _ shape: Double) -> Double {
    guard low < high else { return low }
    let span = log(high / low)
    // ∫ x · x⁻ˢ⁻¹ over ∫ x⁻ˢ⁻¹, in units of the lower bound; the first is a logarithm at s = 1.
    let power = (1 - shape) * span
    let first = abs(power) > 1e-8 ? expm1(power) / (1 - shape) : span * (1 + power / 2)
    return low * first * shape / -expm1(-shape * span)
  }
}
