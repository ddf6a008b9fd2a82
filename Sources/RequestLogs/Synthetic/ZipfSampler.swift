import Foundation
import Operators

/// Ranks from 1 to a count, each as likely as its power -exponent, without a table.
///
/// Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
/// distributions", ACM TOMACS 6, 1996: the density's integral is inverted, and what is drawn too often
/// is rejected; more than two thirds are taken at any exponent.
struct ZipfSampler: Sendable, Hashable {
  private let count: Int
  private let exponent: Double
  private let lowest: Double
  private let highest: Double

  /// - Parameters:
  ///   - count: the last rank; at least 1.
  ///   - exponent: at least 0, where all ranks are as likely.
  init(count: Int, exponent: Double) {
    self.count = count
    self.exponent = exponent
    lowest = Self.integral(1.5, exponent) - 1
    highest = Self.integral(Double(count) + 0.5, exponent)
  }

  func draw(_ random: inout RandomStream) -> Int {
    while true {
      let area = highest + random.uniform() * (lowest - highest)
      let place = Self.inverse(area, exponent)
      let rank = min(max(1, (place + 0.5).rounded(.down)), Double(count))
      if area >= Self.integral(rank + 0.5, exponent) - exp(-exponent * log(rank)) {
        return Int(rank)
      }
    }
  }

  /// The mean rank, to some 1e-8 of itself: the first ranks are added up, and beyond them each is as
  /// good as the integral around it.
  static func mean(count: Int, exponent: Double) -> Double {
    var weights = 0.0
    var ranks = 0.0
    let added = min(count, 4_096)
    for rank in stride(from: added, through: 1, by: -1) {
      let weight = exp(-exponent * log(Double(rank)))
      weights += weight
      ranks += weight * Double(rank)
    }
    guard count > added else { return ranks / weights }
    func rest(_ exponent: Double) -> Double {
      integral(Double(count) + 0.5, exponent) - integral(Double(added) + 0.5, exponent)
    }
    return (ranks + rest(exponent - 1)) / (weights + rest(exponent))
  }

  /// The integral of x⁻ᵉ from 1.
  private static func integral(_ value: Double, _ exponent: Double) -> Double {
    let logarithm = log(value)
    let power = (1 - exponent) * logarithm
    return abs(power) > 1e-8
      ? expm1(power) / (1 - exponent) : logarithm * (1 + power / 2)
  }

  private static func inverse(_ area: Double, _ exponent: Double) -> Double {
    let product = area * (1 - exponent)
    return abs(product) > 1e-8
      ? exp(log1p(max(product, -1)) / (1 - exponent)) : exp(area * (1 - product / 2))
  }
}
