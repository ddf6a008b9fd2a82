import ArgumentParser
import Reprise

/// `reprise fit-index`: what the parts of a vector search take, from measured searches.
struct FitIndexCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit-index",
    abstract: "Fit the cost of vector searches to measured ones.",
    discussion: """
      FILE is JSON Lines as 'tools/measure-index' writes it (TraceSchemas/index-searches.schema.json). \
      Each kind of index is fitted on its searches with one thread, and judged on whole dimensions and \
      numbers of lists that the fit did not see. Printed are the errors, and the coefficients as lines \
      for a scenario file. With --json prints an object as TraceSchemas/index-fit.schema.json describes it.

        tools/measure-index -o index.jsonl.zst
        reprise fit-index index.jsonl.zst
      """)

  @Argument(help: "Measured searches, JSON Lines; '-' is standard input.", completion: .file())
  var file: String

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    let measured = try IndexSearchReader.read(path: file)
    let fits: [VectorIndexFit]
    do throws(CalibrationError) {
      fits = try VectorIndexFit.fits(measured.searches)
    } catch {
      throw Failure(.data, "\(file): \(error)")
    }
    let report = VectorIndexFitReport(
      fits, processor: measured.processor, library: measured.library)
    print(try json.isWanted ? report.json() : report.text, terminator: json.isWanted ? "\n" : "")
  }
}
