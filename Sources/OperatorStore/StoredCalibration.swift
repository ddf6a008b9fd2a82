internal import GRDB
public import Operators

/// What kernels cannot know of a deployment, as fitted on its measured steps.
///
/// A step takes `deviceScale · device time + perStep + perSequence · sequences + perToken · tokens`.
public struct StoredCalibration: Sendable, Hashable {
  /// The deployment that it holds for.
  public struct Deployment: Sendable, Hashable {
    /// The device, as its sources name it.
    public var device: String
    /// The model's name.
    public var model: String
    /// The type of weights and activations.
    public var dataType: DataType
    /// Devices that share each layer.
    public var tensorParallel: Int

    /// Creates a key.
    public init(device: String, model: String, dataType: DataType, tensorParallel: Int) {
      self.device = device
      self.model = model
      self.dataType = dataType
      self.tensorParallel = tensorParallel
    }
  }

  /// The deployment that it holds for.
  public var deployment: Deployment
  /// The files that it was fitted on.
  public var fittedOn: String
  /// Steps that it was fitted on.
  public var steps: Int
  /// Factor on all device time: clocks and caches that differ from the sweep's.
  public var deviceScale: Double
  /// Nanoseconds a step.
  public var perStep: Double
  /// Nanoseconds a sequence in the batch.
  public var perSequence: Double
  /// Nanoseconds a query token.
  public var perToken: Double
  /// Mean absolute relative error of step times before fitting; 0.05 is five percent.
  public var errorBefore: Double
  /// The same on steps held out from the fit.
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
            error_held_out)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          calibration.deployment.device, calibration.deployment.model,
          calibration.deployment.dataType.rawValue, calibration.deployment.tensorParallel,
          calibration.fittedOn, calibration.steps, calibration.deviceScale, calibration.perStep,
          calibration.perSequence, calibration.perToken, calibration.errorBefore,
          calibration.errorHeldOut,
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
            error_before, error_held_out
          FROM calibration
          WHERE device = ? AND model = ? AND data_type = ? AND tensor_parallel = ?
          """,
        arguments: [
          deployment.device, deployment.model, deployment.dataType.rawValue,
          deployment.tensorParallel,
        ]
      ).map { row in
        StoredCalibration(
          deployment: deployment, fittedOn: row[0], steps: row[1], deviceScale: row[2],
          perStep: row[3], perSequence: row[4], perToken: row[5], errorBefore: row[6],
          errorHeldOut: row[7])
      }
    }
  }
}
