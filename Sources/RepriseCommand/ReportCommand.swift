import ArgumentParser
import Reprise

/// `reprise report`: results as a page.
struct ReportCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make a page of a result, or of several side by side.",
    discussion: """
      Reads the output folders of 'reprise replay' and 'reprise pipeline' and writes one HTML file that \
      needs no network: is the objective met, do engines keep up, how sure is it; figures with what was \
      measured and what the roofline says beside them; distributions; panels over time; where the time \
      goes; engines, energy and cost; the slowest requests; what to know before believing it; inputs with \
      their hashes. Text and tables need no script.

      Of several results the first is what the others are held against. Results that differ by their seed \
      alone become one column with a 95 % interval.

        reprise report out -o report.html --ttft-ms 500 --tpot-ms 50
        reprise report two-engines three-engines -o choice.html
        reprise report a/seed-* b/seed-* -o seeds.html
        reprise report out --ttft-ms 500 --json | jq -e '.results[0].objective == "met"'

      With --json prints what the page says beside writing it: verdicts, figures, findings and the comparison, as \
      TraceSchemas/report.schema.json describes it.
      """)

  @Argument(help: "Output folders of 'reprise replay' or 'reprise pipeline'.", completion: .file())
  var results: [String]

  @Option(name: [.customShort("o"), .customLong("output")], help: "The file to write.")
  var output = "report.html"

  @Option(help: "The most that the time to first token may be, in ms, at the quantile.")
  var ttftMs: Double?

  @Option(help: "The most that the time per output token may be, in ms, at the quantile.")
  var tpotMs: Double?

  @Option(help: "The quantile that is held against the limits, in percent.")
  var percentile = 99.0

  @Option(
    help: "A name for each result, in their order, instead of its model and device.")
  var name: [String] = []

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    for (option, limit) in [("--ttft-ms", ttftMs), ("--tpot-ms", tpotMs)] {
      guard let limit else { continue }
      guard limit > 0, limit <= 1e9 else {
        throw UsageError("\(option) must be above 0 and at most 1e9")
      }
    }
    guard percentile > 0, percentile < 100 else {
      throw UsageError("--percentile must be between 0 and 100")
    }
    guard !results.isEmpty else { throw UsageError("give the folder of a result") }
    guard name.isEmpty || name.count == results.count else {
      throw UsageError("give --name once for each result, or not at all")
    }
  }

  mutating func execute() throws {
    let objectives = ReportedRun.Objectives(
      timeToFirstToken: ttftMs.map { Nanoseconds(rounding: $0 * 1e6) },
      timePerOutputToken: tpotMs.map { Nanoseconds(rounding: $0 * 1e6) },
      quantile: percentile / 100)
    let files = ["result.json", "scenario-result.json", "requests.csv", "load.csv"]
    try refuse(
      writing: [output], over: results.flatMap { folder in files.map { folder + "/" + $0 } })
    try requireOutputs([output])
    var runs: [ReportedRun] = []
    for (index, folder) in results.enumerated() {
      var run = try ReportedRun(folder: folder, objectives: objectives)
      if !name.isEmpty { run.name = name[index] }
      runs.append(run)
    }
    let page = ReportPage(runs, at: output)
    try page.write(to: output)
    guard !json.isWanted else { return try printJSON(page.file) }
    for (run, folder) in zip(runs, results) {
      for line in run.verdictText { print("\(runs.count > 1 ? folder + ": " : "")\(line)") }
    }
    print("wrote \(output)")
  }
}
