import ArgumentParser
import Foundation
import Reprise

/// `reprise replay`: a request log on simulated engines.
struct ReplayCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay a request log on a deployment's engines.",
    discussion: """
      Log formats, told by content: Azure CSV, Mooncake, Bailian, BurstGPT, RAGPulse, Dynamo, agent \
      sessions; spans of vLLM and of generative AI (OTLP JSON); vllm bench, aiperf, guidellm, SGLang, \
      BLIS; LiteLLM, Langfuse, Envoy; Reprise's own (TraceSchemas/request-log.schema.json). The log is \
      replayed twice: priced by the database, and by the roofline alone. If it holds measured latencies, the replay \
      is validated against them.

      The deployment's file says what serves: engines, their devices, tensor and pipeline parallelism, experts dealt \
      out within an engine or over data-parallel ranks (docs/replay.md; TraceSchemas/deployment.schema.json; \
      docs/examples/h200-qwen3-235b.yaml).

      A turn of a session (where the log names sessions) is sent at its recorded time, or its think time \
      after the end of the turn before it, whichever is later. What --speed, --window, --thin, \
      --spread-ties, --closed-loop and --deadline made of the log is told with the resulting rate. \
      SIGINT ends the replay early: what has finished is written, marked as cut, with exit code 130.

      Writes into the output folder: result.json (everything in figures), requests.csv (a row a \
      request), load.csv (what engines did over time), timeline.pftrace (open it in ui.perfetto.dev; see \
      --timeline), latencies.svg and timeline.svg. The same input gives the same bytes. 'reprise report' \
      makes a page of the folder. With --no-timeline no step is kept, so that load.csv and timeline.svg are \
      left out, too.

      Two more replays, with every step at the low and at the high end of its 90 % interval, give bands \
      on TTFT, TPOT and end-to-end latency (--no-bands leaves them out). With --json prints what result.json \
      holds, in place of the tables.

        reprise replay --db lat.sqlite --deployment server.yaml --log r.jsonl -o out
        reprise replay --deployment server.yaml --log r.jsonl --detail operators --timeline-window 60..65 -o out
      """)

  @Option(
    name: .customLong("db"),
    help: "The database of operator latencies; without it steps cost their roofline.",
    completion: .file())
  var database: String?

  @OptionGroup var deployment: DeploymentOptions

  @Option(help: "The request log; '-' for standard input.", completion: .file())
  var log: String

  @Option(
    help: "A log of the same requests in the same order that knows their content.",
    completion: .file())
  var content: String?

  @Option(name: [.customShort("o"), .customLong("output")], help: "The folder to write into.")
  var output = "replay-out"

  @Option(help: "Replay only the first requests of the log.")
  var requests: Int?

  @OptionGroup(title: "Workload") var workload: WorkloadArguments

  @Option(help: "Threads for the replays; the result is the same for any number.")
  var threads = 2

  @Option(help: .init("Time the engine alone, the best of so many runs.", visibility: .hidden))
  var timingRuns = 0

  @Flag(inversion: .prefixedNo, help: "Use the database's calibration of this deployment.")
  var calibration = true

  @OptionGroup(title: "Timeline") var drawing: TimelineArguments

  @Flag(inversion: .prefixedNo, help: "Replay at both ends of the step times' doubt, too.")
  var bands = true

  @OptionGroup var json: JSONOptions

  /// Whether anything is drawn over time.
  var timeline: Bool { !drawing.formats.isEmpty }

  mutating func validate() throws {
    if let requests, requests < 1 { throw UsageError("--requests must be at least 1") }
    guard (1...1024).contains(threads) else { throw UsageError("--threads must be 1 to 1024") }
  }

  mutating func execute() throws {
    // Until all is written: files are whole, or not there.
    let command = self
    try Interruption.catching { try command.replay() }
  }

  /// What may be written into the output folder.
  static let files =
    ["requests.csv", "result.json", "latencies.svg", "timeline.svg", "load.csv"]
    + TimelineFormat.allCases.map(\.fileName)

  private func replay() throws {
    try refuse(
      writing: Self.files.map(path),
      over: [log, content, workload.part.log.logMapping, database, deployment.deployment])
    let scenario = try deployment.read()
    let store = try database.map { try OperatorStore(path: $0, mode: .readOnly) }
    let plans = try deployment.plans(for: scenario, from: store, isCalibrated: calibration)
    let options = workload.options
    let log = try ReplayedLog(
      path: self.log, content: content, limit: requests, options: options,
      reading: workload.part.log.reading())
    var resolved = scenario
    resolved.engines = plans.map(\.group)
    let runs = try run(resolved, plans, log)
    guard let result = runs[0].result, let roofline = runs[1].result else { return }
    let summary = runs[0].summary
    // Ends of which one was stopped are no ends.
    var latencyBands =
      bands && !runs.contains { $0.summary.isCut }
      ? LatencyBands(summary, low: runs[2].summary, high: runs[3].summary) : nil

    let rows = RequestRow.rows(
      log: log.records, outcomes: result.outcomes, roofline: roofline.outcomes)
    let shares = TimeShares(result)
    let isMeasured = log.isMeasured && !log.workload.options.changesLoad
    let validation =
      isMeasured
      ? try Validation(
        rows: rows.filter { $0.outcome.arrival >= options.warmUp }, timeShares: shares) : nil
    if let validation { latencyBands?.hold(against: validation) }
    var warnings = plans.flatMap(\.warnings)
    if log.isMeasured, !isMeasured {
      warnings.append(
        "what the log measured is of another load than this one: nothing is validated")
    }
    if result.isCut { warnings.append(summary.cutSentence) }
    if roofline.isCut { warnings.append("the roofline's replay was stopped before its end") }
    if bands, latencyBands == nil, !result.isCut {
      warnings.append("the bands' replays were stopped before their end: there are no bands")
    }
    let rejected = result.count(of: .rejected)
    if rejected > 0 {
      warnings.append(
        "\(rejected) of \(log.records.count) requests were rejected: "
          + RequestOutcome.Rejection.allCases.compactMap { reason in
            let count = result.outcomes.count { $0.rejection == reason }
            return count > 0 ? "\(count) \(reason.sentence)" : nil
          }.joined(separator: ", "))
    }
    for input in log.inputs {
      for fit in plans.compactMap(\.calibration) where fit.fittedSHA256 == input.sha256 {
        warnings.append(
          "the calibration was fitted on requests of this very log (\(fit.steps) of them): only what "
            + "'reprise calibrate' printed of the others judges it")
      }
    }
    let isOwnFolder = FileManager.default.fileExists(atPath: path("result.json"))
    try RequestsFile.write(rows, to: path("requests.csv"))
    let engines = EngineSummary.engines(of: result, plans)
    let file = ResultFile(
      toolVersion: toolVersion, inputs: try inputs(log, scenario), deployment: resolved.echo(plans),
      workload: log.workload.echo, summary: summary,
      engines: engines, resources: ResourceTotals(engines, of: result),
      bands: latencyBands, timeShares: shares,
      validation: validation,
      warnings: log.summary.warnings + warnings)
    try file.write(to: path("result.json"))
    try LatencyFigure(
      title: "Latencies of \(log.records.count) requests, \(plans[0].architecture.name)",
      measured: isMeasured ? log.records.compactMap { RequestLatencies($0) } : [],
      replayed: rows.compactMap { RequestLatencies($0.outcome, id: $0.id) },
      roofline: rows.compactMap(\.roofline)
    ).write(to: path("latencies.svg"))
    if timeline { try writeTimeline(result, plans, log) }
    if isOwnFolder {
      // What an earlier run left here would not be of this one.
      drawing.removeOthers(from: output)
      for name in timeline ? [] : ["timeline.svg", "load.csv"] {
        try? FileManager.default.removeItem(atPath: path(name))
      }
    }

    if json.isWanted {
      try printJSON(file)
    } else {
      print("log \(self.log)")
      print(log.summary.text)
      if let text = log.workload.text { print(text) }
      for plan in plans { print("\(plan.group.name): \(plan.prices)") }
      print(summary.text(engines: result.engines.count))
      if let latencyBands { print(latencyBands.text) }
      if let validation {
        print("against what the log measured ('reprise validate' prints the whole table):")
        for line in validation.verdicts { print(line) }
      } else {
        print(shares.sentence)
      }
    }
    for warning in warnings { try note("reprise: warning: \(warning)") }
    if !json.isWanted {
      print(
        "wrote \(output)/: result.json, requests.csv, latencies.svg"
          + (timeline ? ", load.csv, timeline.svg" : "") + drawing.listed)
    }
    if Interruption.isRequested { throw ExitCode(Interruption.exitCode) }
  }

  private func writeTimeline(
    _ result: ReplayResult, _ plans: [EnginePlan], _ log: ReplayedLog
  ) throws {
    let groups = plans.flatMap { plan in Array(repeating: plan, count: plan.group.count) }
    let names = groups.enumerated().map { index, plan in
      plan.group.count > 1 ? "\(plan.group.name) (engine \(index))" : plan.group.name
    }
    func plan(of step: StepRecord) -> EnginePlan? {
      groups.indices.contains(Int(step.engine)) ? groups[Int(step.engine)] : nil
    }
    var drawn = Timeline(
      title: "Replay of \(self.log)", log: log.records, result: result, engineNames: names,
      price: { plan(of: $0)?.measured.price($0.middleShape) })
    drawn.window = drawing.window
    if drawing.detail == .operators {
      drawn.operators = { plan(of: $0)?.measured.shares(of: $0.middleShape) ?? [] }
    }
    for format in drawing.formats { try drawn.write(to: path(format.fileName), as: format) }
    let part = TimelinePart(drawn)
    if part.isCut { try drawing.noteEnd(part.window.upperBound) }
    try TimelineFigure(
      title: "\(plans[0].architecture.name) on \(plans[0].group.device)", steps: result.steps
    ).write(to: path("timeline.svg"))
    try LoadFile.write(
      result.steps, engineBlocks: result.engines.map(\.blocks), to: path("load.csv"))
  }

  private func inputs(
    _ log: ReplayedLog, _ scenario: Deployment
  ) throws -> [ResultFile.Input] {
    try log.inputs.map { ResultFile.Input(log: $0) }
      + ResultFile.Input.files([
        "deployment": deployment.deployment, "model": deployment.modelPath(of: scenario),
        "operator-database": database,
      ])
  }

  private func path(_ name: String) -> String { output + "/" + name }
}

extension EnginePlan {
  /// The calibration that its prices hold, or "none".
  fileprivate var calibrationEcho: ResultValue {
    guard let calibration else { return "none" }
    return .object([
      "fitted_on": .text(calibration.fittedOn), "steps": .integer(calibration.steps),
      "device_scale": .number(calibration.deviceScale),
      "per_step_ns": .number(calibration.perStep),
      "per_sequence_ns": .number(calibration.perSequence),
      "per_token_ns": .number(calibration.perToken),
      "collective_scale": .number(calibration.collectiveScale),
      "held_out_error": .number(calibration.errorHeldOut),
      "basis": .text(calibration.basis.rawValue), "hides_host": .flag(calibration.hidesHost),
      "pads_to_graphs": .flag(calibration.padsToGraphs == true),
    ])
  }
}

extension RequestOutcome.Rejection {
  /// What is told of requests that were rejected for it.
  fileprivate var sentence: String {
    switch self {
    case .noTokens: "without a token in the prompt or to generate"
    case .modelLength: "longer than 'max_model_len'"
    case .memory: "larger than an engine's key-value memory"
    case .stepTokens: "with a whole prompt beyond 'max_num_batched_tokens'"
    }
  }
}

extension Deployment {
  /// The deployment as it was understood, for the result.
  fileprivate func echo(_ plans: [EnginePlan]) -> [String: ResultValue] {
    let whole: [String: ResultValue] = [
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
              "kv_cache_dtype": .text(group.precision.keyValues.rawValue),
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
    return whole.merging(roleEcho) { $1 }
  }

  /// How engines with roles work together; nothing where they have none.
  private var roleEcho: [String: ResultValue] {
    guard let transfer else { return [:] }
    let conversion = conversionQueue.map { ["convert_at_waiting": ResultValue.integer($0)] } ?? [:]
    return conversion.merging([
      "decode_pool": .text(decodePool.rawValue),
      "transfer": .object([
        "bandwidth_gb_s": .number(transfer.bandwidth), "latency_us": .number(transfer.latency),
        "mode": .text(transfer.mode.rawValue),
      ]),
    ]) { $1 }
  }
}

extension EngineGroup {
  /// What is not as in vLLM's plain settings.
  fileprivate var policyEcho: [String: ResultValue] {
    var echo: [String: ResultValue] = [:]
    if !graphSizes.isEmpty {
      echo["cudagraph_capture_sizes"] = .list(graphSizes.map { .integer($0) })
    }
    if policy != .vllm { echo["policy"] = .text(policy.rawValue) }
    if queueOrder != .firstCome { echo["scheduling_policy"] = .text(queueOrder.rawValue) }
    if expertParallel > 1 { echo["expert_parallel"] = .integer(expertParallel) }
    if pipelineParallel > 1 { echo["pipeline_parallel"] = .integer(pipelineParallel) }
    if role != .both { echo["role"] = .text(role.rawValue) }
    if let keyValues {
      echo["key_value_bytes_per_token"] = .number(keyValues.bytesPerToken)
    }
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
