/// How far predictions are from measurements, relative to these.
public struct RelativeErrors: Hashable, Sendable {
  /// Predictions.
  public var count = 0
  /// The mean of |predicted - measured| / measured; 0 of none.
  public var mean = 0.0
  /// The median of the same.
  public var median = 0.0
  /// Its nearest-rank 95th percentile.
  public var percentile95 = 0.0
  /// The mean of (predicted - measured) / measured.
  public var bias = 0.0

  /// Errors of pairs of a prediction and a measurement; pairs without a positive measurement are left
  /// out.
  public init(_ pairs: [(predicted: Double, measured: Double)]) {
    let errors = pairs.filter { $0.measured > 0 }.map { $0.predicted / $0.measured - 1 }
    guard !errors.isEmpty else { return }
    let sizes = errors.map(abs).sorted()
    count = errors.count
    mean = sizes.reduce(0, +) / Double(count)
    median = (sizes[(count - 1) / 2] + sizes[count / 2]) / 2
    percentile95 = sizes[min(count - 1, max(0, (count * 95 + 99) / 100 - 1))]
    bias = errors.reduce(0, +) / Double(count)
  }
}
