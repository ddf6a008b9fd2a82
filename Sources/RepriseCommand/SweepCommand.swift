import ArgumentParser
import Foundation
import Reprise

/// `reprise sweep`: many replays, on one machine or many.
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Replay every combination of many values, on one machine or many.",
    discussion: """
      'plan' writes a folder with every scenario and a hash of all that decides its result; 'run' replays those \
      that have no result yet, all or a shard of them; 'merge' joins the results. Whatever the shards, threads \
      and interruptions, the merged bytes are the same. docs/sweep.md has the keys of a sweep's file, and \
      how to run it by Ray, Slurm, Kubernetes and GNU parallel.

        reprise sweep plan rates.yaml -o sweep
        reprise sweep run sweep --shard 1/2
        reprise sweep run sweep --shard 2/2
        reprise sweep merge sweep -o results.csv
      """,
    subcommands: [SweepPlanCommand.self, SweepRunCommand.self, SweepMergeCommand.self])
}

/// `reprise sweep plan`: a manifest of scenarios.
struct SweepPlanCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Write the manifest of a sweep's scenarios.",
    discussion: """
      A value that no scenario can have is refused, by its field. A plan made again into the same folder keeps the results of scenarios that are still in it: what \
      decides a result is in its hash (the scenario, its input files, the program's version). With --json prints \
      the manifest (TraceSchemas/sweep-manifest.schema.json).

        reprise sweep plan docs/examples/sweeps/rates.yaml -o sweep
      """)

  @Argument(help: "The sweep: a YAML file (see docs/sweep.md).", completion: .file())
  var sweep: String

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write into.")
  var output = "sweep"

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    let text = String(decoding: try smallFile(sweep), as: UTF8.self)
    let description = try SweepDescription(yaml: text, path: sweep)
    let folder = RepriseCommand.folder(of: sweep)
    let base = RepriseCommand.filePath(description.base, beside: folder)
    let baseText = String(decoding: try smallFile(base), as: UTF8.self)
    let combinations = try description.expanded(base: baseText, basePath: base)
    try check(combinations, of: description, base: baseText, at: base)
    var inputs: [ResultFile.Input] = []
    for (role, name) in [
      ("request-log", description.log), ("operator-database", description.database),
    ] {
      if let name { inputs.append(try input(role, name, folder)) }
    }
    // Models and data sheets may be files; those that are not there are the replay's to tell.
    let baseFolder = RepriseCommand.folder(of: description.base)
    for name in Set(combinations.flatMap { jsonFiles(in: $0.document) }).sorted() {
      let relative = baseFolder == "." ? name : RepriseCommand.filePath(name, beside: baseFolder)
      guard
        FileManager.default.fileExists(
          atPath: RepriseCommand.filePath(relative, beside: folder))
      else { continue }
      inputs.append(try input("description", relative, folder))
    }
    let manifest = SweepManifest(
      description, combinations, folder: URL(filePath: folder).standardizedFileURL.path,
      inputs: inputs, toolVersion: toolVersion)
    try makeFolder(output + "/results", for: [])
    try manifest.write(to: output + "/manifest.json")
    guard !json.isWanted else { return try printJSON(manifest) }
    print("sweep \(sweep): \(description.name)")
    print("\(counted(manifest.scenarios.count, "scenario")) of \(description.base)")
    print("wrote \(output)/manifest.json")
  }

  /// Refuses a value with which no scenario can be read; what only goes wrong with some values of the other fields is
  /// noted by the run.
  private func check(
    _ combinations: [SweepCombination], of description: SweepDescription, base: String,
    at basePath: String
  ) throws {
    func problem(of document: String) -> ScenarioError? {
      do throws(ScenarioError) {
        switch description.kind {
        case .deployment: _ = try Deployment(yaml: document, path: basePath)
        case .pipeline: _ = try Scenario(yaml: document, path: basePath)
        }
        return nil
      } catch {
        return error
      }
    }
    var sound: Set<[String]> = []
    var problems: [(values: [[String]], message: String)] = []
    let own = problem(of: base)
    for combination in combinations {
      let values = zip(description.columns, combination.values).map { [$0, $1] }
      guard let problem = problem(of: combination.document) else {
        sound.formUnion(values)
        continue
      }
      // What no field has to do with.
      if let own, own.message == problem.message { throw own }
      problems.append((values, problem.message))
    }
    for (values, message) in problems {
      let wrong = values.filter { !sound.contains($0) }
      guard !wrong.isEmpty || values.isEmpty else { continue }
      let text = wrong.map { "\($0[0]) = \($0[1])" }.joined(separator: ", ")
      throw Failure(.data, "\(sweep): \(text.isEmpty ? basePath : "with " + text): \(message)")
    }
  }

  private func input(
    _ role: String, _ name: String, _ folder: String
  ) throws -> ResultFile.Input {
    var input = try ResultFile.Input.files([role: RepriseCommand.filePath(name, beside: folder)])[0]
    input.path = name
    return input
  }

  private func jsonFiles(in document: String) -> [String] {
    document.matches(of: /[^\s"'\[\]{},:#]+\.json/).map { String($0.output) }
  }
}

/// `reprise sweep merge`: all results in one file.
struct SweepMergeCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Join the results of a sweep in one file.",
    discussion: """
      Rows are in the order of the plan, whoever ran them. Scenarios without a result are told, with exit code \
      69, and 65 where every one failed; what there is is written all the same. A file that ends in .csv is CSV, any other is JSON. With --json \
      prints the results (TraceSchemas/sweep-results.schema.json), too.

        reprise sweep merge sweep -o results.json
        reprise sweep merge sweep -o results.csv
      """)

  @Argument(help: "The folder that 'sweep plan' wrote.", completion: .directory)
  var folder: String

  @Option(name: [.customShort("o"), .customLong("output")], help: "The file to write.")
  var output = "results.json"

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    let folder = folder
    let manifest = try plannedSweep(in: folder)
    try requireOutputs([output])
    let outcomes = try manifest.scenarios.lazy.map { folder + "/results/\($0.hash).json" }
      .filter { FileManager.default.fileExists(atPath: $0) }.map { try SweepOutcome.read($0) }
    let results = SweepResults(manifest, outcomes)
    if output.hasSuffix(".csv") {
      try results.writeCSV(to: output)
    } else {
      try results.writeJSON(to: output)
    }
    let failed = results.scenarios.count { $0.error != nil }
    if json.isWanted {
      try printJSON(results)
    } else {
      print(
        "\(results.scenarios.count) of \(manifest.scenarios.count) scenarios, \(failed) failed; "
          + "wrote \(output)")
    }
    if results.missing.isEmpty, let first = results.scenarios.first,
      failed == results.scenarios.count
    {
      throw Failure(
        .data,
        "\(folder): every scenario failed, \(first.hash) first: \(first.error ?? "")")
    }
    if let first = results.missing.first {
      throw Failure(
        .unavailable,
        "\(folder): \(counted(results.missing.count, "scenario has", "scenarios have")) no result, \(first) the first; "
          + "'reprise sweep run \(folder)' makes them")
    }
  }
}

/// The plan of a sweep's folder, or what makes one.
func plannedSweep(in folder: String) throws -> SweepManifest {
  let path = folder + "/manifest.json"
  guard FileManager.default.fileExists(atPath: folder) else {
    throw Failure(
      .noInput, "\(folder): no such folder; 'reprise sweep plan FILE -o \(folder)' makes it")
  }
  guard FileManager.default.fileExists(atPath: path) else {
    throw Failure(
      .unavailable,
      "\(folder): no sweep is planned in it; 'reprise sweep plan FILE -o \(folder)' does that")
  }
  return try SweepManifest.read(path)
}
