internal import GRDB
public import ProfilerTraces

extension OperatorStore {
  /// An imported source, as the database keeps it.
  public struct Source: Sendable {
    /// Its number.
    public var id: Int
    /// The path that the user gave.
    public var path: String
    /// The SHA-256 of its stored bytes; of several files joined by `+`, then `#` and the part
    /// where one file is several sources.
    public var sha256: String
    /// The name of its format.
    public var format: String
    /// The device that was measured.
    public var device: String
    /// The software, as `framework version`.
    public var runtime: String
    /// What the reading depended on besides the bytes.
    public var arguments: String
    /// The number of bytes as stored.
    public var bytes: Int
    /// The records that were read.
    public var recordsRead: Int
    /// The records that were used.
    public var recordsUsed: Int
    /// The samples that came from it.
    public var samples: Int
    /// The steps that came from it.
    public var steps: Int
    /// The version of the rules that it was imported by.
    public var importerVersion = 0
    /// What it says about itself, by name.
    public var facts: [(name: String, value: String)] = []

    /// The SHA-256 of the first file alone: the one at ``path``, which launches are places in.
    public var textSHA256: String { String(sha256.prefix { $0 != "+" && $0 != "#" }) }
  }

  /// The kernels and launches behind a sample.
  public struct SampleOrigin: Sendable {
    /// The sample's number.
    public var id: Int
    /// The number of its source.
    public var source: Int
    /// Its operator, sizes and statistics: the row of the view `samples`, by column.
    public var row: [(column: String, value: String)]
    /// Its kernels, longest total first, each with its first launches.
    public var kernels: [KernelTotal]
  }

  /// The sources, in the order of their import.
  ///
  /// - Parameter id: the source to give alone, or nil for all.
  public func sources(id: Int? = nil) throws(OperatorStoreError) -> [Source] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT source.id, path, sha256, format, device.name,
            trim(runtime.framework || ' ' || runtime.version), arguments, bytes, records_read,
            records_used, (SELECT count(*) FROM sample WHERE source_id = source.id),
            (SELECT count(*) FROM step WHERE source_id = source.id), importer_version
          FROM source
          JOIN device ON device.id = source.device_id
          JOIN runtime ON runtime.id = source.runtime_id
          WHERE ?1 IS NULL OR source.id = ?1
          ORDER BY source.id
          """, arguments: [id])
      return try rows.map { row in
        var source = Source(
          id: row[0], path: row[1], sha256: row[2], format: row[3], device: row[4],
          runtime: row[5], arguments: row[6], bytes: row[7], recordsRead: row[8],
          recordsUsed: row[9], samples: row[10], steps: row[11], importerVersion: row[12])
        let facts = try Row.fetchAll(
          db, sql: "SELECT name, value FROM source_fact WHERE source_id = ? ORDER BY name",
          arguments: [source.id])
        source.facts = facts.map { ($0[0], $0[1]) }
        return source
      }
    }
  }

  /// What a sample rests on; nil where there is no such sample.
  ///
  /// - Parameter events: the most launches of each kernel to give.
  public func origin(
    ofSample id: Int, events: Int = KernelTotal.mostEvents
  ) throws(OperatorStoreError) -> SampleOrigin? {
    try read { db in
      guard
        let row = try Row.fetchOne(
          db, sql: "SELECT * FROM samples WHERE sample = ?", arguments: [id])
      else { return nil }
      var kernels: [KernelTotal] = []
      let found = try Row.fetchAll(
        db,
        sql: """
          SELECT id, name, count, total_ns, class, library FROM kernel WHERE sample_id = ?
          ORDER BY total_ns DESC, id
          """, arguments: [id])
      for row in found {
        let launches = try Row.fetchAll(
          db,
          sql: """
            SELECT place, length, duration_ns FROM kernel_event WHERE kernel_id = ?
            ORDER BY number LIMIT ?
            """, arguments: [row[0] as Int64, events])
        kernels.append(
          KernelTotal(
            name: row[1], count: row[2], total: row[3],
            identity: KernelIdentity(KernelClass(rawValue: row[4]), library: row[5]),
            events: launches.map {
              KernelEvent(
                place: SourcePlace(
                  offset: $0[0], length: Int32(clamping: $0[1] as Int64)), duration: $0[2])
            }))
      }
      return SampleOrigin(
        id: id, source: row["source"],
        row: zip(row.columnNames, row.databaseValues).map {
          ($0, $1.storage.value.map { "\($0)" } ?? "")
        }, kernels: kernels)
    }
  }
}
