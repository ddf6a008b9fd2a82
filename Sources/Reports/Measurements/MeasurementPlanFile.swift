public import Calibration
import Foundation
internal import Operators
public import TraceIO

/// The points of a ``MeasurementPlan`` as JSON, for `tools/capture`;
/// `TraceSchemas/measurement-points.schema.json` is its contract.
public struct MeasurementPlanFile: Sendable {
  /// The value of the key `schema`.
  public static let schema = "reprise.measurement-points"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  /// The points.
  public var plan: MeasurementPlan
  /// The device to measure on, as the deployment names it.
  public var device: String
  /// The decoder inside whose steps points are measured, if there is one.
  public var model: CapturedModel?

  /// Creates a file.
  public init(_ plan: MeasurementPlan, device: String, model: CapturedModel?) {
    self.plan = plan
    self.device = device
    self.model = model
  }

  /// The file's text: the same plan gives the same bytes.
  ///
  /// - Throws: where a figure is infinite or no number.
  public var text: String {
    get throws {
      var members: [String: ResultValue] = [
        "schema": .text(Self.schema), "version": .integer(Self.version), "device": .text(device),
        "device_time_ns": .number(plan.nanoseconds.rounded()),
        "standard_error_ns": .number(plan.standardError.rounded()),
        "standard_error_after_ns": .number(plan.standardErrorAfter.rounded()),
        "points": .list(plan.points.map(Self.value)),
      ]
      if let model {
        members["model"] = .object([
          "hidden_size": .integer(model.hiddenSize),
          "intermediate_size": .integer(model.intermediateSize),
          "num_hidden_layers": .integer(model.layers),
          "num_attention_heads": .integer(model.heads),
          "num_key_value_heads": .integer(model.kvHeads), "head_dim": .integer(model.headDim),
          "vocab_size": .integer(model.vocabularySize),
        ])
      }
      return String(decoding: try indentedJSON(ResultValue.object(members)), as: UTF8.self) + "\n"
    }
  }

  /// Writes the file.
  public func write(to path: String) throws(OutputError) {
    let text: String
    do {
      text = try self.text
    } catch {
      throw OutputError(path: path, reason: "a figure is infinite or not a number")
    }
    var file = try OutputFile(path: path)
    try file.write(text)
    try file.commit()
  }

  /// A point as samples have it, with why it is asked for.
  private static func value(_ point: MeasurementPlan.Point) -> ResultValue {
    let names = point.operator.kind.axes
    var members: [String: ResultValue] = [
      "kind": .text(point.operator.kind.rawValue),
      "attributes": .object(point.operator.attributes.mapValues { .integer($0) }),
      "axes": .object(
        Dictionary(
          names.enumerated().map { ($1, .integer(point.point[$0])) }, uniquingKeysWith: { $1 })),
      "informed_share": .number(point.informedShare),
      "relative_error": .number(point.relativeError),
      "evidence": .text("\(point.evidence)"),
      "standard_error_before_ns": .number(point.standardErrorBefore.rounded()),
      "standard_error_after_ns": .number(point.standardErrorAfter.rounded()),
    ]
    if let type = point.operator.dataType { members["dtype"] = .text(type.rawValue) }
    return .object(members)
  }
}
