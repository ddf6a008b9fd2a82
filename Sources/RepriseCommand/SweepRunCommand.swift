import ArgumentParser
import Foundation
import Reprise
import Synchronization

/// `reprise sweep run`: the scenarios that have no result yet.
struct SweepRunCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Replay the scenarios of a sweep that have no result yet.",
    discussion: """
      Each result is written whole or not at all, so that a run that was killed is begun again by the same \
      command, and several may run on one folder. A scenario that cannot be replayed is noted as such, and \
      the others go on; the exit code is then 65. With --json prints an object as \
      TraceSchemas/sweep-run.schema.json describes it. SIGINT ends the run with what has finished, exit code 130.

        reprise sweep run sweep
        reprise sweep run sweep --shard 3/16 --threads 1
      """)

  @Argument(help: "The folder that 'sweep plan' wrote.", completion: .directory)
  var folder: String

  @Option(help: "Only the i-th of N parts, 'i/N' with i from 1.")
  var shard = "1/1"

  @Option(help: "Scenarios at a time; the result is the same for any number.")
  var threads = 2

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard SweepShard(shard) != nil else {
      throw UsageError("--shard must be 'i/N' with i from 1 to N")
    }
    guard (1...1024).contains(threads) else { throw UsageError("--threads must be 1 to 1024") }
  }

  mutating func execute() throws {
    let command = self
    try Interruption.catching { try command.run(SweepShard(command.shard) ?? .whole) }
  }

  private func run(_ shard: SweepShard) throws {
    let manifest = try plannedSweep(in: folder)
    let scenarios = shard.indices(of: manifest.scenarios.count).map { manifest.scenarios[$0] }
    let left = scenarios.filter { !FileManager.default.fileExists(atPath: path(of: $0)) }
    let replays = SweepScenarioRun(manifest: manifest)
    if !left.isEmpty { try check(manifest, replays) }
    try requireOutputs(left.prefix(1).map(path(of:)))
    let bar = Mutex(ProgressBar("sweep", total: left.count))
    let problem = Mutex<Failure?>(nil)
    _ = onThreads(threads, count: left.count) { number in
      guard !Interruption.isRequested, problem.withLock({ $0 == nil }) else { return }
      do {
        guard let outcome = try replays.outcome(of: left[number]) else { return }
        try outcome.write(to: path(of: left[number]))
        bar.withLock { $0.advance() }
      } catch {
        problem.withLock { $0 = $0 ?? Failure(error) }
      }
    }
    bar.withLock { $0.finish() }
    if let problem = problem.withLock({ $0 }) { throw problem }
    guard !Interruption.isRequested else {
      let done = scenarios.count { FileManager.default.fileExists(atPath: path(of: $0)) }
      try note(
        "sweep: stopped; \(done) of \(counted(scenarios.count, "scenario")) done, and the same command runs the others"
      )
      throw ExitCode(Interruption.exitCode)
    }
    let outcomes = try scenarios.map { try SweepOutcome.read(path(of: $0)) }
    if json.isWanted {
      try printJSON(SweepRunFile(outcomes, replayed: left.count, shard: self.shard))
    } else {
      print(
        "\(counted(scenarios.count, "scenario")): \(scenarios.count - left.count) had a result, \(left.count) replayed"
      )
    }
    let failed = outcomes.filter { $0.error != nil }
    if let first = failed.first {
      throw Failure(
        .data,
        "\(counted(failed.count, "scenario")) failed, first \(first.hash): \(first.error ?? "")")
    }
  }

  /// Refuses what would not be what was planned.
  private func check(_ manifest: SweepManifest, _ replays: SweepScenarioRun) throws {
    guard manifest.toolVersion == toolVersion else {
      throw Failure(
        .data,
        "\(folder): planned by version \(manifest.toolVersion), this is \(toolVersion); plan again")
    }
    for input in manifest.inputs {
      let path = replays.path(input.path)
      guard try ResultFile.Input.files([input.role: path]).first?.sha256 == input.sha256 else {
        throw Failure(.data, "\(path): has changed since it was planned; plan again")
      }
    }
  }

  private func path(of scenario: SweepManifest.Scenario) -> String {
    folder + "/results/\(scenario.hash).json"
  }
}
