import CSQLite

/// The rows of one table, one at a time.
public struct SQLiteRows: ~Copyable {
  private let connection: SQLiteConnection
  private let statement: OpaquePointer?
  /// The number of the current row.
  public private(set) var row: Int64 = 0

  /// The longest text that is kept; the rest of a longer one is cut off.
  private static let longestText = 64 << 10

  /// Prepares a query whose first column is the number of the row.
  init(_ connection: SQLiteConnection, _ query: String) throws(TraceIOError) {
    self.connection = connection
    var statement: OpaquePointer?
    let result = sqlite3_prepare_v2(connection.handle, query, -1, &statement, nil)
    self.statement = statement
    guard result == SQLITE_OK else { throw connection.error(result) }
  }

  /// No rows.
  init(empty connection: SQLiteConnection) {
    self.connection = connection
    statement = nil
  }

  deinit { sqlite3_finalize(statement) }

  /// Moves to the next row.
  ///
  /// - Returns: Whether there was one.
  public mutating func next() throws(TraceIOError) -> Bool {
    guard let statement else { return false }
    let result = sqlite3_step(statement)
    guard result != SQLITE_DONE else { return false }
    guard result == SQLITE_ROW else { throw connection.error(result) }
    row = sqlite3_column_int64(statement, 0)
    return true
  }

  /// A column of the current row, counted from 0, if it holds a whole number.
  public func integer(_ column: Int) -> Int64? {
    let index = Int32(truncatingIfNeeded: column + 1)
    guard let statement, sqlite3_column_type(statement, index) == SQLITE_INTEGER else { return nil }
    return sqlite3_column_int64(statement, index)
  }

  /// A column of the current row, counted from 0, if it holds text; cut off after 64 KiB, bytes
  /// that are not UTF-8 replaced.
  public func text(_ column: Int) -> String? {
    let index = Int32(truncatingIfNeeded: column + 1)
    guard let statement, sqlite3_column_type(statement, index) == SQLITE_TEXT,
      let start = sqlite3_column_text(statement, index)
    else { return nil }
    let count = min(Int(sqlite3_column_bytes(statement, index)), Self.longestText)
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// Starts anew with a value for the query's only parameter.
  mutating func bind(_ value: Int64) {
    sqlite3_reset(statement)
    sqlite3_bind_int64(statement, 1, value)
  }
}

/// Single rows of one table by a key.
public struct SQLiteLookup: ~Copyable {
  private var rows: SQLiteRows

  init(rows: consuming SQLiteRows) { self.rows = rows }

  /// Moves to the row with this key.
  ///
  /// - Returns: Whether there is one.
  public mutating func find(_ key: Int64) throws(TraceIOError) -> Bool {
    rows.bind(key)
    return try rows.next()
  }

  /// A column of the row that was found, if it holds a whole number.
  public func integer(_ column: Int) -> Int64? { rows.integer(column) }

  /// A column of the row that was found, if it holds text.
  public func text(_ column: Int) -> String? { rows.text(column) }
}
