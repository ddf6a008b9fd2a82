import Calibration
import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing
import Validation

@Suite struct LogCalibrationTests {
  private static func parameters(
    _ scale: Double, _ perStep: Double, _ perSequence: Double = 0, _ perToken: Double = 0
  ) -> StepParameters {
    var parameters = StepParameters()
    parameters.deviceScale = scale
    parameters.perStep = perStep
    parameters.perSequence = perSequence
    parameters.perToken = perToken
    return parameters
  }

  /// Fitted on two thirds of a log whose steps vary by two percent.
  @Test(arguments: [
    parameters(1.1, 2e6, 3e5), parameters(0.9, 1e6), parameters(1.0, 0, 4e5, 5e3),
  ])
  func `Known parameters lie within their stated uncertainty, of most seeds`(
    truth: StepParameters
  ) throws {
    var (inside, all) = (0, 0)
    for seed in [1, 2] as [UInt64] {
      let measured = try MadeLog(truth, seed: seed).measured(fitCount: 120)
      let fit = try measured.calibration()
      for estimate in fit.estimates {
        guard let error = estimate.standardError else { continue }
        all += 1
        // Of an error known from ten stretches, 95 % are within 2.26.
        if abs(estimate.value - truth[estimate.parameter]) <= 2.26 * error { inside += 1 }
      }
      #expect(abs(fit.parameters.deviceScale - truth.deviceScale) < 0.06)
      // As good as the truth itself, whose steps do not vary as the measured ones did.
      let (best, after) = (
        try #require(measured.judgement(of: truth).meanFigureError),
        try #require(measured.judgement(of: fit.parameters).meanFigureError)
      )
      #expect(after < best + 2, "\(after) % fitted, \(best) % by the truth")
    }
    #expect(all >= 6)
    #expect(Double(inside) >= 0.75 * Double(all), "\(inside) of \(all)")
  }

  @Test func `Requests that never meet cannot tell a sequence from a step, and it is said`() throws
  {
    let truth = Self.parameters(1, 2e6, 3e5)
    let fit = try MadeLog(truth, requests: 80, gap: nil).measured(fitCount: 60).calibration()
    let sequence = fit.estimates[StepParameter.perSequence.rawValue]
    #expect(sequence.value == 0 && sequence.standardError == nil)
    #expect(sequence.undetermined == .inseparable(from: [.perStep]))
    #expect(
      sequence.explanation
        == "the log cannot determine host time a sequence: it changes the latencies just as host "
        + "time a step does; held at 0")
    // Together they are right.
    #expect(abs(fit.parameters.perStep - 2.3e6) < 0.5e6)
  }

  /// Requests of one size that never meet: a step of prefill and one of decode tell two numbers, not three.
  @Test func `Three numbers that two latencies cannot tell are not fitted`() throws {
    let truth = Self.parameters(1, 2e6, 0, 5e4)
    let log = try MadeLog(truth, requests: 80, gap: nil, sizes: (60, 30))
    let fit = try log.measured(fitCount: 60).calibration()
    let token = fit.estimates[StepParameter.perToken.rawValue]
    #expect(token.value == 0 && token.standardError == nil)
    guard case .inseparable(let others)? = token.undetermined else {
      Issue.record("\(String(describing: token.undetermined))")
      return
    }
    #expect(others.count == 2)
    #expect(token.explanation?.contains("do together") == true)
  }

  @Test func `What judged requests measured changes nothing that is fitted`() throws {
    let log = try MadeLog(Self.parameters(1.1, 2e6), requests: 60)
    var corrupted = log
    let judged = try log.measured().judged
    #expect(judged == Array(30..<60))
    for request in judged {
      corrupted.records[request].measured?.firstToken = Nanoseconds(1 + Int64(request))
      corrupted.records[request].measured?.lastToken = Nanoseconds(1_000_000_000_000)
    }
    let fit = try log.measured().calibration()
    #expect(try corrupted.measured().calibration().parameters == fit.parameters)
    #expect(try corrupted.measured().calibration().estimates == fit.estimates)
    let (right, wrong) = (
      try log.measured().judgement(of: fit.parameters),
      try corrupted.measured().judgement(of: fit.parameters)
    )
    #expect(right.counts.paired == 30 && wrong.counts.paired == 30)
    #expect(right.meanFigureError != wrong.meanFigureError)
  }

  @Test func `Host time that the device hides is found where it is longer`() throws {
    var truth = Self.parameters(1, 1.3e7)
    truth.hidesHost = true
    let log = try MadeLog(
      truth, requests: 120, gap: 2.5e8, deployment: MadeLog.deployment(async: true))
    let fit = try log.measured(fitCount: 80).calibration()
    #expect(fit.parameters.hidesHost)
    #expect(abs(fit.parameters.perStep - 1.3e7) < 0.05 * 1.3e7)
    #expect(abs(fit.parameters.deviceScale - 1) < 0.05)
  }

  @Test func `A log that tells ends alone determines device time, and is judged by its ends`()
    throws
  {
    var log = try MadeLog(Self.parameters(1.2, 0), requests: 100)
    for index in log.records.indices { log.records[index].measured?.firstToken = nil }
    let measured = try log.measured(fitCount: 70)
    let fit = try measured.calibration()
    #expect(abs(fit.parameters.deviceScale - 1.2) < 0.06)
    let (before, after) = (
      try measured.judgement(of: StepParameters()), try measured.judgement(of: fit.parameters)
    )
    #expect(after.metrics.map(\.count) == [0, 0, 30])
    #expect(try #require(after.meanFigureError) < 3)
    #expect(try #require(before.meanFigureError) > 10)
  }

  @Test func `A log that cannot be fitted and judged is refused`() throws {
    let log = try MadeLog(StepParameters(), requests: 30)
    #expect(throws: CalibrationError.nothingToJudge(measured: 30)) {
      try log.measured(fitCount: 30)
    }
    #expect(throws: CalibrationError.tooFewRequests(found: 19, needed: 20)) {
      try log.measured(fitCount: 19).calibration()
    }
    // A server with no room for any of the prompts.
    var small = log
    small.deployment.engines[0].maxModelLength = 2
    #expect(throws: CalibrationError.nothingReplayed) {
      try small.measured(fitCount: 25).calibration()
    }
    var blind = log
    for index in blind.records.indices { blind.records[index].measured = nil }
    #expect(throws: CalibrationError.nothingMeasured) { try blind.measured() }
  }
}
