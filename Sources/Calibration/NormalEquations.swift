/// `Σ weight · left · right` over the rows that have a residual.
func dot(_ left: [Double], _ right: [Double], _ weights: [Double]) -> Double {
  var sum = 0.0
  for index in weights.indices where weights[index] > 0 {
    sum += weights[index] * left[index] * right[index]
  }
  return sum
}

/// The step that would make weighted residuals least if they were linear; nil if the columns do
/// not determine it.
///
/// - Parameter damping: added to the unit diagonal, after Levenberg and Marquardt.
func newtonStep(
  _ columns: [[Double]], _ residuals: [Double], _ weights: [Double], _ damping: Double
) -> [Double]? {
  let lengths = columns.map { dot($0, $0, weights).squareRoot() }
  guard lengths.allSatisfy({ $0 > 0 }) else {
    // A parameter without effect stays where it is; the others move.
    let kept = columns.indices.filter { lengths[$0] > 0 }
    guard damping > 0, !kept.isEmpty,
      let part = newtonStep(kept.map { columns[$0] }, residuals, weights, damping)
    else { return damping > 0 ? columns.map { _ in 0 } : nil }
    var step = columns.map { _ in 0.0 }
    for (index, value) in zip(kept, part) { step[index] = value }
    return step
  }
  var matrix = correlations(columns, weights)
  for index in columns.indices { matrix[index][index] += damping }
  let slopes = columns.indices.map { -dot(columns[$0], residuals, weights) / lengths[$0] }
  guard let solved = solve(matrix, slopes), solved.allSatisfy(\.isFinite) else { return nil }
  return zip(solved, lengths).map { $0 / $1 }
}

/// Products of the columns, each scaled to unit length.
func correlations(_ columns: [[Double]], _ weights: [Double]) -> [[Double]] {
  let lengths = columns.map { max(dot($0, $0, weights).squareRoot(), 1e-300) }
  return columns.indices.map { i in
    columns.indices.map { j in
      i == j ? 1 : dot(columns[i], columns[j], weights) / (lengths[i] * lengths[j])
    }
  }
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
