internal import GRDB
import Operators
public import ProfilerTraces
internal import TraceIO

extension OperatorStore {
  /// What an import did.
  public enum ImportOutcome: Sendable, Hashable {
    /// The source is new; it was added.
    case added(samples: Int, curves: Int, steps: Int)
    /// The same bytes were imported for this device before, in the same way; nothing changed.
    case unchanged
    /// They were imported before by other arguments or an older importer; the rows were replaced.
    case replaced(samples: Int, curves: Int, steps: Int)
  }

  /// Adds a source in one transaction: all of it, or nothing.
  ///
  /// - Parameters:
  ///   - trace: what a reader made of the source.
  ///   - device: the device's name; it must not be empty.
  public func add(
    _ trace: ImportedTrace, device: String
  ) throws(OperatorStoreError) -> ImportOutcome {
    try write { db in
      let files = trace.inputs.map(\.sha256)
      // Parts of one file are sources of their own.
      let digest = files.joined(separator: "+") + (trace.part.isEmpty ? "" : "#" + trace.part)
      let deviceID = try Self.identity(
        db, "SELECT id FROM device WHERE name = ?", "INSERT INTO device (name) VALUES (?)",
        [device])
      let isCurrent = try Bool.fetchOne(
        db,
        sql: """
          SELECT arguments = ? AND importer_version = ? FROM source
          WHERE sha256 = ? AND device_id = ?
          """, arguments: [trace.arguments, Self.importerVersion, digest, deviceID])
      if isCurrent == true { return .unchanged }
      if isCurrent == nil, digest == files.first, try Self.isPart(digest, db, deviceID) {
        return .unchanged
      }
      // Itself as it was imported before, or single files of it: nothing may count twice.
      let earlier = trace.part.isEmpty && isCurrent == nil ? [digest] + files : [digest]
      let isReplacement = try Self.removeSources(earlier, db, deviceID)
      let runtimeID = try Self.identity(
        db, "SELECT id FROM runtime WHERE framework = ? AND version = ?",
        "INSERT INTO runtime (framework, version) VALUES (?, ?)",
        [trace.runtime.framework ?? "unknown", trace.runtime.version ?? ""])
      try db.execute(
        sql: """
          INSERT INTO source (path, sha256, format, importer_version, arguments, device_id,
            runtime_id, bytes, records_read, records_used)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          trace.path, digest, trace.format.rawValue, Self.importerVersion, trace.arguments,
          deviceID, runtimeID,
          trace.inputs.reduce(0) { $0 + $1.storedBytes }, trace.coverage.recordsRead,
          trace.coverage.recordsUsed,
        ])
      let sourceID = db.lastInsertedRowID
      try Self.insertAttribution(db, trace, sourceID)
      let curves = try Self.insertSamples(db, trace, sourceID, deviceID, runtimeID)
      try Self.insertFacts(db, trace, sourceID)
      try Self.insertSteps(db, trace, sourceID)
      let (samples, steps) = (trace.samples.count, trace.measuredSteps.count + trace.steps.count)
      return isReplacement
        ? .replaced(samples: samples, curves: curves, steps: steps)
        : .added(samples: samples, curves: curves, steps: steps)
    }
  }

  /// Whether a file is one of several that a source was made of, such as a table of a directory.
  private static func isPart(_ sha256: String, _ db: Database, _ device: Int64) throws -> Bool {
    try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM source WHERE device_id = ? AND sha256 <> ?
          AND '+' || sha256 || '+' LIKE '%+' || ? || '+%')
        """, arguments: [device, sha256, sha256]) ?? false
  }

  /// Removes sources, and the curves that nothing is left of; says whether there were any.
  private static func removeSources(
    _ digests: [String], _ db: Database, _ device: Int64
  ) throws -> Bool {
    var removed = 0
    for digest in digests {
      try db.execute(
        sql: "DELETE FROM source WHERE sha256 = ? AND device_id = ?", arguments: [digest, device])
      removed += db.changesCount
    }
    guard removed > 0 else { return false }
    try db.execute(sql: "DELETE FROM curve WHERE id NOT IN (SELECT curve_id FROM sample)")
    return true
  }

  /// The version of what importers make of a source; raised when their rules change.
  private static let importerVersion = 3

  private static func identity(
    _ db: Database, _ select: String, _ insert: String, _ arguments: StatementArguments
  ) throws -> Int64 {
    // Compiling the two for each curve would take longer than running them.
    let found = try Int64.fetchOne(db.cachedStatement(sql: select), arguments: arguments)
    if let found { return found }
    try db.cachedStatement(sql: insert).execute(arguments: arguments)
    return db.lastInsertedRowID
  }

  private static func insertAttribution(
    _ db: Database, _ trace: ImportedTrace, _ sourceID: Int64
  ) throws {
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO attribution (source_id, rule, used, events, total_ns) VALUES (?, ?, ?, ?, ?)
        """)
    for rule in AttributionRule.allCases where trace.coverage[rule] != Tally() {
      let tally = trace.coverage[rule]
      try statement.execute(
        arguments: [sourceID, rule.label, rule.isUsed, tally.count, tally.nanoseconds])
    }
    if trace.coverage.total.count == 0 && !trace.samples.isEmpty {
      let time = trace.samples.reduce(0.0) { $0 + $1.duration.median }
      try statement.execute(
        arguments: [
          sourceID, "measured point", true, trace.samples.count,
          Nanoseconds(rounding: time).rawValue,
        ])
    }
    for reason in RejectionReason.allCases where trace.coverage.rejected(reason) > 0 {
      try statement.execute(
        arguments: [
          sourceID, "rejected: \(reason.rawValue)", false, trace.coverage.rejected(reason), 0,
        ])
    }
  }

  private static func insertSamples(
    _ db: Database, _ trace: ImportedTrace, _ sourceID: Int64, _ deviceID: Int64,
    _ runtimeID: Int64
  ) throws -> Int {
    let insertSample = try SampleInsertion(db, source: sourceID)
    let kernels = try KernelInsertion(db)
    var curves: [Operator: Int64] = [:]
    // Points of one curve come one after the other: the rest of a curve costs no look-up.
    var current: (op: Operator, id: Int64)?
    for (index, sample) in trace.samples.enumerated() {
      let op = sample.operator
      let curveID: Int64
      if let current, current.op == op {
        curveID = current.id
      } else {
        curveID = try curves[op] ?? self.curveID(db, op, deviceID, runtimeID)
        curves[op] = curveID
        current = (op, curveID)
      }
      try insertSample.insert(sample, curve: curveID)
      guard index < trace.groups.count else { continue }
      let sampleID = db.lastInsertedRowID
      for kernel in trace.groups[index].kernels { try kernels.insert(kernel, sample: sampleID) }
    }
    try kernels.finish()
    return curves.count
  }

  private static func curveID(
    _ db: Database, _ op: Operator, _ deviceID: Int64, _ runtimeID: Int64
  ) throws -> Int64 {
    try identity(
      db,
      """
      SELECT id FROM curve WHERE device_id = ? AND runtime_id = ? AND kind = ?
        AND data_type = ? AND attributes = ?
      """,
      """
      INSERT INTO curve (device_id, runtime_id, kind, data_type, attributes, axes)
      VALUES (?, ?, ?, ?, ?, '\(op.kind.axes.joined(separator: " "))')
      """,
      [
        deviceID, runtimeID, op.kind.rawValue, op.dataType?.rawValue ?? "",
        op.canonicalAttributes,
      ])
  }

  private static func insertFacts(
    _ db: Database, _ trace: ImportedTrace, _ sourceID: Int64
  ) throws {
    let statement = try db.makeStatement(
      sql: "INSERT INTO source_fact (source_id, name, value) VALUES (?, ?, ?)")
    for (name, value) in trace.facts.sorted(by: { $0.key < $1.key }) {
      try statement.execute(arguments: [sourceID, name, value])
    }
  }

  private static func insertSteps(
    _ db: Database, _ trace: ImportedTrace, _ sourceID: Int64
  ) throws {
    let measured = try db.makeStatement(
      sql: """
        INSERT INTO step (source_id, origin, start_ns, duration_ns, prefill_sequences,
          prefill_tokens, prefill_pairs, prefill_context, decode_sequences, decode_context,
          longest_decode_context, sampled_sequences)
        VALUES (?, 'engine', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for step in trace.measuredSteps {
      let shape = step.shape
      try measured.execute(
        arguments: [
          sourceID, step.start.rawValue, step.duration.rawValue, shape.prefillSequences,
          shape.prefillTokens, shape.prefillPairs, shape.prefillContext, shape.decodeSequences,
          shape.decodeContext, shape.longestDecodeContext, shape.sampledSequences,
        ])
    }
    let annotated = try db.makeStatement(
      sql: """
        INSERT INTO step (source_id, origin, name, start_ns, duration_ns, kernels, kernel_ns,
          prefill_sequences, prefill_tokens, prefill_pairs, prefill_context, decode_sequences,
          decode_context, longest_decode_context, sampled_sequences)
        VALUES (?, 'annotation', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    for step in trace.steps {
      let batch = step.batch
      try annotated.execute(
        arguments: [
          sourceID, step.name, step.start, step.duration, step.kernels?.count,
          step.kernels?.nanoseconds, batch?.contextSequences, batch?.contextTokens,
          batch?.prefillPairs, batch?.prefillContext, batch?.generationSequences,
          batch?.decodeContext, batch?.longestDecodeContext, batch?.sampledSequences,
        ])
    }
  }
}
