import CSQLite

/// A connection to a database that is not trusted; a class, so that rows can keep it open.
final class SQLiteConnection {
  let path: String
  let handle: OpaquePointer?
  /// The instructions that may still be run, in units of ``step``; on the heap for SQLite's sake.
  private let budget: UnsafeMutablePointer<Int>

  private static let step: Int32 = 1000
  /// The longest value that is read; kernels' names reach some KiB.
  static let longestValue: Int32 = 16 << 20

  /// - Parameters:
  ///   - file: The file to open.
  ///   - path: The path as given by the user, for errors.
  ///   - size: The size of the file in bytes. A row takes at least some bytes and some instructions,
  ///     so that a real database needs less than one instruction a byte for each scan.
  init(file: String, path: String, size: Int) throws(TraceIOError) {
    self.path = path
    var handle: OpaquePointer?
    let flags =
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
    var result = sqlite3_open_v2(Self.uri(file), &handle, flags, nil)
    self.handle = handle
    budget = .allocate(capacity: 1)
    budget.initialize(to: 10_000 + size / Int(Self.step) * 32)
    if result == SQLITE_OK { result = reprise_sqlite_distrust(handle) }
    for pragma in ["PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0"]
    where result == SQLITE_OK {
      result = sqlite3_exec(handle, pragma, nil, nil, nil)
    }
    guard result == SQLITE_OK else { throw error(result) }
    limit()
  }

  deinit {
    sqlite3_close_v2(handle)
    budget.deallocate()
  }

  /// An error for a result of SQLite.
  func error(_ result: Int32) -> TraceIOError {
    switch result & 0xFF {
    case SQLITE_INTERRUPT:
      TraceIOError(
        .databaseLimit, path: path, at: .whole, "more work than a file of its size needs")
    case SQLITE_TOOBIG:
      TraceIOError(
        .databaseLimit, path: path, at: .whole, "a value of more than \(Self.longestValue) bytes")
    case SQLITE_CANTOPEN:
      TraceIOError(.cannotOpen, path: path, at: .whole, "as an SQLite database")
    default: TraceIOError(.corruptDatabase, path: path, at: .whole, message(result))
    }
  }

  /// SQLite's own words; they may quote the database, so that only printable ASCII is kept.
  private func message(_ result: Int32) -> String {
    guard let text = sqlite3_errmsg(handle) else { return "SQLite's error \(result)" }
    return String(String(cString: text).filter { (" "..."~").contains($0) }.prefix(200))
  }

  private func limit() {
    let limits: [(Int32, Int32)] = [
      (SQLITE_LIMIT_LENGTH, Self.longestValue), (SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
      (SQLITE_LIMIT_COLUMN, 500), (SQLITE_LIMIT_EXPR_DEPTH, 500), (SQLITE_LIMIT_VDBE_OP, 25_000),
      (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_VARIABLE_NUMBER, 16),
      (SQLITE_LIMIT_TRIGGER_DEPTH, 1), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64),
      (SQLITE_LIMIT_WORKER_THREADS, 0),
    ]
    for (kind, value) in limits { sqlite3_limit(handle, kind, value) }
    sqlite3_progress_handler(
      handle, Self.step,
      { context in
        guard let budget = context?.assumingMemoryBound(to: Int.self) else { return 1 }
        budget.pointee -= 1
        return budget.pointee > 0 ? 0 : 1
      }, budget)
    sqlite3_set_authorizer(
      handle,
      { _, action, first, _, _, view in
        // `view` names the view or trigger that the access comes from.
        guard view == nil else { return SQLITE_DENY }
        switch action {
        case SQLITE_SELECT, SQLITE_READ: return SQLITE_OK
        case SQLITE_PRAGMA:
          return first.map { String(cString: $0) } == "table_info" ? SQLITE_OK : SQLITE_DENY
        default: return SQLITE_DENY
        }
      }, nil)
  }

  /// `file:` with everything escaped that could be taken for a parameter or an authority.
  private static func uri(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF".unicodeScalars)
    var text = "file:"
    var bytes = Substring(path).utf8
    while bytes.starts(with: "//".utf8) { bytes = bytes.dropFirst() }
    for byte in bytes {
      let scalar = UnicodeScalar(byte)
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "_", "-": text.unicodeScalars.append(scalar)
      default:
        text.append("%")
        text.unicodeScalars.append(digits[Int(byte >> 4)])
        text.unicodeScalars.append(digits[Int(byte & 15)])
      }
    }
    return text + "?mode=ro&immutable=1"
  }
}
