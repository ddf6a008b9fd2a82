public import Operators

extension HoldOutCheck {
  /// The errors of one curve.
  public struct CurveRow: Sendable, Hashable {
    /// What the curve is of.
    public var `operator`: Operator
    /// `prefill`, `decode` or `mixed` for attention, else empty.
    public var region: String
    /// The software.
    public var runtime: String
    /// Errors over all of it.
    public var errors: Errors
  }

  /// The errors curve by curve, the largest mean error first; of curves of at least three judged points.
  ///
  /// - Complexity: O(*n* · log *n*) in judged points.
  public var byCurve: [CurveRow] {
    struct Key: Hashable {
      var `operator`: Operator
      var region, runtime: String
    }
    var curves: [Key: [Point]] = [:]
    for row in rows {
      for point in row.points {
        let key = Key(
          operator: point.operator, region: row.group.region, runtime: row.group.runtime)
        curves[key, default: []].append(point)
      }
    }
    let judged = curves.filter { $0.value.count >= 3 }.compactMap { key, points in
      Errors(points).map {
        (
          name: "\(key)",
          row: CurveRow(
            operator: key.operator, region: key.region, runtime: key.runtime, errors: $0)
        )
      }
    }
    // By name where equal, so that the order is always the same.
    return judged.sorted {
      let (left, right) = ($0.row.errors.meanAbsolutePercent, $1.row.errors.meanAbsolutePercent)
      return left == right ? $0.name < $1.name : left > right
    }.map(\.row)
  }
}
