internal import GRDB

/// A source's rows on their way into another database, with new numbers.
///
/// The database that holds them is attached as `shard`. Rows keep their order, so that what is made is what an
/// import of the source would have made. Which columns there are is asked of the schema: only those that hold
/// numbers of rows are named here.
struct SourceCopy {
  private let db: Database
  private let columns: [String: [String]]

  /// Prepares copies into `db`.
  init(_ db: Database) throws {
    self.db = db
    var columns: [String: [String]] = [:]
    for table in [
      "source", "source_fact", "attribution", "curve", "sample", "kernel", "kernel_event", "step",
    ] {
      columns[table] = try db.columns(in: table).map(\.name)
    }
    self.columns = columns
    // Which number in the shard became which.
    for table in ["sample", "kernel"] {
      try db.execute(
        sql: "CREATE TEMP TABLE moved_\(table) (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)")
    }
  }

  /// Copies a source.
  ///
  /// - Parameters:
  ///   - old: its number in the shard.
  ///   - number: its number here; no source may bear it.
  /// - Returns: Whether the shard has such a source.
  func copy(_ old: Int, as number: Int) throws -> Bool {
    try db.execute(
      sql: """
        INSERT OR IGNORE INTO main.device (name)
          SELECT name FROM shard.device
          WHERE id = (SELECT device_id FROM shard.source WHERE id = \(old));
        INSERT OR IGNORE INTO main.runtime (framework, version)
          SELECT framework, version FROM shard.runtime
          WHERE id = (SELECT runtime_id FROM shard.source WHERE id = \(old));
        """)
    try insert(
      "source",
      ["id": "\(number)", "device_id": "place.id", "runtime_id": "software.id"],
      from: """
        shard.source AS old
        JOIN shard.device ON device.id = old.device_id
        JOIN main.device AS place ON place.name = device.name
        JOIN shard.runtime ON runtime.id = old.runtime_id
        JOIN main.runtime AS software
          ON software.framework = runtime.framework AND software.version = runtime.version
        WHERE old.id = \(old)
        """)
    guard db.changesCount == 1 else { return false }
    for (table, order) in [("source_fact", "name"), ("attribution", "rule")] {
      try insert(
        table, ["source_id": "\(number)"],
        from: "shard.\(table) AS old WHERE old.source_id = \(old) ORDER BY old.\(order)")
    }
    try copySamples(of: old, as: number)
    try insert(
      "step", ["id": "NULL", "source_id": "\(number)"],
      from: "shard.step AS old WHERE old.source_id = \(old) ORDER BY old.id")
    return true
  }

  private func copySamples(of old: Int, as number: Int) throws {
    let of = "(SELECT device_id, runtime_id FROM main.source WHERE id = \(number))"
    try insert(
      "curve", ["id": "NULL", "device_id": "here.device_id", "runtime_id": "here.runtime_id"],
      from: """
        (SELECT curve_id, min(id) AS first FROM shard.sample WHERE source_id = \(old)
          GROUP BY curve_id) AS used
        JOIN shard.curve AS old ON old.id = used.curve_id
        JOIN \(of) AS here
        ORDER BY used.first
        """, or: "IGNORE")
    try renumber("sample", of: "source_id = \(old)")
    try insert(
      "sample", ["id": "moved.new", "curve_id": "place.id", "source_id": "\(number)"],
      from: """
        temp.moved_sample AS moved
        JOIN shard.sample AS old ON old.id = moved.old
        JOIN shard.curve AS curve ON curve.id = old.curve_id
        JOIN \(of) AS here
        JOIN main.curve AS place ON place.device_id = here.device_id
          AND place.runtime_id = here.runtime_id AND place.kind = curve.kind
          AND place.data_type = curve.data_type AND place.attributes = curve.attributes
        ORDER BY moved.old
        """)
    try renumber("kernel", of: "sample_id IN (SELECT old FROM temp.moved_sample)")
    try insert(
      "kernel", ["id": "moved.new", "sample_id": "sample.new"],
      from: """
        temp.moved_kernel AS moved
        JOIN shard.kernel AS old ON old.id = moved.old
        JOIN temp.moved_sample AS sample ON sample.old = old.sample_id
        ORDER BY moved.old
        """)
    try insert(
      "kernel_event", ["kernel_id": "moved.new"],
      from: """
        temp.moved_kernel AS moved
        JOIN shard.kernel_event AS old ON old.kernel_id = moved.old
        ORDER BY moved.old, old.number
        """)
  }

  /// Gives rows of the shard the numbers after the last one here, in their order.
  private func renumber(_ table: String, of condition: String) throws {
    try db.execute(
      sql: """
        DELETE FROM temp.moved_\(table);
        INSERT INTO temp.moved_\(table) (old, new)
          SELECT id, (SELECT coalesce(max(id), 0) FROM main.\(table))
            + row_number() OVER (ORDER BY id)
          FROM shard.\(table) WHERE \(condition);
        """)
  }

  /// Copies rows, called `old` in `origin`: columns of `numbers` as told there, the others as they are.
  private func insert(
    _ table: String, _ numbers: KeyValuePairs<String, String>, from origin: String,
    or resolution: String = "ABORT"
  ) throws {
    let kept = (columns[table] ?? []).filter { name in !numbers.contains { $0.key == name } }
    try db.execute(
      sql: """
        INSERT OR \(resolution) INTO main.\(table)
          (\((numbers.map(\.key) + kept).joined(separator: ", ")))
        SELECT \((numbers.map(\.value) + kept.map { "old." + $0 }).joined(separator: ", "))
        FROM \(origin)
        """)
  }
}
