internal import Foundation
internal import GRDB

/// The SQLite database of operator latencies.
///
///     let store = try OperatorStore(path: "lat.sqlite", mode: .readWrite)
///     try store.add(trace)
///     let curves = try store.curves(device: "H100")
///
/// An import is one transaction: all of a source or nothing, also when the process is killed
/// (SQLite's rollback journal). Readers load what they need once; nothing queries in a hot loop.
public struct OperatorStore: Sendable {
  /// What a database is opened for.
  public enum Mode: Sendable {
    /// It must exist; nothing is changed but the schema of an older version, which is brought up to this.
    case readOnly
    /// It is made if it does not exist, and brought up to this version's schema.
    case readWrite
  }

  /// Where the database is.
  public let path: String
  let queue: DatabaseQueue

  /// Opens a database.
  public init(path: String, mode: Mode) throws(OperatorStoreError) {
    self.path = path
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if isFolder.boolValue { throw .notADatabase(path: path) }
    if mode == .readOnly && !exists { throw .missing(path: path) }
    if mode == .readOnly { Self.undoKilledImport(path) }
    let open = {
      var configuration = Configuration()
      configuration.readonly = mode == .readOnly
      configuration.foreignKeysEnabled = true
      configuration.busyMode = .timeout(10)
      return try DatabaseQueue(path: path, configuration: configuration)
    }
    self.queue =
      mode == .readOnly
      ? try Self.reading(path, open) : try Self.translating(path, open)
    let (applicationID, tables, isSuperseded, isCurrent) = try read { db in
      (
        try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
        try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0,
        try Self.migrator.hasBeenSuperseded(db), try Self.migrator.hasCompletedMigrations(db)
      )
    }
    if tables > 0 && applicationID != Schema.applicationID { throw .notADatabase(path: path) }
    if isSuperseded { throw .tooNew(path: path) }
    switch mode {
    case .readWrite where tables == 0:
      do {
        try Self.translating(path) { try Self.create(in: queue) }
      } catch {
        if !exists { Self.removeEmptyFile(path, after: error) }
        throw error
      }
    case .readWrite: try Self.translating(path) { try Self.migrator.migrate(queue) }
    case .readOnly where tables == 0: throw .notADatabase(path: path)
    case .readOnly where !isCurrent:
      do {
        _ = try OperatorStore(path: path, mode: .readWrite)
      } catch .cannotWrite {
        throw .tooOld(path: path)
      }
    case .readOnly: break
    }
  }

  /// Whether a file's first bytes, 100 at least, are those of such a database, of whatever version.
  public static func isDatabase(_ start: [UInt8]) -> Bool {
    // Byte 68 of SQLite's header is the application's number, the highest byte first.
    guard start.count >= 100, start.starts(with: "SQLite format 3\0".utf8) else { return false }
    return start[68..<72].reduce(0) { $0 << 8 | Int($1) } == Schema.applicationID
  }

  /// Removes the file that opening has made and that could not be filled.
  private static func removeEmptyFile(_ path: String, after error: OperatorStoreError) {
    // Where another process is writing to it, the file is that one's.
    if case .busy = error { return }
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    if size == 0 { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Undoes what a killed import has left half done, which a connection that only reads cannot.
  ///
  /// Any connection that may write does so with its first read; a journal that a running import
  /// still owns is left alone by SQLite. Where it fails, the reader's own error follows.
  private static func undoKilledImport(_ path: String) {
    guard FileManager.default.fileExists(atPath: path + "-journal") else { return }
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    _ = try? DatabaseQueue(path: path, configuration: configuration)
      .read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
  }

  /// Makes today's schema in a new database, in one transaction.
  ///
  /// The migrations would, too; but each of their changes has SQLite read the whole schema again, and
  /// each waits for the disk.
  private static func create(in queue: DatabaseQueue) throws {
    try queue.write { db in
      // Another process may have been faster.
      guard try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 else { return }
      try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
      try db.execute(sql: Schema.current)
      // What GRDB knows them by; a test holds this to what it makes itself.
      try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      for name in migrator.migrations {
        try db.execute(
          sql: "INSERT INTO grdb_migrations (identifier) VALUES (?)", arguments: [name])
      }
    }
    try migrator.migrate(queue)
  }

  /// Forward migrations, by name; never edit one that has been released.
  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: sources, curves, samples, steps, calibrations") { db in
      try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
      try db.execute(sql: Schema.version1)
    }
    migrator.registerMigration("2: facts, launches, annotated steps") { db in
      try db.execute(sql: Schema.version2)
    }
    migrator.registerMigration("3: calibrations from requests, with their uncertainty") { db in
      try db.execute(sql: Schema.calibrationsFromRequests)
    }
    migrator.registerMigration("4: calibrations of collectives and graphs") { db in
      try db.execute(sql: Schema.calibrationsOfGraphs)
    }
    return migrator
  }()

  /// Runs `body` in a read transaction.
  func read<Value>(_ body: (Database) throws -> Value) throws(OperatorStoreError) -> Value {
    try Self.reading(path) { try queue.read(body) }
  }

  /// Runs `body` in a write transaction: all of it takes effect, or nothing.
  func write<Value>(_ body: (Database) throws -> Value) throws(OperatorStoreError) -> Value {
    try Self.translating(path) { try queue.write(body) }
  }

  /// Runs `body`, which only reads, and tells what SQLite refuses as an error of the database at `path`.
  private static func reading<Value>(
    _ path: String, _ body: () throws -> Value
  ) throws(OperatorStoreError) -> Value {
    do {
      return try translating(path, body)
    } catch .cannotWrite(let path, let problem), .noSpace(let path, let problem) {
      throw .cannotRead(path: path, problem: problem)
    }
  }

  /// Runs `body`, and tells what SQLite refuses as an error of the database at `path`.
  static func translating<Value>(
    _ path: String, _ body: () throws -> Value
  ) throws(OperatorStoreError) -> Value {
    do {
      return try body()
    } catch let error as OperatorStoreError {
      throw error
    } catch let damaged as DamagedRow {
      throw .damaged(
        path: path, table: damaged.table, row: damaged.row, problem: damaged.problem)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
      throw .notADatabase(path: path)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      throw .busy(path: path)
    } catch let error as DatabaseError
      where [.SQLITE_FULL, .SQLITE_IOERR].contains(error.resultCode.primaryResultCode)
    {
      throw .noSpace(path: path, problem: error.message ?? "\(error.resultCode)")
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode.primaryResultCode)
    {
      throw .cannotWrite(path: path, problem: error.message ?? "\(error.resultCode)")
    } catch let error as DatabaseError {
      throw .database(path: path, problem: error.message ?? "SQLite error \(error.resultCode)")
    } catch {
      throw .database(path: path, problem: String(describing: error))
    }
  }
}
