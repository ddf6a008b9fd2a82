import Operators
import TraceIO

/// One measured point as a table gives it, on its way to a sample.
///
/// Every reader of tables checks sizes and durations here, so that all refuse the same things.
struct MeasuredPoint {
  var `operator`: Operator
  var point: AxisPoint
  /// The source's own words for it.
  var label: String
  var times: MeasuredTimes

  /// The sample, or why there is none: a size beyond ``SizeLimits``, or a duration that is no
  /// number, not positive, or beyond ``ImportOptions/maximumDuration``.
  func sample(_ options: ImportOptions) -> Result<OperatorSample, Rejection> {
    guard SizeLimits.allow(`operator`, at: point) else {
      return .failure(Rejection(reason: .badValue))
    }
    return times.statistics(options).map {
      OperatorSample(`operator`, at: point, label: label, duration: $0)
    }
  }
}

/// Durations of one point in nanoseconds; what a table does not give is nil.
struct MeasuredTimes {
  /// The number of measurements behind them; 1 where the table does not say.
  var count: Int? = 1
  /// The mean; where it is nil the median stands for it.
  var mean: Double?
  /// The median; where it is nil the mean stands for it.
  var median: Double?
  /// The shortest; where it is nil the median stands for it.
  var minimum: Double?
  /// The standard deviation; zero where it is nil.
  var deviation: Double?

  /// The most measurements that are believed.
  static let mostMeasurements = 1 << 31

  /// The statistics, or why the times cannot be used.
  func statistics(_ options: ImportOptions) -> Result<DurationStatistics, Rejection> {
    guard let count, (1...Self.mostMeasurements).contains(count) else {
      return .failure(Rejection(reason: .badValue))
    }
    guard let median = median ?? mean else { return .failure(Rejection(reason: .badDuration)) }
    let statistics = DurationStatistics(
      count: count, minimum: minimum ?? median, median: median, mean: mean ?? median,
      deviation: deviation ?? 0)
    let durations = [statistics.minimum, statistics.median, statistics.mean]
    let limit = Double(options.maximumDuration)
    let reason: RejectionReason? =
      if !(durations + [statistics.deviation]).allSatisfy(\.isFinite) {
        .badDuration
      } else if !durations.allSatisfy({ $0 > 0 }) || statistics.deviation < 0 {
        .negativeDuration
      } else if durations.contains(where: { $0 > limit }) || statistics.deviation > limit {
        .durationTooLong
      } else {
        nil
      }
    if let reason { return .failure(Rejection(reason: reason)) }
    return .success(statistics)
  }
}

/// A reason as an error, for `Result`.
struct Rejection: Error {
  var reason: RejectionReason
}

extension ImportedTrace {
  /// Counts a record, and keeps its sample or the reason why it has none.
  mutating func add(_ record: Result<OperatorSample, Rejection>) {
    coverage.recordsRead += 1
    switch record {
    case .success(let sample):
      coverage.recordsUsed += 1
      samples.append(sample)
    case .failure(let rejection): coverage.reject(rejection.reason)
    }
  }
}
