import Operators
import Testing

@testable import CostModel

/// The parts of a field against brute force.
@Suite struct KrigingTests {
  /// Places on a coarse grid, so that many are equal along some coordinates.
  private func places(_ count: Int, _ random: inout SplitMix64) -> [FieldPlace] {
    (0..<count).map { _ in
      FieldPlace(octaves: (0..<3).map { _ in Float(Int.random(in: 0...24, using: &random)) / 4 })
    }
  }

  private let covariance = Covariance(
    [
      .init(0.8, matern3: [0: 3, 1: 5], matern5: [2: 4]),
      .init(0.2, exponential: [0: 0.7, 2: 2]),
    ], noise: 0.01)

  @Test(arguments: [1, 2, 3, 4, 5])
  func `The nearest are those of a sort of all`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let places = places(Int.random(in: 1...700, using: &random), &random)
    let weights = FieldPlace(weights: [2, 1, 0.5])
    let tree = NeighbourTree(places, weights: weights)
    for _ in 0..<30 {
      let place = self.places(1, &random)[0]
      let count = Int.random(in: 1...80, using: &random)
      let excluded = Int.random(in: -1..<places.count, using: &random)
      func distance(_ index: Int) -> Float {
        (0..<3).reduce(0) { $0 + abs(places[index][$1] - place[$1]) * weights[$1] }
      }
      let expected = places.indices.filter { $0 != excluded }.map(distance).sorted().prefix(count)
      let found = tree.nearest(count, to: place, excluding: excluded)
      #expect(Set(found).count == found.count && !found.contains(excluded))
      let distances = found.map(distance).sorted()
      #expect(distances.count == expected.count)
      #expect(zip(distances, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  /// Oracle: the bordered system of ordinary kriging, solved whole by Gaussian elimination.
  @Test(arguments: [1, 2, 3, 4])
  func `A local estimate with all samples is that of the bordered system`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = 24
    var places: [FieldPlace] = []
    while places.count < count {
      let place = self.places(1, &random)[0]
      if !places.contains(place) { places.append(place) }
    }
    let values = places.map { _ in random.bell() }
    let field = Kriging(
      places, values, covariance,
      .init(used: count, nearest: count, weights: FieldPlace(weights: [1, 1, 1])))
    for _ in 0..<10 {
      let place = self.places(1, &random)[0] + FieldPlace(octaves: [0.1, 0.2, 0.3])
      var matrix = places.map { row in places.map { covariance.value(row, $0) } + [1] }
      matrix.append([Double](repeating: 1, count: count) + [0])
      let side = places.map { covariance.value(place, $0) } + [1]
      let weights = eliminate(matrix, side)
      let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 }
      let variance = covariance.variance - zip(weights, side).reduce(0) { $0 + $1.0 * $1.1 }
      let found = try #require(field.estimate(at: place, explains: true))
      #expect(abs(found.mean - mean) < 1e-5)
      #expect(abs(found.variance - variance) < 1e-5)
      #expect(abs(found.weights.reduce(0) { $0 + $1.weight } - 1) < 1e-5)
      let weighed = found.weights.reduce(0) { $0 + $1.weight * values[$1.sample] }
      #expect(abs(weighed - mean) < 1e-4)
    }
  }

  /// Oracle: samples drawn from the covariance itself.
  @Test func `Nine in ten of a field's own draws lie in the 90 % interval`() throws {
    var random = SplitMix64(seed: 11)
    var (inside, all) = (0, 0)
    for _ in 0..<60 {
      var places: [FieldPlace] = []
      while places.count < 40 {
        let place = self.places(1, &random)[0]
        if !places.contains(place) { places.append(place) }
      }
      let factor = cholesky(places.map { row in places.map { covariance.value(row, $0) } })
      let noise = places.map { _ in random.bell() }
      let values = factor.map { row in zip(row, noise).reduce(5.0) { $0 + $1.0 * $1.1 } }
      let field = Kriging(
        places, values, covariance,
        .init(used: 32, nearest: 39, weights: FieldPlace(weights: [1, 1, 1])))
      for sample in 0..<10 {
        let found = try #require(field.estimate(at: places[sample], excluding: sample))
        all += 1
        if abs(found.mean - values[sample]) < 1.645 * found.variance.squareRoot() { inside += 1 }
      }
    }
    #expect((0.86...0.94).contains(Double(inside) / Double(all)))
  }

  @Test func `A sample's own place gives it back, and places near by come near`() throws {
    var random = SplitMix64(seed: 5)
    let places = places(300, &random)
    let values = places.map { Double($0[0] - $0[1] / 2) + 0.1 * Double($0[2]) }
    let field = Kriging(
      places, values, covariance,
      .init(used: 24, nearest: 100, weights: FieldPlace(weights: [1, 1, 1])))
    for sample in stride(from: 0, to: 300, by: 7) {
      let exact = try #require(field.estimate(at: places[sample]))
      #expect(abs(exact.mean - values[sample]) < 1e-5)
      #expect(exact.variance < 1e-6)
      // Beside it the noise is not shared any more, and the law is smooth.
      let beside = try #require(
        field.estimate(at: places[sample] + FieldPlace(octaves: [0.01, 0.01])))
      #expect(abs(beside.mean - values[sample]) < 0.2)
    }
  }

  private func eliminate(_ matrix: [[Double]], _ side: [Double]) -> [Double] {
    var (a, b) = (matrix, side)
    let size = b.count
    for column in 0..<size {
      let pivot = (column..<size).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
      a.swapAt(pivot, column)
      b.swapAt(pivot, column)
      for row in 0..<size where row != column {
        let factor = a[row][column] / a[column][column]
        guard factor != 0 else { continue }
        for k in column..<size { a[row][k] -= factor * a[column][k] }
        b[row] -= factor * b[column]
      }
    }
    return (0..<size).map { b[$0] / a[$0][$0] }
  }

  private func cholesky(_ matrix: [[Double]]) -> [[Double]] {
    var factor = matrix.map { _ in [Double](repeating: 0, count: matrix.count) }
    for row in matrix.indices {
      for column in 0...row {
        let sum = (0..<column).reduce(matrix[row][column]) {
          $0 - factor[row][$1] * factor[column][$1]
        }
        factor[row][column] = row == column ? sum.squareRoot() : sum / factor[column][column]
      }
    }
    return factor
  }
}
