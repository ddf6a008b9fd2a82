import ArgumentParser
import Reprise

/// `reprise inspect`: what a source is, what is in it, and what an import would use.
struct InspectCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a trace or table is, what is in it, and what an import would use.",
    discussion: """
      Reads the file exactly as 'import' does, with the same options, errors and exit codes, and \
      stops before the database. Ends with what to do to get more out of it.

        reprise inspect trace.json.gz
      """)

  @Argument(help: "The files; '-' for standard input.")
  var files: [String]

  @OptionGroup var traces: TraceOptions

  mutating func execute() throws {
    let options = try traces.importOptions()
    for file in files {
      for trace in try traces.read(file, options) {
        let report = trace.inspectionReport(device: traces.device ?? trace.deviceName)
        for line in report { print(line) }
      }
    }
  }
}
