public import Analytical
import CostModel
public import OperatorStore
import Operators
import Validation

/// The measured points of one device that do not fit the others, for a terminal or as JSON.
public struct OutlierReport: Sendable {
  /// The device, by the name of its data sheet.
  public let device: String
  private let outliers: SampleOutliers
  private let curves: Int
  private let samples: Int
  /// The curves' median noise, relative.
  private let noise: Double?

  /// Looks through a device's curves.
  public init(_ curves: [MeasuredCurve], on device: Device) {
    self.device = device.name
    self.outliers = SampleOutliers(curves, on: device)
    self.curves = curves.count
    self.samples = curves.reduce(0) { $0 + $1.samples.count }
    let noises = curves.compactMap { CurveNoise($0, on: device).alongAxes }.sorted()
    self.noise = noises.isEmpty ? nil : noises[noises.count / 2]
  }

  /// A line a reason, then the points, the farthest off first.
  ///
  /// - Parameter limit: the most points to list.
  public func text(limit: Int) -> String {
    var lines = [
      "\(device): \(groupedCount(samples, "sample")) of \(groupedCount(curves, "curve"))"
        + (noise.map { ", median noise of a curve \(fixedText(100 * $0, decimals: 1)) %" } ?? "")
    ]
    for reason in SampleOutliers.Reason.allCases {
      let found = outliers.findings.filter { $0.reason == reason }
      let excluded = found.count { !$0.excluded.isEmpty }
      lines.append(
        "  \(reason.rawValue): \(groupedText(found.count)) "
          + "(\(fixedText(100 * Double(found.count) / Double(max(1, samples)), decimals: 2)) %), "
          + "\(groupedText(excluded)) left out of fits")
    }
    lines.append(
      "  bumps that like curves share, which are steps of kernels: "
        + groupedText(outliers.sharedSteps))
    var text = lines.joined(separator: "\n") + "\n"
    guard !outliers.findings.isEmpty else { return text }
    var table = TextTable([
      .init("operator", .left), .init("runtime", .left), .init("at", .left),
      .init("measured µs"), .init("expected µs"), .init("factor"), .init("noise %"),
      .init("reason", .left), .init("in fits", .left),
    ])
    for finding in outliers.findings.prefix(limit) {
      table.add([
        finding.operator.description, finding.runtime, finding.place,
        fixedText(finding.measured / 1e3, decimals: 3),
        fixedText(finding.expected / 1e3, decimals: 3), fixedText(finding.factor, decimals: 2),
        fixedText(100 * finding.noise, decimals: 1), finding.reason.rawValue,
        finding.excluded.isEmpty ? "kept" : "left out",
      ])
    }
    text += table.text
    let more = outliers.findings.count - limit
    if more > 0 { text += "\(groupedText(more)) more; --limit shows them\n" }
    return text
  }

  /// The same for several devices, as `TraceSchemas/outliers.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public static func json(_ reports: [OutlierReport], limit: Int) throws -> String {
    try EstimateFile.text("outliers", ["devices": .list(reports.map { $0.document(limit) })])
  }

  private func document(_ limit: Int) -> ResultValue {
    let counts = SampleOutliers.Reason.allCases.map { reason in
      let found = outliers.findings.filter { $0.reason == reason }
      return ResultValue.object([
        "reason": .text(reason.rawValue), "found": .integer(found.count),
        "excluded": .integer(found.count { !$0.excluded.isEmpty }),
      ])
    }
    var members: [String: ResultValue] = [
      "device": .text(device), "curves": .integer(curves), "samples": .integer(samples),
      "shared_steps": .integer(outliers.sharedSteps), "counts": .list(counts),
      "findings": .list(
        outliers.findings.prefix(limit).map { finding in
          .object([
            "operator": .text(finding.operator.description), "runtime": .text(finding.runtime),
            "at": .text(finding.place), "reason": .text(finding.reason.rawValue),
            "measured_ns": .number(finding.measured), "expected_ns": .number(finding.expected),
            "noise": .number(finding.noise), "excluded": .flag(!finding.excluded.isEmpty),
          ])
        }),
    ]
    if let noise { members["median_noise"] = .number(noise) }
    return .object(members)
  }
}

extension SampleOutliers.Finding {
  /// The point in words.
  fileprivate var place: String { pointText(point, of: self.operator.kind) }
}

/// A point with the names of its axes, as `tokens=128`; sizes of zero are left out.
func pointText(_ point: AxisPoint, of kind: OperatorKind) -> String {
  let named = zip(kind.axes, 0...).filter { point[$1] != 0 }.map { "\($0)=\(point[$1])" }
  return named.isEmpty ? "0" : named.joined(separator: " ")
}
