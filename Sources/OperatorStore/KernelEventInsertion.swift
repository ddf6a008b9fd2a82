internal import GRDB
private import GRDBSQLite
internal import ProfilerTraces

/// The insertion of single launches, bound to SQLite by hand: a trace has them by the ten thousand,
/// and GRDB's arguments cost as much as SQLite itself.
final class KernelEventInsertion {
  private let db: Database
  private let statement: Statement

  /// Prepares the insertion.
  init(_ db: Database) throws {
    self.db = db
    statement = try db.makeStatement(
      sql: """
        INSERT INTO kernel_event (kernel_id, number, place, length, duration_ns)
        VALUES (?, ?, ?, ?, ?)
        """)
  }

  /// Inserts the launches of one kernel, numbered from 0.
  func insert(_ events: [KernelEvent], kernel: Int64) throws {
    let handle = statement.sqliteStatement
    try db.check(sqlite3_bind_int64(handle, 1, kernel))
    for (number, event) in events.enumerated() {
      try db.check(sqlite3_bind_int64(handle, 2, Int64(number)))
      try db.check(sqlite3_bind_int64(handle, 3, event.place.offset))
      try db.check(sqlite3_bind_int64(handle, 4, Int64(event.place.length)))
      try db.check(sqlite3_bind_int64(handle, 5, event.duration))
      let result = sqlite3_step(handle)
      let ended = sqlite3_reset(handle)
      if result != SQLITE_DONE { try db.check(ended) }
    }
  }
}
