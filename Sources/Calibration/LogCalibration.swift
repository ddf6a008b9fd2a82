public import CostModel
public import OperatorStore
public import Validation

/// Fits what kernels cannot know of a deployment to the latencies that a log measured, by replaying
/// it with one set of numbers after another.
///
/// Latencies of requests tell far less than steps do: a number that the log does not determine is
/// not fitted but held at its default, and ``Estimate/undetermined`` says why. Numbers are dropped
/// one at a time, the least trusted first (``StepParameter``), until each of the rest has an effect
/// of its own that exceeds its noise. How the log is replayed is the caller's: ``MeasuredLog`` does
/// it with ``Replay``.
///
/// - Complexity: some 100 to 400 replays.
public struct LogCalibration: Sendable {
  /// Why a log does not determine a number.
  public enum Undetermined: Sendable, Hashable {
    /// No latency depends on it.
    case noEffect
    /// Latencies change with it just as with others, alone or several together.
    case inseparable(from: [StepParameter])
    /// The best value is the last that is allowed: something else explains the latencies.
    case atItsBound
    /// Its standard error, in parts of a step's time, is too large.
    case uncertain(partOfStep: Double)
  }

  /// One number of the fit.
  public struct Estimate: Sendable, Hashable {
    /// Which.
    public var parameter: StepParameter
    /// A factor, or nanoseconds; the default where it is undetermined.
    public var value: Double
    /// In the unit of the value; nil where it is undetermined.
    public var standardError: Double?
    /// Why it was not fitted; nil where it was.
    public var undetermined: Undetermined?
  }

  /// The fitted numbers, to price steps with.
  public var parameters: StepParameters
  /// Each number with its uncertainty, in the order of ``StepParameter``.
  public var estimates: [Estimate]
  /// Requests that were fitted.
  public var requests: Int

  /// The largest standard error with which a number counts as determined, in parts of a mean step.
  static let largestError = 0.1
  static let fewestRequests = 20

  /// Fits a log.
  ///
  /// - Parameters:
  ///   - measured: what was measured, in log order; nil for requests that must not be fitted, which
  ///     the replay serves all the same.
  ///   - order: log positions in the order of arrival; neighbours count as dependent.
  ///   - mayHideHost: whether host time might pass while the device works; both forms are fitted then,
  ///     and the better one is kept.
  ///   - replay: replays the log.
  /// - Throws: ``CalibrationError/tooFewRequests(found:needed:)`` below 20 measured requests,
  ///   ``CalibrationError/nothingReplayed`` if the replay finishes none of them,
  ///   ``CalibrationError/noSolution`` if they determine nothing, and what `replay` throws.
  public init(
    _ measured: [RequestLatencies?], order: [Int], mayHideHost: Bool,
    replay: @escaping (StepParameters) throws -> LogReplay
  ) throws {
    let order = order.filter { measured.indices.contains($0) && measured[$0] != nil }
    guard order.count >= Self.fewestRequests else {
      throw CalibrationError.tooFewRequests(found: order.count, needed: Self.fewestRequests)
    }
    requests = order.count
    let start = try replay(StepParameters())
    guard
      order.contains(where: { start.latencies.indices.contains($0) && start.latencies[$0] != nil })
    else { throw CalibrationError.nothingReplayed }
    let residuals = LatencyResiduals(measured, order: order)
    func fit(_ hidesHost: Bool) -> LatencyFit {
      LatencyFit(residuals, start: start, hidesHost: hidesHost, replay: replay)
    }
    var best = fit(false)
    // The factor alone first: from its minimum the others have a short way, and it stays the fit to
    // be beaten.
    let scaled = try best.solution(from: [1, 0, 0, 0], free: [StepParameter.deviceScale.rawValue])
    // Host time starts from none, and from a tenth of a step: one valley may hide another.
    var found = try Self.identified(best, from: scaled.x)
    let withHost = try Self.identified(best, from: [0.9 * scaled.x[0], 0.1, 0.02, 0.01])
    if residuals.isClearlyWorse(found.solution.residuals, than: withHost.solution.residuals) {
      found = withHost
    }
    if mayHideHost {
      let concealed = fit(true)
      // Host time that is hidden altogether has no slope: start where it is as long as a step.
      let hidden = try Self.identified(concealed, from: [scaled.x[0], 1, 0, 0])
      if hidden.free.contains(where: { $0 != StepParameter.deviceScale.rawValue }),
        residuals.isClearlyWorse(
          found.solution.residuals, than: hidden.solution.residuals)
      {
        (best, found) = (concealed, hidden)
      }
    }
    guard !found.free.isEmpty else { throw CalibrationError.noSolution }
    parameters = best.parameters(found.solution.x)
    estimates = []
    for parameter in StepParameter.ofRequests {
      let place = found.free.firstIndex(of: parameter.rawValue)
      estimates.append(
        Estimate(
          parameter: parameter, value: parameters[parameter],
          standardError: place.map { found.errors[$0] * best.units[parameter.rawValue] },
          undetermined: found.dropped[parameter]))
    }
  }

  private struct Identified {
    var solution: LatencyFit.Solution
    var free: [Int]
    var errors: [Double]
    var dropped: [StepParameter: Undetermined]
  }

  /// Fits, and drops one parameter after another until all that are left are determined.
  private static func identified(_ fit: LatencyFit, from start: [Double]) throws -> Identified {
    var free = StepParameter.ofRequests.map(\.rawValue)
    var dropped: [StepParameter: Undetermined] = [:]
    var x = start
    while true {
      let solution = try fit.solution(from: x, free: free)
      var errors: [Double] = []
      var weakest = Self.weakest(solution, free) ?? fit.factorAtBound(solution.x, free)
      if weakest == nil {
        errors = try fit.standardErrors(solution, free: free)
        weakest = errors.lastIndex { !($0 <= largestError) }.map {
          ($0, .uncertain(partOfStep: errors[$0]))
        }
      }
      guard let (place, reason) = weakest, let parameter = StepParameter(rawValue: free[place])
      else { return Identified(solution: solution, free: free, errors: errors, dropped: dropped) }
      dropped[parameter] = reason
      x = solution.x
      x[free.remove(at: place)] = parameter.defaultValue
    }
  }

  /// The place of a parameter without an effect of its own and why, or nil if all have one.
  private static func weakest(
    _ solution: LatencyFit.Solution, _ free: [Int]
  ) -> (Int, Undetermined)? {
    let (products, lengths) = normalizedProducts(solution.columns, solution.weights)
    // A whole step more must change the latencies by a thousandth at least.
    let weight = solution.weights.reduce(0, +)
    let idle = lengths.lastIndex { !($0 * $0 > 1e-6 * weight) }
    if let idle { return (idle, .noEffect) }
    return inseparableColumns(products).map { place, others in
      (place, .inseparable(from: others.compactMap { StepParameter(rawValue: free[$0]) }))
    }
  }
}

extension LogCalibration.Estimate {
  /// Why the log does not determine the number, in a sentence; nil where it does.
  public var explanation: String? {
    guard let undetermined else { return nil }
    let reason =
      switch undetermined {
      case .noEffect: "no latency depends on it"
      case .atItsBound: "they fit best with the last value that is allowed"
      case .inseparable(let others):
        "it changes the latencies just as \(others.map(\.title).joined(separator: " and ")) "
          + (others.count == 1 ? "does" : "do together")
      case .uncertain(let part) where part.isFinite:
        "its standard error is \(Int((100 * part).rounded())) % of a step"
      case .uncertain: "the requests are too few or too much alike"
      }
    return "the log cannot determine \(parameter.title): \(reason); held at "
      + (parameter == .deviceScale ? "1" : "0")
  }
}

extension LogCalibration {
  /// Whether a fit predicts requests that it did not see better than no fit does; not where there is
  /// nothing to compare.
  ///
  /// - Parameters:
  ///   - before: those requests without it.
  ///   - after: the same with it.
  public static func isWorthKeeping(before: Validation, after: Validation) -> Bool {
    guard let old = before.meanFigureError, let new = after.meanFigureError else { return false }
    return isClearlyBetter(new, than: old)
  }
}

extension StoredCalibration {
  /// What a fit on requests keeps.
  ///
  /// - Parameters:
  ///   - before: the judged requests without calibration.
  ///   - after: the same with it.
  public init(
    _ deployment: Deployment, _ fit: LogCalibration, fittedOn: String, before: Validation,
    after: Validation
  ) {
    let parameters = fit.parameters
    self.init(
      deployment: deployment, fittedOn: fittedOn, steps: fit.requests,
      deviceScale: parameters.deviceScale, perStep: parameters.perStep,
      perSequence: parameters.perSequence, perToken: parameters.perToken,
      errorBefore: (before.meanFigureError ?? 0) / 100,
      errorHeldOut: (after.meanFigureError ?? 0) / 100)
    basis = .requests
    hidesHost = parameters.hidesHost
    for estimate in fit.estimates {
      switch estimate.parameter {
      case .deviceScale: standardErrors.deviceScale = estimate.standardError
      case .perStep: standardErrors.perStep = estimate.standardError
      case .perSequence: standardErrors.perSequence = estimate.standardError
      case .perToken: standardErrors.perToken = estimate.standardError
      case .collectiveScale: standardErrors.collectiveScale = estimate.standardError
      }
    }
  }
}
