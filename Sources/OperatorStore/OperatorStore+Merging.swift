internal import Foundation
internal import GRDB
internal import TraceIO

extension OperatorStore {
  /// What a merge made.
  public struct MergeOutcome: Sendable, Hashable {
    /// The sources, each once.
    public var sources: Int
    /// How many sources another database held, too.
    public var repeated: Int
    /// How many sources were left out for one of a newer importer, or one that holds them as a part.
    public var superseded: Int
    /// The samples of all sources.
    public var samples: Int
    /// The curves that they lie on.
    public var curves: Int
    /// The steps of all sources.
    public var steps: Int
    /// The calibrations.
    public var calibrations: Int
  }

  /// Makes one database of several: what an import of all their sources, by device and content hash, would
  /// have made. Its bytes depend neither on the order of the databases nor on what of them was merged before.
  ///
  /// - Parameters:
  ///   - paths: the databases; an older schema is brought up to this version's, else they stay as they are.
  ///   - path: the database to make. One that is there is replaced when the new one is complete; another
  ///     file is refused.
  ///   - keepsCalibrations: whether calibrations go with the measurements.
  ///   - shouldStop: asked before each source.
  /// - Returns: What was made; nil where it was to stop, and nothing was made.
  public static func merge(
    _ paths: [String], into path: String, keepsCalibrations: Bool = true,
    shouldStop: () -> Bool = { false }
  ) throws(OperatorStoreError) -> MergeOutcome? {
    // Is it one of ours? A journal of a killed import would be taken for the new file's; opening it ends that.
    if FileManager.default.fileExists(atPath: path) {
      _ = try OperatorStore(path: path, mode: .readOnly)
    }
    let target = OutputFile.target(of: path)
    let temporary = OutputFile.temporaryName(beside: target)
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    let outcome: MergeOutcome?
    do {
      let store = try OperatorStore(path: temporary, mode: .readWrite)
      outcome = try store.fill(from: paths, keepsCalibrations, shouldStop)
      try translating(path) { try store.queue.close() }
    } catch .cannotWrite(let place, let problem) where place == temporary {
      throw .cannotWrite(path: path, problem: problem)
    } catch .noSpace(_, let problem) {
      throw .noSpace(path: path, problem: problem)
    }
    guard let outcome else { return nil }
    guard rename(temporary, target) == 0 else {
      throw .cannotWrite(path: path, problem: String(cString: strerror(errno)))
    }
    return outcome
  }

  /// Copies what several databases hold into this one, which is empty.
  private func fill(
    from paths: [String], _ keepsCalibrations: Bool, _ shouldStop: () -> Bool
  ) throws(OperatorStoreError) -> MergeOutcome? {
    var plan = MergePlan(
      calibrationColumns: try read { db in
        try db.columns(in: "calibration").map(\.name).filter { $0 != "id" }
      })
    for path in paths { try plan.add(OperatorStore(path: path, mode: .readOnly)) }
    let (sources, repeated, superseded) = try plan.sources()
    let calibrations = keepsCalibrations ? try plan.calibrations() : []
    guard try copy(sources, shouldStop) else { return nil }
    return try write { db in
      let names = plan.calibrationColumns
      let places = names.map { _ in "?" }.joined(separator: ", ")
      for values in calibrations {
        try db.execute(
          sql: "INSERT INTO calibration (\(names.joined(separator: ", "))) VALUES (\(places))",
          arguments: StatementArguments(values))
      }
      func count(_ table: String) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
      }
      return try MergeOutcome(
        sources: sources.count, repeated: repeated, superseded: superseded,
        samples: count("sample"), curves: count("curve"), steps: count("step"),
        calibrations: calibrations.count)
    }
  }

  /// Copies sources, a transaction each: another database cannot be attached within one.
  private func copy(
    _ sources: [MergePlan.Entry], _ shouldStop: () -> Bool
  ) throws(OperatorStoreError) -> Bool {
    let copy = try Self.translating(path) {
      try queue.writeWithoutTransaction { db in
        // A file that is removed where anything goes wrong needs no way back.
        try db.execute(sql: "PRAGMA journal_mode = OFF")
        return try SourceCopy(db)
      }
    }
    var attached: String?
    for (index, entry) in sources.enumerated() {
      guard !shouldStop() else { return false }
      try Self.translating(entry.database) {
        try queue.writeWithoutTransaction { db in
          if attached != entry.database {
            if attached != nil { try db.execute(sql: "DETACH DATABASE shard") }
            try db.execute(sql: "ATTACH DATABASE ? AS shard", arguments: [entry.database])
            attached = entry.database
          }
          try db.inTransaction {
            guard try copy.copy(entry.source.id, as: index + 1) else {
              throw OperatorStoreError.database(
                path: entry.database, problem: "was changed meanwhile; merge again")
            }
            return .commit
          }
        }
      }
    }
    return true
  }
}
