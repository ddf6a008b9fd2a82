import ArgumentParser
import Reprise

/// `reprise plan-measurements`: what to measure next, so that a replay can be trusted more.
struct PlanMeasurementsCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan-measurements",
    abstract: "Say which operator points to measure to trust a replay more.",
    discussion: """
      Replays the log and finds the operator points (an operator and its sizes) whose measurement \
      lowers the standard error of the run's device time the most, the best first, given that those \
      before are measured. Without --log, steps of all sizes that the deployment allows stand for a \
      run. Errors of one operator go together over layers and near sizes, those of different \
      operators are independent; what is measured already is not asked for.

      'informs' is the part of the run's device time that a point tells of, 'doubt' the standard \
      error of its prediction now, 'rests on' what that prediction rests on, and 'error' the standard \
      error of the device time before and after the point is measured, all in percent. The file that \
      -o writes (TraceSchemas/measurement-points.schema.json) is measured on the device by \
      tools/capture, whose samples are imported as any sweep:

      With --json prints what -o writes.

        reprise plan-measurements --deployment server.yaml --db lat.sqlite --log r.jsonl -o points.json
        python tools/capture/capture.py points points.json -o measured
        reprise import measured/samples.jsonl.zst --db lat.sqlite --device h100-sxm
      """)

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var deployment: DeploymentOptions

  @Option(
    help: "The request log; '-' for standard input. All sizes of steps if not given.",
    completion: .file())
  var log: String?

  @Option(help: "Replay only the first requests of the log.")
  var requests: Int?

  @OptionGroup(title: "For --log") var reading: LogReadingArguments

  @Option(help: "The group of engines to plan for; needed where there are several.")
  var group: String?

  @Option(name: [.customLong("points")], help: "How many points at most, from 1 to 1000.")
  var count = 20

  @Option(
    name: [.customShort("o"), .customLong("output")], help: "The file to write.",
    completion: .file())
  var output: String?

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard (1...1000).contains(count) else { throw UsageError("--points must be from 1 to 1000") }
    if let requests {
      guard requests >= 1 else { throw UsageError("--requests must be at least 1") }
    }
    guard log != nil || requests == nil && !reading.isUsed else {
      throw UsageError("--requests, \(LogReadingArguments.names) are of a log; give --log, too")
    }
  }

  mutating func execute() throws {
    try refuse(
      writing: [output], over: [database.path, deployment.deployment, log, reading.logMapping])
    try requireOutputs([output])
    let scenario = try deployment.read()
    let index = try groupIndex(in: scenario)
    let store = try database.open(.readOnly)
    let plans = try deployment.plans(for: scenario, from: store, isCalibrated: true)
    let chosen = plans[index]
    let (architecture, group) = (chosen.architecture, chosen.group)
    let known = try store.evidence(for: group, serving: architecture, on: chosen.device)
    let prices = CostModel(curves: known.curves, on: chosen.device, relatives: known.relatives)
    let uses = StepDemands.operators(
      of: architecture, group.precision, group.layout, on: prices)
    let model = CapturedModel(uses)
    var demands = StepDemands(uses, on: prices, paddedTo: group.graphSizes)
    let source = try collect(into: &demands, scenario, plans, index)
    let plan = MeasurementPlan(
      demands.demands { CapturedModel.canMeasure($0, in: model) }, count: count)
    let file = MeasurementPlanFile(plan, device: group.device, model: model)
    if let output { try file.write(to: output) }
    guard !json.isWanted else { return print(try file.text, terminator: "") }
    print(
      "\(group.name): \(architecture.name) on \(group.device), \(counted(chosen.curveCount, "curve")); \(source)"
    )
    if plan.points.isEmpty {
      print("no point that tools/capture can measure would lower the error")
    } else {
      print(TextTable(plan).text, terminator: "")
    }
    for line in plan.summary { print(line) }
    if let output {
      print("wrote \(output): python tools/capture/capture.py points \(output) -o FOLDER")
    }
  }

  /// Where the group to plan for stands among the deployment's.
  private func groupIndex(in scenario: Deployment) throws -> Int {
    let names = scenario.engines.map(\.name)
    guard let group else {
      guard names.count == 1 else {
        throw Failure(
          .usage,
          "\(deployment.deployment): name one of its groups with --group: "
            + names.joined(separator: ", "))
      }
      return 0
    }
    guard let index = names.firstIndex(of: group) else {
      throw Failure(
        .usage,
        "\(deployment.deployment): no group is called '\(group)'; there are "
          + names.joined(separator: ", "))
    }
    return index
  }

  /// Collects the steps of the group's engines; returns what they are of.
  private func collect(
    into demands: inout StepDemands, _ scenario: Deployment, _ plans: [EnginePlan], _ index: Int
  ) throws -> String {
    guard let log else {
      let steps = RepresentativeSteps(plans[index].group, on: plans[index].measured).steps
      for step in steps { demands.add(step.shape, weight: step.weight) }
      return "\(counted(steps.count, "step")) of all sizes"
    }
    let requests = try ReplayedLog(
      path: log, content: nil, limit: requests, reading: reading.reading())
    var options = ReplayOptions()
    options.recordsSteps = true
    var resolved = scenario
    resolved.engines = plans.map(\.group)
    let result = try Simulation(
      deployment: resolved, pricings: plans.map(\.measured), options: options
    ).run(requests.table)
    let groups = plans.enumerated().flatMap { Array(repeating: $0, count: $1.group.count) }
    var count = 0
    for step in result.steps where groups[Int(step.engine)] == index {
      demands.add(step.shape, steps: Int(step.steps))
      count += Int(step.steps)
    }
    guard count > 0 else {
      throw Failure(.data, "\(log): no request of it runs on '\(plans[index].group.name)'")
    }
    return "\(counted(count, "step")) of \(requests.records.count) requests"
  }
}
