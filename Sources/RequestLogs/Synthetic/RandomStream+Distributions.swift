import Foundation
import Operators

extension RandomStream {
  /// Exponential with a mean of 1.
  mutating func exponential() -> Double { -log(uniform()) }

  /// Normal with a mean of 0 and a deviation of 1 (Box and Muller, 1958).
  mutating func normal() -> Double {
    (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  /// Gamma with a scale of 1 (Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables",
  /// ACM TOMS 26, 2000); a shape below 1 by their power of a uniform number.
  mutating func gamma(shape: Double) -> Double {
    guard shape >= 1 else { return gamma(shape: shape + 1) * pow(uniform(), 1 / shape) }
    let offset = shape - 1.0 / 3
    let factor = 1 / (9 * offset).squareRoot()
    while true {
      let normal = normal()
      let root = 1 + factor * normal
      guard root > 0 else { continue }
      let cube = root * root * root
      if log(uniform()) < normal * normal / 2 + offset * (1 - cube + log(cube)) {
        return offset * cube
      }
    }
  }
}

/// The standard normal distribution.
enum StandardNormal {
  static func density(_ value: Double) -> Double {
    exp(-value * value / 2) / (2 * .pi).squareRoot()
  }

  /// The share below a value, also where it is tiny.
  static func below(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }
}
