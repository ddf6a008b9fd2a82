import ArgumentParser
import Foundation

/// `reprise`: arguments in, calls to the library, exit codes out.
@main
struct RepriseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reprise",
    abstract: "Replay LLM inference from real measurements.",
    discussion: """
      Import profiler traces into a SQLite database of operator latencies, calibrate a cost model \
      on it, and replay a request log on simulated engines to get every request's timeline.

        reprise inspect trace.json.gz
        reprise import trace.json.gz --db lat.sqlite
        reprise calibrate --db lat.sqlite --deployment server.yaml --steps s.jsonl
        reprise replay --db lat.sqlite --deployment server.yaml --log r.jsonl -o out
        reprise validate out --measured r.jsonl
        reprise pipeline rag.yaml --db lat.sqlite -o out

      Files may be plain, gzip or zstd, told by their content; '-' is standard input. A reprise.yaml in \
      the working directory fills in options that are not given ('db: lat.sqlite', or a command's own under \
      its name); 'reprise doctor' shows what it says, and checks the set-up. \
      \(Failure.exitCodes)
      """,
    version: toolVersion,
    subcommands: [
      InspectCommand.self, ImportCommand.self, MergeCommand.self, ShowCommand.self,
      ShowSourceCommand.self,
      QueryCommand.self, CompareDevicesCommand.self, CalibrateCommand.self,
      FitStorageCommand.self, FitIndexCommand.self, PlanMeasurementsCommand.self,
      ReplayCommand.self, ReplayBenchmarkCommand.self, ReportCommand.self,
      ValidateCommand.self, PipelineCommand.self,
      EstimateCommand.self, CompareEstimatesCommand.self, SizeCommand.self, SearchCommand.self,
      SweepCommand.self,
      CatalogueCommand.self, DoctorCommand.self, TimePricesCommand.self,
      PipelineBenchmarkCommand.self,
    ])

  static func main() {
    // A file that reaches a limit of the system is an error with a sentence, not the end.
    signal(SIGXFSZ, SIG_IGN)
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      try checkCommandNames(in: arguments)
      main(try Defaults.filled(arguments))
    } catch {
      exit(withFailure: error)
    }
  }
}

/// The version that results carry.
let toolVersion = "0.1.0"
