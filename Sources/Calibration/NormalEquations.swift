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

/// The inverse of a matrix of unit diagonal; nil if it is singular.
func inverse(_ matrix: [[Double]]) -> [[Double]]? {
  var columns: [[Double]] = []
  for index in matrix.indices {
    let unit = matrix.indices.map { $0 == index ? 1.0 : 0 }
    guard let column = solve(matrix, unit) else { return nil }
    columns.append(column)
  }
  return columns
}

/// The part of a column's effect that no other may have; with less the two cannot be told apart.
private let leastOwnEffect = 1e-5

/// The last column whose effect the others have as well, and that which is most like it; nil where each
/// has one of its own.
///
/// - Parameter matrix: the columns' products (``normalizedProducts(_:_:)``).
func inseparableColumns(_ matrix: [[Double]]) -> (place: Int, other: Int)? {
  func partner(of place: Int, atLeast least: Double) -> Int? {
    let others = matrix.indices.filter { $0 != place && abs(matrix[place][$0]) >= least }
    return others.max { abs(matrix[place][$0]) < abs(matrix[place][$1]) }
  }
  let inverted = inverse(matrix)
  // The inverse's diagonal is one over the part of an effect that no other column has.
  let shared = matrix.indices.last { place in
    guard let inverted else { return partner(of: place, atLeast: 1 - leastOwnEffect) != nil }
    return !(inverted[place][place] < 1 / leastOwnEffect)
  }
  return shared.flatMap { shared in partner(of: shared, atLeast: 0).map { (shared, $0) } }
}
