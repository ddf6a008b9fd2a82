import ArgumentParser
import Foundation
import Reprise

/// `reprise search SEARCH.yaml`: the best design for a load, by replaying it.
struct DesignSearchCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "designs",
    abstract: "Find the best design for a load under an SLO and a budget, by replaying it.",
    discussion: """
      The file says what there is to choose from: its keys are in docs/search.md, the contract is \
      TraceSchemas/search.schema.json. Requests come from --log, in any format that 'reprise replay' reads, or are \
      drawn as the file's 'workload' says. Steps are priced by the database, where it holds measurements of the \
      devices, and by the roofline where it does not, which no server reaches.

      A design is left out unreplayed only for what its replay is bound to show: that it does not fit, costs too \
      much, is too slow even for single requests, has too few engines for the work, or is no better than a cheaper \
      one that was replayed. So the answer is that of replaying all of them (--exhaustive does).

      Writes into the output folder: search-result.json (the best design and the front), designs.csv (every design, \
      with its replay or why there was none), front.svg, and best.yaml, a deployment for 'reprise replay'. The same \
      input gives the same bytes, whatever the number of threads. Where no design holds the SLO that is a result, \
      with exit code 0. SIGINT ends the search early: what was replayed is written, marked as cut, with exit code 130.

        reprise search docs/examples/search/chat.yaml -o out
        reprise search docs/examples/search/experts.yaml -o out
        reprise search chat.yaml --db lat.sqlite --log requests.jsonl --speed 2 -o out
      """)

  @Argument(help: "The search: a YAML file (see docs/search.md).", completion: .file())
  var search: String

  @Option(
    name: .customLong("db"),
    help: "The database of operator latencies; without it steps cost their roofline.",
    completion: .file())
  var database: String?

  @Option(
    help: "The request log; without it requests are drawn as the file says.", completion: .file())
  var log: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write into.")
  var output = "search-out"

  @Option(help: "Replay only the first requests.")
  var requests: Int?

  @OptionGroup(title: "Workload") var part: LogPartArguments

  @Option(help: "Replays at a time; the result is the same for any number.")
  var threads = 2

  @Option(help: "The most designs of the front to print.")
  var limit = 20

  @Flag(help: "Replay every design that can be had within the budget.")
  var exhaustive = false

  @Flag(help: "Replay no design that costs more than the best one: the front ends there.")
  var untilBest = false

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    if let requests, requests < 1 { throw UsageError("--requests must be at least 1") }
    guard (1...1024).contains(threads) else { throw UsageError("--threads must be 1 to 1024") }
    guard limit > 0 else { throw UsageError("--limit must be at least 1") }
    guard log != nil || part.options == WorkloadOptions() && !part.log.isUsed else {
      throw UsageError(
        "--speed, --window, --thin, --spread-ties, \(LogReadingArguments.names) are of a log; give --log, too"
      )
    }
  }

  mutating func execute() throws {
    // Until all is written: files are whole, or not there.
    let command = self
    try Interruption.catching { try command.run(reading: SearchSource(command)) }
  }

  private static let files = ["search-result.json", "designs.csv", "front.svg", "best.yaml"]

  private func run(reading source: SearchSource) throws {
    try refuse(writing: Self.files.map(path), over: [search, log, part.log.logMapping, database])
    let start = processorSeconds()
    let designs = source.search
    try makeFolder(output, for: Self.files)
    var bar = ProgressBar("search", total: 0)
    var options = DesignSearch.Options()
    options.threads = threads
    options.prunes = !exhaustive
    options.untilBest = untilBest
    let result = try designs.run(
      source.table, options: options,
      progress: { done, total in
        if done == 0 { bar = ProgressBar("search", total: total) }
        bar.update(to: done)
      }, shouldStop: { Interruption.isRequested })
    bar.finish()
    let seconds = processorSeconds() - start
    var warnings = source.warnings
    if result.isCut { warnings.append("the search was stopped before its end") }

    let file = SearchResultFile(
      toolVersion: toolVersion, inputs: try inputs(source), workload: source.echo, designs, result,
      warnings: warnings)
    try DesignsFile.write(designs, result, to: path("designs.csv"))
    try FrontFigure(designs, result).write(to: path("front.svg"))
    var written = ["search-result.json", "designs.csv", "front.svg"]
    if let best = result.best {
      try OutputFile.write(source.deployment(of: best).yaml, to: path("best.yaml"))
      written.append("best.yaml")
    } else {
      // What an earlier run left here would not be of this one.
      try? FileManager.default.removeItem(atPath: path("best.yaml"))
    }
    try file.write(to: path("search-result.json"))

    if json.isWanted {
      print(try file.text(), terminator: "")
    } else {
      print("search \(search): \(source.space.name)")
      print(source.text)
      print(designs.text(of: result, rows: limit))
    }
    for warning in warnings { try note("reprise: warning: \(warning)") }
    try note(
      "\(counted(designs.designs.count, "design")) in \(fixedText(seconds, decimals: 2)) s of CPU")
    if !json.isWanted { print("wrote \(output)/: " + written.joined(separator: ", ")) }
    if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
  }

  private func inputs(_ source: SearchSource) throws -> [ResultFile.Input] {
    try source.inputs.map { ResultFile.Input(log: $0) }
      + ResultFile.Input.files(["search": search, "operator-database": database])
  }

  private func path(_ name: String) -> String { output + "/" + name }
}
