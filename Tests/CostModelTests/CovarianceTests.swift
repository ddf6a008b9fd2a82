import Foundation
import Operators
import Testing

@testable import CostModel

extension Covariance {
  /// The covariance of two places by its formula, in double precision.
  func value(_ left: FieldPlace, _ right: FieldPlace) -> Double {
    func distance(_ coordinate: Int) -> Double { abs(Double(left[coordinate] - right[coordinate])) }
    let gap = (0..<dimensions).reduce(0) { $0 + distance($1) }
    return terms.reduce(noise * exp(-gap / 1e-4)) { sum, term in
      var product = Double(term.amplitude)
      for (coordinate, length) in term.exponential {
        product *= exp(-distance(coordinate) / Double(length))
      }
      for (coordinate, length) in term.matern3 {
        let u = 3.0.squareRoot() * distance(coordinate) / Double(length)
        product *= (1 + u) * exp(-u)
      }
      for (coordinate, length) in term.matern5 {
        let u = 5.0.squareRoot() * distance(coordinate) / Double(length)
        product *= (1 + u + u * u / 3) * exp(-u)
      }
      return sum + product
    }
  }
}

/// What is computed eight at a time against formulas.
@Suite struct CovarianceTests {
  @Test func `The exponential of eight is that of each`() {
    for start in stride(from: -86.0, through: 0, by: 0.37) {
      let values = (0..<8).map { Float(start * (1 - Double($0) / 8)) }
      let found = exponential(Lanes(values))
      for (lane, value) in values.enumerated() {
        let expected = exp(Double(value))
        #expect(abs(Double(found[lane]) - expected) <= 2.5e-7 * expected)
      }
    }
    #expect(exponential(Lanes.zero) == Lanes(repeating: 1))
    // Far below it stays nothing.
    #expect(exponential(Lanes(repeating: -1e30)).max() < 1e-37)
  }

  private static let shapes: [FieldShape] = [
    .products, .prefill, .decode, .experts, .collectives,
  ]

  @Test(arguments: 0..<5)
  func `Covariances of a field are those of its formula`(shape: Int) {
    let covariance = Self.shapes[shape].covariance
    var random = SplitMix64(seed: UInt64(shape))
    func place() -> FieldPlace {
      FieldPlace(
        octaves: (0..<16).map { _ in Float.random(in: 0...12, using: &random).rounded() / 2 })
    }
    let blocks = 3
    for _ in 0..<50 {
      let one = place()
      // The same along some coordinates; the first is the place itself.
      let others = (0..<(8 * blocks)).map { slot -> FieldPlace in
        slot == 0 ? one : one.replacing(with: place(), where: place() .< Float(slot) / 4)
      }
      var lanes = [Lanes](repeating: .zero, count: blocks * covariance.dimensions)
      for (slot, other) in others.enumerated() {
        for index in 0..<covariance.dimensions {
          lanes[slot / 8 * covariance.dimensions + index][slot % 8] = other[index]
        }
      }
      var values = [Lanes](repeating: .zero, count: blocks)
      values.withUnsafeMutableBufferPointer { values in
        lanes.withUnsafeBufferPointer { lanes in
          guard let values = values.baseAddress, let lanes = lanes.baseAddress else { return }
          covariance.fill(values, one, lanes, blocks: blocks)
        }
      }
      for (slot, other) in others.enumerated() {
        let expected = covariance.value(one, other)
        #expect(abs(Double(values[slot / 8][slot % 8]) - expected) < 2e-6 * covariance.variance)
      }
      #expect(Double(values[0][0]) == covariance.variance)
    }
  }
}
