import ArgumentParser
import Reprise

/// `reprise fit-storage`: latency and bandwidth of levels of storage from measured reads.
struct FitStorageCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit-storage",
    abstract: "Fit latency and bandwidth of storage to measured reads.",
    discussion: """
      FILE is CSV with a header: 'device' (or 'tier', 'level'), 'block_size_bytes' (or 'bytes'), and a \
      time, 'fio_measured_ms', 'measured_ms', 'time_ms', 'time_us', 'time_ns' or 'seconds'. Printed are \
      the fit and its errors, on the blocks that were fitted and on each of them left out, and stores \
      as a scenario's 'engines' list them: the fit, or with --curve what was measured. With --json prints \
      an object as TraceSchemas/storage-fit.schema.json describes it.

        reprise fit-storage fio.csv
        reprise fit-storage fio.csv --curve
        reprise fit-storage fio.csv --at-least 1048576 --json
      """)

  @Argument(help: "Measured reads, CSV; '-' is standard input.", completion: .file())
  var file: String

  @Option(
    help: ArgumentHelp(
      "The smallest blocks to fit, in bytes; caches answer smaller ones.", valueName: "bytes"))
  var atLeast = Int(StorageFit.usualSmallest)

  @Flag(help: "Print stores with the measured curves instead of the fitted lines.")
  var curve = false

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard atLeast >= 1 else { throw UsageError("--at-least must be at least 1") }
    guard !curve || !json.isWanted else {
      throw UsageError("--json always has the curves; leave --curve out")
    }
  }

  mutating func execute() throws {
    let fits = try StorageReadReader.read(path: file).map { reads in
      do throws(CalibrationError) {
        return try StorageFit(reads, smallest: Double(atLeast))
      } catch {
        throw Failure(.data, "\(file): \(error)")
      }
    }
    let report = StorageFitReport(fits, printsCurves: curve)
    print(try json.isWanted ? report.json() : report.text, terminator: json.isWanted ? "\n" : "")
  }
}
