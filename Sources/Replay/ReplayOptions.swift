public import Operators

/// What a replay keeps, and when it stops. Nothing here changes what is simulated before the limit.
public struct ReplayOptions: Sendable, Hashable {
  /// Whether every step is recorded; off by default, as records may outgrow memory.
  public var recordsSteps = false
  /// Steps that begin before this instant leave no times between tokens in the result: the warm-up of
  /// engines whose caches are empty. Zero by default.
  public var warmUp = Nanoseconds.zero
  /// Whether runs of like decode steps become one record each; on by default.
  public var mergesSteps = true
  /// No step is decided from this instant of the replay's clock on, and requests that arrive from
  /// then on are not looked at; what was decided before ends. Nil, the default, is no limit.
  public var limit: Nanoseconds?
  /// Whether the scheduler is skipped where it could only decide the same decode step again; on
  /// by default. Off is slower and gives the same result.
  public var advancesDecodeRuns = true

  /// The defaults.
  public init() {}
}
