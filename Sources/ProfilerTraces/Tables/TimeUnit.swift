import TraceIO

/// The unit of a table's times.
enum TimeUnit: String, Hashable, Sendable, CaseIterable {
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"

  /// The unit that a word stands for, in the words of all versions of the tools.
  init?(word: String) {
    switch word {
    case "nsecond", "ns", "nanosecond": self = .nanoseconds
    case "usecond", "us", "µs", "μs", "microsecond": self = .microseconds
    case "msecond", "ms", "millisecond": self = .milliseconds
    case "second", "s", "sec": self = .seconds
    default: return nil
    }
  }

  /// Decimals after which the unit's decimal numbers are whole nanoseconds.
  var nanosecondDecimals: Int { decimals - 3 }

  /// Decimals after which the unit's decimal numbers are whole picoseconds.
  private var decimals: Int {
    switch self {
    case .seconds: 12
    case .milliseconds: 9
    case .microseconds: 6
    case .nanoseconds: 3
    }
  }

  /// A decimal number of this unit in nanoseconds, exact to the picosecond, or nil.
  func nanoseconds(_ text: String) -> Double? {
    FixedPoint(text, decimals: decimals).value.map { Double($0) / 1000 }
  }

  /// A field of a table in nanoseconds, exact to the picosecond, or nil.
  func nanoseconds(_ rows: borrowing CSVReader, _ column: Int) -> Double? {
    rows.fixedPoint(column, decimals: decimals).value.map { Double($0) / 1000 }
  }
}
