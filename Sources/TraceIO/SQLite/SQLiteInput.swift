import CSQLite

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A SQLite database of a profiler, read as what an attacker may have written.
///
/// It is opened read-only and immutable: a journal or write-ahead log beside it is not looked at.
/// Only base tables are read, one whole table at a time; views, triggers, virtual tables,
/// functions and other databases are refused by SQLite itself. The work is bounded by the file's
/// size. A database that is compressed or comes from a pipe is first expanded, within
/// ``InputLimits``, to a temporary file without a name.
///
///     let database = try SQLiteInput(path: "trace.sqlite")
///     var kernels = try database.rows(of: "CUPTI_ACTIVITY_KIND_KERNEL", ["start", "end"])
///     while try kernels.next() { print(kernels.integer(0) ?? 0) }
public struct SQLiteInput: ~Copyable {
  private let connection: SQLiteConnection
  private var source: ByteSource
  private let isSpooled: Bool
  /// The names of the base tables, as they were created.
  public let tables: [String]

  /// Opens a file, or standard input where `path` is `-`.
  public init(path: String, limits: InputLimits = .standard) throws(TraceIOError) {
    var source = try ByteSource(path: path, limits: limits)
    let connection: SQLiteConnection
    let size = source.compression == .none ? Self.regularFileSize(path) : nil
    if let size {
      try Self.checkLength(try source.readPrefix(count: 100), size: size, path: path)
      connection = try SQLiteConnection(file: path, path: path, size: size)
    } else {
      let scratch = try ScratchFile(holding: &source)
      connection = try SQLiteConnection(file: scratch.path, path: path, size: source.textBytes)
    }
    let tables = try Self.baseTables(connection)
    self.init(connection, source, isSpooled: size == nil, tables: tables)
  }

  private init(
    _ connection: SQLiteConnection, _ source: consuming ByteSource, isSpooled: Bool,
    tables: [String]
  ) {
    self.connection = connection
    self.source = source
    self.isSpooled = isSpooled
    self.tables = tables
  }

  /// The path as given by the user.
  public var path: String { connection.path }

  /// Whether there is a base table of this name.
  public func hasTable(_ name: String) -> Bool { tables.contains(name) }

  /// The columns of a base table that hold data, in their order; none if there is no such table.
  public func columns(of table: String) throws(TraceIOError) -> [String] {
    guard hasTable(table) else { return [] }
    var rows = try SQLiteRows(connection, "PRAGMA main.table_info(\(Self.quoted(table)))")
    var names: [String] = []
    while try rows.next() { names.append(rows.text(0) ?? "") }
    return names
  }

  /// All rows of a base table, in the order in which they are stored.
  ///
  /// A column that the table lacks is null in all rows; a table that is missing has no rows.
  public func rows(of table: String, _ columns: [String]) throws(TraceIOError) -> SQLiteRows {
    let present = Set(try self.columns(of: table))
    guard !present.isEmpty else { return SQLiteRows(empty: connection) }
    let list = columns.map { present.contains($0) ? Self.quoted($0) : "NULL" }
    return try SQLiteRows(
      connection,
      "SELECT _rowid_, \(list.joined(separator: ", ")) FROM main.\(Self.quoted(table)) NOT INDEXED")
  }

  /// The rows of a base table by the value of its column `key`, which should be its primary key.
  public func lookup(
    in table: String, key: String, _ columns: [String]
  ) throws(TraceIOError) -> SQLiteLookup {
    let present = Set(try self.columns(of: table))
    guard present.contains(key) else {
      return SQLiteLookup(rows: SQLiteRows(empty: connection))
    }
    let list = columns.map { present.contains($0) ? Self.quoted($0) : "NULL" }
    return SQLiteLookup(
      rows: try SQLiteRows(
        connection,
        "SELECT _rowid_, \(list.joined(separator: ", ")) FROM main.\(Self.quoted(table)) "
          + "NOT INDEXED WHERE \(Self.quoted(key)) = ?1"))
  }

  /// Ends reading, and returns what is known about the input; call it once.
  public mutating func finish() throws(TraceIOError) -> InputSummary {
    var summary = try source.finish()
    if !isSpooled { summary.textBytes = summary.storedBytes }
    return summary
  }

  /// Fails if the file is shorter than its header says: SQLite would find the last pages empty.
  private static func checkLength(
    _ header: [UInt8], size: Int, path: String
  ) throws(TraceIOError) {
    guard header.count == 100 else { return }
    func number(_ place: Int, _ count: Int) -> Int {
      header[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
    }
    // Old writers leave the number of pages as it was; it counts if both change counters agree.
    guard number(24, 4) == number(92, 4) else { return }
    let page = number(16, 2) == 1 ? 65_536 : number(16, 2)
    guard number(28, 4) * page > size else { return }
    throw TraceIOError(
      .corruptDatabase, path: path, at: .storedByte(size),
      "cut: its header says \(number(28, 4)) pages of \(page) bytes")
  }

  /// Ordinary tables have a root page; views and virtual tables have none.
  private static func baseTables(_ connection: SQLiteConnection) throws(TraceIOError) -> [String] {
    var rows = try SQLiteRows(
      connection, "SELECT rootpage, name FROM main.sqlite_master WHERE type = 'table'")
    var names: [String] = []
    while try rows.next() {
      guard rows.row > 0, let name = rows.text(0), !name.hasPrefix("sqlite_") else { continue }
      guard names.count < 4096 else {
        throw TraceIOError(
          .databaseLimit, path: connection.path, at: .whole, "more than 4096 tables")
      }
      names.append(name)
    }
    return names
  }

  private static func quoted(_ name: String) -> String {
    var text = "\""
    for scalar in name.unicodeScalars {
      if scalar == "\"" { text.append("\"") }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }

  /// The size of a file that can be read in any order; nil for a pipe or standard input.
  private static func regularFileSize(_ path: String) -> Int? {
    var status = stat()
    guard path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return Int(status.st_size)
  }
}
