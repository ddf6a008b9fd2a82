private import Dispatch
internal import GRDB
private import GRDBSQLite
private import Synchronization

/// The reading of many curves' samples, on two threads where two connections surely see the same state.
///
/// A sample costs SQLite most of a microsecond, and a connection works for one thread at a time. While the
/// first one reads, nothing can be committed to a database with a rollback journal: whoever begins to read
/// meanwhile, reads the same.
final class SampleReading: Sendable {
  /// The curves whose samples are read, by their numbers in the database.
  private let curves: [Int64]
  /// The place of the first curve that nobody has taken yet.
  private let next = Atomic<Int>(0)
  /// What the second connection read.
  private let helped = Mutex<[Part]>([])

  /// The samples of a curve, with its place among the curves.
  private typealias Part = (place: Int, samples: [MeasuredSample])

  /// How many curves are taken at a time.
  private static let turn = 16
  /// Fewer curves are read before another connection is open.
  private static let fewest = 256

  init(_ curves: [Int64]) { self.curves = curves }

  /// The samples of each curve, in the order of the curves.
  ///
  /// - Parameters:
  ///   - db: a connection that has begun to read.
  ///   - path: where its file is.
  func samples(_ db: Database, path: String) throws -> [[MeasuredSample]] {
    guard curves.count >= Self.fewest, try Self.hasRollbackJournal(db) else {
      return try Self.samples(of: curves, db)
    }
    let end = DispatchGroup()
    DispatchQueue.global().async(group: end) { self.help(path) }
    let own = Result { try share(db) }
    end.wait()
    var samples = [[MeasuredSample]?](repeating: nil, count: curves.count)
    let isSame = try Self.isInPlace(db)
    for part in try own.get() + (isSame ? helped.withLock(\.self) : []) {
      samples[part.place] = part.samples
    }
    // What the second connection took and could not read.
    let scan = try SampleScan(db)
    return try zip(curves, samples).map { try $1 ?? scan.samples(ofCurve: $0) }
  }

  private static func samples(of curves: [Int64], _ db: Database) throws -> [[MeasuredSample]] {
    let scan = try SampleScan(db)
    return try curves.map(scan.samples)
  }

  /// Reads a share of the curves on a connection of its own; nothing where that fails.
  private func help(_ path: String) {
    var configuration = Configuration()
    configuration.readonly = true
    // An import that waits for the first reader lets no second one in.
    configuration.busyMode = .immediateError
    let parts = try? DatabaseQueue(path: path, configuration: configuration).read(share)
    helped.withLock { $0 = parts ?? [] }
  }

  /// Reads curves, turn by turn, until all are taken.
  private func share(_ db: Database) throws -> [Part] {
    let scan = try SampleScan(db)
    var parts: [Part] = []
    while true {
      let first = next.wrappingAdd(Self.turn, ordering: .relaxed).oldValue
      guard first < curves.count else { return parts }
      for place in first..<min(first + Self.turn, curves.count) {
        parts.append((place, try scan.samples(ofCurve: curves[place])))
      }
    }
  }

  private static func hasRollbackJournal(_ db: Database) throws -> Bool {
    try String.fetchOne(db, sql: "PRAGMA journal_mode") == "delete"
  }

  /// Whether the file that is read is still the one at its path.
  private static func isInPlace(_ db: Database) throws -> Bool {
    var hasMoved: Int32 = 0
    try db.check(
      sqlite3_file_control(db.sqliteConnection, nil, SQLITE_FCNTL_HAS_MOVED, &hasMoved))
    return hasMoved == 0
  }
}
