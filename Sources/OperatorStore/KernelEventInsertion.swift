internal import GRDB
private import GRDBSQLite
internal import ProfilerTraces

/// The insertion of single launches, bound to SQLite by hand and several rows at a time: a trace has
/// them by the ten thousand. GRDB's arguments cost as much as SQLite itself, and one row a statement
/// half as much again as eight.
final class KernelEventInsertion {
  private let db: Database
  private let one: Statement
  private let several: Statement

  /// Rows of ``several``.
  private static let rows = 8

  /// Prepares the insertion.
  init(_ db: Database) throws {
    self.db = db
    one = try Self.statement(db, rows: 1)
    several = try Self.statement(db, rows: Self.rows)
  }

  /// The kernel is parameter 1; each row has four more.
  private static func statement(_ db: Database, rows: Int) throws -> Statement {
    let places = (0..<rows).map {
      "(?1, ?\(4 * $0 + 2), ?\(4 * $0 + 3), ?\(4 * $0 + 4), ?\(4 * $0 + 5))"
    }
    return try db.makeStatement(
      sql: """
        INSERT INTO kernel_event (kernel_id, number, place, length, duration_ns)
        VALUES \(places.joined(separator: ", "))
        """)
  }

  /// Inserts the launches of one kernel, numbered from 0.
  func insert(_ events: [KernelEvent], kernel: Int64) throws {
    var number = 0
    while number < events.count {
      let isFull = events.count - number >= Self.rows
      let handle = isFull ? several.sqliteStatement : one.sqliteStatement
      let end = number + (isFull ? Self.rows : 1)
      try db.check(sqlite3_bind_int64(handle, 1, kernel))
      var place: Int32 = 2
      while number < end {
        let event = events[number]
        try db.check(sqlite3_bind_int64(handle, place, Int64(number)))
        try db.check(sqlite3_bind_int64(handle, place + 1, event.place.offset))
        try db.check(sqlite3_bind_int64(handle, place + 2, Int64(event.place.length)))
        try db.check(sqlite3_bind_int64(handle, place + 3, event.duration))
        place += 4
        number += 1
      }
      let result = sqlite3_step(handle)
      let ended = sqlite3_reset(handle)
      if result != SQLITE_DONE { try db.check(ended) }
    }
  }
}
