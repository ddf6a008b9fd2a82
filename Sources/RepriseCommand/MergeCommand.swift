import ArgumentParser
import Reprise

/// `reprise merge`: databases that were filled on several machines become one.
struct MergeCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make one database of several.",
    discussion: """
      What is made is what an import of all their sources into one database would have made, by device and \
      content hash. Its bytes do not depend on the order of the databases, nor on what was merged before.

      A source that several databases hold, with the same bytes for the same device, is taken once: that of \
      the newest importer, and no single file that another source holds as one of several. Imported by \
      different arguments, or into different rows, it ends the merge, since none is to be preferred. So do \
      different calibrations of one deployment; --no-calibrations leaves all of them out.

      The output appears when it is complete, and then replaces a database of that name; any other file \
      stays. With --json prints an object as TraceSchemas/merge.schema.json describes it. SIGINT ends the merge with nothing written, exit code 130. \(Failure.exitCodes)

        reprise import rank0.json.gz --db a.sqlite
        reprise import rank1.json.gz --db b.sqlite
        reprise merge a.sqlite b.sqlite -o lat.sqlite
      """)

  @Argument(help: "The databases to merge.", completion: .file())
  var databases: [String]

  @Option(
    name: [.customShort("o"), .customLong("output")], help: "The database to make.",
    completion: .file())
  var output: String

  @Flag(inversion: .prefixedNo, help: "Take calibrations, too.")
  var calibrations = true

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    try (databases + [output]).forEach(checkDatabasePath)
  }

  mutating func execute() throws {
    try refuse(writing: [output], over: databases)
    let command = self
    try Interruption.catching { try command.merge() }
  }

  private func merge() throws {
    let outcome: OperatorStore.MergeOutcome?
    do {
      outcome = try OperatorStore.merge(
        databases, into: output, keepsCalibrations: calibrations,
        shouldStop: { Interruption.isRequested })
    } catch {
      throw refusal(error)
    }
    guard let outcome else { throw ExitCode(Interruption.exitCode) }
    guard !json.isWanted else {
      return try printJSON(MergeFile(outcome, of: databases.count, output: output))
    }
    print(
      "\(output): \(counted(outcome.sources, "source")) of \(counted(databases.count, "database")): "
        + "\(counted(outcome.samples, "sample")) on \(counted(outcome.curves, "curve")), \(counted(outcome.steps, "step")), "
        + "\(counted(outcome.calibrations, "calibration"))")
    if outcome.repeated > 0 {
      print(
        "  \(counted(outcome.repeated, "source more was", "sources more were")) the same as one of these"
      )
    }
    if outcome.superseded > 0 {
      print(
        "  \(outcome.superseded) were left out for one of a newer importer, or one that holds them")
    }
  }

  /// An error of the database that is to be made is one of -o; what is there is no input.
  private func refusal(_ error: OperatorStoreError) -> any Error {
    switch error {
    case .notADatabase(let path) where path == output:
      Failure(
        .cannotCreate,
        "\(output): is there, and no database of operator latencies; give -o another path")
    case .cannotRead(let path, let problem) where path == output:
      Failure(.cannotCreate, "\(output): cannot be replaced (\(problem)); give -o another path")
    default: error
    }
  }
}
