import ArgumentParser
import Foundation
import Reprise

/// `reprise pipeline`: requests through the stages of a scenario.
struct PipelineCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline",
    abstract:
      "Replay requests through the pipelines of a scenario: many models, engines and stores.",
    discussion: """
      A scenario describes engines (language models, encoders, hosts, key-value stores, what is external), \
      the network between them, and the stages that requests pass through. Its keys, and how to read what is \
      printed, are in docs/pipelines.md; docs/examples/pipelines has one for each feature; the contract is \
      TraceSchemas/scenario.schema.json. Requests come from --log, in any format that 'reprise replay' reads, \
      or are drawn as the scenario's 'workload' says. Steps are priced by the database, where it holds \
      measurements of the devices, and by the roofline where it does not, which no server reaches.

      Prints whether the objectives hold, what requests waited for, and what engines, links and stores did. \
      Writes into the output folder: scenario-result.json (everything in figures), requests.csv (a row a \
      request), load.csv (what pools and links did over time), critical-path.svg, stages.svg, timeline.pftrace \
      (open it in ui.perfetto.dev; see --timeline), and with --stages stages.csv (a row a stage of each \
      request). With --json prints what scenario-result.json holds, in place of text. \
      Requests that are rejected (too long for every engine), turned away (by an 'admission') or never end \
      (as their engines never come back) are counted, with exit code 0: they are results. \
      SIGINT ends the replay early: what has finished is written, marked as cut, with exit code 130. The \
      same input gives the same bytes.

        reprise pipeline docs/examples/pipelines/rag.yaml -o out
        reprise pipeline rag.yaml --db lat.sqlite --log requests.jsonl --speed 2 -o out
        reprise pipeline agents.yaml --log sessions.jsonl --closed-loop 16 -o out
      """)

  @OptionGroup var scenario: ScenarioOptions

  @Option(
    name: .customLong("db"),
    help: "The database of operator latencies; without it steps cost their roofline.",
    completion: .file())
  var database: String?

  @Option(
    help: "The request log; without it requests are drawn as the scenario says.",
    completion: .file())
  var log: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write into.")
  var output = "pipeline-out"

  @Option(help: "Replay only the first requests.")
  var requests: Int?

  @Option(help: "What all draws follow from, instead of the scenario's seed.")
  var seed: UInt64?

  @OptionGroup(title: "Workload") var part: LogPartArguments

  @OptionGroup(title: "Workload") var clients: ClientArguments

  @OptionGroup(title: "Timeline") var drawing: TimelineArguments

  @Flag(help: "Write stages.csv, too: a row for each stage of each request.")
  var stages = false

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    if let requests, requests < 1 { throw UsageError("--requests must be at least 1") }
    guard
      log != nil || part.options == WorkloadOptions() && !part.log.isUsed && !clients.isUsed
    else {
      throw UsageError(
        "--speed, --window, --thin, --spread-ties, --closed-loop, --think-time, "
          + "\(LogReadingArguments.names) are of a log; give --log, too")
    }
    try clients.check(part)
  }

  mutating func execute() throws {
    // Until all is written: files are whole, or not there.
    let command = self
    try Interruption.catching { try command.replay() }
  }

  private static let files =
    [
      "scenario-result.json", "requests.csv", "stages.csv", "load.csv", "critical-path.svg",
      "stages.svg",
    ]
    + TimelineFormat.allCases.map(\.fileName)

  private func replay() throws {
    try refuse(
      writing: Self.files.map(path), over: [log, part.log.logMapping, database, scenario.scenario])
    let (scenario, text, file) = try self.scenario.read(seed: seed)
    let store = try database.map { try OperatorStore(path: $0, mode: .readOnly) }
    var resolved = try self.scenario.resolve(scenario, readFrom: text, from: store)
    var simulation: PipelineSimulation
    do throws(PipelineError) {
      simulation = try PipelineSimulation(resolved.plan)
    } catch {
      throw Failure(.data, "\(self.scenario.scenario): \(error)")
    }
    simulation.recordsLoad = true
    var options = part.options
    options.seed = scenario.seed
    clients.add(to: &options)
    simulation.clients = options.clients
    simulation.clientPause = options.thinkTime
    var source = try PipelineSource(
      log: log, reading: part.log.reading(), options: options, workload: scenario.workload,
      limit: requests)
    try makeFolder(output, for: Self.files)
    let rows = try JourneyRowsFile(path: path("requests.csv"), scenario)
    let stageRows = stages ? try StageRowsFile(path: path("stages.csv"), scenario) : nil
    let isOwnFolder = FileManager.default.fileExists(atPath: path("scenario-result.json"))
    let everything = Nanoseconds(.min)..<Nanoseconds(.max)
    let timeline = PipelineTimeline(resolved.plan, window: drawing.window ?? everything)
    var trace = PipelineTrace(
      window: drawing.window ?? everything, most: drawing.formats.isEmpty ? 0 : Timeline.mostSlices)
    let start = processorSeconds()
    var bar = ProgressBar("replay", total: source.count ?? 0)
    var finished = 0
    func collect(_ outcome: JourneyOutcome) {
      rows.add(outcome)
      stageRows?.add(outcome)
      if !drawing.formats.isEmpty { timeline.add(outcome) }
      finished += 1
      if finished % 256 == 0 { bar.update(to: finished) }
    }
    func next() throws -> RequestRecord? {
      let record = try source.next()
      if let record, !drawing.formats.isEmpty { timeline.add(record) }
      return record
    }
    let shouldStop = { Interruption.isRequested }
    let result =
      drawing.formats.isEmpty
      ? try simulation.run(shouldStop: shouldStop, outcome: collect, next)
      : try simulation.run(tracing: &trace, shouldStop: shouldStop, outcome: collect, next)
    bar.finish()
    let seconds = processorSeconds() - start
    guard result.arrivals > 0 else { throw Failure(.data, "no request arrives") }
    let summary = PipelineSummary(result, resolved.plan)
    resolved.warn(of: result)
    resolved.warnings += source.warnings
    try rows.commit()
    try stageRows?.commit()
    if let load = result.load {
      try ScenarioLoadFile.write(load, until: result.lastEnd, to: path("load.csv"))
    }
    let document = ScenarioResultFile(
      toolVersion: toolVersion, inputs: try inputs(source, file), scenario: text,
      workload: source.echo, summary: summary, warnings: resolved.warnings)
    try document.write(to: path("scenario-result.json"))
    try CriticalPathFigure(title: scenario.name, summary: summary).write(
      to: path("critical-path.svg"))
    try StagesFigure(title: scenario.name, summary: summary).write(to: path("stages.svg"))
    if !stages { try? FileManager.default.removeItem(atPath: path("stages.csv")) }
    if isOwnFolder { drawing.removeOthers(from: output) }
    for format in drawing.formats {
      try timeline.write(
        to: path(format.fileName), as: format, title: scenario.name, trace, links: result.links,
        unfolds: drawing.detail == .operators)
    }
    if let end = [timeline.end, trace.end].compactMap(\.self).min(), !drawing.formats.isEmpty {
      try drawing.noteEnd(end)
    }

    if json.isWanted {
      try printJSON(document)
    } else {
      print("scenario \(self.scenario.scenario): \(scenario.name)")
      print(source.text)
      for line in resolved.prices { print(line) }
      print(summary.text())
    }
    for warning in resolved.warnings { try note("reprise: warning: \(warning)") }
    try note(
      "\(counted(result.arrivals, "request")) in \(fixedText(seconds, decimals: 3)) s of CPU, "
        + "\(Int(Double(result.arrivals) / max(seconds, 1e-6))) a second")
    if !json.isWanted {
      print(
        "wrote \(output)/: scenario-result.json, requests.csv, load.csv, critical-path.svg, stages.svg"
          + (stages ? ", stages.csv" : "") + drawing.listed)
    }
    if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
  }

  private func inputs(
    _ source: PipelineSource, _ scenario: ResultFile.Input
  ) throws -> [ResultFile.Input] {
    try source.inputs.map { ResultFile.Input(log: $0) } + [scenario]
      + ResultFile.Input.files(["operator-database": database])
  }

  private func path(_ name: String) -> String { output + "/" + name }
}
