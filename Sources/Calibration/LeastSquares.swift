/// Weighted linear least squares with coefficients that may not be negative.
///
/// For the few coefficients of a calibration the best active set is found by trying every one
/// (2ⁿ small systems): exact, and simpler than an active-set iteration. `required` terms are in
/// every set.
///
/// - Parameters:
///   - rows: the terms of each observation; all of the same length, at most 8.
///   - targets: the observations.
///   - weights: of the squared residuals.
///   - required: terms that must stay in.
/// - Returns: a coefficient a term, zero for those left out; nil if no set has a solution.
/// - Complexity: O(*rows* · *n*² + 2ⁿ · *n*³).
func nonNegativeLeastSquares(
  rows: [[Double]], targets: [Double], weights: [Double], required: Set<Int> = []
) -> [Double]? {
  guard let terms = rows.first?.count, terms > 0, terms <= 8 else { return nil }
  var gram = [[Double]](repeating: [Double](repeating: 0, count: terms), count: terms)
  var moments = [Double](repeating: 0, count: terms)
  for (row, (target, weight)) in zip(rows, zip(targets, weights)) {
    for i in 0..<terms {
      moments[i] += weight * row[i] * target
      for j in 0..<terms { gram[i][j] += weight * row[i] * row[j] }
    }
  }
  // Columns to unit length: terms differ by many orders (nanoseconds, counts, one), and so would
  // pivots.
  let lengths = (0..<terms).map { gram[$0][$0] > 0 ? gram[$0][$0].squareRoot() : 1 }
  for i in 0..<terms {
    moments[i] /= lengths[i]
    for j in 0..<terms { gram[i][j] /= lengths[i] * lengths[j] }
  }
  var best: (loss: Double, coefficients: [Double])?
  for set in 1..<(1 << terms) {
    let active = (0..<terms).filter { set >> $0 & 1 == 1 }
    guard required.isSubset(of: active) else { continue }
    let matrix = active.map { i in active.map { j in gram[i][j] } }
    guard let solved = solve(matrix, active.map { moments[$0] }),
      solved.allSatisfy({ $0 >= 0 && $0.isFinite })
    else { continue }
    // ‖y − Xb‖² less the constant ‖y‖²; at the solution of the normal equations it is −b·Xᵀy.
    let loss = -zip(solved, active).reduce(0) { $0 + $1.0 * moments[$1.1] }
    guard loss < best?.loss ?? .infinity else { continue }
    var coefficients = [Double](repeating: 0, count: terms)
    for (value, index) in zip(solved, active) { coefficients[index] = value / lengths[index] }
    best = (loss, coefficients)
  }
  return best?.coefficients
}

/// Rounds in which weights come to rest: noise of a fifth takes five.
let relativeRounds = 20

/// The same for errors relative to what is fitted.
///
/// Relative to the targets the lower of two noisy ones would count more, and all coefficients be too small by
/// the variance of the noise. So each round weighs by the fit of the one before; the first has no other choice.
///
/// - Parameter rounds: with one the weights are the targets', so that a few far too large ones hardly count.
func relativeLeastSquares(
  rows: [[Double]], targets: [Double], required: Set<Int> = [], rounds: Int = relativeRounds
) -> [Double]? {
  var fitted = targets
  var found: [Double]?
  for _ in 0..<rounds {
    let weights = fitted.map { 1 / ($0 * $0) }
    guard
      let next = nonNegativeLeastSquares(
        rows: rows, targets: targets, weights: weights, required: required)
    else { break }
    let values = rows.map { zip($0, next).reduce(0) { $0 + $1.0 * $1.1 } }
    guard values.allSatisfy({ $0 > 0 && $0.isFinite }) else { return found ?? next }
    let change = zip(values, fitted).reduce(0) { max($0, abs($1.0 / $1.1 - 1)) }
    (found, fitted) = (next, values)
    if change < 1e-9 { break }
  }
  return found
}

/// Solves a system of unit diagonal by Gaussian elimination with pivoting; nil if it is singular.
func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
  var (a, b) = (matrix, right)
  let size = b.count
  for column in 0..<size {
    let pivot = (column..<size).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
    guard abs(a[pivot][column]) > 1e-10 else { return nil }
    a.swapAt(pivot, column)
    b.swapAt(pivot, column)
    for row in (column + 1)..<size {
      let factor = a[row][column] / a[column][column]
      for k in column..<size { a[row][k] -= factor * a[column][k] }
      b[row] -= factor * b[column]
    }
  }
  var solution = [Double](repeating: 0, count: size)
  for row in (0..<size).reversed() {
    var sum = b[row]
    for k in (row + 1)..<size { sum -= a[row][k] * solution[k] }
    solution[row] = sum / a[row][row]
  }
  return solution
}
