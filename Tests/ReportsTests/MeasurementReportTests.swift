import Analytical
import Calibration
import Foundation
import FoundationXML
import OperatorStore
import Operators
import Reports
import TestSupport
import Testing
import Validation

/// What is printed of measurements: outliers, and two devices side by side.
@Suite struct MeasurementReportTests {
  private func device(_ name: String) throws -> Device {
    try #require(Device.builtIn(named: name))
  }

  private func curve(_ factor: Double, spike: Double = 1) -> MeasuredCurve {
    MeasuredCurve(
      Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096]), device: "", runtime: "toy 1",
      samples: (1...20).map { step in
        let time = factor * (20_000 + 100 * Double(step)) * (step == 9 ? spike : 1)
        return MeasuredSample(
          at: AxisPoint(step * 4), duration: DurationStatistics(mean: time), source: 1)
      })
  }

  private func problems(in json: String, _ schema: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
    return try SchemaCheck(file: schema).problems(in: value)
  }

  @Test func `Outliers are counted by reason and listed, the farthest off first`() throws {
    let report = OutlierReport([curve(1, spike: 5)], on: try device("h200-sxm"))
    let text = report.text(limit: 10)
    #expect(text.contains("spike: 1 (5.00 %), 1 left out of fits"))
    #expect(text.contains("tokens=36"))
    #expect(text.contains("left out\n"))
    #expect(OutlierReport([], on: try device("h100-sxm")).text(limit: 1).contains("spike: 0"))
    let json = try OutlierReport.json([report], limit: 10)
    #expect(try problems(in: json, "outliers.schema.json") == [])
    #expect(json.contains("\"at\" : \"tokens=36\""))
  }

  @Test(arguments: [nil, OperatorKind.gemm])
  func `A comparison names devices, ratios and sheets, and points where asked`(
    kind: OperatorKind?
  ) throws {
    let (first, second) = (try device("h100-sxm"), try device("h200-sxm"))
    let comparison = DeviceComparison([curve(1)], on: first, [curve(0.8, spike: 5)], on: second)
    let report = DeviceComparisonReport(
      comparison, of: first.name, and: second.name, only: kind, limit: 3)
    #expect(report.text.contains("h200-sxm over h100-sxm"))
    #expect(report.text.contains("0.800"))
    #expect(report.text.contains("0.698"))
    #expect(report.text.contains("4.000") == (kind != nil))
    let json = try report.json()
    #expect(try problems(in: json, "device-comparison.schema.json") == [])
    #expect(json.contains("largest_differences") == (kind != nil))
  }

  @Test func `A check of held-out points keeps to its schema, by software and by distance`() throws
  {
    let sheet = try device("h200-sxm")
    let report = HoldOutReport([
      .init(
        device: sheet.name, way: .points,
        check: HoldOutCheck([curve(1)], on: sheet, by: .points))
    ])
    let (part, json) = (try #require(report.parts.first), try report.json())
    #expect(try problems(in: json, "hold-out.schema.json") == [])
    for way in HoldOutProtocol.allCases {
      let of = HoldOutReport([.init(device: "d", way: way, check: part.check)])
      #expect(try problems(in: of.json(), "hold-out.schema.json") == [])
    }
    #expect(part.text.contains("toy 1") && part.text.contains("0 to 0.5"))
    let held = part.check.rows.reduce(0) { $0 + $1.errors.points }
    #expect(held > 0 && json.contains("\"held_out\" : \(held)"))
    #expect(try problems(in: HoldOutReport().json(), "hold-out.schema.json") == [])
  }

  @Test func `A figure of several devices and protocols tells them apart, as do the worst`() throws
  {
    let names = ["h100-sxm", "h200-sxm"]
    var parts: [HoldOutReport.Part] = []
    for (name, factor) in zip(names, [1.0, 3]) {
      for way in [HoldOutProtocol.points, .sizes] {
        let check = HoldOutCheck([curve(factor, spike: 1.2)], on: try device(name), by: way)
        parts.append(.init(device: name, way: way, check: check))
      }
    }
    let figure = HoldOutFigure(HoldOutReport(parts)).svg
    #expect(XMLParser(data: Data(figure.utf8)).parse())
    // A curve for each protocol in each of three charts for each device.
    #expect(figure.components(separatedBy: "<path").count - 1 == 3 * parts.count)
    for name in names { #expect(figure.contains(">\(name) · gemm · bf16 · toy 1<")) }
    let alone = HoldOutReport(Array(parts.prefix(1)))
    #expect(HoldOutFigure(alone).svg.contains(">gemm · bf16 · toy 1<"))
    #expect(XMLParser(data: Data(HoldOutFigure(HoldOutReport()).svg.utf8)).parse())

    let points = parts.flatMap { part in part.check.rows.flatMap(\.points).map { (part, $0) } }
    let most = try #require(points.max { abs($0.1.error) < abs($1.1.error) })
    let lines = HoldOutReport(parts).worst(1).split(separator: "\n")
    #expect(lines.count == 8 && lines[1].hasPrefix("device"))
    #expect(lines[7].hasPrefix("\(most.0.device)") && lines[7].contains(most.0.way.rawValue))
    #expect(!alone.worst(1).contains("protocol"))
  }

  @Test func `A check of plans keeps to its schema, and its table says the same`() throws {
    let sheet = try device("h200-sxm")
    let check = PlanCheck([curve(1)], on: sheet, points: 2, runs: 2)
    let part = PlanCheckReport.Part(device: sheet.name, points: 2, check: check)
    let json = try PlanCheckReport([part]).json()
    #expect(try problems(in: json, "plan-check.schema.json") == [])
    let row = try #require(check.rows.first)
    #expect(json.contains("\"promised_percent\" : \(100 * row.promised)"))
    #expect(part.text.hasPrefix("h200-sxm: plans of 2 points") && part.text.contains("over 2 runs"))
    #expect(part.text.contains(String(format: "%.2f", 100 * row.promised)))
    #expect(try problems(in: PlanCheckReport().json(), "plan-check.schema.json") == [])
  }
}
