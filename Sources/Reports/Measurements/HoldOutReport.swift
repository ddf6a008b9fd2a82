public import Calibration
import Operators
import Validation

/// Checks of held-out points, for a terminal or as JSON.
public struct HoldOutReport: Sendable {
  /// One device and protocol.
  public struct Part: Sendable {
    /// The device, as it was named.
    public var device: String
    /// What was held out.
    public var way: HoldOutProtocol
    /// What came of it.
    public var check: HoldOutCheck

    /// Creates a part.
    public init(device: String, way: HoldOutProtocol, check: HoldOutCheck) {
      self.device = device
      self.way = way
      self.check = check
    }
  }

  /// The checks, in the order in which they are told.
  public var parts: [Part]

  /// Creates a report.
  public init(_ parts: [Part] = []) { self.parts = parts }

  /// The same as `TraceSchemas/hold-out.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public func json() throws -> String {
    try EstimateFile.text(
      "hold-out",
      [
        "checks": .list(
          parts.map { part in
            .object([
              "device": .text(part.device), "protocol": .text(part.way.rawValue),
              "rows": .list(part.check.rows.map(Self.document)),
              "by_kind": .list(part.check.byKind.map(Self.document)),
              "by_distance": .list(part.check.byDistance.map(Self.document)),
            ])
          })
      ])
  }

  private static func document(_ row: HoldOutCheck.Row) -> ResultValue {
    var members = members(row.group.kind, row.group.region, row.errors)
    members["type"] = .text(row.group.dataType?.rawValue ?? "")
    members["software"] = .text(row.group.runtime)
    members["curves"] = .integer(row.curves)
    return .object(members)
  }

  private static func document(_ row: HoldOutCheck.KindRow) -> ResultValue {
    .object(members(row.kind, row.region, row.errors))
  }

  private static func document(_ row: HoldOutCheck.DistanceRow) -> ResultValue {
    var members = members(row.kind, row.region, row.errors)
    members["type"] = .text(row.dataType?.rawValue ?? "")
    members["above_octaves"] = .number(row.band.floor)
    if row.band != .beyond { members["up_to_octaves"] = .number(row.band.limit) }
    return .object(members)
  }

  /// What every row has.
  private static func members(
    _ kind: OperatorKind, _ region: String, _ errors: HoldOutCheck.Errors
  ) -> [String: ResultValue] {
    var members: [String: ResultValue] = [
      "operator": .text(kind.rawValue), "held_out": .integer(errors.points),
      "error_percent": .object([
        "mean": .number(errors.meanAbsolutePercent),
        "median": .number(errors.medianAbsolutePercent), "p95": .number(errors.percentile95),
      ]),
      "in_interval_percent": .number(errors.coveragePercent),
      "roofline_percent": .number(errors.rooflinePercent),
    ]
    if !region.isEmpty { members["region"] = .text(region) }
    return members
  }
}

// MARK: - Tables

extension HoldOutReport.Part {
  /// The errors by kind, type and software, then by kind alone, if that is fewer lines, and by distance.
  public var text: String {
    var table = TextTable([
      .init("operator", .left), .init("type", .left), .init("software", .left), .init("curves"),
      .init("held out"), .init("error % mean"), .init("median"), .init("p95"), .init("in 90 %"),
      .init("roofline %"),
    ])
    for row in check.rows {
      let group = row.group
      table.add(
        [
          group.title, group.dataType?.rawValue ?? "", group.runtime,
          "\(row.curves)",
        ] + Self.figures(row.errors)
          + [fixedText(row.errors.rooflinePercent, decimals: 0)])
    }
    var kinds = TextTable([
      .init("operator", .left), .init("held out"), .init("error % mean"), .init("median"),
      .init("p95"), .init("in 90 %"), .init("roofline %"),
    ])
    let byKind = check.byKind
    for row in byKind {
      kinds.add(
        [HoldOutCheck.Group.title(row.kind, row.region)] + Self.figures(row.errors)
          + [fixedText(row.errors.rooflinePercent, decimals: 0)])
    }
    let together =
      byKind.count < check.rows.count ? "by kind, over all types and software:\n" + kinds.text : ""
    var distances = TextTable([
      .init("operator", .left), .init("type", .left), .init("octaves away", .left),
      .init("held out"), .init("error % mean"), .init("median"), .init("p95"), .init("in 90 %"),
    ])
    for row in check.byDistance {
      distances.add(
        [
          HoldOutCheck.Group.title(row.kind, row.region), row.dataType?.rawValue ?? "",
          row.band.text,
        ]
          + Self.figures(row.errors))
    }
    let heading =
      way == .devices
      ? "by distance between the devices, over their rates of memory and arithmetic:\n"
      : "by distance from the nearest sample that was left, over all sizes:\n"
    return table.text + together + heading + distances.text
  }

  private static func figures(_ errors: HoldOutCheck.Errors) -> [String] {
    [
      "\(errors.points)", fixedText(errors.meanAbsolutePercent, decimals: 2),
      fixedText(errors.medianAbsolutePercent, decimals: 2),
      fixedText(errors.percentile95, decimals: 1), fixedText(errors.coveragePercent, decimals: 0),
    ]
  }
}

extension HoldOutCheck.Group {
  /// The kind and its part, for a table.
  var title: String { Self.title(kind, region) }

  static func title(_ kind: OperatorKind, _ region: String) -> String {
    region.isEmpty ? kind.rawValue : "\(kind), \(region)"
  }
}

extension HoldOutCheck.DistanceBand {
  /// The distance above which the band begins, in octaves.
  fileprivate var floor: Double {
    Self(rawValue: rawValue - 1)?.limit ?? 0
  }

  /// The band in words.
  var text: String {
    func short(_ octaves: Double) -> String {
      octaves == octaves.rounded() ? "\(Int(octaves))" : "\(octaves)"
    }
    return self == .beyond ? "over \(short(floor))" : "\(short(floor)) to \(short(limit))"
  }
}
