import Operators

extension SplitMix64 {
  /// A number that is nearly of the standard normal distribution: twelve uniform ones added up.
  mutating func bell() -> Double {
    (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
  }
}
