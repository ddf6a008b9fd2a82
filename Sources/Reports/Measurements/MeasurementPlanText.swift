public import Calibration
internal import Operators
internal import Validation

extension TextTable {
  /// The points of a plan, a line each, in their order.
  ///
  /// Errors before and after are those of the run's device time, in percent of it.
  public init(_ plan: MeasurementPlan) {
    self.init([
      .init("", .right), .init("operator", .left), .init("point", .left), .init("informs %"),
      .init("doubt %"), .init("rests on", .left), .init("error % before"), .init("after"),
    ])
    for (index, point) in plan.points.enumerated() {
      add([
        "\(index + 1)", point.operator.description, point.sizes,
        fixedText(100 * point.informedShare, decimals: 1),
        fixedText(100 * point.relativeError, decimals: 1), "\(point.evidence)",
        plan.percent(point.standardErrorBefore), plan.percent(point.standardErrorAfter),
      ])
    }
  }
}

extension MeasurementPlan {
  /// What the plan does to the run's error, in lines for a person.
  public var summary: [String] {
    var lines = [
      "device time \(fixedText(nanoseconds / 1e9, decimals: 3)) s, standard error "
        + "\(percent(standardError)) % now, \(percent(standardErrorAfter)) % with "
        + (points.count == 1 ? "the point" : "these \(points.count) points") + " measured"
    ]
    let left = parts.filter { !$0.isMeasurable }
    let variance = left.reduce(0) { $0 + $1.standardError * $1.standardError }
    if let first = left.first, variance > 0 {
      let others = left.count > 1 ? " and \(left.count - 1) more" : ""
      lines.append(
        "of that \(percent(variance.squareRoot())) % stays: tools/capture cannot measure "
          + "\(first.operator)\(others)")
    }
    return lines
  }

  /// A time in percent of the run's device time.
  fileprivate func percent(_ time: Double) -> String {
    fixedText(nanoseconds > 0 ? 100 * time / nanoseconds : 0, decimals: 2)
  }
}

extension MeasurementPlan.Point {
  /// The sizes by their names, such as `decodeSequences=8 decodeContext=512`.
  fileprivate var sizes: String {
    let named = `operator`.kind.axes.enumerated().filter { point[$0.offset] != 0 }
    return named.map { "\($0.element)=\(point[$0.offset])" }.joined(separator: " ")
  }
}
