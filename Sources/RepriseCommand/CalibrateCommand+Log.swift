import Reprise

extension CalibrateCommand {
  /// Fits a deployment to the first requests of a measured log, judges the fit on the others, and
  /// keeps it where it helps them.
  func fit(_ options: DeploymentOptions, toLog path: String) throws {
    let store = try database.openToUpdate()
    let scenario = try options.read()
    let plan = try onePlan(options, scenario, store)
    let log = try ReplayedLog(
      path: path, content: content, limit: requests, reading: reading.reading())
    guard log.isMeasured else {
      throw Failure(
        .data,
        "\(path): holds no measured latencies; give the log that a server's run left, or --steps")
    }
    let deployment = Deployment(
      model: scenario.model, engines: [plan.group], routing: scenario.routing)
    let measured = try MeasuredLog(
      log.records, log.table, on: deployment, pricing: plan.measured, fitCount: fitRequests)
    let fit = try measured.calibration()
    let before = try measured.judgement(of: StepParameters())
    let after = try measured.judgement(of: fit.parameters)
    let fittedOn =
      "\(path), the first \(fit.requests) of \(measured.fitted.count + measured.judged.count) requests"
    var calibration = StoredCalibration(
      StoredCalibration.Deployment(plan.group, plan.architecture, on: plan.device), fit,
      fittedOn: fittedOn, before: before, after: after)
    calibration.fittedSHA256 = log.inputs.first?.sha256 ?? ""
    // A fit that does not help requests that it did not see is not for replays; nor is one with none to help.
    let isKept = LogCalibration.isWorthKeeping(before: before, after: after)
    if isKept { try store.save(calibration) }
    guard !json.isWanted else {
      return try printJSON(
        CalibrationFile(calibration, of: fit, isKept: isKept, before: before, after: after))
    }

    print("\(plan.title): fitted on \(fittedOn), by arrival")
    for line in fit.lines { print("  " + line) }
    print("judged on the other \(after.counts.paired), in a replay of the whole log:")
    let judgement = LogJudgement(before: before, after: after)
    print(judgement.table.text, terminator: "")
    print(judgement.sentence)
    if !isKept { print("not kept: it predicts the judged requests no better than no fit") }
    if after.counts.missingFromReplay > 0 {
      print(
        "not judged: \(counted(after.counts.missingFromReplay, "request")) that the replay did not finish"
      )
    }
  }
}
