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
      memoryBytes: 1e10, linkBandwidth: 1e11, launchFloor: 2000, source: "made up")
    let architecture = ModelArchitecture(
      name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
      vocabularySize: 1000)
    return StepModel(
      architecture, .bfloat16, tensorParallel: 1, on: CostModel(analytical: device),
      maximumTokens: 512, maximumSequences: 64)
  }

  private func steps(
    _ count: Int, _ model: StepModel, scale: Double, perStep: Double, perSequence: Double,
    perToken: Double
  ) -> [MeasuredStep] {
    (0..<count).map { index in
      var shape = StepShape()
      if index % 3 == 0 {
        shape.addPrefill(tokens: 10 + index * 7 % 300, past: index % 50, finishes: true)
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

  /// Steps made from known parameters must give them back.
  @Test(arguments: [
    (1.2, 150_000.0, 9000.0, 300.0), (0.9, 50_000, 0, 0), (1.0, 0, 20_000, 0),
  ])
  func `Known parameters are recovered`(
    scale: Double, perStep: Double, perSequence: Double, perToken: Double
  ) throws {
    let model = model
    let measured = steps(
      200, model, scale: scale, perStep: perStep, perSequence: perSequence, perToken: perToken)
    let fit = try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    #expect(abs(fit.calibration.deviceScale - scale) < 0.01)
    #expect(abs(fit.calibration.perStep - perStep) < 2000)
    #expect(abs(fit.calibration.perSequence - perSequence) < 500)
    #expect(abs(fit.calibration.perToken - perToken) < 50)
    #expect(fit.calibration.errorHeldOut < 0.001)
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
  }

  @Test func `Too few or uniform steps are refused`() {
    let model = model
    let measured = steps(19, model, scale: 1, perStep: 1, perSequence: 1, perToken: 1)
    #expect(throws: CalibrationError.tooFewSteps(found: 19, needed: 20)) {
      try StepCalibration(deployment, on: measured, with: model, fittedOn: "made")
    }
  }
}
