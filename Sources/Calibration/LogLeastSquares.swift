#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Least squares of the logarithm of what a sum of terms is off by, with coefficients that may not be
/// negative: an error counts in parts of what was measured, too long as much as too short.
///
/// Times span decades, and the few that another program disturbed are far off. So the loss is Huber's
/// of ln(predicted / measured), its corner at 1.5 robust standard deviations. Each round solves weighted
/// linear least squares: with L(p, y) the logarithmic mean, ln(p / y) = (p - y) / L(p, y), so that weights
/// 1 / (L · p) give the same gradient at the solution. Kept is the best round.
///
/// - Parameters:
///   - rows: the terms of each observation, all of one length, none negative.
///   - targets: the observations, above zero.
/// - Returns: a coefficient a term; nil if nothing predicts anything.
/// - Complexity: O(rounds · rows · terms²).
func logLeastSquares(rows: [[Double]], targets: [Double], rounds: Int = 40) -> [Double]? {
  guard let terms = rows.first?.count, rows.count == targets.count else { return nil }
  var weights = targets.map { 1 / ($0 * $0) }
  var best: (size: Double, coefficients: [Double])?
  for _ in 0..<rounds {
    guard let coefficients = nonNegativeSolution(rows, targets, weights, terms) else { break }
    let predicted = rows.map { row in
      row.indices.reduce(0) { $0 + row[$1] * coefficients[$1] }
    }
    guard predicted.allSatisfy({ $0 > 0 && $0.isFinite }) else { break }
    let residuals = zip(predicted, targets).map { log($0 / $1) }
    let corner = max(1e-6, 1.5 * median(residuals.map(abs)) / 0.6745)
    // Losses of different corners do not compare; the sizes of errors do.
    let size = residuals.reduce(0) { $0 + min(abs($1), 1) }
    if size < (best?.size ?? .infinity) { best = (size, coefficients) }
    weights = residuals.indices.map { index in
      let (p, y, residual) = (predicted[index], targets[index], residuals[index])
      let mean = abs(residual) < 1e-6 ? y : (p - y) / residual
      return min(1, corner / max(abs(residual), 1e-12)) / (mean * p)
    }
  }
  return best?.coefficients
}

/// The middle value; the mean of the two in the middle of an even number; 0 of none.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return 0 }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// Weighted linear least squares without negative coefficients, for more terms than
/// ``nonNegativeLeastSquares(rows:targets:weights:required:)`` can try all sets of: Lawson and Hanson's
/// active sets (Solving Least Squares Problems, 1974, chapter 23) on the normal equations.
private func nonNegativeSolution(
  _ rows: [[Double]], _ targets: [Double], _ weights: [Double], _ terms: Int
) -> [Double]? {
  var gram = [[Double]](repeating: [Double](repeating: 0, count: terms), count: terms)
  var moments = [Double](repeating: 0, count: terms)
  for (index, row) in rows.enumerated() {
    for i in 0..<terms where row[i] != 0 {
      let scaled = weights[index] * row[i]
      moments[i] += scaled * targets[index]
      for j in 0..<terms { gram[i][j] += scaled * row[j] }
    }
  }
  // Columns to unit length: terms differ by many orders, and so would pivots.
  let lengths = (0..<terms).map { gram[$0][$0].squareRoot() }
  guard lengths.allSatisfy(\.isFinite) else { return nil }
  for i in 0..<terms {
    moments[i] = lengths[i] > 0 ? moments[i] / lengths[i] : 0
    for j in 0..<terms {
      let scale = lengths[i] * lengths[j]
      gram[i][j] = scale > 0 ? gram[i][j] / scale : 0
    }
  }
  let largest = moments.reduce(0) { max($0, abs($1)) }
  var solution = [Double](repeating: 0, count: terms)
  var active: [Int] = []
  var barred = Set((0..<terms).filter { lengths[$0] == 0 })
  for _ in 0..<(4 * terms) {
    func slope(_ i: Int) -> Double {
      moments[i] - (0..<terms).reduce(0) { $0 + gram[i][$1] * solution[$1] }
    }
    let candidates = (0..<terms).filter { !active.contains($0) && !barred.contains($0) }
    guard let entering = candidates.max(by: { slope($0) < slope($1) }),
      slope(entering) > 1e-10 * largest
    else { break }
    active.append(entering)
    while true {
      let solved = solve(active.map { i in active.map { gram[i][$0] } }, active.map { moments[$0] })
      guard let solved, solved.allSatisfy(\.isFinite) else {
        // As good as another column: what it would explain is explained.
        barred.insert(entering)
        active.removeAll { $0 == entering }
        solution[entering] = 0
        break
      }
      guard solved.contains(where: { $0 <= 0 }) else {
        for (place, i) in active.enumerated() { solution[i] = solved[place] }
        break
      }
      // As far towards the solution as no coefficient turns negative; what reaches zero leaves.
      var part = 1.0
      for (place, i) in active.enumerated() where solved[place] <= 0 {
        part = min(part, solution[i] / (solution[i] - solved[place]))
      }
      for (place, i) in active.enumerated() {
        solution[i] += part * (solved[place] - solution[i])
      }
      let leaving = active.enumerated().filter {
        solved[$0.offset] <= 0 && solution[$0.element] <= 1e-14 * largest
      }
      .map(\.element)
      for i in leaving { solution[i] = 0 }
      active.removeAll { leaving.contains($0) }
      if leaving.isEmpty || active.isEmpty { break }
    }
  }
  guard !active.isEmpty else { return nil }
  return (0..<terms).map { lengths[$0] > 0 ? solution[$0] / lengths[$0] : 0 }
}
