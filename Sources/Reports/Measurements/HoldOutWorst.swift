internal import Calibration
internal import CostModel
internal import Operators
internal import Validation

extension HoldOutReport {
  /// The curves of the largest mean error and the points that were missed most, so many of each, over all
  /// checks: their device and protocol are told where several were checked.
  ///
  /// - Complexity: O(*n* · log *n*) in judged points.
  public func worst(_ count: Int) -> String {
    "worst curves\n" + worstCurves(count).text + "worst points\n" + worstPoints(count).text
  }

  /// What tells one check from the others, in the first columns of a table.
  private var checkColumns: [(title: String, value: (Part) -> String)] {
    var columns: [(String, (Part) -> String)] = []
    if Set(parts.map(\.device)).count > 1 { columns.append(("device", \.device)) }
    if Set(parts.map(\.way)).count > 1 { columns.append(("protocol", \.way.rawValue)) }
    return columns
  }

  private func table(_ columns: [TextTable.Column]) -> TextTable {
    TextTable(checkColumns.map { .init($0.title, .left) } + columns)
  }

  private func worstCurves(_ count: Int) -> TextTable {
    var table = table([
      .init("operator", .left), .init("part", .left), .init("software", .left), .init("held out"),
      .init("error % mean"), .init("p95"), .init("in 90 %"),
    ])
    let curves = parts.flatMap { part in part.check.byCurve.map { (part, $0) } }.sorted {
      $0.1.errors.meanAbsolutePercent > $1.1.errors.meanAbsolutePercent
    }
    for (part, curve) in curves.prefix(count) {
      let errors = curve.errors
      table.add(
        checkColumns.map { $0.value(part) } + [
          "\(curve.operator)", curve.region, curve.runtime, "\(errors.points)",
          fixedText(errors.meanAbsolutePercent, decimals: 2),
          fixedText(errors.percentile95, decimals: 1),
          fixedText(errors.coveragePercent, decimals: 0),
        ])
    }
    return table
  }

  private func worstPoints(_ count: Int) -> TextTable {
    var table = table([
      .init("operator", .left), .init("at", .left), .init("software", .left), .init("measured µs"),
      .init("predicted µs"), .init("error %"), .init("rests on", .left),
    ])
    let points = parts.flatMap { part in
      part.check.rows.flatMap { row in row.points.map { (part, row.group.runtime, $0) } }
    }.sorted { abs($0.2.error) > abs($1.2.error) }
    for (part, runtime, point) in points.prefix(count) {
      table.add(
        checkColumns.map { $0.value(part) } + [
          "\(point.operator)", point.operator.text(of: point.point), runtime,
          fixedText(point.measured / 1e3, decimals: 2),
          fixedText(point.prediction.nanoseconds / 1e3, decimals: 2),
          fixedText(100 * point.error, decimals: 0, signed: true), "\(point.prediction.evidence)",
        ])
    }
    return table
  }
}
