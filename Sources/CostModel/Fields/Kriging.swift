/// Ordinary kriging over a few neighbours: the best linear unbiased guess of a field of which
/// neither the mean nor anything but the ``Covariance`` is known (Matheron, 1963).
///
/// Local, so that cost does not grow with the table, and so that a kernel that is used in one corner
/// of the space alone says nothing of another.
struct Kriging: Sendable {
  /// A guess.
  struct Estimate: Sendable {
    /// The log ratio.
    var mean: Double
    /// Its variance, by the covariance alone.
    var variance: Double
    /// The samples that it rests on, those that count most first, with their weights.
    var weights: [(sample: Int, weight: Double)] = []
  }

  /// How neighbours are chosen: those of the largest covariance among the nearest.
  struct Neighbourhood: Sendable {
    /// How many are used.
    var used: Int
    /// How many are looked at.
    var nearest: Int
    /// What a distance along each coordinate counts in that.
    var weights: FieldPlace
  }

  let places: [FieldPlace]
  let values: [Double]
  private let covariance: Covariance
  private let neighbourhood: Neighbourhood
  private let tree: NeighbourTree

  /// Creates a field from its samples.
  init(
    _ places: [FieldPlace], _ values: [Double], _ covariance: Covariance,
    _ neighbourhood: Neighbourhood
  ) {
    self.places = places
    self.values = values
    self.covariance = covariance
    self.neighbourhood = neighbourhood
    self.tree = NeighbourTree(places, weights: neighbourhood.weights)
  }

  /// The most that the nearly unknown mean's own variance is taken to be.
  private static let ridge = 1e-6

  /// The field at a place; nil without samples.
  ///
  /// - Parameters:
  ///   - excluded: a sample that must not be used, to check what the others would have said.
  ///   - explains: whether the weights of the samples are wanted.
  /// - Complexity: O(*k*³) for *k* neighbours.
  func estimate(
    at place: FieldPlace, excluding excluded: Int = -1, explains: Bool = false
  ) -> Estimate? {
    let near = tree.nearest(neighbourhood.nearest, to: place, excluding: excluded)
      .map { (sample: $0, covariance: covariance.value(place, places[$0])) }
      // By sample where equal, so that a result does not depend on the order of a heap.
      .sorted { ($0.covariance, $1.sample) > ($1.covariance, $0.sample) }
      .prefix(neighbourhood.used)
    guard !near.isEmpty else { return nil }
    let count = near.count
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: count * (count + 3)) {
      memory -> Estimate in
      // Lower triangle, then the three right sides: covariances, values, ones.
      let matrix = UnsafeMutableBufferPointer(rebasing: memory[..<(count * count)])
      let sides = UnsafeMutableBufferPointer(rebasing: memory[(count * count)...])
      for row in 0..<count {
        let rowPlace = places[near[row].sample]
        for column in 0..<row {
          matrix[row * count + column] = covariance.value(rowPlace, places[near[column].sample])
        }
        // A little more, so that samples of one place do not make the matrix singular.
        matrix[row * count + row] = covariance.variance * (1 + 1e-9)
        sides[row] = near[row].covariance
        sides[count + row] = values[near[row].sample]
        sides[2 * count + row] = 1
      }
      factorise(matrix, count)
      for side in 0..<3 { solve(matrix, count, sides, side * count) }
      var (sumOfValues, sumOfOnes, sumOfWeights, explained, guess) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for row in 0..<count {
        sumOfValues += sides[count + row]
        sumOfOnes += sides[2 * count + row]
        sumOfWeights += sides[row]
        explained += sides[row] * near[row].covariance
        guess += sides[row] * values[near[row].sample]
      }
      let mean = sumOfValues / (sumOfOnes + Self.ridge)
      let left = 1 - sumOfWeights
      var estimate = Estimate(
        mean: guess + left * mean,
        variance: max(
          0, covariance.variance - explained + left * left / (sumOfOnes + Self.ridge)))
      if explains {
        estimate.weights = near.indices.map { row in
          let share = left * sides[2 * count + row] / (sumOfOnes + Self.ridge)
          return (near[row].sample, sides[row] + share)
        }.sorted { abs($0.weight) > abs($1.weight) }
      }
      return estimate
    }
  }
}

/// Cholesky's factor of a symmetric positive matrix of which the lower triangle is given, in place.
private func factorise(_ matrix: UnsafeMutableBufferPointer<Double>, _ size: Int) {
  for row in 0..<size {
    for column in 0...row {
      var sum = matrix[row * size + column]
      let (left, right) = (row * size, column * size)
      for index in 0..<column { sum -= matrix[left + index] * matrix[right + index] }
      if column < row {
        matrix[left + column] = sum / matrix[right + column]
      } else {
        matrix[left + row] = max(sum, 1e-12).squareRoot()
      }
    }
  }
}

/// Solves for one right side, at `start` of `sides`, in place.
private func solve(
  _ factor: UnsafeMutableBufferPointer<Double>, _ size: Int,
  _ sides: UnsafeMutableBufferPointer<Double>, _ start: Int
) {
  for row in 0..<size {
    var sum = sides[start + row]
    for column in 0..<row { sum -= factor[row * size + column] * sides[start + column] }
    sides[start + row] = sum / factor[row * size + row]
  }
  for row in (0..<size).reversed() {
    var sum = sides[start + row]
    for column in (row + 1)..<size { sum -= factor[column * size + row] * sides[start + column] }
    sides[start + row] = sum / factor[row * size + row]
  }
}
