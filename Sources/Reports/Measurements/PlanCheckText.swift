public import Calibration
internal import Operators
internal import Validation

extension TextTable {
  /// What plans promised and what came of it, in percent of a run's time.
  public init(_ check: PlanCheck) {
    self.init([
      .init("operator", .left), .init("type", .left), .init("software", .left),
      .init("hidden", .left), .init("curves"), .init("before: doubt %"), .init("off %"),
      .init("promised %"), .init("after: doubt %"), .init("off %"),
    ])
    for row in check.rows {
      add(
        [
          row.group.title, row.group.dataType?.rawValue ?? "", row.group.runtime,
          row.hidden.rawValue, "\(row.curves)",
        ]
          + [row.doubtBefore, row.errorBefore, row.promised, row.doubtAfter, row.errorAfter].map {
            fixedText(100 * $0, decimals: 2)
          })
    }
  }
}
