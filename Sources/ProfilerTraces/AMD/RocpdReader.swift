import TraceIO

/// Imports the databases of rocprofv3 (rocpd), schemas 3 and 4.
///
/// Every table bears the identifier of its run, so that one file can hold several runs; correlations
/// count within a run, a machine and a process. Schema 4 keeps times in a table of their own, and
/// process and thread in tracks; which one it is, is told by the columns.
enum RocpdReader {
  private static let dispatches = "rocpd_kernel_dispatch"

  /// Whether the tables are those of rocprofv3.
  static func recognises(_ database: borrowing SQLiteInput) -> Bool {
    !suffixes(database).isEmpty
  }

  /// What the names of the tables of each run end in: an underscore and hexadecimal digits, or
  /// nothing.
  private static func suffixes(_ database: borrowing SQLiteInput) -> [String] {
    database.tables.compactMap { table in
      guard table.hasPrefix(dispatches) else { return nil }
      let suffix = table.dropFirst(dispatches.count)
      let isSafe =
        suffix.utf8.count <= 100
        && suffix.allSatisfy {
          $0 == "_" || $0 == "-" || $0.isASCII && $0.isHexDigit
        }
      return isSafe ? String(suffix) : nil
    }
    .sorted()
  }

  static func read(
    path: String, options: ImportOptions
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var collector = EventCollector(options: options)
    var agents: [String: String] = [:]
    var schema: String?
    let summary: InputSummary
    do throws(TraceIOError) {
      var database = try SQLiteInput(path: path, limits: options.inputLimits)
      for (number, suffix) in suffixes(database).enumerated() {
        var run = try RocpdRun(database, suffix: suffix, number: number, options)
        try run.readTracks(database, &collector)
        try run.readDispatches(database, &collector)
        try run.readCopies(database, &collector)
        try run.readRegions(database, &collector)
        try run.readAgents(database, &agents)
        schema = try run.schemaVersion(database) ?? schema
      }
      summary = try database.finish()
    } catch {
      throw .input(error)
    }
    let busiest = collector.busiestDevice
    var trace = try collector.finish(.rocpd, [summary])
    trace.deviceName = busiest.flatMap { agents[$0] }
    trace.facts["rocpd_schema_version"] = schema
    return trace
  }
}
