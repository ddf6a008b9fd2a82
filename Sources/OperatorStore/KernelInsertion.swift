internal import GRDB
private import GRDBSQLite
internal import ProfilerTraces

/// The insertion of kernels and of their launches, bound to SQLite by hand: GRDB's arguments cost as much as
/// SQLite itself. A trace has launches by the ten thousand, so that many go into one statement: running a
/// statement costs more than a row of it.
final class KernelInsertion {
  private let db: Database
  private let kernel: Statement
  private let launch: Statement
  private let launches: Statement
  /// Launches that wait for a full statement, with their kernel and their number in it.
  private var waiting: [(kernel: Int64, number: Int64, event: KernelEvent)] = []

  /// Rows of ``launches``.
  private static let rows = 32

  /// Prepares the insertion.
  init(_ db: Database) throws {
    self.db = db
    kernel = try db.makeStatement(
      sql: """
        INSERT INTO kernel (sample_id, name, count, total_ns, class, library)
        VALUES (?, ?, ?, ?, ?, ?)
        """)
    launch = try Self.statement(db, rows: 1)
    launches = try Self.statement(db, rows: Self.rows)
    waiting.reserveCapacity(Self.rows)
  }

  private static func statement(_ db: Database, rows: Int) throws -> Statement {
    let places = Array(repeating: "(?, ?, ?, ?, ?)", count: rows).joined(separator: ", ")
    return try db.makeStatement(
      sql:
        "INSERT INTO kernel_event (kernel_id, number, place, length, duration_ns) VALUES \(places)"
    )
  }

  /// Inserts a kernel of a sample; its launches, numbered from 0, follow by ``finish()`` at the latest.
  func insert(_ total: KernelTotal, sample: Int64) throws {
    let handle = kernel.sqliteStatement
    try db.check(sqlite3_bind_int64(handle, 1, sample))
    try bind(total.name, 2)
    try db.check(sqlite3_bind_int64(handle, 3, Int64(total.count)))
    try db.check(sqlite3_bind_int64(handle, 4, total.total))
    try bind(total.identity.class?.rawValue ?? "", 5)
    try bind(total.identity.library, 6)
    try run(handle)
    let id = db.lastInsertedRowID
    for (number, event) in total.events.enumerated() {
      waiting.append((id, Int64(number), event))
      if waiting.count == Self.rows { try insertWaiting(by: launches) }
    }
  }

  /// Inserts the launches that still wait.
  func finish() throws {
    let rest = waiting
    for row in rest {
      waiting = [row]
      try insertWaiting(by: launch)
    }
  }

  private func insertWaiting(by statement: Statement) throws {
    let handle = statement.sqliteStatement
    var place: Int32 = 1
    for row in waiting {
      try db.check(sqlite3_bind_int64(handle, place, row.kernel))
      try db.check(sqlite3_bind_int64(handle, place + 1, row.number))
      try db.check(sqlite3_bind_int64(handle, place + 2, row.event.place.offset))
      try db.check(sqlite3_bind_int64(handle, place + 3, Int64(row.event.place.length)))
      try db.check(sqlite3_bind_int64(handle, place + 4, row.event.duration))
      place += 5
    }
    waiting.removeAll(keepingCapacity: true)
    try run(handle)
  }

  private func bind(_ text: String, _ place: Int32) throws {
    // SQLITE_TRANSIENT, which C writes as a cast: SQLite takes a copy.
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    try db.check(
      sqlite3_bind_text(
        kernel.sqliteStatement, place, text, Int32(clamping: text.utf8.count), copies))
  }

  private func run(_ handle: OpaquePointer) throws {
    let result = sqlite3_step(handle)
    let ended = sqlite3_reset(handle)
    if result != SQLITE_DONE { try db.check(ended) }
  }
}
