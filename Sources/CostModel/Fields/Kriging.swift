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
    /// The coordinates beyond whose samples the field stays as it is at their end, while its doubt grows; of
    /// others it goes back to the mean.
    var held: [Int] = []
  }

  let places: [FieldPlace]
  let values: [Double]
  private let covariance: Covariance
  private let neighbourhood: Neighbourhood
  private let tree: NeighbourTree
  /// The coordinates that the covariance looks at, sample by sample.
  private let compact: [Float]

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
    var compact: [Float] = []
    compact.reserveCapacity(places.count * covariance.dimensions)
    for place in places {
      for index in 0..<covariance.dimensions { compact.append(place[index]) }
    }
    self.compact = compact
  }

  /// The precision of what is known of the mean beforehand, which is next to nothing: a variance of a million
  /// around a ratio of one.
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
    estimate(
      at: place, from: tree.nearest(neighbourhood.nearest, to: place, excluding: excluded),
      explains: explains)
  }

  /// The samples among which those are chosen that an estimate at a place rests on, in no order.
  func neighbours(of place: FieldPlace) -> [Int] { tree.nearest(neighbourhood.nearest, to: place) }

  /// The field at a place, as some of its samples tell it; nil without any.
  func estimate(
    at place: FieldPlace, from nearest: [Int], explains: Bool = false
  ) -> Estimate? {
    let end = held(place, nearest)
    var estimate = unheld(at: end, from: nearest, explains: explains)
    if end != place, let beyond = unheld(at: place, from: nearest) {
      estimate?.variance = beyond.variance
    }
    return estimate
  }

  /// A place, moved to the samples' end along the coordinates that are held, where it lies beyond that.
  private func held(_ place: FieldPlace, _ nearest: [Int]) -> FieldPlace {
    var end = place
    for coordinate in neighbourhood.held {
      var (low, high) = (Float.infinity, -Float.infinity)
      for sample in nearest {
        low = min(low, places[sample][coordinate])
        high = max(high, places[sample][coordinate])
      }
      if low <= high { end[coordinate] = min(max(place[coordinate], low), high) }
    }
    return end
  }

  private func unheld(
    at place: FieldPlace, from nearest: [Int], explains: Bool = false
  ) -> Estimate? {
    guard !nearest.isEmpty else { return nil }
    let blocks = (nearest.count + 7) / 8
    return withUnsafeTemporaryAllocation(
      of: Lanes.self, capacity: blocks * (covariance.dimensions + 1)
    ) { memory -> Estimate? in
      guard let values = memory.baseAddress else { return nil }
      let near = choose(nearest, place, values, values + blocks, blocks)
      // The rows of the covariances among the chosen, and behind each row the three right sides.
      let columns = (near.count + 3 + 7) / 8
      return withUnsafeTemporaryAllocation(
        of: SIMD8<Double>.self, capacity: near.count * columns
      ) { rows in
        guard let rows = rows.baseAddress else { return nil }
        fill(rows, columns, near, values, values + blocks)
        return solve(rows, columns, near, explains: explains)
      }
    }
  }

  /// Those of the largest covariance with a place, largest first; by sample where equal, so that a
  /// result does not depend on the order of a search.
  private func choose(
    _ nearest: [Int], _ place: FieldPlace, _ values: UnsafeMutablePointer<Lanes>,
    _ coordinates: UnsafeMutablePointer<Lanes>, _ blocks: Int
  ) -> [(sample: Int, covariance: Float)] {
    gather(nearest, coordinates)
    covariance.fill(values, place, coordinates, blocks: blocks)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: nearest.count) { keys in
      for (slot, sample) in nearest.enumerated() {
        keys[slot] = UInt64(~values.scalar(slot).bitPattern) << 32 | UInt64(sample)
      }
      let used = min(neighbourhood.used, nearest.count)
      select(used, in: 0..<keys.count, of: keys)
      var chosen = UnsafeMutableBufferPointer(rebasing: keys[..<used])
      chosen.sort()
      return chosen.map {
        (Int($0 & 0xFFFF_FFFF), Float(bitPattern: ~UInt32($0 >> 32)))
      }
    }
  }

  /// Lays out samples' coordinates as ``Covariance/fill(_:_:_:blocks:)`` takes them; the last one
  /// fills up an eight.
  private func gather(
    _ samples: [Int], _ coordinates: UnsafeMutablePointer<Lanes>
  ) {
    let dimensions = covariance.dimensions
    guard let last = samples.last else { return }
    compact.withUnsafeBufferPointer { compact in
      samples.withUnsafeBufferPointer { samples in
        for slot in 0..<((samples.count + 7) / 8 * 8) {
          let sample = slot < samples.count ? samples[slot] : last
          let start = (slot & ~7) * dimensions + slot & 7
          for index in 0..<dimensions {
            coordinates.setScalar(start + 8 * index, to: compact[sample * dimensions + index])
          }
        }
      }
    }
  }

  /// Fills the upper triangle of the covariances among samples, and the right sides: the covariances
  /// with the place, the samples' values, ones.
  private func fill(
    _ rows: UnsafeMutablePointer<SIMD8<Double>>, _ columns: Int,
    _ near: [(sample: Int, covariance: Float)], _ values: UnsafeMutablePointer<Lanes>,
    _ coordinates: UnsafeMutablePointer<Lanes>
  ) {
    let count = near.count
    gather(near.map(\.sample), coordinates)
    let blocks = (count + 7) / 8
    for row in 0..<count {
      let start = row / 8
      covariance.fill(
        values, places[near[row].sample], coordinates + start * covariance.dimensions,
        blocks: blocks - start)
      let entries = rows + row * columns
      for block in start..<columns {
        entries[block] = block < blocks ? SIMD8<Double>(values[block - start]) : .zero
      }
      // A little more, so that samples of one place do not make the matrix singular.
      entries.setScalar(row, to: covariance.variance * (1 + 1e-9))
      entries.setScalar(count, to: Double(near[row].covariance))
      entries.setScalar(count + 1, to: self.values[near[row].sample])
      entries.setScalar(count + 2, to: 1)
    }
  }

  /// Eliminates row by row, right sides and all, which leaves the products of the sides with the
  /// inverse of the matrix (Cholesky's method without its roots).
  private func solve(
    _ rows: UnsafeMutablePointer<SIMD8<Double>>, _ columns: Int,
    _ near: [(sample: Int, covariance: Float)], explains: Bool
  ) -> Estimate {
    let count = near.count
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * count) { memory in
      let (inverses, factors) = (
        UnsafeMutableBufferPointer(rebasing: memory[..<count]),
        UnsafeMutableBufferPointer(rebasing: memory[count...])
      )
      func entry(_ row: Int, _ column: Int) -> Double {
        rows.scalar(8 * row * columns + column)
      }
      var (sumOfValues, sumOfOnes, sumOfWeights, explained, guess) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for row in 0..<count {
        for above in 0..<row { factors[above] = entry(above, row) * inverses[above] }
        for block in (row / 8)..<columns {
          var sum = rows[row * columns + block]
          for above in 0..<row { sum -= rows[above * columns + block] * factors[above] }
          rows[row * columns + block] = sum
        }
        let inverse = 1 / max(entry(row, row), 1e-12)
        inverses[row] = inverse
        let (side, value, one) = (
          entry(row, count), entry(row, count + 1), entry(row, count + 2)
        )
        explained += side * side * inverse
        guess += side * value * inverse
        sumOfWeights += side * one * inverse
        sumOfValues += value * one * inverse
        sumOfOnes += one * one * inverse
      }
      let mean = sumOfValues / (sumOfOnes + Self.ridge)
      let left = 1 - sumOfWeights
      var estimate = Estimate(
        mean: guess + left * mean,
        variance: max(
          0, covariance.variance - explained + left * left / (sumOfOnes + Self.ridge)))
      if explains {
        // What is left to do for the weights of single samples: two of the sides, from the last row.
        var (sides, ones) = (
          [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
        )
        for row in (0..<count).reversed() {
          var (side, one) = (entry(row, count), entry(row, count + 2))
          for later in (row + 1)..<count {
            side -= entry(row, later) * sides[later]
            one -= entry(row, later) * ones[later]
          }
          (sides[row], ones[row]) = (side * inverses[row], one * inverses[row])
        }
        estimate.weights = near.indices.map { row in
          (near[row].sample, sides[row] + left * ones[row] / (sumOfOnes + Self.ridge))
        }.sorted { abs($0.weight) > abs($1.weight) }
      }
      return estimate
    }
  }
}
