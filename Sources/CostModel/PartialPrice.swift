internal import Operators

/// The sum of some of a step's operators, from which its ``StepPrice`` is made.
///
/// Errors of one family of kinds are taken to go the same way, as its operators share kernels and
/// were measured together; those of different families to be independent. Of an operator's doubt only what sizes near
/// each other err alike counts, as the rest averages out over the steps of a run.
struct PartialPrice: Sendable {
  /// Device time in nanoseconds for each ``Evidence``, in the order of its cases.
  var deviceTime = SIMD8<Double>.zero
  /// The part of it in which devices exchange data.
  private var collectiveTime = 0.0
  /// Standard errors in nanoseconds, added within each family.
  var errors = SIMD8<Double>.zero
  /// Of these, what may also be shorter: nothing is faster than the roofline.
  private var bothWays = SIMD8<Double>.zero

  /// Adds another part of the same step.
  mutating func add(_ other: PartialPrice) {
    deviceTime += other.deviceTime
    collectiveTime += other.collectiveTime
    errors += other.errors
    bothWays += other.bothWays
  }

  /// Adds `count` runs of one operator; its layers share a curve.
  mutating func add(_ estimate: FittedCurve.Estimate, count: Int, of kind: OperatorKind) {
    add(estimate, count: count, family: Self.family(of: kind))
  }

  /// The same of an operator whose ``family(of:)`` is known, which a step need not find again.
  mutating func add(_ estimate: FittedCurve.Estimate, count: Int, family: Int) {
    let time = estimate.nanoseconds * Double(count)
    deviceTime[estimate.evidence.rawValue] += time
    if family == Self.collectives { collectiveTime += time }
    errors[family] += time * estimate.commonError
    if estimate.evidence != .analytical { bothWays[family] += time * estimate.commonError }
  }

  /// The same part of a step so many times as large.
  mutating func scale(by factor: Double) {
    deviceTime *= factor
    collectiveTime *= factor
    errors *= factor
    bothWays *= factor
  }

  /// The price of a step of these parts.
  ///
  /// - Parameter shift: by how many standard errors the whole is longer, as a factor: log-normal.
  func price(shift: Double = 0) -> StepPrice {
    let errors = shift < 0 ? bothWays : errors
    var price = StepPrice(
      deviceTime: deviceTime, standardError: (errors * errors).sum().squareRoot())
    price.collectiveTime = collectiveTime
    guard shift != 0 else { return price }
    let time = deviceTime.sum()
    guard time > 0 else { return price }
    let factor = exponential(shift * min(price.standardError / time, Prediction.mostError))
    price.deviceTime *= factor
    price.collectiveTime *= factor
    price.standardError *= factor
    return price
  }

  /// The family of all exchanges.
  private static let collectives = 3

  /// The family of a kind, one of eight.
  static func family(of kind: OperatorKind) -> Int {
    switch kind {
    case .gemm: 0
    case .attention, .bidirectionalAttention, .latentAttention, .latentAttentionBlock: 1
    case .moe: 2
    case _ where kind.isCollective: collectives
    case .rmsNorm, .layerNorm: 4
    case .activation, .elementwise, .softmax, .quantize: 5
    case .rotary, .cacheWrite, .embedding: 6
    default: 7
    }
  }
}
