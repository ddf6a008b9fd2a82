import ArgumentParser
import Reprise

/// `reprise calibrate`: how far to trust a database, and what its kernels cannot know.
struct CalibrateCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Check a database's predictions, or fit a deployment to what was measured of it.",
    discussion: """
      With --check: predicts measured points from the others and prints the errors by kind of \
      operator, type and software, and by the distance from the nearest sample, and how many points \
      the 90 % interval held. Protocols: \
      'points' holds out a fifth of all points at random, 'sizes' every second size of each curve, \
      'curves' a fifth of all curves, 'devices' each kind of operator, predicted from the other devices \
      of the database.

      With --check-plans: hides measured points, makes plans as 'reprise plan-measurements' does, shows \
      what they ask for, and prints what they promised beside what the cost model then says of its doubt \
      and what it is off by in truth.

      With --deployment: fits the time that kernels do not explain (a step, a sequence, \
      a token) and one factor on device time to measured engine steps, those of --steps or else those \
      that were imported for the device, and keeps the fit in the database for 'reprise replay'. The \
      curves stay as measured. If the deployment schedules asynchronously, host time is also tried as \
      passing while the device works, and kept so where that predicts held-out steps better.

      With --deployment and --log: fits the same numbers to the latencies that a request log measured, \
      by replaying it. The first half of the requests by arrival is fitted (--fit-requests), the \
      others alone judge. Numbers that the log cannot determine are held at their defaults, and \
      named. A log has measured latencies in the formats that 'reprise replay' validates.

      With --json prints an object: of --check as TraceSchemas/hold-out.schema.json describes it, of \
      --check-plans plan-check.schema.json, of a fit calibration.schema.json.

        reprise calibrate --db lat.sqlite --check --device h100-sxm
        reprise calibrate --db lat.sqlite --check-plans --device h100-sxm --operator gemm
        reprise calibrate --db lat.sqlite --deployment server.yaml --steps s.jsonl
        reprise calibrate --db lat.sqlite --deployment server.yaml --log requests.jsonl
      """)

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Predict held-out points instead of fitting.")
  var check = false

  @Flag(help: "Hold the promises of measurement plans against hidden measurements.")
  var checkPlans = false

  @Option(
    help: "For --check-plans: how many points a plan asks for, from 1 to 1000; 10 if not given.")
  var planPoints: Int?

  @OptionGroup(title: "Check") var checking: CheckOptions

  @OptionGroup var json: JSONOptions

  @Option(help: "For --check and --check-plans: the device; all of them if not given.")
  var device: String?

  @Option(help: "The deployment: a YAML file with one group of engines.", completion: .file())
  var deployment: String?

  @Option(
    help: "Measured engine steps (JSON Lines); those of the database if not given.",
    completion: .file())
  var steps: String?

  @Option(
    help: "A request log with measured latencies, to fit to instead of steps.", completion: .file())
  var log: String?

  @Option(
    help: "For --log: a log of the same requests in the same order that knows their content.",
    completion: .file())
  var content: String?

  @Option(help: "For --log: read only the first requests of the log.")
  var requests: Int?

  @Option(help: "For --log: how many measured requests to fit; half of them if not given.")
  var fitRequests: Int?

  @OptionGroup(title: "For --log") var reading: LogReadingArguments

  mutating func validate() throws {
    if check || checkPlans {
      if let kind = checking.kind, !OperatorKind.known.contains(where: { $0.rawValue == kind }) {
        let hint = nearestName(to: kind, among: OperatorKind.known.map(\.rawValue))
        throw UsageError(
          "no operator '\(kind)' is checked" + (hint.map { "; did you mean '\($0)'?" } ?? ""))
      }
      guard deployment == nil, steps == nil, log == nil else {
        throw UsageError("--check and --check-plans take no --deployment, no --steps and no --log")
      }
      guard !(check && checkPlans) else {
        throw UsageError("give --check or --check-plans, not both")
      }
      guard planPoints == nil || checkPlans else {
        throw UsageError("--plan-points needs --check-plans")
      }
      guard (1...1000).contains(planPoints ?? 1) else {
        throw UsageError("--plan-points must be from 1 to 1000")
      }
      guard check || !checking.isOfHoldOut else {
        throw UsageError("--check-plans takes no --protocol, --worst and --svg")
      }
      guard checking.worst >= 0, checking.least >= 1 else {
        throw UsageError("--worst must be at least 0, --least at least 1")
      }
      guard !json.isWanted || checking.worst == 0 else {
        throw UsageError("give --json or --worst, not both")
      }
    } else if deployment == nil {
      throw UsageError("give --check, --check-plans or --deployment")
    } else if checking.isUsed || planPoints != nil {
      throw UsageError(
        "--protocol, --operator, --runtime, --where, --least, --worst, --svg and --plan-points need "
          + "--check or --check-plans"
      )
    }
    guard deployment == nil || device == nil else {
      throw UsageError("--device is of --check and --check-plans; a --deployment names its own")
    }
    if log == nil {
      guard content == nil, requests == nil, fitRequests == nil, !reading.isUsed else {
        throw UsageError(
          "--content, --requests, --fit-requests, \(LogReadingArguments.names) need --log")
      }
    } else if steps != nil {
      throw UsageError("give --steps or --log, not both")
    }
    for (name, value) in [("--requests", requests), ("--fit-requests", fitRequests)] {
      if let value, value < 1 { throw UsageError("\(name) must be at least 1") }
    }
  }

  mutating func execute() throws {
    try refuse(writing: [checking.svg], over: [database.path])
    try requireOutputs([checking.svg])
    if check {
      try checkCurves()
    } else if checkPlans {
      try checkPromises()
    } else if let deployment {
      let options = DeploymentOptions(path: deployment)
      if let log { try fit(options, toLog: log) } else { try fit(options, to: steps) }
    }
  }

  private func checkCurves() throws {
    let store = try database.open(.readOnly)
    var report = HoldOutReport()
    let measured = try checking.protocols.contains(.devices) ? everything(in: store) : [:]
    for (name, sheet) in try checkedDevices(in: store) {
      let all = try measured[sheet.name] ?? store.curves(on: sheet)
      let curves = checking.parts(of: all)
      for way in checking.protocols {
        let check =
          way == .devices
          ? HoldOutCheck(
            curves, among: all, on: sheet,
            from: measured.sorted { $0.key < $1.key }.compactMap { name, curves in
              guard name != sheet.name, let other = Device.builtIn(named: name) else { return nil }
              return RelativeCurves(device: other, curves: curves)
            })
          : HoldOutCheck(curves, among: all, on: sheet, by: way)
        guard !check.rows.isEmpty else {
          try say(
            way == .devices
              ? "\(name), devices: no other device of the database measured any kind of it"
              : "\(name), \(way): no curve has enough points to hold some out")
          continue
        }
        let part = HoldOutReport.Part(device: name, way: way, check: check)
        report.parts.append(part)
        guard !json.isWanted else { continue }
        print("\(name), \(way): \(way.explanation)")
        print(part.text, terminator: "")
      }
    }
    guard !report.parts.isEmpty else {
      throw Failure(.data, "\(database.path): no curve that was asked for can be checked")
    }
    if json.isWanted { print(try report.json()) }
    if checking.worst > 0 { print(report.worst(checking.worst), terminator: "") }
    if let svg = checking.svg { try HoldOutFigure(report).write(to: svg) }
  }

  /// The devices that are to be checked, with their data sheets; says which have none.
  func checkedDevices(in store: OperatorStore) throws -> [(name: String, sheet: Device)] {
    if let device {
      let names = try store.deviceNames()
      let sheet = Device.builtIn(named: device)
      guard
        names.contains(where: { $0 == device || sheet?.name == Device.builtIn(named: $0)?.name })
      else { throw Failure(.unavailable, try store.lack(of: device, in: database.path)) }
      return [(device, try dataSheet(named: device))]
    }
    var checked: Set<String> = []
    return try store.deviceNames().compactMap { name in
      guard let sheet = Device.builtIn(named: name) else {
        try say("\(name): not checked: no data sheet to anchor its curves on")
        return nil
      }
      // Several names may mean one device, whose curves are checked together.
      return checked.insert(sheet.name).inserted ? (name, sheet) : nil
    }
  }

  /// What the database holds of every device with a data sheet, by the sheet's name.
  private func everything(in store: OperatorStore) throws -> [String: [MeasuredCurve]] {
    var measured: [String: [MeasuredCurve]] = [:]
    for name in try store.deviceNames() {
      guard let sheet = Device.builtIn(named: name), measured[sheet.name] == nil else { continue }
      measured[sheet.name] = try store.curves(on: sheet)
    }
    return measured
  }

  /// Says what is not checked, beside a document of JSON.
  private func say(_ line: String) throws {
    if json.isWanted { try note(line) } else { print(line) }
  }

  private func fit(_ options: DeploymentOptions, to file: String?) throws {
    let store = try database.openToUpdate()
    let plan = try onePlan(options, options.read(), store)
    let trace = try file.map { try StepsReader.read(path: $0) }
    // A file may have them in any order, those of the database are in order of time.
    let measured =
      try trace?.measuredSteps.sorted { $0.start < $1.start } ?? store.steps(on: plan.device)
    let steps = file ?? "steps in \(database.path)"
    var fit: StepCalibration
    do throws(CalibrationError) {
      fit = try StepCalibration(
        StoredCalibration.Deployment(plan.group, plan.architecture, on: plan.device), on: measured,
        with: plan.measured.padded(to: []),
        padded: plan.group.graphSizes.isEmpty ? nil : plan.measured, fittedOn: steps,
        mayHideHost: plan.group.asyncScheduling)
    } catch {
      guard file == nil, case .tooFewSteps(_, let needed) = error else { throw error }
      throw Failure(
        .unavailable,
        "\(database.path): of \(counted(try store.stepCount(on: plan.device), "engine step")) on "
          + "\(plan.device.name) \(measured.count) tell their whole batch, and \(needed) are needed; give "
          + "--steps, or a log with measured latencies with --log")
    }
    fit.calibration.fittedSHA256 = trace?.inputs.first?.sha256 ?? ""
    if fit.isWorthKeeping { try store.save(fit.calibration) }
    guard !json.isWanted else { return try printJSON(CalibrationFile(fit)) }
    print("\(plan.title): fitted on \(counted(fit.calibration.steps, "step")) of \(steps)")
    for line in fit.lines { print(line) }
  }

  /// The uncalibrated plan of a deployment's only group of engines.
  func onePlan(
    _ options: DeploymentOptions, _ deployment: Deployment, _ store: OperatorStore
  ) throws -> EnginePlan {
    let plans = try options.plans(for: deployment, from: store, isCalibrated: false)
    guard plans.count == 1, let plan = plans.first else {
      throw Failure(.usage, "\(options.deployment): calibrate one group of engines at a time")
    }
    guard plan.group.role == .both else {
      throw Failure(
        .usage,
        "\(options.deployment): a calibration is of engines that compute whole requests; leave "
          + "'role' out")
    }
    guard plan.curveCount > 0 else {
      throw Failure(
        .data,
        "\(database.path): holds no measured operator of \(plan.group.device) in "
          + "\(plan.group.dataType.rawValue); a fit to the roofline would say nothing of the server"
      )
    }
    guard plan.group.pipelineParallel == 1 else {
      throw Failure(
        .usage,
        "\(options.deployment): a calibration is of engines of one stage; fit the same model "
          + "with 'pipeline_parallel: 1'")
    }
    guard plan.group.expertParallel == 1 else {
      throw Failure(
        .usage,
        "\(options.deployment): a calibration is of engines that have all their experts; fit the same "
          + "model with 'expert_parallel: 1'")
    }
    return plan
  }
}

extension EnginePlan {
  /// What is calibrated: model, device, type, and how many devices share it.
  var title: String {
    "\(architecture.name) on \(group.device), \(group.dataType.rawValue), TP \(group.tensorParallel)"
  }
}
