public import Operators

/// What a predicted duration rests on, from the best evidence to the least.
public enum Evidence: Int, CaseIterable, Sendable, Hashable, Comparable {
  /// A measured sample at this very point.
  case measured
  /// Between samples of the operator's own curve, or between the curves of the sizes around it.
  case interpolated
  /// Beyond the samples of the operator's own curve.
  case extrapolated
  /// From another curve: a like operator's, or the device as a whole.
  case borrowed
  /// From the roofline alone.
  case analytical

  /// Orders from the best evidence to the least.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A step's predicted duration, split by what each part rests on.
public struct StepPrice: Hashable, Sendable {
  /// Device time in nanoseconds for each ``Evidence``, in the order of its cases.
  public var deviceTime: SIMD8<Double>
  /// The part of ``deviceTime`` in which devices exchange data, in nanoseconds.
  public var collectiveTime = 0.0
  /// Time in nanoseconds that kernels do not explain: scheduling and launching, as calibrated.
  public var hostTime: Double
  /// The standard error of the whole, in nanoseconds.
  public var standardError: Double

  /// Creates a price.
  @inlinable
  public init(deviceTime: SIMD8<Double> = .zero, hostTime: Double = 0, standardError: Double = 0) {
    self.deviceTime = deviceTime
    self.hostTime = hostTime
    self.standardError = standardError
  }

  /// The whole step in nanoseconds.
  @inlinable
  public var total: Double { deviceTime.sum() + hostTime }

  /// The device time that rests on the given evidence, in nanoseconds.
  @inlinable
  public subscript(evidence: Evidence) -> Double {
    get { deviceTime[evidence.rawValue] }
    set { deviceTime[evidence.rawValue] = newValue }
  }
}

/// A deployment's step, ready to be priced millions of times.
///
/// ``StepModel`` is compiled from measured curves; ``ParameterizedSteps`` puts a calibration's numbers on any
/// other; ``LinearStepModel`` is a closed form for users who know their server's coefficients and for tests
/// against queueing theory.
public protocol StepPricing: Sendable {
  /// The predicted duration of a step of this shape. An empty step costs nothing.
  func price(_ shape: StepShape) -> StepPrice

  /// The same steps, each as long as it is at that many of its standard errors above the prediction
  /// (below, if negative). A pricing without doubt is itself, which is the default.
  func shifted(by standardErrors: Double) -> Self
}

extension StepPricing {
  /// Itself: nothing is in doubt.
  public func shifted(by standardErrors: Double) -> Self { self }
}

/// A step whose time is linear in what it computes.
public struct LinearStepModel: StepPricing, Hashable {
  /// Nanoseconds for every step that does anything.
  public var perStep: Double
  /// Nanoseconds for each prompt token.
  public var perPrefillToken: Double
  /// Nanoseconds for each sequence in decode.
  public var perDecodeSequence: Double
  /// The part of each step in which devices exchange data, between 0 and 1.
  public var collectiveShare: Double

  /// Creates a model from its coefficients, in nanoseconds.
  public init(
    perStep: Double, perPrefillToken: Double = 0, perDecodeSequence: Double = 0,
    collectiveShare: Double = 0
  ) {
    self.perStep = perStep
    self.perPrefillToken = perPrefillToken
    self.perDecodeSequence = perDecodeSequence
    self.collectiveShare = collectiveShare
  }

  /// `perStep + perPrefillToken · prefillTokens + perDecodeSequence · decodeSequences`.
  public func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var price = StepPrice()
    price[.analytical] =
      perStep + perPrefillToken * Double(shape.prefillTokens)
      + perDecodeSequence * Double(shape.decodeSequences)
    price.collectiveTime = collectiveShare * price.total
    return price
  }
}
