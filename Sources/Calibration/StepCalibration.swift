public import CostModel
public import OperatorStore
public import Operators

/// Fits what kernels cannot know of a deployment to its measured engine steps.
///
/// A step takes `deviceScale · device time + perStep + perSequence · sequences + perToken · tokens`:
/// the scheduler's and launcher's time, and one factor for clocks and caches that differ from the
/// sweep's. Where steps are scheduled while the one before them runs, host time may be hidden: then
/// the longer of the two is fitted as well, and kept if it predicts held-out steps better. Four
/// numbers only, none of them negative; the curves stay as measured. The fit
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
  ///   - mayHideHost: whether host time might pass while the device works.
  /// - Throws: ``CalibrationError/tooFewSteps(found:needed:)`` below 20 usable steps.
  public init(
    _ deployment: StoredCalibration.Deployment, on steps: [MeasuredStep], with model: StepModel,
    fittedOn: String, mayHideHost: Bool = false
  ) throws(CalibrationError) {
    let observations = steps.compactMap { Observation($0, model) }
    guard observations.count >= Self.fewestSteps else {
      throw .tooFewSteps(found: observations.count, needed: Self.fewestSteps)
    }
    guard var fitted = Self.robustFit(observations, hidesHost: false),
      var heldOut = Self.heldOut(observations, hidesHost: false)
    else { throw .noSolution }
    var hidesHost = false
    if mayHideHost, let hidden = Self.robustFit(observations, hidesHost: true),
      let judged = Self.heldOut(observations, hidesHost: true),
      judged.absolute < heldOut.absolute
    {
      (fitted, heldOut, hidesHost) = (hidden, judged, true)
    }
    let count = Double(observations.count)
    let none = Fit(coefficients: [1, 0, 0, 0], hidesHost: false)
    let before = observations.reduce(0) { $0 + abs($1.relativeError(none)) } / count
    self.biasBefore = observations.reduce(0) { $0 + $1.relativeError(none) } / count
    let found = fitted.fit.coefficients
    self.calibration = StoredCalibration(
      deployment: deployment, fittedOn: fittedOn, steps: observations.count - fitted.outliers,
      deviceScale: found[0], perStep: found[1], perSequence: found[2], perToken: found[3],
      errorBefore: before, errorHeldOut: heldOut.absolute)
    calibration.hidesHost = hidesHost
    calibration.standardErrors = StoredCalibration.StandardErrors(
      deviceScale: heldOut.errors[0], perStep: heldOut.errors[1], perSequence: heldOut.errors[2],
      perToken: heldOut.errors[3])
    self.outliers = fitted.outliers
    self.heldOutBias = heldOut.signed
  }

  /// Mean relative errors on steps held out by whole stretches of time, so that neighbours do not
  /// vouch for each other. Every step is judged, outliers too, by a fit that saw nothing of its
  /// stretch; and standard errors of the coefficients, from how those fits differ.
  private static func heldOut(
    _ observations: [Observation], hidesHost: Bool
  ) -> (absolute: Double, signed: Double, errors: [Double])? {
    var (absolute, signed) = (0.0, 0.0)
    let folds = 5
    var fits: [[Double]] = []
    for fold in 0..<folds {
      let (low, high) = (
        observations.count * fold / folds, observations.count * (fold + 1) / folds
      )
      let others = Array(observations[..<low]) + Array(observations[high...])
      guard let trained = robustFit(others, hidesHost: hidesHost) else { return nil }
      fits.append(trained.fit.coefficients)
      for observation in observations[low..<high] {
        let error = observation.relativeError(trained.fit)
        absolute += abs(error)
        signed += error
      }
    }
    let count = Double(observations.count)
    let errors = (0..<4).map { term in
      let mean = fits.reduce(0) { $0 + $1[term] } / Double(folds)
      let squares = fits.reduce(0) { $0 + ($1[term] - mean) * ($1[term] - mean) }
      return (squares * Double(folds - 1) / Double(folds)).squareRoot()
    }
    return (absolute / count, signed / count, errors)
  }

  /// Fits once, and again without the steps that lie far off.
  private static func robustFit(
    _ observations: [Observation], hidesHost: Bool
  ) -> (fit: Fit, outliers: Int)? {
    func fit(_ steps: [Observation]) -> Fit? { hidesHost ? hiddenFit(steps) : Self.fit(steps) }
    guard let first = fit(observations) else { return nil }
    let residuals = observations.map { abs($0.relativeError(first)) }
    let limit = 6 * max(0.01, residuals.sorted()[residuals.count / 2])
    let kept = zip(observations, residuals).filter { $1 <= limit }.map(\.0)
    return fit(kept).map { ($0, observations.count - kept.count) }
  }

  private static let fewestSteps = 20

  private static func fit(_ observations: [Observation]) -> Fit? {
    nonNegativeLeastSquares(
      rows: observations.map(\.terms), targets: observations.map(\.duration),
      weights: observations.map(\.weight), required: [0]
    ).map { Fit(coefficients: $0, hidesHost: false) }
  }

  /// Fits the longer of device and host time: each step to the side that is longer by the fit before,
  /// until none changes sides.
  private static func hiddenFit(_ observations: [Observation]) -> Fit? {
    // Steps that are all device have the least duration for their kernels.
    let ratios = observations.map { $0.duration / max(1, $0.terms[0]) }.sorted()
    let scale = ratios[ratios.count / 10]
    var isHost = observations.map { $0.duration > 1.1 * scale * $0.terms[0] }
    var best: Fit?
    for _ in 0..<50 {
      let device = zip(observations, isHost).filter { !$1 }.map(\.0)
      let host = zip(observations, isHost).filter { $1 }.map(\.0)
      guard
        let factor = nonNegativeLeastSquares(
          rows: device.map { [$0.terms[0]] }, targets: device.map(\.duration),
          weights: device.map(\.weight))
      else { break }
      let times =
        nonNegativeLeastSquares(
          rows: host.map { Array($0.terms[1...]) }, targets: host.map(\.duration),
          weights: host.map(\.weight)) ?? [0, 0, 0]
      let fit = Fit(coefficients: factor + times, hidesHost: true)
      best = fit
      let sides = observations.map { $0.hostTime(fit) > factor[0] * $0.terms[0] }
      if sides == isHost { break }
      isHost = sides
    }
    return best
  }
}

/// What was fitted: factor on device time, then host time a step, a sequence and a token.
private struct Fit {
  var coefficients: [Double]
  var hidesHost: Bool
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

  /// So that relative errors count.
  var weight: Double { 1 / (duration * duration) }

  func hostTime(_ fit: Fit) -> Double {
    zip(terms, fit.coefficients).dropFirst().reduce(0) { $0 + $1.0 * $1.1 }
  }

  func relativeError(_ fit: Fit) -> Double {
    let (device, host) = (terms[0] * fit.coefficients[0], hostTime(fit))
    return (fit.hidesHost ? max(device, host) : device + host) / duration - 1
  }
}
