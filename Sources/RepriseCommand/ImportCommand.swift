import ArgumentParser
import Foundation
import Reprise

/// `reprise import`: profiler traces and operator tables into the database.
struct ImportCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Import profiler traces and operator tables into a database.",
    discussion: """
      Formats, told by content: \(TraceFormat.list). Each file may be plain, gzip or zstd. Layer \
      tables need --model, other CSV tables --mapping.

      Several traces of one run, a rank each, are compared: the time of their collectives is told \
      apart from the wait for other ranks. Each file is one transaction: all of it or nothing. The \
      same bytes imported twice for one device change nothing. Ends with a report of what was used, \
      by which rule, and what was not; \
      'reprise inspect' says it beforehand. \(Failure.exitCodes)

        reprise import trace.json.gz --db lat.sqlite
        reprise import RTX4090/Llama-3.1-8B/tp1 --db lat.sqlite --model Llama-3.1-8B
        reprise import table.csv --mapping map.json --db lat.sqlite --device h100-sxm

      With --json prints one object for all files, as TraceSchemas/inspection.schema.json describes it; where \
      an import ends with an error, of those before.
      """)

  @Argument(help: "The files; '-' for standard input.", completion: .file())
  var files: [String]

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var traces: TraceOptions

  @OptionGroup var json: JSONOptions

  /// The devices without a data sheet that the user was warned of.
  private var warned: Set<String> = []
  /// What was imported, for --json.
  private var imported = InspectionFile()

  private enum CodingKeys: CodingKey { case files, database, traces, json }

  mutating func execute() throws {
    // What reads the report may have enough of it before all files are imported.
    signal(SIGPIPE, SIG_IGN)
    let traces = traces
    let options = try traces.importOptions()
    let start = processorSeconds()
    let bytes: Int
    do {
      // What cannot be read must not leave a new, empty database behind.
      bytes = try traces.read(
        files, options, checking: { trace in _ = try device(of: trace) },
        { trace in try add(trace) })
    } catch {
      if json.isWanted, !imported.isEmpty { try printJSON(imported) }
      throw error
    }
    if json.isWanted { try printJSON(imported) }
    let seconds = max(processorSeconds() - start, 1e-6)
    try note(
      "\(fixedText(Double(bytes) / 1e6, decimals: 1)) MB of text in "
        + "\(fixedText(seconds, decimals: 3)) s of CPU, "
        + "\(Int(Double(bytes) / 1e6 / seconds)) MB/s")
  }

  private func device(of trace: ImportedTrace) throws -> String {
    guard let device = traces.device ?? trace.deviceName else {
      throw Failure(
        .usage,
        "\(trace.path): does not name its device; give it with --device NAME "
          + "('reprise catalogue devices' lists those with data sheets; 'cpu-' and any name is a core)"
      )
    }
    return device
  }

  private mutating func add(_ trace: ImportedTrace) throws {
    let device = try device(of: trace)
    try noteWarnings(of: trace)
    if Device.builtIn(named: device) == nil, warned.insert(device).inserted {
      let nearest = nearestName(to: device, among: Device.builtIns.map(\.name))
      try note(
        "reprise: warning: no data sheet for device '\(device)': its curves can be shown but not "
          + "predicted from; "
          + (nearest.map { "did you mean '\($0)'?" }
            ?? "a processor's name must begin with 'cpu-'"))
    }
    let outcome = try database.open(.readWrite).add(trace, device: device)
    if json.isWanted {
      imported.add(trace, device: device, outcome: outcome)
    } else {
      for line in trace.importReport(device: device, outcome: outcome) { print(line) }
    }
  }
}
