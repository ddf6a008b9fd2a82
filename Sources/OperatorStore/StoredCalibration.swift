internal import GRDB
public import Operators

/// What kernels cannot know of a deployment, as fitted on its measured steps or requests.
///
/// Host time is `perStep + perSequence · sequences + perToken · tokens`. A step takes
/// `deviceScale · device time` and host time together, or, with ``hidesHost``, the longer of the two.
public struct StoredCalibration: Sendable, Hashable {
  /// The deployment that it holds for.
  public struct Deployment: Sendable, Hashable {
    /// The device, as its sources name it.
    public var device: String
    /// The model's name.
    public var model: String
    /// The type that the model is served in.
    public var dataType: DataType
    /// The type of keys and values; nil for what the model's type brings with it.
    public var keyValueType: DataType?
    /// Devices that share each layer.
    public var tensorParallel: Int

    /// Creates a key.
    public init(
      device: String, model: String, dataType: DataType, keyValueType: DataType? = nil,
      tensorParallel: Int
    ) {
      self.device = device
      self.model = model
      self.dataType = dataType
      self.keyValueType = keyValueType
      self.tensorParallel = tensorParallel
    }

    /// Both types, as databases and reports name them: `bf16`, or `bf16, keys fp8`.
    public var types: String {
      dataType.rawValue + (keyValueType.map { ", keys \($0.rawValue)" } ?? "")
    }
  }

  /// What measurements a fit rests on. Raw values are the names in the database.
  public enum Basis: String, Sendable, Hashable {
    /// Engine steps, each with its duration.
    case steps
    /// Latencies of requests, by replaying their log.
    case requests
  }

  /// Standard errors of the fitted numbers, in their units; nil for a number that was not fitted,
  /// because the measurements do not determine it, and that is held at its default.
  public struct StandardErrors: Sendable, Hashable {
    /// Of ``StoredCalibration/deviceScale``.
    public var deviceScale: Double?
    /// Of ``StoredCalibration/perStep``, in nanoseconds.
    public var perStep: Double?
    /// Of ``StoredCalibration/perSequence``, in nanoseconds.
    public var perSequence: Double?
    /// Of ``StoredCalibration/perToken``, in nanoseconds.
    public var perToken: Double?
    /// Of ``StoredCalibration/collectiveScale``.
    public var collectiveScale: Double?

    /// Creates standard errors.
    public init(
      deviceScale: Double? = nil, perStep: Double? = nil, perSequence: Double? = nil,
      perToken: Double? = nil
    ) {
      self.deviceScale = deviceScale
      self.perStep = perStep
      self.perSequence = perSequence
      self.perToken = perToken
    }
  }

  /// The deployment that it holds for.
  public var deployment: Deployment
  /// The files that it was fitted on.
  public var fittedOn: String
  /// SHA-256 of the log, or the file of steps, that it was fitted on, in hexadecimal; empty where it was not kept.
  public var fittedSHA256 = ""
  /// What it was fitted on.
  public var basis = Basis.steps
  /// Steps, or requests, that it was fitted on.
  public var steps: Int
  /// Factor on all device time: clocks and caches that differ from the sweep's.
  public var deviceScale: Double
  /// Nanoseconds a step.
  public var perStep: Double
  /// Nanoseconds a sequence in the batch.
  public var perSequence: Double
  /// Nanoseconds a query token.
  public var perToken: Double
  /// Whether host time passes while the device works, as with asynchronous scheduling.
  public var hidesHost = false
  /// Factor on the time of collectives, beside ``deviceScale``; 1 where none was fitted.
  public var collectiveScale = 1.0
  /// Whether steps compute as many tokens as the next captured graph has; nil where the deployment
  /// named no graphs when it was fitted.
  public var padsToGraphs: Bool?
  /// How sure the numbers are.
  public var standardErrors = StandardErrors()
  /// Error before fitting; 0.05 is five percent. Of ``Basis/steps`` it is the mean absolute relative
  /// error of their times; of ``Basis/requests`` that of the mean and the percentiles of their
  /// latencies, over the judged requests alone.
  public var errorBefore: Double
  /// The same after fitting, on steps or requests held out from the fit.
  public var errorHeldOut: Double

  /// Creates a calibration.
  public init(
    deployment: Deployment, fittedOn: String, steps: Int, deviceScale: Double, perStep: Double,
    perSequence: Double, perToken: Double, errorBefore: Double, errorHeldOut: Double
  ) {
    self.deployment = deployment
    self.fittedOn = fittedOn
    self.steps = steps
    self.deviceScale = deviceScale
    self.perStep = perStep
    self.perSequence = perSequence
    self.perToken = perToken
    self.errorBefore = errorBefore
    self.errorHeldOut = errorHeldOut
  }
}

extension OperatorStore {
  /// Keeps a calibration; it replaces an earlier one of the same deployment.
  public func save(_ calibration: StoredCalibration) throws(OperatorStoreError) {
    try write { db in
      try db.execute(
        sql: """
          INSERT OR REPLACE INTO calibration (device, model, data_type, tensor_parallel, fitted_on,
            steps, device_scale, per_step_ns, per_sequence_ns, per_token_ns, error_before,
            error_held_out, fitted_sha256, basis, hides_host, device_scale_se, per_step_se_ns,
            per_sequence_se_ns, per_token_se_ns, collective_scale, collective_scale_se,
            pads_to_graphs)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          calibration.deployment.device, calibration.deployment.model,
          calibration.deployment.types, calibration.deployment.tensorParallel,
          calibration.fittedOn, calibration.steps, calibration.deviceScale, calibration.perStep,
          calibration.perSequence, calibration.perToken, calibration.errorBefore,
          calibration.errorHeldOut, calibration.fittedSHA256, calibration.basis.rawValue,
          calibration.hidesHost, calibration.standardErrors.deviceScale,
          calibration.standardErrors.perStep, calibration.standardErrors.perSequence,
          calibration.standardErrors.perToken, calibration.collectiveScale,
          calibration.standardErrors.collectiveScale, calibration.padsToGraphs,
        ])
    }
  }

  /// The calibration of a deployment, or nil where none was fitted.
  public func calibration(
    of deployment: StoredCalibration.Deployment
  ) throws(OperatorStoreError) -> StoredCalibration? {
    try read { db in
      try Row.fetchOne(
        db,
        sql: """
          SELECT fitted_on, steps, device_scale, per_step_ns, per_sequence_ns, per_token_ns,
            error_before, error_held_out, fitted_sha256, basis, hides_host, device_scale_se,
            per_step_se_ns, per_sequence_se_ns, per_token_se_ns, collective_scale,
            collective_scale_se, pads_to_graphs, rowid
          FROM calibration
          WHERE device = ? AND model = ? AND data_type = ? AND tensor_parallel = ?
          """,
        arguments: [
          deployment.device, deployment.model, deployment.types, deployment.tensorParallel,
        ]
      ).map { row in
        var found = StoredCalibration(
          deployment: deployment, fittedOn: row[0], steps: row[1], deviceScale: row[2],
          perStep: row[3], perSequence: row[4], perToken: row[5], errorBefore: row[6],
          errorHeldOut: row[7])
        found.fittedSHA256 = row[8]
        found.basis = StoredCalibration.Basis(rawValue: row[9]) ?? .steps
        found.hidesHost = row[10]
        found.standardErrors = StoredCalibration.StandardErrors(
          deviceScale: row[11], perStep: row[12], perSequence: row[13], perToken: row[14])
        found.collectiveScale = row[15]
        found.standardErrors.collectiveScale = row[16]
        found.padsToGraphs = row[17]
        guard found.isSound else {
          throw DamagedRow(
            table: "calibration", row: row[18],
            problem: "its numbers are no factors, times and errors")
        }
        return found
      }
    }
  }
}

extension StoredCalibration {
  /// Whether its numbers can be those of a fit.
  fileprivate var isSound: Bool {
    func isFactor(_ value: Double) -> Bool { value > 0 && value <= 1000 }
    let errors = [
      standardErrors.deviceScale, standardErrors.perStep, standardErrors.perSequence,
      standardErrors.perToken, standardErrors.collectiveScale,
    ].compactMap(\.self)
    return isFactor(deviceScale) && isFactor(collectiveScale)
      && [perStep, perSequence, perToken].allSatisfy(DamagedRow.isTime)
      && (errors + [errorBefore, errorHeldOut]).allSatisfy { $0 >= 0 && $0.isFinite }
  }
}
