public import Operators

/// A predicted duration, what it rests on, and how sure it is.
public struct Prediction: Sendable, Hashable {
  /// The predicted duration in nanoseconds.
  public var nanoseconds: Double
  /// Its standard error relative to it: 0.05 is five percent.
  public var relativeError: Double
  /// What it rests on.
  public var evidence: Evidence
  /// The time in nanoseconds that the device's data sheet allows at best.
  public var speedOfLight: Double
  /// The samples that it rests on, those that count most first; empty unless it was asked for.
  public var support: [Support] = []
  /// How it was found, for a person: the curve and the points beside it.
  public var explanation: String

  /// A sample that a prediction rests on.
  public struct Support: Sendable, Hashable {
    /// What was measured.
    public var `operator`: Operator
    /// At which sizes.
    public var point: AxisPoint
    /// How long it took, in nanoseconds.
    public var nanoseconds: Double
    /// How much its ratio to the roofline counts; all weights sum to one, some are negative.
    public var weight: Double
    /// How far it lies from what was asked for, in octaves, over all sizes.
    public var octaves: Double
  }

  /// The largest standard error that says anything: a factor of 12 to either side.
  static let mostError = 1.5

  /// The interval that holds the true duration with 90 % probability, in nanoseconds, if errors
  /// are log-normal. It begins no lower than the speed of light, unless the prediction is below that: caches make small
  /// operators faster than the memory that light is reckoned by. Beyond what was measured it then begins at four fifths of
  /// the prediction.
  public var interval90: ClosedRange<Double> { interval(standardErrors: 1.645) }

  /// The interval of so many standard errors to either side, none if negative (``interval90`` of 1.645), in nanoseconds.
  public func interval(standardErrors: Double) -> ClosedRange<Double> {
    let factor = exponential(max(0, standardErrors) * min(max(0, relativeError), Self.mostError))
    guard nanoseconds.isFinite, nanoseconds >= 0 else { return 0...0 }
    let least =
      nanoseconds >= speedOfLight ? speedOfLight : evidence < .extrapolated ? 0 : 0.8 * nanoseconds
    let low = max(nanoseconds / factor, least)
    return low...max(low, nanoseconds * factor)
  }
}

extension [Prediction.Support] {
  /// The same, those that count most first; equal ones stay in their order.
  var heaviestFirst: Self {
    enumerated().sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
      .map(\.element)
  }
}
