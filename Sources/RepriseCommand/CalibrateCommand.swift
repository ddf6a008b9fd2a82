import ArgumentParser
import Reprise

/// `reprise calibrate`: how far to trust a database, and what its kernels cannot know.
struct CalibrateCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Check a database's predictions, or fit a deployment to its measured steps.",
    discussion: """
      With --check: predicts measured points from the others and prints the errors by kind of \
      operator, type and software, and how many points the 90 % interval held. Three protocols: \
      'points' holds out a fifth of all points at random, 'sizes' every second size of each curve, \
      'curves' a fifth of all curves.

      With --deployment: fits the time that kernels do not explain (a step, a sequence, \
      a token) and one factor on device time to measured engine steps, those of --steps or else those \
      that were imported for the device, and keeps the fit in the database for 'reprise replay'. The \
      curves stay as measured.

        reprise calibrate --db lat.sqlite --check --device h100-sxm
        reprise calibrate --db lat.sqlite --deployment server.yaml --steps s.jsonl
      """)

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "Predict held-out points instead of fitting.")
  var check = false

  @OptionGroup(title: "Check") var checking: CheckOptions

  @Option(help: "For --check: the device; all of them if not given.")
  var device: String?

  @Option(help: "The deployment: a YAML file with one group of engines.")
  var deployment: String?

  @Option(help: "Measured engine steps (JSON Lines); those of the database if not given.")
  var steps: String?

  mutating func validate() throws {
    if check {
      guard deployment == nil, steps == nil else {
        throw UsageError("--check takes no --deployment and no --steps")
      }
    } else if deployment == nil {
      throw UsageError("give --check, or --deployment")
    }
  }

  mutating func execute() throws {
    if check {
      try checkCurves()
    } else if let deployment {
      try fit(DeploymentOptions(path: deployment), to: steps)
    }
  }

  private func checkCurves() throws {
    let store = try database.open(.readOnly)
    let names = try device.map { [$0] } ?? store.deviceNames()
    var checked: Set<String> = []
    var rows: [HoldOutCheck.Row] = []
    for name in names {
      guard let sheet = Device.builtIn(named: name) else {
        guard device == nil else { _ = try dataSheet(named: name); return }
        print("\(name): not checked: no data sheet to anchor its curves on")
        continue
      }
      // Several names may mean one device, whose curves are checked together.
      guard checked.insert(sheet.name).inserted else { continue }
      let curves = try store.curves(on: sheet).compactMap(checking.part)
      for way in checking.protocols {
        let check = HoldOutCheck(curves, on: sheet, by: way)
        guard !check.rows.isEmpty else {
          print("\(name), \(way): no curve has enough points to hold some out")
          continue
        }
        print("\(name), \(way): \(way.explanation)")
        print(checking.table(check).text, terminator: "")
        rows += check.rows
      }
    }
    checking.printWorst(of: rows)
    try checking.writeFigure(of: rows)
  }

  private func fit(_ options: DeploymentOptions, to file: String?) throws {
    let store = try database.open(.readWrite)
    let deployment = try options.read()
    guard deployment.engines.count == 1 else {
      throw Failure(.usage, "\(options.deployment): calibrate one group of engines at a time")
    }
    let plan = try options.plans(for: deployment, from: store, isCalibrated: false)[0]
    let measured =
      if let file { try StepsReader.read(path: file).measuredSteps } else {
        try store.steps(on: plan.device)
      }
    let steps = file ?? "steps in \(database.path)"
    let fit = try StepCalibration(
      StoredCalibration.Deployment(plan.group, plan.architecture, on: plan.device), on: measured,
      with: plan.measured, fittedOn: steps)
    try store.save(fit.calibration)
    let calibration = fit.calibration
    print(
      """
      \(plan.architecture.name) on \(plan.group.device), \(plan.group.dataType.rawValue), \
      TP \(plan.group.tensorParallel): fitted on \(calibration.steps) steps of \(steps)
        device time    × \(fixedText(calibration.deviceScale, decimals: 3))
        host time      \(fixedText(calibration.perStep / 1e3, decimals: 1)) µs a step \
      + \(fixedText(calibration.perSequence / 1e3, decimals: 2)) µs a sequence \
      + \(fixedText(calibration.perToken / 1e3, decimals: 3)) µs a token
        step error     \(fixedText(100 * calibration.errorBefore, decimals: 1)) % before \
      (bias \(fixedText(100 * fit.biasBefore, decimals: 1, signed: true)) %), \
      \(fixedText(100 * calibration.errorHeldOut, decimals: 1)) % on steps held out \
      (bias \(fixedText(100 * fit.heldOutBias, decimals: 1, signed: true)) %)
        left out       \(fit.outliers) steps far off
      """)
  }
}
