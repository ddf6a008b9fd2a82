internal import GRDB

/// What of several databases goes into one, and in which order, whatever the order of the databases.
///
/// Two sources are the same where device and bytes are. Of one that several databases hold the rows of the
/// newest importer are taken; read by one importer with the same arguments the same bytes make the same rows,
/// so that it is of no account whose are taken.
struct MergePlan {
  /// A source, and the database that holds it.
  struct Entry {
    var source: OperatorStore.Source
    var database: String
  }

  /// A calibration, and the database that holds it.
  private struct Fit {
    var values: [DatabaseValue]
    var database: String
  }

  /// What two sources that are the same share; as bytes, since SQLite tells apart what Swift finds equal.
  private struct Key: Hashable {
    var device: [UInt8]
    var sha256: [UInt8]

    init(_ source: OperatorStore.Source) {
      device = Array(source.device.utf8)
      sha256 = Array(source.sha256.utf8)
    }

    func precedes(_ other: Key) -> Bool {
      device == other.device
        ? sha256.lexicographicallyPrecedes(other.sha256)
        : device.lexicographicallyPrecedes(other.device)
    }
  }

  /// The columns of ``calibrations``: all but the number of the row.
  let calibrationColumns: [String]
  private var entries: [Key: [Entry]] = [:]
  private var fits: [[DatabaseValue]: [Fit]] = [:]

  /// The columns that name a deployment.
  private static let deployment: Set = ["device", "model", "data_type", "tensor_parallel"]

  /// - Parameter calibrationColumns: of the table `calibration`, without its number.
  init(calibrationColumns: [String]) { self.calibrationColumns = calibrationColumns }

  /// Takes note of what a database holds.
  mutating func add(_ store: OperatorStore) throws(OperatorStoreError) {
    for source in try store.sources() {
      entries[Key(source), default: []].append(Entry(source: source, database: store.path))
    }
    let columns = calibrationColumns
    let rows = try store.read { db in
      try Row.fetchAll(db, sql: "SELECT \(columns.joined(separator: ", ")) FROM calibration")
    }
    for row in rows {
      let values = Array(row.databaseValues)
      let key = zip(columns, values).filter { Self.deployment.contains($0.0) }.map(\.1)
      fits[key, default: []].append(Fit(values: values, database: store.path))
    }
  }

  /// The sources to copy, by device and bytes, and how many were left out.
  ///
  /// - Throws: where two databases hold a source otherwise, so that none is to be preferred.
  func sources() throws(OperatorStoreError) -> (chosen: [Entry], repeated: Int, superseded: Int) {
    var (chosen, repeated, superseded): ([Entry], Int, Int) = ([], 0, 0)
    let parts = partsOfSources()
    for (key, held) in entries.sorted(by: { $0.key.precedes($1.key) }) {
      let newest = held.map(\.source.importerVersion).max()
      let alike = parts.contains(key) ? [] : held.filter { $0.source.importerVersion == newest }
      superseded += held.count - alike.count
      // A path is what a user called it: any is right, and the first in order is the same in any order.
      guard
        let first = alike.min(by: {
          $0.source.path.utf8.lexicographicallyPrecedes($1.source.path.utf8)
        })
      else { continue }
      for other in alike { try Self.check(first, equals: other) }
      repeated += alike.count - 1
      chosen.append(first)
    }
    return (chosen, repeated, superseded)
  }

  /// Files that are in a source of several files, such as a table of a directory: an import counts them
  /// once, too.
  private func partsOfSources() -> Set<Key> {
    var parts: Set<Key> = []
    for held in entries.values {
      guard var source = held.first?.source else { continue }
      let files = source.sha256.prefix { $0 != "#" }.split(separator: "+")
      for file in files where files.count > 1 {
        source.sha256 = String(file)
        parts.insert(Key(source))
      }
    }
    return parts
  }

  private static func check(_ first: Entry, equals other: Entry) throws(OperatorStoreError) {
    let (one, two) = (first.source, other.source)
    func conflict(_ problem: String) -> OperatorStoreError {
      .conflict(
        first: first.database, second: other.database,
        problem: "they hold \(one.path) of device \(one.device) \(problem)")
    }
    guard one.arguments == two.arguments else {
      throw conflict(
        "imported by different arguments ('\(one.arguments)' and '\(two.arguments)'); import it into "
          + "one of them again, as it is in the other")
    }
    let counts = [one, two].map {
      [$0.bytes, $0.recordsRead, $0.recordsUsed, $0.samples, $0.steps]
    }
    let texts = [one, two].map { source in
      [source.format, source.runtime] + source.facts.flatMap { [$0.name, $0.value] }
    }
    guard counts[0] == counts[1], texts[0] == texts[1] else {
      throw conflict("with different rows; import it again into both by this version of reprise")
    }
  }

  /// The calibrations to keep, as values of ``calibrationColumns``, by deployment.
  ///
  /// - Throws: where two are of one deployment and differ in more than the name of what they were fitted on.
  func calibrations() throws(OperatorStoreError) -> [[DatabaseValue]] {
    func text(_ value: DatabaseValue) -> String { "\(value)" }
    func precede(_ one: [DatabaseValue], _ two: [DatabaseValue]) -> Bool {
      zip(one, two).lazy.map { (text($0), text($1)) }.first { $0 != $1 }.map {
        $0.utf8.lexicographicallyPrecedes($1.utf8)
      } ?? false
    }
    var kept: [[DatabaseValue]] = []
    let name = calibrationColumns.firstIndex(of: "fitted_on")
    for (key, held) in fits.sorted(by: { precede($0.key, $1.key) }) {
      guard let first = held.min(by: { precede($0.values, $1.values) }) else { continue }
      for other in held {
        let isSame = zip(first.values, other.values).enumerated().allSatisfy { index, pair in
          index == name || pair.0 == pair.1
        }
        guard isSame else {
          throw .conflict(
            first: first.database, second: other.database,
            problem: "they hold different calibrations of one deployment "
              + "(\(key.map(text).joined(separator: ", "))); leave all out with --no-calibrations, "
              + "and calibrate what is merged")
        }
      }
      kept.append(first.values)
    }
    return kept
  }
}
