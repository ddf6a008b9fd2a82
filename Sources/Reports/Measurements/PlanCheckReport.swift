public import Calibration
internal import Operators
internal import Validation

/// Checks of what plans of measurements promise, for a terminal or as JSON.
public struct PlanCheckReport: Sendable {
  /// One device.
  public struct Part: Sendable {
    /// The device, as it was named.
    public var device: String
    /// How many points each plan asked for.
    public var points: Int
    /// What came of them.
    public var check: PlanCheck

    /// Creates a part.
    public init(device: String, points: Int, check: PlanCheck) {
      self.device = device
      self.points = points
      self.check = check
    }
  }

  /// The checks, in the order in which they are told.
  public var parts: [Part]

  /// Creates a report.
  public init(_ parts: [Part] = []) { self.parts = parts }

  /// The same as `TraceSchemas/plan-check.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public func json() throws -> String {
    try EstimateFile.text(
      "plan-check",
      [
        "checks": .list(
          parts.map { part in
            .object([
              "device": .text(part.device), "points": .integer(part.points),
              "rows": .list(part.check.rows.map(Self.document)),
            ])
          })
      ])
  }

  private static func document(_ row: PlanCheck.Row) -> ResultValue {
    var members: [String: ResultValue] = [
      "operator": .text(row.group.kind.rawValue),
      "type": .text(row.group.dataType?.rawValue ?? ""),
      "software": .text(row.group.runtime), "hidden": .text(row.hidden.rawValue),
      "curves": .integer(row.curves), "runs": .integer(row.runs),
      "before_percent": judgement(row.doubtBefore, row.errorBefore),
      "promised_percent": .number(100 * row.promised),
      "after_percent": judgement(row.doubtAfter, row.errorAfter),
    ]
    if !row.group.region.isEmpty { members["region"] = .text(row.group.region) }
    return .object(members)
  }

  private static func judgement(_ doubt: Double, _ error: Double) -> ResultValue {
    .object(["doubt": .number(100 * doubt), "off": .number(100 * error)])
  }
}

extension PlanCheckReport.Part {
  /// What plans promised and what came of it, in percent of a run's time.
  public var text: String {
    var table = TextTable([
      .init("operator", .left), .init("type", .left), .init("software", .left),
      .init("hidden", .left), .init("curves"), .init("before: doubt %"), .init("off %"),
      .init("promised %"), .init("after: doubt %"), .init("off %"),
    ])
    for row in check.rows {
      table.add(
        [
          row.group.title, row.group.dataType?.rawValue ?? "", row.group.runtime,
          row.hidden.rawValue, "\(row.curves)",
        ]
          + [row.doubtBefore, row.errorBefore, row.promised, row.doubtAfter, row.errorAfter].map {
            fixedText(100 * $0, decimals: 2)
          })
    }
    return """
      \(device): plans of \(points) points for made runs, in percent of a run's time, root mean \
      squares over \(check.rows.first?.runs ?? 0) runs

      """ + table.text
  }
}
