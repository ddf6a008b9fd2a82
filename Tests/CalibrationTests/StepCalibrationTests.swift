import Analytical
import Calibration
import CostModel
import OperatorStore
import Operators
import Testing

@Suite struct StepCalibrationTests {
  private let deployment = StoredCalibration.Deployment(
    device: "toy", model: "toy", dataType: .bfloat16, tensorParallel: 1)
  private var model: StepModel {
    let device = Device(
      name: "toy", reportedNames: [], peakFlops: [.bfloat16: 1e12], memoryBandwidth: 1e11,
      memoryBytes: 1e10, launchFloor: 2000, source: "made up")
    let architecture = ModelArchitecture(
      name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
      vocabularySize: 1000)
    return StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 1, on: CostModel(analytical: device),
      maximumTokens: 512, maximumSequences: 64)
  }

  private func steps(
    _ count: Int, _ model: StepModel, scale: Double, perStep: Double, perSequence: Double,
    perToken: Double
  ) -> [MeasuredStep] {
    (0..<count).map { index in
      var shape = StepShape()
      if index % 3 == 0 {
        shape.addPrefill(tokens: 10 + index * 7 % 300, past: index % 50, samples: true)
      }
      for decode in 0..<(1 + index * 5 % 16) { shape.addDecode(context: 20 + decode * index % 400) }
      let sequences = Double(shape.prefillSequences + shape.decodeSequences)
      let time =
        scale * model.price(shape).deviceTime.sum() + perStep + perSequence * sequences
        + perToken * Double(shape.tokens)
      return MeasuredStep(
        start: Nanoseconds(Int64(index) * 1_000_000), duration: Nanoseconds(rounding: time),
        shape: shape)
    }
  }

  /// A bias adds up over a run, however small beside the scatter of single steps.
  @Test func `A fit is kept where it helps steps that it did not see, in size or in direction`()
    throws
  {
    let model = model
    var random = SplitMix64(seed: 4)
    func fit(_ scale: Double, scatter: Double) throws -> StepCalibration {
      let made = steps(300, model, scale: scale, perStep: 0, perSequence: 0, perToken: 0).map {
        let factor = 1 + scatter * Double.random(in: -1...1, using: &random)
        return MeasuredStep(
          start: $0.start, duration: Nanoseconds(rounding: factor * Double($0.duration.rawValue)),
          shape: $0.shape)
      }
      return try StepCalibration(deployment, on: made, with: model, fittedOn: "made")
    }
    #expect(try fit(1.3, scatter: 0.05).isWorthKeeping)
    #expect(try fit(1.03, scatter: 0.2).isWorthKeeping)
    let exact = try fit(1, scatter: 0)
    #expect(exact.calibration.errorBefore < 1e-3 && !exact.isWorthKeeping)
  }

  /// Steps made from known parameters must give them back.
  ///
  /// The last cases have steps of tens of milliseconds, whose squared weights are tiny.
  @Test(arguments: [
    (1.2, 150_000.0, 9000.0, 300.0), (0.9, 50_000, 0, 0), (1.0, 0, 20_000, 0),
    (1.1, 10_000_000, 0, 0), (1.0, 50_000_000, 30_000, 0), (1.0, 200_000_000, 0, 9000),
  ])
  func `Known parameters are recovered`(
    scale: Double, perStep: Double, perSequence: Double, perToken: Double
  ) throws {
    let model = model
    let measured = steps(
      200, model, scale: scale, perStep: perStep, perSequence: perSequence, perToken: perToken)
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    let step = 150_000 + perStep
    #expect(abs(fit.calibration.deviceScale - scale) < 0.02)
    #expect(abs(fit.calibration.perStep - perStep) < 0.02 * step)
    #expect(abs(fit.calibration.perSequence - perSequence) < 0.01 * step)
    #expect(abs(fit.calibration.perToken - perToken) < 0.001 * step)
    #expect(fit.calibration.errorHeldOut < 0.001)
  }

  /// Noise whose mean is one leaves the sum of steps as it is, and so must a fit, however wide the noise; and the
  /// standard error says how far the factor lies off, over many draws of the noise.
  @Test(arguments: [0.05, 0.2, 0.4])
  func `Noise moves no fit down, and standard errors are what it moves`(scatter: Double) throws {
    let model = model
    let exact = steps(300, model, scale: 1.2, perStep: 150_000, perSequence: 0, perToken: 0)
    let total = exact.reduce(0) { $0 + Double($1.duration.rawValue) }
    var random = SplitMix64(seed: 11)
    var (bias, inside, judged) = (0.0, 0, 0)
    let draws = 30
    for _ in 0..<draws {
      let noisy = exact.map {
        let factor = 1 + scatter * Double.random(in: -1...1, using: &random)
        return MeasuredStep(
          start: $0.start, duration: Nanoseconds(rounding: factor * Double($0.duration.rawValue)),
          shape: $0.shape)
      }
      let fit = try StepCalibration(deployment, on: noisy, with: model, fittedOn: "made")
      let parameters = StepParameters(fit.calibration)
      let fitted = exact.reduce(0) {
        $0 + parameters.deviceScale * model.price($1.shape).deviceTime.sum()
          + parameters.hostTime($1.shape)
      }
      bias += (fitted / total - 1) / Double(draws)
      if let error = fit.calibration.standardErrors.deviceScale {
        judged += 1
        inside += abs(fit.calibration.deviceScale - 1.2) < 2 * error ? 1 : 0
      }
    }
    // The noise of so many means, three standard errors of it.
    #expect(abs(bias) < 3 * scatter / 3.squareRoot() / Double(300 * draws).squareRoot() + 1e-3)
    #expect(judged > draws / 2 && Double(inside) >= 0.75 * Double(judged))
  }

  /// A machine that pauses, beside noise as wide as single steps of a server have.
  @Test(arguments: [0.05, 0.2]) func `Stalls move no fit, however much steps scatter`(
    scatter: Double
  )
    throws
  {
    let model = model
    let exact = steps(400, model, scale: 1.15, perStep: 80_000, perSequence: 0, perToken: 0)
    var random = SplitMix64(seed: 21)
    var (bias, found) = (0.0, 0)
    for _ in 0..<8 {
      let noisy = exact.enumerated().map { index, step in
        let noise = 1 + scatter * 1.7 * Double.random(in: -1...1, using: &random)
        let factor = index % 50 == 7 ? 10 : noise
        return MeasuredStep(
          start: step.start,
          duration: Nanoseconds(rounding: factor * Double(step.duration.rawValue)),
          shape: step.shape)
      }
      let fit = try StepCalibration(deployment, on: noisy, with: model, fittedOn: "made")
      let parameters = StepParameters(fit.calibration)
      let sums = exact.reduce(into: (fitted: 0.0, true: 0.0)) {
        $0.fitted +=
          parameters.deviceScale * model.price($1.shape).deviceTime.sum()
          + parameters.hostTime($1.shape)
        $0.true += Double($1.duration.rawValue)
      }
      bias += (sums.fitted / sums.true - 1) / 8
      found += fit.outliers >= 8 ? 1 : 0
    }
    #expect(abs(bias) < 0.02, "\(bias)")
    #expect(found == 8)
  }

  /// Batches of decodes have a token a sequence; those of one size have as many sequences as steps have ones.
  @Test(
    arguments: [
      (1...16, false, [[.perToken, .perSequence]]),
      (4...4, false, [[.perToken, .perStep], [.perSequence, .perStep]]), (1...16, true, []),
    ] as [(ClosedRange<Int>, Bool, [[StepParameter]])])
  func `Numbers that the steps cannot tell apart are named`(
    batches: ClosedRange<Int>, prefills: Bool, expected: [[StepParameter]]
  ) throws {
    let model = model
    let measured = (0..<100).map { index in
      var shape = StepShape()
      if prefills, index % 3 == 0 {
        shape.addPrefill(tokens: 10 + index * 7 % 300, past: 0, samples: true)
      }
      for _ in 0..<(batches.lowerBound + index * 5 % batches.count) {
        shape.addDecode(context: 20 + index * 13 % 400)
      }
      let time = model.price(shape).deviceTime.sum() + 150_000
      return MeasuredStep(
        start: Nanoseconds(Int64(index) * 1_000_000), duration: Nanoseconds(rounding: time),
        shape: shape)
    }
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(fit.inseparable.map { [$0.parameter] + $0.others } == expected)
  }

  /// Of two kinds of steps three numbers are one too many, though no two of them grow alike.
  @Test func `Numbers that only three together cannot be told apart are named`() throws {
    let model = model
    let measured = (0..<100).map { index in
      var shape = StepShape()
      if index % 2 == 0 {
        shape.addPrefill(tokens: 60, past: 0, samples: true)
      } else {
        for _ in 0..<3 { shape.addDecode(context: 80) }
      }
      let time =
        model.price(shape).deviceTime.sum() + 200_000 + 5000 * Double(shape.tokens)
        + 100 * Double(index % 7)
      return MeasuredStep(
        start: Nanoseconds(Int64(index) * 1_000_000), duration: Nanoseconds(rounding: time),
        shape: shape)
    }
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    let last = try #require(fit.inseparable.first)
    #expect(last.parameter == .perToken && last.others.count >= 2)
    #expect(fit.notToldApart[0].contains(" and "))
    #expect(fit.calibration.standardErrors.perToken == nil)
    #expect(fit.calibration.standardErrors.perStep == nil)
  }

  @Test func `A pausing machine does not move the fit`() throws {
    let model = model
    var measured = steps(
      200, model, scale: 1.1, perStep: 100_000, perSequence: 5000, perToken: 100)
    for index in stride(from: 5, to: 200, by: 25) {
      measured[index].duration = measured[index].duration + Nanoseconds(50_000_000)
    }
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(fit.outliers >= 8)
    #expect(abs(fit.calibration.deviceScale - 1.1) < 0.02)
    // The pauses were not predicted, and the held-out error says so.
    #expect(fit.calibration.errorHeldOut > 0.03)
  }

  @Test func `Steps that are all alike determine nothing but one number`() throws {
    let model = model
    var shape = StepShape()
    shape.addDecode(context: 100)
    let step = MeasuredStep(
      start: .zero, duration: Nanoseconds(rounding: 2 * model.price(shape).total), shape: shape)
    let fit = try StepCalibration(
      deployment, on: Array(repeating: step, count: 50), with: model, fittedOn: "made")
    #expect(fit.calibration.errorHeldOut < 1e-6)
  }

  /// The device takes 0.05 to 1 ms for these steps.
  @Test(arguments: [(300_000.0, 2000.0), (500_000, 0), (100_000, 9000)])
  func `Host time that the device hides is told from host time that adds`(
    perStep: Double, perSequence: Double
  ) throws {
    let model = model
    var measured = steps(200, model, scale: 1.1, perStep: 0, perSequence: 0, perToken: 0)
    for index in measured.indices {
      let shape = measured[index].shape
      let host = perStep + perSequence * Double(shape.prefillSequences + shape.decodeSequences)
      measured[index].duration = max(measured[index].duration, Nanoseconds(rounding: host))
    }
    let hidden = try StepCalibration(
      deployment, on: measured, with: model, fittedOn: "made", mayHideHost: true)
    #expect(hidden.calibration.hidesHost)
    #expect(hidden.calibration.errorHeldOut < 0.01)
    #expect(abs(hidden.calibration.deviceScale - 1.1) < 0.02)
    let added = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(!added.calibration.hidesHost)
    #expect(added.calibration.errorHeldOut > hidden.calibration.errorHeldOut)

    let sum = steps(
      200, model, scale: 1.1, perStep: perStep, perSequence: perSequence, perToken: 0)
    let fit = try StepCalibration(
      deployment, on: sum, with: model, fittedOn: "made", mayHideHost: true)
    #expect(!fit.calibration.hidesHost)
    #expect(try #require(fit.calibration.standardErrors.deviceScale) < 0.02)
  }

  /// Of a device that is always faster than its host, the host's time is all that is seen.
  @Test(arguments: [1.0, 2, 20]) func `A device that no step shows is not fitted`(factor: Double)
    throws
  {
    let model = model
    var random = SplitMix64(seed: 5)
    let measured = steps(200, model, scale: 0, perStep: 8e6, perSequence: 60_000, perToken: 0).map {
      let noise = 1 + 0.03 * Double.random(in: -1...1, using: &random)
      return MeasuredStep(
        start: $0.start,
        duration: Nanoseconds(rounding: factor * noise * Double($0.duration.rawValue)),
        shape: $0.shape)
    }
    let fit = try StepCalibration(
      deployment, on: measured, with: model, fittedOn: "made", mayHideHost: true)
    #expect(fit.calibration.hidesHost && fit.calibration.deviceScale == 1 && !fit.tellsDevice)
    #expect(fit.calibration.standardErrors.deviceScale == nil)
    #expect(abs(fit.calibration.perStep / (factor * 8e6) - 1) < 0.02)
    #expect(fit.notToldApart.contains { $0.contains("stays") })
  }

  /// With two sizes of batches collectives are any line through two points, and so is host time.
  @Test func `Collectives of two sizes of steps are not told from host time`() throws {
    let model = sharded
    let measured = (0..<200).map { index in
      var shape = StepShape()
      for _ in 0..<(index % 2 == 0 ? 16 : 64) { shape.addDecode(context: 20 + index * 13 % 400) }
      let time = model.price(shape).deviceTime.sum() + 150_000
      return MeasuredStep(
        start: Nanoseconds(Int64(index) * 1_000_000), duration: Nanoseconds(rounding: time),
        shape: shape)
    }
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    let tangled = fit.inseparable.flatMap { [$0.parameter] + $0.others }
    #expect(fit.calibration.collectiveScale != 1 && tangled.contains(.collectiveScale))
    #expect(fit.calibration.standardErrors.collectiveScale == nil)
  }

  /// The toy on four devices: of a step's kernels some tenths are collectives.
  private var sharded: StepModel {
    let device = Device(
      name: "toy", reportedNames: [], peakFlops: [.bfloat16: 1e12], memoryBandwidth: 1e11,
      memoryBytes: 1e10, launchFloor: 2000, source: "made up")
    let architecture = ModelArchitecture(
      name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 4,
      vocabularySize: 1000)
    return StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 4, on: CostModel(analytical: device),
      maximumTokens: 512, maximumSequences: 64)
  }

  @Test(arguments: [0.7, 1.0, 1.6])
  func `A factor of collectives alone is recovered`(factor: Double) throws {
    let model = sharded
    var measured = steps(
      200, model, scale: 1.1, perStep: 50_000, perSequence: 0, perToken: 0)
    for index in measured.indices {
      let more = 1.1 * (factor - 1) * model.price(measured[index].shape).collectiveTime
      measured[index].duration = measured[index].duration + Nanoseconds(rounding: more)
    }
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(abs(fit.calibration.collectiveScale - factor) < 0.03)
    #expect(try #require(fit.calibration.standardErrors.collectiveScale) < 0.03)
    #expect(fit.calibration.perToken == 0)
    #expect(fit.calibration.errorHeldOut < 0.002)
    // What was fitted, applied to a price, is the measured step.
    let calibrated = ParameterizedSteps(model, StepParameters(fit.calibration))
    for step in measured {
      let predicted = calibrated.price(step.shape).total
      #expect(abs(predicted / Double(step.duration.rawValue) - 1) < 0.005)
    }
  }

  @Test(arguments: [true, false])
  func `Whether graphs pad steps is told by the steps`(isPadded: Bool) throws {
    let (exact, padded) = (model, model.padded(to: [8, 64, 128, 512]))
    let measured = steps(
      200, isPadded ? padded : exact, scale: 1.1, perStep: 9000, perSequence: 0, perToken: 0)
    let fit = try StepCalibration(
      deployment, on: measured, with: exact, padded: padded, fittedOn: "made")
    #expect(fit.calibration.padsToGraphs == isPadded)
    let errors = try #require(fit.paddingErrors)
    #expect((errors.padded < errors.exact) == isPadded)
    #expect(fit.calibration.errorHeldOut < 0.001)
    let unknown = try StepCalibration(deployment, on: measured, with: exact, fittedOn: "made")
    #expect(unknown.calibration.padsToGraphs == nil)
  }

  @Test func `Host time a token is kept where collectives cannot explain it`() throws {
    let model = sharded
    // Three times what collectives take a token.
    let measured = steps(
      200, model, scale: 1, perStep: 50_000, perSequence: 3000, perToken: 9000)
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(fit.calibration.errorHeldOut < 0.002)
    #expect(abs(fit.calibration.perToken - 9000) < 300)
    #expect(fit.calibration.collectiveScale == 1)
    let alone = try StepCalibration(
      deployment, on: measured, with: self.model, fittedOn: "made")
    #expect(alone.calibration.standardErrors.collectiveScale == nil)
  }

  @Test func `Steps of another device are refused`() throws {
    let model = model
    let measured = steps(100, model, scale: 900, perStep: 5000, perSequence: 0, perToken: 0)
    let error = #expect(throws: CalibrationError.self) {
      try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    }
    guard case .implausible(let scale) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(abs(scale - 900) < 5)
  }

  @Test func `Too few or uniform steps are refused`() {
    let model = model
    let measured = steps(19, model, scale: 1, perStep: 1, perSequence: 1, perToken: 1)
    #expect(throws: CalibrationError.tooFewSteps(found: 19, needed: 20)) {
      try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    }
  }
}
