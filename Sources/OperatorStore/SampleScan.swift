internal import GRDB
private import GRDBSQLite
internal import Operators

/// The reading of a curve's samples, taken from SQLite by hand: a replay loads them by the million.
final class SampleScan {
  private let db: Database
  private let statement: Statement
  /// How many samples the last curve had: the next one often has as many.
  private var expected = 0

  /// Prepares the reading.
  init(_ db: Database) throws {
    self.db = db
    statement = try db.makeStatement(
      sql: """
        SELECT axis0, axis1, axis2, axis3, axis4, count, minimum_ns, median_ns, mean_ns,
          deviation_ns, source_id, id
        FROM sample WHERE curve_id = ?
        """)
  }

  /// The samples of one curve, ordered by their axes, then by source.
  ///
  /// - Throws: ``DamagedRow`` where a time or a size is none.
  func samples(ofCurve curve: Int64) throws -> [MeasuredSample] {
    let handle = statement.sqliteStatement
    defer { sqlite3_reset(handle) }
    try db.check(sqlite3_bind_int64(handle, 1, curve))
    var samples: [MeasuredSample] = []
    samples.reserveCapacity(min(expected, 4096))
    defer { expected = samples.count }
    // Tools write curves in order: then there is nothing to sort.
    var isSorted = true
    while true {
      let result = sqlite3_step(handle)
      if result == SQLITE_DONE { break }
      guard result == SQLITE_ROW else {
        try db.check(result)
        break
      }
      func number(_ column: Int32) -> Int { Int(sqlite3_column_int64(handle, column)) }
      func time(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }
      let sample = MeasuredSample(
        at: AxisPoint(number(0), number(1), number(2), number(3), number(4)),
        duration: DurationStatistics(
          count: number(5), minimum: time(6), median: time(7), mean: time(8), deviation: time(9)),
        source: number(10))
      guard (6...9).allSatisfy({ DamagedRow.isTime(time($0)) }), sample.duration.count > 0 else {
        throw DamagedRow(
          table: "sample", row: sqlite3_column_int64(handle, 11),
          problem: "its times are no numbers of nanoseconds from 0 to \(DamagedRow.longestTime)")
      }
      guard (0...4).allSatisfy({ (0...StepShape.largestSum).contains(number($0)) }) else {
        throw DamagedRow(
          table: "sample", row: sqlite3_column_int64(handle, 11),
          problem: "its sizes are no numbers from 0 to \(StepShape.largestSum)")
      }
      if let last = samples.last, Self.precedes(sample, last) { isSorted = false }
      samples.append(sample)
    }
    guard !isSorted else { return samples }
    // Stable: equal ones stay in the order of their rows.
    return samples.enumerated().sorted {
      Self.precedes($0.element, $1.element)
        || (!Self.precedes($1.element, $0.element) && $0.offset < $1.offset)
    }.map(\.element)
  }

  private static func precedes(_ left: MeasuredSample, _ right: MeasuredSample) -> Bool {
    left.point == right.point ? left.source < right.source : left.point.precedes(right.point)
  }
}
