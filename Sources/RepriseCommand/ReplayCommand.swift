import ArgumentParser
import Foundation
import Reprise

/// `reprise replay`: a request log on simulated engines.
struct ReplayCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay a request log on a deployment's engines.",
    discussion: """
      Log formats, told by content: Azure 2023 CSV, Mooncake JSON Lines, vLLM measured runs, ShareGPT \
      workloads, Reprise's own (TraceSchemas/request-log.schema.json). The log is replayed twice: \
      priced by the database, and by the roofline alone. If it holds measured latencies, the replay \
      is validated against them.

      Writes into the output folder: result.json (everything in figures), requests.csv (a row a \
      request), timeline.json (open it in ui.perfetto.dev), latencies.svg and timeline.svg. The same \
      input gives the same bytes.

        reprise replay --db lat.sqlite --deployment server.yaml --log r.jsonl -o out
      """)

  @Option(
    name: .customLong("db"),
    help: "The database of operator latencies; without it steps cost their roofline.")
  var database: String?

  @OptionGroup var deployment: DeploymentOptions

  @Option(help: "The request log; '-' for standard input.")
  var log: String

  @Option(help: "A log of the same requests in the same order that knows their content.")
  var content: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write into.")
  var output = "replay-out"

  @Option(help: "Replay only the first requests of the log.")
  var requests: Int?

  @Flag(inversion: .prefixedNo, help: "Use the database's calibration of this deployment.")
  var calibration = true

  @Flag(inversion: .prefixedNo, help: "Write timeline.json and timeline.svg.")
  var timeline = true

  mutating func validate() throws {
    if let requests, requests < 1 { throw UsageError("--requests must be at least 1") }
  }

  mutating func execute() throws {
    let scenario = try deployment.read()
    let store = try database.map { try OperatorStore(path: $0, mode: .readOnly) }
    let plans = try deployment.plans(for: scenario, from: store, isCalibrated: calibration)
    let log = try ReplayedLog(path: self.log, content: content, limit: requests)
    try makeFolder()

    let resolved = Deployment(
      model: scenario.model, engines: plans.map(\.group), routing: scenario.routing)
    let result = try run(resolved, plans.map(\.measured), log, "replay", records: timeline)
    let roofline = try run(resolved, plans.map(\.roofline), log, "roofline", records: false)

    let rows = RequestRow.rows(
      log: log.records, outcomes: result.outcomes, roofline: roofline.outcomes)
    let shares = TimeShares(result)
    let isMeasured = log.isMeasured
    let validation = isMeasured ? try Validation(rows: rows, timeShares: shares) : nil
    let summary = ReplaySummary(result)
    var warnings = plans.flatMap(\.warnings)
    for input in log.inputs {
      for fit in plans.compactMap(\.calibration) where fit.fittedSHA256 == input.sha256 {
        warnings.append(
          "the calibration was fitted on requests of this very log (\(fit.steps) of them): only what "
            + "'reprise calibrate' printed of the others judges it")
      }
    }
    try RequestsFile.write(rows, to: path("requests.csv"))
    try ResultFile(
      toolVersion: toolVersion, inputs: try inputs(log, scenario), deployment: resolved.echo(plans),
      summary: summary, timeShares: shares, validation: validation,
      warnings: log.summary.warnings + warnings
    ).write(to: path("result.json"))
    try LatencyFigure(
      title: "Latencies of \(log.records.count) requests, \(plans[0].architecture.name)",
      measured: isMeasured ? log.records.compactMap { RequestLatencies($0) } : [],
      replayed: rows.compactMap { RequestLatencies($0.outcome, id: $0.id) },
      roofline: rows.compactMap(\.roofline)
    ).write(to: path("latencies.svg"))
    if timeline {
      try writeTimeline(result, plans, log)
    } else {
      // What an earlier run left here would not be of this one.
      for name in ["timeline.json", "timeline.svg"] {
        try? FileManager.default.removeItem(atPath: path(name))
      }
    }

    print("log \(self.log)")
    print(log.summary.text)
    for plan in plans { print(plan.prices) }
    print(summary.text)
    if let validation {
      print("against what the log measured ('reprise validate' prints the whole table):")
      for line in validation.verdicts { print(line) }
    } else {
      print(shares.sentence)
    }
    for warning in warnings { try note("reprise: warning: \(warning)") }
    print(
      "wrote \(output)/: result.json, requests.csv, latencies.svg"
        + (timeline ? ", timeline.svg, timeline.json (open it in ui.perfetto.dev)" : ""))
  }

  private func run(
    _ deployment: Deployment, _ pricings: [StepModel], _ log: ReplayedLog, _ label: String,
    records: Bool
  ) throws -> ReplayResult {
    var options = ReplayOptions()
    options.recordsSteps = records
    let simulation = try Simulation(deployment: deployment, pricings: pricings, options: options)
    var bar = ProgressBar(label, total: log.records.count)
    let start = processorSeconds()
    let result = simulation.run(log.table) { bar.update(to: $0) }
    let seconds = processorSeconds() - start
    bar.finish()
    try note(
      "\(label): \(result.stepCount) engine steps in \(fixedText(seconds, decimals: 3)) s of CPU, "
        + "\(Int(Double(result.stepCount) / max(seconds, 1e-6))) steps/s")
    return result
  }

  private func writeTimeline(
    _ result: ReplayResult, _ plans: [EnginePlan], _ log: ReplayedLog
  ) throws {
    let groups = plans.flatMap { plan in Array(repeating: plan, count: plan.group.count) }
    let names = groups.enumerated().map { index, plan in
      plan.group.count > 1 ? "\(plan.group.name) (engine \(index))" : plan.group.name
    }
    try Timeline(
      title: "Replay of \(self.log)", steps: result.steps, outcomes: result.outcomes,
      ids: log.records.map(\.id), measured: log.records, engineNames: names,
      price: { step in
        groups.indices.contains(Int(step.engine))
          ? groups[Int(step.engine)].measured.price(step.shape) : nil
      }
    ).write(to: path("timeline.json"))
    try TimelineFigure(
      title: "\(plans[0].architecture.name) on \(plans[0].group.device)", steps: result.steps
    ).write(to: path("timeline.svg"))
  }

  private func inputs(
    _ log: ReplayedLog, _ scenario: Deployment
  ) throws -> [ResultFile.Input] {
    var inputs = log.inputs.map {
      ResultFile.Input(
        role: "request-log", path: $0.path, sha256: $0.sha256, bytes: $0.storedBytes)
    }
    let model = deployment.modelPath(of: scenario)
    for (role, path) in [
      ("deployment", deployment.deployment), ("model", model), ("operator-database", database),
    ] {
      guard let path else { continue }
      var source = try ByteSource(path: path)
      let summary = try source.finish()
      inputs.append(
        .init(role: role, path: path, sha256: summary.sha256, bytes: summary.storedBytes))
    }
    return inputs
  }

  private func makeFolder() throws {
    do {
      try FileManager.default.createDirectory(
        atPath: output, withIntermediateDirectories: true)
    } catch {
      throw Failure(.cannotCreate, "\(output): cannot make this folder; give -o another path")
    }
  }

  private func path(_ name: String) -> String { output + "/" + name }
}

extension EnginePlan {
  /// What the engine's prices come from, in a line.
  fileprivate var prices: String {
    let fit =
      if let calibration {
        "calibrated on \(calibration.fittedOn), "
          + (calibration.basis == .steps ? "step error " : "error of judged requests ")
          + "\(fixedText(100 * calibration.errorHeldOut, decimals: 1)) %"
      } else {
        "not calibrated: no host time"
      }
    return "\(group.name): \(architecture.name) on \(group.device), \(curveCount) curves, \(fit); "
      + "\(group.blockCount ?? 0) key-value blocks"
  }

  /// The calibration that its prices hold, or "none".
  fileprivate var calibrationEcho: ResultValue {
    guard let calibration else { return "none" }
    return .object([
      "fitted_on": .text(calibration.fittedOn), "steps": .integer(calibration.steps),
      "device_scale": .number(calibration.deviceScale),
      "per_step_ns": .number(calibration.perStep),
      "per_sequence_ns": .number(calibration.perSequence),
      "per_token_ns": .number(calibration.perToken),
      "held_out_error": .number(calibration.errorHeldOut),
      "basis": .text(calibration.basis.rawValue), "hides_host": .flag(calibration.hidesHost),
    ])
  }

  /// What a user should know before believing its prices.
  fileprivate var warnings: [String] {
    var warnings: [String] = []
    if curveCount == 0 {
      warnings.append(
        "no measurements of \(group.device): steps cost their roofline, which no server reaches")
    }
    if excessBytes > 0 {
      warnings.append(
        "\(group.name): weights and key-value blocks exceed the memory of \(device.name) by "
          + "\(Int(excessBytes / 1e6)) MB a device: no such server can run")
    }
    return warnings
  }
}

extension Deployment {
  /// The deployment as it was understood, for the result.
  fileprivate func echo(_ plans: [EnginePlan]) -> [String: ResultValue] {
    [
      "model": .text(model), "routing": .text(routing.rawValue),
      "engines": .list(
        zip(engines, plans).map { group, plan in
          .object(
            [
              "curves": .integer(plan.curveCount), "calibration": plan.calibrationEcho,
              "name": .text(group.name), "architecture": .text(plan.architecture.name),
              "count": .integer(group.count),
              "device": .text(group.device), "tensor_parallel": .integer(group.tensorParallel),
              "data_type": .text(group.dataType.rawValue),
              "max_num_seqs": .integer(group.maxSequences),
              "max_num_batched_tokens": .integer(group.maxBatchedTokens),
              "max_model_len": .integer(group.maxModelLength),
              "block_size": .integer(group.blockSize),
              "num_gpu_blocks": .integer(group.blockCount ?? 0),
              "enable_prefix_caching": .flag(group.enablesPrefixCaching),
              "enable_chunked_prefill": .flag(group.enablesChunkedPrefill),
              "long_prefill_token_threshold": .integer(group.longPrefillTokenThreshold),
              "full_sequence_admission": .flag(group.fullSequenceAdmission),
              "async_scheduling": .flag(group.asyncScheduling),
            ].merging(group.policyEcho) { $1 })
        }),
    ]
  }
}

extension EngineGroup {
  /// What is not as in vLLM's plain settings.
  fileprivate var policyEcho: [String: ResultValue] {
    var echo: [String: ResultValue] = [:]
    if policy != .vllm { echo["policy"] = .text(policy.rawValue) }
    if queueOrder != .firstCome { echo["scheduling_policy"] = .text(queueOrder.rawValue) }
    if pipelineParallel > 1 { echo["pipeline_parallel"] = .integer(pipelineParallel) }
    if lockstep { echo["data_parallel_lockstep"] = .flag(true) }
    if let speculation {
      echo["num_speculative_tokens"] = .integer(speculation.tokens)
      echo["draft_acceptance_rate"] = .number(speculation.acceptance)
      echo["draft_cost"] = .number(speculation.cost)
      echo["draft_time_us"] = .number(speculation.microseconds)
    }
    return echo
  }
}
