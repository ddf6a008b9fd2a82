public import CostModel
public import OperatorStore
public import Operators

/// Fits what kernels cannot know of a deployment to its measured engine steps.
///
/// A step takes `deviceScale · device time + perStep + perSequence · sequences + perToken · tokens`:
/// the scheduler's and launcher's time, and one factor for clocks and caches that differ from the
/// sweep's. More is fitted where it may be so, and kept only if it predicts held-out steps better:
/// that host time is hidden behind the device (the longer of the two is then the step), and that steps
/// compute as many tokens as the next captured graph has. Where devices share layers, collectives get a
/// factor of their own, since in a server they overlap with products, or wait for the slowest rank; as
/// both grow with tokens alone, host time a token is then fitted only if it is clearly better, or if the
/// factor would be beyond reason. No number is negative; the curves stay as measured. The fit minimises
/// relative errors, once, then again without the steps that lie far off (a machine pausing is not a
/// property of the deployment). The held-out error is that of the form that was chosen by it, so a little
/// too small where several were tried.
public struct StepCalibration: Sendable {
  /// The fitted numbers, with the errors before and on held-out steps.
  public var calibration: StoredCalibration
  /// Steps left out as outliers.
  public var outliers: Int
  /// How much too long all steps that are not far off are predicted together without the fit, as a share.
  public var biasBefore: Double
  /// The same on held-out steps: below zero where they are predicted too short.
  public var heldOutBias: Double
  /// Numbers that the steps cannot tell from others, alone or several together, as where all batches are of one
  /// size: only what they come to in all is sure.
  public var inseparable: [(parameter: StepParameter, others: [StepParameter])]
  /// Whether any step is as long as its device's time; if none is, its factor is not fitted.
  package var tellsDevice = true
  /// Mean absolute relative error on held-out steps where graphs pad them, and where they do not; nil
  /// where the deployment names no graphs.
  public var paddingErrors: (padded: Double, exact: Double)?

  /// Fits a deployment.
  ///
  /// - Parameters:
  ///   - deployment: what the steps were measured on.
  ///   - steps: measured steps, those of each source in order of time, as stretches of it are held out; empty
  ///     ones are passed over.
  ///   - model: the deployment's step model without calibration and without graphs.
  ///   - padded: the same with the deployment's graphs, if it has any.
  ///   - fittedOn: the steps' origin, kept with the result.
  ///   - mayHideHost: whether host time might pass while the device works.
  /// - Throws: ``CalibrationError/tooFewSteps(found:needed:)`` below 20 usable steps,
  ///   ``CalibrationError/implausible(deviceScale:)`` if the factor is outside 0.2 to 5.
  public init(
    _ deployment: StoredCalibration.Deployment, on steps: [MeasuredStep], with model: StepModel,
    padded: StepModel? = nil, fittedOn: String, mayHideHost: Bool = false
  ) throws(CalibrationError) {
    let exact = steps.compactMap { StepObservation($0, model) }
    guard exact.count >= Self.fewestSteps else {
      throw .tooFewSteps(found: exact.count, needed: Self.fewestSteps)
    }
    guard var best = Self.bestForm(exact, mayHideHost: mayHideHost) else { throw .noSolution }
    var observations = exact
    var isPadded = false
    if let padded {
      let others = steps.compactMap { StepObservation($0, padded) }
      if let found = Self.bestForm(others, mayHideHost: mayHideHost) {
        paddingErrors = (found.heldOut.absolute, best.heldOut.absolute)
        if isClearlyBetter(found.heldOut.absolute, than: best.heldOut.absolute) {
          (best, observations, isPadded) = (found, others, true)
        }
      }
    }
    let count = Double(observations.count)
    let before = observations.map { StepFit.none.relativeError($0) }
    let kept = observations.filter { best.fit.deviation($0) <= best.limit }
    biasBefore =
      kept.reduce(0) { $0 + StepFit.none.duration($1) } / kept.reduce(0) { $0 + $1.duration } - 1
    let fit = best.fit
    guard StepFit.plausibleScale.contains(fit.compute) else {
      throw .implausible(deviceScale: fit.compute)
    }
    calibration = StoredCalibration(
      deployment: deployment, fittedOn: fittedOn, steps: kept.count,
      deviceScale: fit.compute, perStep: fit.host[0], perSequence: fit.host[1],
      perToken: fit.host[2], errorBefore: before.reduce(0) { $0 + abs($1) } / count,
      errorHeldOut: best.heldOut.absolute)
    calibration.hidesHost = fit.form.hidesHost
    calibration.padsToGraphs = padded == nil ? nil : isPadded
    let errors = best.heldOut.errors
    inseparable = Self.inseparable(observations, fit)
    tellsDevice = fit.tellsDevice
    let unsure = Set(inseparable.flatMap { [$0.parameter] + $0.others })
    /// The error of a number that the steps determine, and that does not rest on its bound in every fit.
    func error(_ parameter: StepParameter, _ place: Int) -> Double? {
      let isDevice = parameter == .deviceScale || parameter == .collectiveScale
      guard !unsure.contains(parameter), errors[place] > 0 else { return nil }
      return isDevice && !fit.tellsDevice ? nil : errors[place]
    }
    calibration.standardErrors = StoredCalibration.StandardErrors(
      deviceScale: error(.deviceScale, 0), perStep: error(.perStep, 2),
      perSequence: error(.perSequence, 3), perToken: error(.perToken, 4))
    if fit.form.fitsCollectives, fit.compute > 0 {
      calibration.collectiveScale = fit.collectives / fit.compute
      calibration.standardErrors.collectiveScale = error(.collectiveScale, 5)
    }
    outliers = observations.count - kept.count
    heldOutBias = best.heldOut.signed
  }

  /// What the steps do not tell, in words, a sentence each: ``inseparable``, and what is hidden.
  public var notToldApart: [String] {
    let hidden =
      tellsDevice
      ? []
      : [
        "\(StepParameter.deviceScale.title) from 1: host time is longer than the device's in all of these steps, and "
          + "device time stays as predicted"
      ]
    return hidden
      + inseparable.map { parameter, others in
        "\(([parameter] + others).map(\.title).joined(separator: " and ")): they grow alike in these steps; only what "
          + (others.count == 1 ? "both" : "all") + " come to is sure"
      }
  }

  private static let fewestSteps = 20

  /// The numbers, later ones first, whose part of a step grows as that of others does.
  private static func inseparable(
    _ steps: [StepObservation], _ fit: StepFit
  ) -> [(parameter: StepParameter, others: [StepParameter])] {
    let device: [StepParameter] =
      fit.form.fitsCollectives ? [.deviceScale, .collectiveScale] : [.deviceScale]
    let host = Array([StepParameter.perStep, .perSequence, .perToken].prefix(fit.form.hostTerms))
    guard fit.form.hidesHost else { return inseparable(device + host, steps, fit) }
    // Each step tells of one side alone.
    return inseparable(device, steps.filter { !fit.isHostBound($0) }, fit)
      + inseparable(host, steps.filter { fit.isHostBound($0) }, fit)
  }

  private static func inseparable(
    _ parameters: [StepParameter], _ steps: [StepObservation], _ fit: StepFit
  ) -> [(parameter: StepParameter, others: [StepParameter])] {
    guard !steps.isEmpty else { return [] }
    func effect(_ parameter: StepParameter, _ step: StepObservation) -> Double {
      switch parameter {
      case .deviceScale: fit.form.fitsCollectives ? step.compute : step.compute + step.collectives
      case .collectiveScale: step.collectives
      case .perStep, .perSequence, .perToken: step.host[parameter.rawValue - 1]
      }
    }
    var free = parameters.map { parameter in
      (parameter: parameter, column: steps.map { effect(parameter, $0) })
    }
    let weights = steps.map { 1 / ($0.duration * $0.duration) }
    var found: [(parameter: StepParameter, others: [StepParameter])] = []
    while let (place, others) = inseparableColumns(
      normalizedProducts(free.map(\.column), weights).matrix)
    {
      found.append((free[place].parameter, others.map { free[$0].parameter }))
      free.remove(at: place)
    }
    return found
  }

  /// Whether it predicts steps that it did not see better than no fit does: by less error, or by less of it in
  /// one direction, which adds up over a run.
  public var isWorthKeeping: Bool {
    let (before, after) = (calibration.errorBefore, calibration.errorHeldOut)
    return isClearlyBetter(after, than: before)
      // Relative to what was measured, steps predicted too short err less than those predicted right.
      || before > 0.9 * after
        && isClearlyBetter(abs(heldOutBias), than: abs(biasBefore))
  }

  /// Errors on steps that the fits did not see, and standard errors of the numbers.
  private struct HeldOut {
    /// The mean relative error.
    var absolute: Double
    /// Of all steps together.
    var signed: Double
    /// In the order of ``StepFit/numbers``, then that of collectives' factor over the other one, which
    /// err together.
    var errors: [Double]
  }

  private struct Judged {
    var fit: StepFit
    /// Beyond which deviation a step is an outlier.
    var limit: Double
    var heldOut: HeldOut
  }

  /// The form that predicts held-out steps best; of about equals the more plausible one.
  private static func bestForm(_ steps: [StepObservation], mayHideHost: Bool) -> Judged? {
    func judge(_ form: StepForm) -> Judged? {
      guard let fitted = StepFit.robust(steps, form), let heldOut = heldOut(steps, form) else {
        return nil
      }
      return Judged(fit: fitted.fit, limit: fitted.limit, heldOut: heldOut)
    }
    let exchanges = steps.contains { $0.collectives > 0 }
    let forms = [
      StepForm(fitsCollectives: true), StepForm(),
      StepForm(hidesHost: true, fitsCollectives: true), StepForm(hidesHost: true),
    ].filter { (mayHideHost || !$0.hidesHost) && (exchanges || !$0.fitsCollectives) }
    let sound = forms.compactMap(judge).filter(\.fit.hasPlausibleCollectives)
    // What no device does is not looked at where something else explains the steps.
    let plausible = sound.filter { StepFit.plausibleScale.contains($0.fit.compute) }
    var best: Judged?
    for judged in plausible.isEmpty ? sound : plausible
    where best.map({ isClearlyBetter(judged.heldOut.absolute, than: $0.heldOut.absolute) }) ?? true
    {
      best = judged
    }
    return best
  }

  /// Steps are held out by whole stretches of time, so that neighbours do not vouch for each other.
  /// Every step is judged, outliers too, by a fit that saw nothing of its stretch; standard errors
  /// come from how those fits differ.
  private static func heldOut(_ steps: [StepObservation], _ form: StepForm) -> HeldOut? {
    var (absolute, predicted, measured) = (0.0, 0.0, 0.0)
    let folds = 5
    var fits: [[Double]] = []
    for fold in 0..<folds {
      let (low, high) = (steps.count * fold / folds, steps.count * (fold + 1) / folds)
      let others = Array(steps[..<low]) + Array(steps[high...])
      guard let trained = StepFit.robust(others, form) else { return nil }
      let fit = trained.fit
      fits.append(fit.numbers + [fit.collectives / max(fit.compute, .leastNormalMagnitude)])
      for step in steps[low..<high] {
        absolute += abs(fit.relativeError(step))
        // A machine that pauses is no bias of a fit.
        guard fit.deviation(step) <= trained.limit else { continue }
        predicted += fit.duration(step)
        measured += step.duration
      }
    }
    let count = Double(steps.count)
    return HeldOut(
      absolute: absolute / count, signed: measured > 0 ? predicted / measured - 1 : 0,
      errors: jackknifeErrors(fits, count: fits[0].count))
  }
}
