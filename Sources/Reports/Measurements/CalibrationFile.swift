public import Calibration
public import OperatorStore
import Operators
import Replay
public import Validation

/// A fit of a deployment as JSON; `TraceSchemas/calibration.schema.json` describes it.
public struct CalibrationFile: Sendable, Encodable {
  /// The value of the key `schema`.
  public static let schema = "reprise.calibration"
  /// The value of the key `version`; raised when a reader of the old one would misread.
  public static let version = 1

  private var members: [String: ResultValue]

  /// A fit to measured steps.
  public init(_ fit: StepCalibration) {
    members = Self.members(fit.calibration, isKept: fit.isWorthKeeping)
    members["outliers"] = .integer(fit.outliers)
    members["not_told_apart"] = .list(fit.notToldApart.map { .text($0) })
    members["bias_before"] = .number(fit.biasBefore)
    members["bias_held_out"] = .number(fit.heldOutBias)
    if let errors = fit.paddingErrors {
      members["error_held_out_padded"] = .number(errors.padded)
      members["error_held_out_exact"] = .number(errors.exact)
    }
  }

  /// A fit to the latencies of a log.
  ///
  /// - Parameters:
  ///   - calibration: what the database keeps of the fit, or would.
  ///   - isKept: whether it does.
  ///   - before: the judged requests, replayed without the fit.
  ///   - after: the same with it.
  public init(
    _ calibration: StoredCalibration, of fit: LogCalibration, isKept: Bool, before: Validation,
    after: Validation
  ) {
    members = Self.members(calibration, isKept: isKept)
    members["not_fitted"] = .list(fit.estimates.compactMap(\.explanation).map { .text($0) })
    members["judged"] = .integer(after.counts.paired)
    members["not_judged"] = .integer(after.counts.missingFromReplay)
    members["metrics"] = .list(
      zip(before.metrics, after.metrics).map { .object(Self.comparison($0, $1)) })
  }

  /// Writes the members.
  public func encode(to encoder: any Encoder) throws {
    try ResultValue.object(members).encode(to: encoder)
  }

  private static func members(
    _ calibration: StoredCalibration, isKept: Bool
  ) -> [String: ResultValue] {
    let errors = calibration.standardErrors
    func number(_ value: Double, _ error: Double?) -> ResultValue {
      var members: [String: ResultValue] = ["value": .number(value)]
      if let error { members["standard_error"] = .number(error) }
      return .object(members)
    }
    var members: [String: ResultValue] = [
      "schema": .text(schema), "version": .integer(version),
      "device": .text(calibration.deployment.device),
      "model": .text(calibration.deployment.model),
      "data_type": .text(calibration.deployment.types),
      "tensor_parallel": .integer(calibration.deployment.tensorParallel),
      "basis": .text(calibration.basis.rawValue), "fitted_on": .text(calibration.fittedOn),
      "fitted": .integer(calibration.steps), "kept": .flag(isKept),
      "device_scale": number(calibration.deviceScale, errors.deviceScale),
      "per_step_ns": number(calibration.perStep, errors.perStep),
      "per_sequence_ns": number(calibration.perSequence, errors.perSequence),
      "per_token_ns": number(calibration.perToken, errors.perToken),
      "collective_scale": number(calibration.collectiveScale, errors.collectiveScale),
      "hides_host": .flag(calibration.hidesHost),
      "error_before": .number(calibration.errorBefore),
      "error_held_out": .number(calibration.errorHeldOut),
    ]
    if let pads = calibration.padsToGraphs { members["pads_to_graphs"] = .flag(pads) }
    return members
  }

  private static func comparison(
    _ before: MetricComparison, _ after: MetricComparison
  ) -> [String: ResultValue] {
    var members: [String: ResultValue] = [
      "metric": .text(after.metric.rawValue), "requests": .integer(after.count),
    ]
    if let mean = after[.mean] {
      members["measured_mean_ns"] = .integer(Int(mean.measured.rawValue))
    }
    for (name, side) in [("before", before), ("after", after)] {
      var figures: [String: ResultValue] = [:]
      if let mean = side[.mean]?.differencePercent { figures["mean_percent"] = .number(mean) }
      if let error = side.replayError {
        figures["request_mean_absolute_percent"] = .number(error.meanAbsolutePercent)
        figures["request_bias_percent"] = .number(error.biasPercent)
      }
      members[name] = .object(figures)
    }
    return members
  }
}
