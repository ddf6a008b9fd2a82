public import Calibration
public import Operators
import Validation

/// A comparison of two devices, for a terminal or as JSON.
public struct DeviceComparisonReport: Sendable {
  /// The devices, by the names of their data sheets.
  public let devices: [String]
  private let rows: [DeviceComparison.Row]
  private let limit: Int

  /// Creates a report.
  ///
  /// - Parameters:
  ///   - kind: the only kind to report, then point by point, too; nil for all.
  ///   - limit: the most points of a row to list, where a kind is given.
  public init(
    _ comparison: DeviceComparison, of first: String, and second: String,
    only kind: OperatorKind? = nil, limit: Int = 0
  ) {
    self.devices = [first, second]
    self.rows = comparison.rows.filter { kind == nil || $0.kind == kind }
    self.limit = kind == nil ? 0 : limit
  }

  /// A line a kind, type and pair of runtimes; with one kind alone its largest differences below.
  public var text: String {
    let (first, second) = (devices[0], devices[1])
    var table = TextTable([
      .init("operator", .left), .init("type", .left), .init("runtime", .left), .init("points"),
      .init("time ratio p10"), .init("median"), .init("p90"), .init("sheets"),
      .init("\(first) % of light"), .init("\(second) %"),
    ])
    for row in rows {
      table.add(
        [
          row.kind.rawValue, row.dataType?.rawValue ?? "", Self.runtimes(row),
          "\(row.points.count)",
        ]
          + [row.ratio.tenth, row.ratio.median, row.ratio.ninetieth].map(Self.ratioText)
          + [row.lightRatio.map(Self.ratioText) ?? ""]
          + [row.firstShare, row.secondShare].map {
            $0.map { fixedText(100 * $0, decimals: 1) } ?? ""
          })
    }
    var text =
      "\(second) over \(first): times at the points that both measured, and what the data sheets allow\n"
      + table.text
    for row in rows where limit > 0 {
      var points = TextTable([
        .init("operator", .left), .init("at", .left), .init("\(first) µs"), .init("\(second) µs"),
        .init("ratio"), .init("sheets"),
      ])
      for point in row.points.prefix(limit) {
        points.add([
          point.operator.description, pointText(point.point, of: row.kind),
          fixedText(point.first / 1e3, decimals: 3), fixedText(point.second / 1e3, decimals: 3),
          Self.ratioText(point.ratio), point.light.map { Self.ratioText($0[1] / $0[0]) } ?? "",
        ])
      }
      let title = [row.kind.rawValue, row.dataType?.rawValue ?? ""].filter { !$0.isEmpty }
      text +=
        "\n\(title.joined(separator: " ")), \(Self.runtimes(row)): the largest differences\n"
        + points.text
    }
    return text
  }

  /// The same as `TraceSchemas/device-comparison.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public func json() throws -> String {
    try EstimateFile.text(
      "device-comparison",
      [
        "devices": .list(devices.map { .text($0) }), "rows": .list(rows.map(document)),
      ])
  }

  private func document(_ row: DeviceComparison.Row) -> ResultValue {
    var members: [String: ResultValue] = [
      "operator": .text(row.kind.rawValue), "type": .text(row.dataType?.rawValue ?? ""),
      "runtimes": .list([.text(row.firstRuntime), .text(row.secondRuntime)]),
      "points": .integer(row.points.count),
      "time_ratio": .object([
        "p10": .number(row.ratio.tenth), "median": .number(row.ratio.median),
        "p90": .number(row.ratio.ninetieth),
      ]),
    ]
    if let ratio = row.lightRatio { members["sheet_ratio"] = .number(ratio) }
    if let first = row.firstShare, let second = row.secondShare {
      members["share_of_light"] = .list([.number(first), .number(second)])
    }
    if limit > 0 {
      members["largest_differences"] = .list(
        row.points.prefix(limit).map { point in
          var members: [String: ResultValue] = [
            "operator": .text(point.operator.description),
            "at": .text(pointText(point.point, of: row.kind)),
            "times_ns": .list([.number(point.first), .number(point.second)]),
          ]
          if let light = point.light {
            members["speed_of_light_ns"] = .list([.number(light[0]), .number(light[1])])
          }
          return .object(members)
        })
    }
    return .object(members)
  }

  private static func runtimes(_ row: DeviceComparison.Row) -> String {
    row.firstRuntime == row.secondRuntime
      ? row.firstRuntime : "\(row.firstRuntime) : \(row.secondRuntime)"
  }

  private static func ratioText(_ ratio: Double) -> String { fixedText(ratio, decimals: 3) }
}
