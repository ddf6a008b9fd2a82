import ArgumentParser
import Reprise

/// `reprise inspect`: what a source is, what is in it, and what an import would use.
struct InspectCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a trace or table is, what is in it, and what an import would use.",
    discussion: """
      Reads the files exactly as 'import' does, with the same options, warnings, errors and exit \
      codes, and stops before the database. Ends with what to do to get more out of it.

        reprise inspect trace.json.gz
      """)

  @Argument(help: "The files; '-' for standard input.")
  var files: [String]

  @OptionGroup var traces: TraceOptions

  mutating func execute() throws {
    _ = try traces.read(files, traces.importOptions()) { trace in
      try noteWarnings(of: trace)
      for line in trace.inspectionReport(device: traces.device ?? trace.deviceName) { print(line) }
    }
  }
}
