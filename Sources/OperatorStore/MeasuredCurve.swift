public import Operators

/// All that is measured of one operator on one device under one runtime.
public struct MeasuredCurve: Sendable, Hashable {
  /// What was measured.
  public var `operator`: Operator
  /// The device, as its sources name it.
  public var device: String
  /// The software, as `framework version`.
  public var runtime: String
  /// The points, ordered by their axes; several sources may have measured one point.
  public var samples: [MeasuredSample]

  /// Creates a curve.
  public init(
    _ operator: Operator, device: String, runtime: String, samples: [MeasuredSample]
  ) {
    self.operator = `operator`
    self.device = device
    self.runtime = runtime
    self.samples = samples
  }
}

/// One measured point of a curve.
public struct MeasuredSample: Sendable, Hashable {
  /// At which sizes.
  public var point: AxisPoint
  /// How long it took.
  public var duration: DurationStatistics
  /// The row of `source` that it came from.
  public var source: Int

  /// Creates a sample.
  public init(at point: AxisPoint, duration: DurationStatistics, source: Int) {
    self.point = point
    self.duration = duration
    self.source = source
  }
}
