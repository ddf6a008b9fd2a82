public import CostModel
public import OperatorStore
public import Operators

/// Fits what kernels cannot know of a deployment to its measured engine steps.
///
/// A step takes `deviceScale · device time + perStep + perSequence · sequences + perToken · tokens`:
/// the scheduler's and launcher's time, and one factor for clocks and caches that differ from the
/// sweep's. Four numbers only, none of them negative; the curves stay as measured. The fit
/// minimises relative errors, once, then again without the steps that lie far off (a machine
/// pausing is not a property of the deployment).
public struct StepCalibration: Sendable {
  /// The fitted numbers, with the errors before and on held-out steps.
  public var calibration: StoredCalibration
  /// Steps left out as outliers.
  public var outliers: Int
  /// Mean signed relative error before fitting.
  public var biasBefore: Double
  /// Mean signed relative error on held-out steps: below zero where steps are predicted too short.
  public var heldOutBias: Double

  /// Fits a deployment.
  ///
  /// - Parameters:
  ///   - deployment: what the steps were measured on.
  ///   - steps: measured steps; empty ones are passed over.
  ///   - model: the deployment's step model without calibration.
  ///   - fittedOn: the steps' origin, kept with the result.
  /// - Throws: ``CalibrationError/tooFewSteps(found:needed:)`` below 20 usable steps.
  public init(
    _ deployment: StoredCalibration.Deployment, on steps: [MeasuredStep], with model: StepModel,
    fittedOn: String
  ) throws(CalibrationError) {
    let observations = steps.compactMap { Observation($0, model) }
    guard observations.count >= Self.fewestSteps else {
      throw .tooFewSteps(found: observations.count, needed: Self.fewestSteps)
    }
    guard let fitted = Self.robustFit(observations) else { throw .noSolution }

    // Held out by whole stretches of time, so that neighbours do not vouch for each other. Every
    // step is judged, outliers too, by a fit that saw nothing of its stretch.
    var (absolute, signed) = (0.0, 0.0)
    let folds = 5
    for fold in 0..<folds {
      let (low, high) = (
        observations.count * fold / folds, observations.count * (fold + 1) / folds
      )
      let others = Array(observations[..<low]) + Array(observations[high...])
      guard let trained = Self.robustFit(others) else { throw .noSolution }
      for observation in observations[low..<high] {
        let error = observation.relativeError(trained.coefficients)
        absolute += abs(error)
        signed += error
      }
    }
    let count = Double(observations.count)
    let before = observations.reduce(0) { $0 + abs($1.relativeError([1, 0, 0, 0])) } / count
    self.biasBefore = observations.reduce(0) { $0 + $1.relativeError([1, 0, 0, 0]) } / count
    let found = fitted.coefficients
    self.calibration = StoredCalibration(
      deployment: deployment, fittedOn: fittedOn, steps: observations.count - fitted.outliers,
      deviceScale: found[0], perStep: found[1], perSequence: found[2], perToken: found[3],
      errorBefore: before, errorHeldOut: absolute / count)
    self.outliers = fitted.outliers
    self.heldOutBias = signed / count
  }

  /// Fits once, and again without the steps that lie far off.
  private static func robustFit(
    _ observations: [Observation]
  ) -> (coefficients: [Double], outliers: Int)? {
    guard let first = fit(observations) else { return nil }
    let residuals = observations.map { abs($0.relativeError(first)) }
    let limit = 6 * max(0.01, residuals.sorted()[residuals.count / 2])
    let kept = zip(observations, residuals).filter { $1 <= limit }.map(\.0)
    return fit(kept).map { ($0, observations.count - kept.count) }
  }

  private static let fewestSteps = 20

  private static func fit(_ observations: [Observation]) -> [Double]? {
    nonNegativeLeastSquares(
      rows: observations.map(\.terms), targets: observations.map(\.duration),
      weights: observations.map { 1 / ($0.duration * $0.duration) }, required: [0])
  }
}

/// A measured step beside its predicted device time.
private struct Observation {
  /// Device time, one, sequences, tokens.
  var terms: [Double]
  var duration: Double

  init?(_ step: MeasuredStep, _ model: StepModel) {
    guard step.duration > .zero, step.shape.tokens > 0 else { return nil }
    let device = model.price(step.shape).deviceTime.sum()
    self.terms = [
      device, 1, Double(step.shape.prefillSequences + step.shape.decodeSequences),
      Double(step.shape.tokens),
    ]
    self.duration = Double(step.duration.rawValue)
  }

  func relativeError(_ coefficients: [Double]) -> Double {
    zip(terms, coefficients).reduce(0) { $0 + $1.0 * $1.1 } / duration - 1
  }
}
