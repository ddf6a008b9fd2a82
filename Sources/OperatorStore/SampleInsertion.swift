internal import GRDB
private import GRDBSQLite
internal import Operators

/// The insertion of samples, bound to SQLite by hand: they are the rows that come by the million.
///
/// What stays the same from one sample to the next (the source, mostly the curve and the label)
/// stays bound.
final class SampleInsertion {
  private let db: Database
  private let statement: Statement
  private var curve: Int64?
  private var label: String?

  /// Prepares the insertion of one source's samples.
  init(_ db: Database, source: Int64) throws {
    self.db = db
    statement = try db.makeStatement(
      sql: """
        INSERT INTO sample (curve_id, source_id, axis0, axis1, axis2, axis3, axis4, label, count,
          minimum_ns, median_ns, mean_ns, deviation_ns)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try db.check(sqlite3_bind_int64(statement.sqliteStatement, 2, source))
  }

  /// Inserts one sample.
  func insert(_ sample: OperatorSample, curve: Int64) throws {
    let handle = statement.sqliteStatement
    if curve != self.curve {
      try db.check(sqlite3_bind_int64(handle, 1, curve))
      self.curve = curve
    }
    if sample.label != label {
      // SQLITE_TRANSIENT, which C writes as a cast: SQLite takes a copy.
      let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      try db.check(
        sqlite3_bind_text(handle, 8, sample.label, Int32(sample.label.utf8.count), copies))
      label = sample.label
    }
    for axis in 0..<5 {
      try db.check(sqlite3_bind_int64(handle, Int32(3 + axis), sample.point.values[axis]))
    }
    let duration = sample.duration
    try db.check(sqlite3_bind_int64(handle, 9, Int64(duration.count)))
    try db.check(sqlite3_bind_double(handle, 10, duration.minimum))
    try db.check(sqlite3_bind_double(handle, 11, duration.median))
    try db.check(sqlite3_bind_double(handle, 12, duration.mean))
    try db.check(sqlite3_bind_double(handle, 13, duration.deviation))
    let result = sqlite3_step(handle)
    let ended = sqlite3_reset(handle)
    if result != SQLITE_DONE { try db.check(ended) }
  }
}
