import TraceIO

/// The unit of a table's times.
enum TimeUnit: String, Hashable, Sendable, CaseIterable {
  case seconds = "s"
  case milliseconds = "ms"
  case microseconds = "us"
  case nanoseconds = "ns"

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
