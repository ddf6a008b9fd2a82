import CSQLite
import Foundation
import Operators
import Testing

@testable import TraceIO

@Suite("An SQLite database that is not trusted")
final class SQLiteInputTests {
  private let folder = FileManager.default.temporaryDirectory
    .appending(path: "reprise-sqlite-\(UUID())").path()

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// Runs statements on a new database and returns its path.
  private func make(_ sql: String, name: String = "a.sqlite") throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/" + name
    var handle: OpaquePointer?
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    defer { sqlite3_close(handle) }
    try #require(
      sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK,
      "\(String(cString: sqlite3_errmsg(handle)))")
    return path
  }

  private func values(
    _ path: String, _ table: String, _ column: String
  ) throws(TraceIOError) -> [Int64?] {
    let database = try SQLiteInput(path: path)
    var rows = try database.rows(of: table, [column])
    var values: [Int64?] = []
    while try rows.next() { values.append(rows.integer(0)) }
    return values
  }

  private static let plain = """
    CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, name TEXT);
    INSERT INTO t VALUES (1, 10, 'one'), (2, 20, 'two'), (7, 'text', NULL);
    """

  @Test func `base tables are read in the order of their rows`() throws {
    let path = try make(Self.plain)
    let database = try SQLiteInput(path: path)
    #expect(database.tables == ["t"])
    #expect(try database.columns(of: "t") == ["id", "a", "name"])
    var rows = try database.rows(of: "t", ["a", "name", "missing"])
    var found: [String] = []
    while try rows.next() {
      found.append("\(rows.row) \(rows.integer(0) ?? -1) \(rows.text(1) ?? "-")")
      #expect(rows.integer(2) == nil && rows.text(2) == nil)
    }
    #expect(found == ["1 10 one", "2 20 two", "7 -1 -"])
    var lookup = try database.lookup(in: "t", key: "id", ["name"])
    #expect(try lookup.find(2) && lookup.text(0) == "two")
    #expect(try !lookup.find(3))
    #expect(try lookup.find(1) && lookup.text(0) == "one")
  }

  @Test func `a table that is missing has no rows`() throws {
    let path = try make(Self.plain)
    #expect(try values(path, "other", "a").isEmpty)
    #expect(try values(path, "sqlite_master", "rootpage").isEmpty)
  }

  @Test(
    "names of files that mean something in a URI mean nothing here",
    arguments: ["a b.sqlite", "a?mode=rwc.sqlite", "a#b", "a%20b", "ä&immutable=0"])
  func names(name: String) throws {
    let path = try make(Self.plain, name: name)
    #expect(try values(path, "t", "a") == [10, 20, nil])
    #expect(
      try values(path.replacingOccurrences(of: "/tmp/", with: "//tmp/"), "t", "id").count == 3)
  }

  @Test(
    "what is no base table is not read",
    arguments: [
      "CREATE VIEW v AS WITH RECURSIVE c(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c) SELECT a FROM c",
      "CREATE VIEW v AS SELECT load_extension('x') AS a FROM t",
      "CREATE VIRTUAL TABLE v USING rtree(id, a, b)",
      "CREATE TABLE w (x); CREATE TRIGGER v AFTER INSERT ON w BEGIN SELECT 1; END",
    ])
  func views(sql: String) throws {
    let path = try make(Self.plain + sql)
    #expect(try values(path, "v", "a").isEmpty)
    #expect(try values(path, "t", "a").count == 3)
  }

  @Test func `columns that are computed hold no data`() throws {
    let path = try make(
      "CREATE TABLE t (a INTEGER, b AS (zeroblob(1000000000)));INSERT INTO t VALUES (5)")
    #expect(try values(path, "t", "b") == [nil])
    #expect(try values(path, "t", "a") == [5])
  }

  @Test func `a quote in the name of a table stays in the name`() throws {
    let path = try make(
      "CREATE TABLE \"a\"\"b; DROP\" (c INTEGER); INSERT INTO \"a\"\"b; DROP\" VALUES (3)")
    #expect(try values(path, "a\"b; DROP", "c") == [3])
  }

  @Test(arguments: [InputCompression.gzip, .zstd])
  func `a compressed database is expanded`(compression: InputCompression) throws {
    let path = try make(Self.plain)
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    let packed = path + ".packed"
    let text = compression == .gzip ? Container.gzip(bytes) : Container.zstd(bytes)
    try Data(text).write(to: URL(filePath: packed))
    #expect(try values(packed, "t", "a") == [10, 20, nil])
    var database = try SQLiteInput(path: packed)
    let summary = try database.finish()
    #expect(summary.compression == compression)
    #expect(summary.storedBytes == text.count)
    #expect(summary.textBytes == bytes.count)
    var plain = try SQLiteInput(path: path)
    #expect(try plain.finish().textBytes == summary.textBytes)
  }

  @Test func `the temporary copy has no name once it is not needed`() throws {
    var path = ""
    do {
      var source = try ByteSource(bytes: Array("text".utf8))
      let scratch = try ScratchFile(holding: &source)
      path = scratch.path
      #expect(FileManager.default.contents(atPath: path) == Data("text".utf8))
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `pages that are shared do not multiply without end`() throws {
    let path = try make(
      "PRAGMA page_size = 512; CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)")
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    // Six levels of pages, each of which names the one below it 71 times: 10¹¹ rows in 4 KiB.
    let leaf = Array(bytes[512..<1024])
    var pages: [[UInt8]] = []
    for level in 0..<6 {
      var page = [UInt8](repeating: 0, count: 512)
      let (cells, child) = (71, UInt8(level + 3))
      page.replaceSubrange(0..<12, with: [5, 0, 0, 0, UInt8(cells), 0, 0, 0, 0, 0, 0, child])
      for cell in 0..<cells {
        let start = 512 - 5 * (cell + 1)
        page.replaceSubrange(start..<start + 5, with: [0, 0, 0, child, UInt8(cell + 1)])
        page[12 + 2 * cell] = UInt8(start >> 8)
        page[13 + 2 * cell] = UInt8(start & 255)
      }
      let content = 512 - 5 * cells
      page[5] = UInt8(content >> 8)
      page[6] = UInt8(content & 255)
      pages.append(page)
    }
    bytes = Array(bytes[..<512]) + pages.joined() + leaf
    bytes[31] = UInt8(bytes.count / 512)
    try Data(bytes).write(to: URL(filePath: path))
    let error = #expect(throws: TraceIOError.self) { _ = try values(path, "t", "a") }
    #expect(error?.reason == .databaseLimit)
  }

  @Test func `a value beyond the limit is an error`() throws {
    let path = try make(
      "CREATE TABLE t (a INTEGER, b); INSERT INTO t VALUES (1, zeroblob(20000000))")
    let error = #expect(throws: TraceIOError.self) {
      let database = try SQLiteInput(path: path)
      var rows = try database.rows(of: "t", ["b"])
      while try rows.next() {}
    }
    #expect(error?.reason == .databaseLimit)
  }

  @Test func `a database cut or changed anywhere is read or refused`() throws {
    let path = try make(
      Self.plain + (0..<40).map { "INSERT INTO t(a, name) VALUES (\($0), 'name\($0)');" }.joined())
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var generator = SplitMix64(seed: 7)
    func random(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }
    for round in 0..<400 {
      var changed = bytes
      if round % 4 == 0 {
        changed = Array(changed.prefix(random(bytes.count)))
      } else {
        for _ in 0..<(1 + random(8)) {
          // The header and the schema are hit as often as everything else together.
          changed[random(round % 2 == 0 ? 512 : bytes.count)] = UInt8(random(256))
        }
      }
      try Data(changed).write(to: URL(filePath: path))
      do throws(TraceIOError) {
        let count = try values(path, "t", "a").count
        #expect(count < 100_000)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }
}
