/// The unit of a log's times. Raw values are their names on the command line and in mappings.
public enum LogTimeUnit: String, CaseIterable, Sendable, Hashable {
  /// Seconds.
  case seconds = "s"
  /// Milliseconds.
  case milliseconds = "ms"
  /// Microseconds.
  case microseconds = "us"
  /// Nanoseconds.
  case nanoseconds = "ns"

  /// Its name in a sentence.
  public var title: String {
    switch self {
    case .seconds: "seconds"
    case .milliseconds: "milliseconds"
    case .microseconds: "microseconds"
    case .nanoseconds: "nanoseconds"
    }
  }

  /// Decimals after the point that make nanoseconds of it.
  var decimals: Int {
    switch self {
    case .seconds: 9
    case .milliseconds: 6
    case .microseconds: 3
    case .nanoseconds: 0
    }
  }

  /// Seconds of one.
  var inSeconds: Double {
    switch self {
    case .seconds: 1
    case .milliseconds: 1e-3
    case .microseconds: 1e-6
    case .nanoseconds: 1e-9
    }
  }
}

extension RequestLogFormat {
  /// The unit of arrivals in a format whose rows do not tell it, by the format's documentation; nil where times
  /// are dates, or bear their unit in their name, or in a mapping.
  ///
  /// Copies of such logs go around in other units: guidellm has Mooncake's in seconds.
  public var customaryUnit: LogTimeUnit? {
    switch self {
    case .mooncake: .milliseconds
    case .ragPulse, .bailian, .burstGPT: .seconds
    default: nil
    }
  }
}
