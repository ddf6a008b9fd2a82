import CostModel
import Foundation
import Operators

/// A measured step beside its predicted device time.
struct StepObservation {
  /// Predicted time of kernels that exchange nothing, in nanoseconds.
  var compute: Double
  /// Predicted time of collectives, in nanoseconds.
  var collectives: Double
  /// What host time goes by: one, sequences, tokens.
  var host: [Double]
  /// Measured, in nanoseconds.
  var duration: Double

  /// Nil for a step that computes nothing.
  init?(_ step: MeasuredStep, _ model: StepModel) {
    guard step.duration > .zero, step.shape.tokens > 0 else { return nil }
    let price = model.price(step.shape)
    collectives = price.collectiveTime
    compute = price.deviceTime.sum() - collectives
    host = [
      1, Double(step.shape.prefillSequences + step.shape.decodeSequences),
      Double(step.shape.tokens),
    ]
    duration = Double(step.duration.rawValue)
  }
}

/// What may explain a step: each is one more way for a fit to be right, or wrong.
struct StepForm: Hashable {
  /// Host time passes while the device works.
  var hidesHost = false
  /// Collectives have a factor of their own, in the place of host time a token: both grow with the
  /// tokens alone, and steps can hardly tell them apart.
  var fitsCollectives = false

  /// How many of ``StepObservation/host`` count.
  var hostTerms: Int { fitsCollectives ? 2 : 3 }
}

/// A fit of device and host time to measured steps.
struct StepFit {
  var form: StepForm
  /// Factor on kernels that exchange nothing.
  var compute: Double
  /// Factor on collectives.
  var collectives: Double
  /// Nanoseconds a step, a sequence and a token.
  var host: [Double]
  /// Whether any step is as long as its device's time, so that the factors are told.
  var tellsDevice = true

  /// All kernels as predicted, and no host time.
  static let none = StepFit(form: StepForm(), compute: 1, collectives: 1, host: [0, 0, 0])

  /// All numbers: both factors, then host time a step, a sequence and a token.
  var numbers: [Double] { [compute, collectives] + host }

  /// What a device may take of what is predicted, at the least and at the most.
  static let plausibleScale = 0.2...5.0

  /// Whether collectives take a time that any server could make of theirs: beyond that something else
  /// grows with the tokens.
  var hasPlausibleCollectives: Bool {
    !form.fitsCollectives || (0.2...3).contains(collectives / max(compute, 1e-9))
  }

  func deviceTime(_ step: StepObservation) -> Double {
    compute * step.compute + collectives * step.collectives
  }

  func hostTime(_ step: StepObservation) -> Double {
    zip(step.host, host).reduce(0) { $0 + $1.0 * $1.1 }
  }

  func duration(_ step: StepObservation) -> Double {
    let (device, host) = (deviceTime(step), hostTime(step))
    return form.hidesHost ? max(device, host) : device + host
  }

  /// Whether host time is what a step takes, where it is hidden.
  func isHostBound(_ step: StepObservation) -> Bool { hostTime(step) > deviceTime(step) }

  func relativeError(_ step: StepObservation) -> Double { duration(step) / step.duration - 1 }

  /// By how much a step is longer or shorter than fitted, whichever way, as a logarithm: a stall of any length counts.
  func deviation(_ step: StepObservation) -> Double { abs(log(duration(step) / step.duration)) }

  /// Fits once, and twice again without the steps that lie far off; says beyond which deviation they do.
  static func robust(
    _ steps: [StepObservation], _ form: StepForm
  ) -> (fit: StepFit, limit: Double)? {
    func fit(_ steps: [StepObservation], rounds: Int) -> StepFit? {
      form.hidesHost ? hidden(steps, form, rounds) : added(steps, form, rounds)
    }
    guard var found = fit(steps, rounds: 1) else { return nil }
    var limit = Double.infinity
    for _ in 0..<2 {
      let deviations = steps.map { found.deviation($0) }
      let usual = deviations.sorted()[deviations.count / 2]
      limit = min(6 * max(0.01, usual), longestDeviation)
      let kept = zip(steps, deviations).filter { $1 <= limit }.map(\.0)
      guard let next = fit(kept, rounds: relativeRounds) else { return nil }
      found = next
    }
    return (found, limit)
  }

  /// What lies five times off is no noise of a step, however wide it is.
  private static let longestDeviation = log(5.0)

  /// Fits the sum of device and host time.
  private static func added(
    _ steps: [StepObservation], _ form: StepForm, _ rounds: Int
  ) -> StepFit? {
    let device = deviceTerms(form)
    let count = form.hostTerms
    return relativeLeastSquares(
      rows: steps.map { device($0) + $0.host.prefix(count) }, targets: steps.map(\.duration),
      required: [0], rounds: rounds
    ).map { StepFit(form: form, device: $0.dropLast(count), host: $0.suffix(count)) }
  }

  /// Fits the longer of device and host time, or host time alone where that does as well: of a device that is always
  /// faster than the host nothing is seen.
  private static func hidden(
    _ steps: [StepObservation], _ form: StepForm, _ rounds: Int
  ) -> StepFit? {
    // Steps that are all device have the least duration for their kernels.
    let ratios = steps.map { $0.duration / max(1, $0.compute + $0.collectives) }.sorted()
    let scale = ratios[ratios.count / 10]
    var best: (loss: Double, fit: StepFit)?
    for margin in margins {
      let isHost = steps.map { $0.duration > margin * scale * ($0.compute + $0.collectives) }
      if let found = hidden(steps, form, rounds, from: isHost), found.loss < best?.loss ?? .infinity
      {
        best = found
      }
    }
    guard let times = hostTimes(steps, form, rounds) else { return best?.fit }
    var alone = StepFit(form: form, device: [1], host: times[...])
    alone.tellsDevice = false
    let loss = alone.loss(steps)
    // Below rounding there is nothing to gain.
    guard let best, best.loss < leastGain * loss, loss > 1e-12 * Double(steps.count) else {
      return alone
    }
    return best.fit
  }

  /// By how much steps must exceed the shortest for their kernels to be taken for the host's at first: those that are
  /// hardly longer, where nothing scatters, or clearly.
  private static let margins = [1.01, 1.03, 1.1, 1.3]
  /// Squared errors below which a fit of both is clearly better than one of the host alone (``isClearlyBetter(_:than:)``).
  private static let leastGain = 0.96

  /// The same from a guess of which steps are as long as the host's time: each goes to the side that is longer by the fit
  /// before, until none changes sides.
  private static func hidden(
    _ steps: [StepObservation], _ form: StepForm, _ rounds: Int, from guess: [Bool]
  ) -> (loss: Double, fit: StepFit)? {
    let terms = deviceTerms(form)
    var isHost = guess
    // Sides may go back and forth for ever: the best round is kept.
    var best: (loss: Double, fit: StepFit)?
    for _ in 0..<50 {
      let device = zip(steps, isHost).filter { !$1 }.map(\.0)
      let host = zip(steps, isHost).filter { $1 }.map(\.0)
      guard
        let factors = relativeLeastSquares(
          rows: device.map(terms), targets: device.map(\.duration), rounds: rounds)
      else { break }
      let times = hostTimes(host, form, rounds) ?? []
      let fit = StepFit(form: form, device: factors[...], host: times[...])
      let loss = fit.loss(steps)
      if loss < best?.loss ?? .infinity { best = (loss, fit) }
      let sides = steps.map { fit.isHostBound($0) }
      if sides == isHost { break }
      isHost = sides
    }
    return best
  }

  private static func hostTimes(
    _ steps: [StepObservation], _ form: StepForm, _ rounds: Int
  ) -> [Double]? {
    relativeLeastSquares(
      rows: steps.map { Array($0.host.prefix(form.hostTerms)) }, targets: steps.map(\.duration),
      rounds: rounds)
  }

  private func loss(_ steps: [StepObservation]) -> Double {
    steps.reduce(0) { $0 + relativeError($1) * relativeError($1) }
  }

  private static func deviceTerms(_ form: StepForm) -> (StepObservation) -> [Double] {
    form.fitsCollectives
      ? { [$0.compute, $0.collectives] } : { [$0.compute + $0.collectives] }
  }

  private init(form: StepForm, device: ArraySlice<Double>, host: ArraySlice<Double>) {
    self.form = form
    compute = device.first ?? 1
    collectives = device.last ?? 1
    self.host = Array(host) + Array(repeating: 0, count: 3 - host.count)
  }

  private init(form: StepForm, compute: Double, collectives: Double, host: [Double]) {
    self.form = form
    self.compute = compute
    self.collectives = collectives
    self.host = host
  }
}
