/// `Σ weight · left · right` over the rows that have a weight.
func dot(_ left: [Double], _ right: [Double], _ weights: [Double]) -> Double {
  var sum = 0.0
  for index in weights.indices where weights[index] > 0 {
    sum += weights[index] * left[index] * right[index]
  }
  return sum
}

/// The step that would make weighted residuals least if they were linear; nil if the columns do not
/// determine it. A column without effect stays where it is.
func newtonStep(
  _ columns: [[Double]], _ residuals: [Double], _ weights: [Double]
) -> [Double]? {
  guard !columns.isEmpty else { return [] }
  var (matrix, lengths) = normalizedProducts(columns, weights)
  // So little that it only decides between columns that are alike.
  for place in matrix.indices { matrix[place][place] += 1e-7 }
  let right = zip(columns, lengths).map { column, length in
    length > 0 ? -dot(column, residuals, weights) / length : 0
  }
  guard let solved = solve(matrix, right), solved.allSatisfy(\.isFinite) else { return nil }
  return zip(solved, lengths).map { $1 > 0 ? $0 / $1 : 0 }
}

/// Products of the columns, each scaled to unit length, and their lengths.
func normalizedProducts(
  _ columns: [[Double]], _ weights: [Double]
) -> (matrix: [[Double]], lengths: [Double]) {
  let lengths = columns.map { dot($0, $0, weights).squareRoot() }
  let matrix = columns.indices.map { i in
    columns.indices.map { j in
      let scale = lengths[i] * lengths[j]
      return i == j ? 1 : scale > 0 ? dot(columns[i], columns[j], weights) / scale : 0
    }
  }
  return (matrix, lengths)
}

/// The part of a column's effect that no other may have; with less it cannot be told from the others.
private let leastOwnEffect = 1e-5

/// The last column whose effect those before it have as well, alone or several together, and these; nil where
/// each has one of its own.
///
/// - Parameter matrix: the columns' products (``normalizedProducts(_:_:)``).
func inseparableColumns(_ matrix: [[Double]]) -> (place: Int, others: [Int])? {
  var found: (place: Int, others: [Int])?
  var independent: [Int] = []
  for place in matrix.indices {
    // What the others have of it, by least squares.
    let products = independent.map { matrix[place][$0] }
    let known = independent.map { row in independent.map { matrix[row][$0] } }
    let shares = solve(known, products) ?? []
    let own = 1 - zip(shares, products).reduce(0) { $0 + $1.0 * $1.1 }
    if own > leastOwnEffect {
      independent.append(place)
    } else {
      found = (place, zip(independent, shares).filter { abs($1) > leastShare }.map(\.0))
    }
  }
  return found
}

/// Of columns that together have another's effect, those with a smaller share are not named.
private let leastShare = 0.01
