/// One engine step as a server measured it.
public struct MeasuredStep: Hashable, Sendable {
  /// When it began, on the server's clock.
  public var start: Nanoseconds
  /// How long it took, from its scheduling to its sampled tokens.
  public var duration: Nanoseconds
  /// What it computed.
  public var shape: StepShape

  /// Creates a step.
  public init(start: Nanoseconds, duration: Nanoseconds, shape: StepShape) {
    self.start = start
    self.duration = duration
    self.shape = shape
  }
}
