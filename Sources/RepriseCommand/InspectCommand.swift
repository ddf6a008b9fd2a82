import ArgumentParser
import Reprise

/// `reprise inspect`: what a source is, what is in it, and what an import or a replay would use.
struct InspectCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a trace, table or request log is, and what is in it.",
    discussion: """
      Reads the files exactly as 'import' does, with the same options, warnings, errors and exit \
      codes, and stops before the database. Ends with what to do to get more out of it.

        reprise inspect trace.json.gz

      Of a request log (told by content, in any format that 'reprise replay' reads): rows, the unit and the \
      beginning of its clock, coarse or tied stamps, span and rates, sessions, block size and repeated \
      content, which latencies are measured. Where a format leaves the unit open, and the customary one \
      makes no sense, it ends with a question, which --unit answers here and in 'reprise replay'.

        reprise inspect requests.jsonl
        reprise inspect conversation_trace.jsonl --unit s
        zcat requests.jsonl.gz | reprise inspect -

      With --json prints one object for all files, as TraceSchemas/inspection.schema.json describes it.

      With --outliers: lists the points of a database that do not fit the others, the farthest off \
      first: spikes above both neighbours, repeated points that disagree, and rows faster than the \
      data sheet allows; and whether a fit would leave them out. ('reprise show outliers' lists points \
      whose own repetitions scatter, by their deviations alone.) With --json prints an object as \
      TraceSchemas/outliers.schema.json describes it.

        reprise inspect --outliers --db lat.sqlite --device h200-sxm --limit 20
      """)

  @Argument(help: "The files; '-' for standard input.", completion: .file())
  var files: [String] = []

  @OptionGroup var traces: TraceOptions

  @OptionGroup(title: "Request logs") var logs: LogReadingArguments

  @Flag(help: "List the outliers of a database instead of reading files.")
  var outliers = false

  @Option(
    name: .customLong("db"), help: "For --outliers: the database of operator latencies.",
    completion: .file())
  var database: String?

  @Option(help: "For --outliers: the most rows to print.")
  var limit = 50

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard outliers else {
      guard !files.isEmpty else { throw UsageError("give files, or --outliers with --db") }
      guard database == nil else {
        throw UsageError("--db is for --outliers; files alone need no database")
      }
      return
    }
    guard files.isEmpty else { throw UsageError("--outliers reads a database and takes no files") }
    guard database != nil else { throw UsageError("--outliers needs --db") }
    guard !logs.isUsed else {
      throw UsageError("\(LogReadingArguments.names) are of a log; --outliers reads none")
    }
    guard limit > 0 else { throw UsageError("--limit must be at least 1") }
  }

  mutating func execute() throws {
    if let database {
      try listOutliers(of: database)
      return
    }
    // With a mapping or a unit nothing but logs can be meant.
    let isLog = try files.map { file in
      if logs.isOfLogsAlone { return true }
      return file == "-"
        ? RequestLogFormat.detect(try StandardInput.peek()) != nil
        : RequestLogReader.format(ofFile: file) != nil
    }
    guard logs.maxBadRows == nil || isLog.contains(true) else {
      throw Failure(.usage, "--max-bad-rows is of request logs; traces have --max-bad-records")
    }
    var found = InspectionFile()
    for (file, isLog) in zip(files, isLog) where isLog {
      let known = try LogInspection(path: file, options: logs.reading())
      if json.isWanted {
        found.add(known, path: file)
      } else {
        for line in known.report(path: file) { print(line) }
      }
    }
    let files = zip(files, isLog).filter { !$0.1 }.map(\.0)
    if !files.isEmpty {
      _ = try traces.read(files, traces.importOptions()) { trace in
        try noteWarnings(of: trace)
        let device = traces.device ?? trace.deviceName
        if json.isWanted {
          found.add(trace, device: device)
        } else {
          for line in trace.inspectionReport(device: device) { print(line) }
        }
      }
    }
    if json.isWanted { try printJSON(found) }
  }

  private func listOutliers(of path: String) throws {
    let store = try OperatorStore(path: path, mode: .readOnly)
    var reports: [OutlierReport] = []
    for name in try traces.device.map({ [$0] }) ?? store.deviceNames() {
      guard traces.device != nil || Device.builtIn(named: name) != nil else {
        try note("reprise: \(name): not checked: no data sheet to anchor its curves on")
        continue
      }
      let sheet = try dataSheet(named: name)
      // Several names may mean one device, whose curves are checked together.
      guard !reports.contains(where: { $0.device == sheet.name }) else { continue }
      let curves = try store.curves(on: sheet)
      guard !curves.isEmpty else {
        throw Failure(.unavailable, try store.lack(of: sheet.name, in: path))
      }
      reports.append(OutlierReport(curves, on: sheet))
    }
    if json.isWanted { print(try OutlierReport.json(reports, limit: limit)) }
    for report in json.isWanted ? [] : reports { print(report.text(limit: limit), terminator: "") }
  }
}

extension OperatorStore {
  /// A sentence that a database has no curve of a device, and what it has instead.
  func lack(of device: String, in path: String) throws -> String {
    let names = try deviceNames()
    guard !names.contains(device) else { return "\(path) holds '\(device)', but no curve of it" }
    let hint = nearestName(to: device, among: names)
    let known = names.isEmpty ? "nothing yet" : names.joined(separator: ", ")
    return "\(path) holds no curve of '\(device)'; "
      + (hint.map { "did you mean '\($0)'? " } ?? "") + "it holds \(known)"
  }
}
