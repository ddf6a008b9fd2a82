public import CostModel
public import Operators

/// One operator's predicted time and what it rests on, as JSON; `TraceSchemas/prediction.schema.json` describes it.
public struct PredictionFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.prediction"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private let schema = Self.schema
  private let version = Self.version
  private let device: String
  private let `operator`, point: String
  private let nanoseconds, relativeError: Double
  private let interval90: [Double]
  private let speedOfLight: Double
  private let evidence, explanation: String
  private let notes: [String]
  private let support: [Sample]?

  private struct Sample: Encodable {
    var `operator`, point: String
    var nanoseconds, weight, octaves: Double
  }

  private enum CodingKeys: String, CodingKey {
    case schema, version, device, `operator`, point, nanoseconds, interval90, evidence, explanation,
      notes, support
    case relativeError = "relative_error"
    case speedOfLight = "speed_of_light"
  }

  /// Takes what was predicted.
  ///
  /// - Parameters:
  ///   - device: the name of its data sheet.
  ///   - notes: what else a reader should know of the price.
  ///   - explains: whether the samples that it rests on are listed.
  public init(
    _ prediction: Prediction, of operator: Operator, at point: AxisPoint, on device: String,
    notes: [String], explains: Bool
  ) {
    self.device = device
    self.operator = `operator`.description
    self.point = `operator`.text(of: point)
    nanoseconds = prediction.nanoseconds
    relativeError = prediction.relativeError
    interval90 = [prediction.interval90.lowerBound, prediction.interval90.upperBound]
    speedOfLight = prediction.speedOfLight
    evidence = "\(prediction.evidence)"
    explanation = prediction.explanation
    self.notes = notes
    support =
      explains
      ? prediction.support.map {
        Sample(
          operator: $0.operator.description, point: $0.operator.text(of: $0.point),
          nanoseconds: $0.nanoseconds, weight: $0.weight, octaves: $0.octaves)
      } : nil
  }
}
