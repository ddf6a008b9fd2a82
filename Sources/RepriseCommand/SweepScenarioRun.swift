import Foundation
import Reprise

/// How one scenario of a sweep is replayed: by the same code as `replay` and `pipeline`, without their files.
struct SweepScenarioRun {
  let manifest: SweepManifest

  /// Replays it; nil where SIGINT stopped it, so that the next run does it again.
  ///
  /// A scenario that is wrong in itself is an outcome, too; what is wrong with the machine (a file that is
  /// gone, a full disk) is thrown, since another try may well do better.
  func outcome(of scenario: SweepManifest.Scenario) throws -> SweepOutcome? {
    do {
      let outcome =
        switch manifest.kind {
        case .deployment: try replayed(scenario)
        case .pipeline: try piped(scenario)
        }
      return Interruption.isRequested ? nil : outcome
    } catch {
      let failure = Failure(error)
      guard failure.cause == .data || failure.cause == .usage else { throw failure }
      // What commands may be told of a log, a sweep may not.
      let text = (error as? RequestLogError)?.description ?? failure.description
      return SweepOutcome(
        hash: scenario.hash,
        error: text.replacing(manifest.folder + "/", with: ""))
    }
  }

  /// Where a file of the sweep is.
  func path(_ name: String) -> String { RepriseCommand.filePath(name, beside: manifest.folder) }

  private func store() throws -> OperatorStore? {
    try manifest.database.map { try OperatorStore(path: path($0), mode: .readOnly) }
  }

  private func replayed(_ scenario: SweepManifest.Scenario) throws -> SweepOutcome {
    let base = path(manifest.base)
    var deployment = try Deployment(yaml: scenario.document, path: base)
    let plans = try DeploymentOptions(path: base).plans(
      for: deployment, from: try store(), isCalibrated: true)
    var options = WorkloadOptions()
    options.speed = scenario.speed ?? 1
    options.seed = scenario.seed ?? 0
    let log = try ReplayedLog(
      path: path(manifest.log ?? ""), content: nil, limit: manifest.requests, options: options)
    deployment.engines = plans.map(\.group)
    let result = try Simulation(
      deployment: deployment, pricings: plans.map(\.measured), options: ReplayOptions()
    ).run(log.table, shouldStop: { Interruption.isRequested })
    return try SweepOutcome(
      hash: scenario.hash, summary: ReplaySummary(result, warmUp: options.warmUp),
      warnings: log.summary.warnings + plans.flatMap(\.warnings))
  }

  private func piped(_ scenario: SweepManifest.Scenario) throws -> SweepOutcome {
    let options = ScenarioOptions(path: path(manifest.base))
    let read = try Scenario(
      yaml: scenario.document, path: options.scenario, seed: scenario.seed)
    var resolved = try options.resolve(read, readFrom: scenario.document, from: try store())
    var workload = WorkloadOptions()
    workload.speed = scenario.speed ?? 1
    workload.seed = read.seed
    var source = try PipelineSource(
      log: manifest.log.map(path), reading: .init(), options: workload, workload: read.workload,
      limit: manifest.requests)
    let result = try PipelineSimulation(resolved.plan).run(
      shouldStop: { Interruption.isRequested }
    ) {
      try source.next()
    }
    guard result.arrivals > 0 else { throw Failure(.data, "no request arrives") }
    resolved.warn(of: result)
    return try SweepOutcome(
      hash: scenario.hash, summary: PipelineSummary(result, resolved.plan),
      warnings: resolved.warnings + source.warnings)
  }
}
