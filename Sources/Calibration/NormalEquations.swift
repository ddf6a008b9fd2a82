/// Slopes of residuals along parameters, estimated twice with independent noise.
///
/// The normal equations take the product of the two where others take a square: noise in slopes
/// does not add to it, so that what cannot be told apart looks so.
struct Slopes {
  /// For each of two halves, one column a parameter.
  var halves: [[[Double]]]

  /// The slopes along some of the parameters.
  func selecting(_ places: [Int]) -> Slopes {
    Slopes(halves: halves.map { half in places.map { half[$0] } })
  }

  /// Half of the loss's slope along each parameter.
  func gradient(_ residuals: [Double], _ weights: [Double]) -> [Double] {
    halves[0].indices.map { place in
      halves.reduce(0) { $0 + dot($1[place], residuals, weights) } / Double(halves.count)
    }
  }

  /// Products of the columns of either half.
  func products(_ weights: [Double]) -> [[Double]] {
    let (first, second) = (halves[0], halves[halves.count - 1])
    return first.indices.map { i in
      first.indices.map { j in
        (dot(first[i], second[j], weights) + dot(first[j], second[i], weights)) / 2
      }
    }
  }

  /// The step that would make weighted residuals least if they were linear; nil if the slopes do not
  /// determine it.
  ///
  /// - Parameter damping: added to the unit diagonal, after Levenberg and Marquardt.
  func step(_ residuals: [Double], _ weights: [Double], damping: Double) -> [Double]? {
    var (matrix, lengths) = Self.normalized(products(weights))
    guard lengths.allSatisfy({ $0 > 0 }) || damping > 0 else { return nil }
    for place in matrix.indices { matrix[place][place] += damping }
    let right = zip(gradient(residuals, weights), lengths).map { $1 > 0 ? -$0 / $1 : 0 }
    guard let solved = solve(matrix, right), solved.allSatisfy(\.isFinite) else { return nil }
    return zip(solved, lengths).map { $1 > 0 ? $0 / $1 : 0 }
  }

  /// A matrix of products with its diagonal made one, and the lengths that it was divided by: zero for
  /// a column without effect, which stands apart from all others.
  static func normalized(_ products: [[Double]]) -> (matrix: [[Double]], lengths: [Double]) {
    let lengths = products.indices.map { max(0, products[$0][$0]).squareRoot() }
    let matrix = products.indices.map { i in
      products.indices.map { j in
        i == j ? 1 : lengths[i] * lengths[j] > 0 ? products[i][j] / (lengths[i] * lengths[j]) : 0
      }
    }
    return (matrix, lengths)
  }
}

/// `Σ weight · left · right` over the rows that have a weight.
func dot(_ left: [Double], _ right: [Double], _ weights: [Double]) -> Double {
  var sum = 0.0
  for index in weights.indices where weights[index] > 0 {
    sum += weights[index] * left[index] * right[index]
  }
  return sum
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
