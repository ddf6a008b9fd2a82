import Replay

extension TextTable {
  /// A table of latencies in milliseconds, without rows: a column for each statistic, and the maximum.
  static var latencies: TextTable {
    TextTable(
      [.init("ms", .left)] + LatencyStatistic.allCases.map { .init($0.rawValue) } + [.init("max")])
  }

  /// Adds a row of latencies; none where there are none.
  mutating func add(_ title: String, _ statistics: LatencyStatistics?) {
    guard let statistics else { return }
    add(
      [title] + LatencyStatistic.allCases.map { millisecondsText(statistics[$0]) }
        + [millisecondsText(statistics.maximum)])
  }
}
