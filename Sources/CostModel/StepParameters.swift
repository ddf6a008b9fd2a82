public import OperatorStore
public import Operators

/// What kernels cannot know of a step, as numbers that can be fitted.
///
/// Host time is `perStep + perSequence · sequences + perToken · tokens`. A step takes
/// `deviceScale · device time + host time`, collectives at `collectiveScale` times theirs, or, where the
/// host prepares a step while the device runs the one before it, the longer of the two.
public struct StepParameters: Sendable, Hashable {
  /// Factor on all device time.
  public var deviceScale = 1.0
  /// Nanoseconds a step.
  public var perStep = 0.0
  /// Nanoseconds a sequence in the batch.
  public var perSequence = 0.0
  /// Nanoseconds a query token.
  public var perToken = 0.0
  /// Factor on the time of collectives, beside ``deviceScale``.
  public var collectiveScale = 1.0
  /// Whether host time passes while the device works, so that only what exceeds it is seen.
  public var hidesHost = false

  /// The parameters of a step that is its kernels alone.
  public init() {}

  /// The parameters that were kept for a deployment.
  public init(_ stored: StoredCalibration) {
    deviceScale = stored.deviceScale
    perStep = stored.perStep
    perSequence = stored.perSequence
    perToken = stored.perToken
    collectiveScale = stored.collectiveScale
    hidesHost = stored.hidesHost
  }

  /// Host time of a step in nanoseconds, hidden or not.
  @inlinable
  public func hostTime(_ shape: StepShape) -> Double {
    perStep + perSequence * Double(shape.prefillSequences + shape.decodeSequences)
      + perToken * Double(shape.tokens)
  }

  /// Applies them to a price that holds device time alone; ``StepPrice/hostTime`` becomes what the
  /// device does not hide.
  @inlinable
  func apply(to price: inout StepPrice, of shape: StepShape) {
    let device = price.deviceTime.sum()
    // All evidence is scaled alike: which of it the collectives rest on is not kept.
    let scale =
      deviceScale
      * (device > 0 ? 1 + (collectiveScale - 1) * price.collectiveTime / device : 1)
    price.deviceTime *= scale
    price.collectiveTime *= deviceScale * collectiveScale
    price.standardError *= scale
    let host = hostTime(shape)
    price.hostTime = hidesHost ? max(0, host - price.deviceTime.sum()) : host
  }
}

/// Another pricing with parameters on top: what a fit tries without compiling tables again.
public struct ParameterizedSteps<Base: StepPricing>: StepPricing {
  /// What a step's kernels cost.
  public var base: Base
  /// What is tried.
  public var parameters: StepParameters

  /// Creates a pricing; `base` must hold no host time of its own.
  public init(_ base: Base, _ parameters: StepParameters) {
    self.base = base
    self.parameters = parameters
  }

  /// The step's price with the parameters applied. An empty step costs nothing.
  @inlinable
  public func price(_ shape: StepShape) -> StepPrice {
    guard shape.tokens > 0 else { return StepPrice() }
    var price = base.price(shape)
    parameters.apply(to: &price, of: shape)
    return price
  }

  /// The base's steps shifted, with the same parameters.
  public func shifted(by standardErrors: Double) -> Self {
    Self(base.shifted(by: standardErrors), parameters)
  }
}
