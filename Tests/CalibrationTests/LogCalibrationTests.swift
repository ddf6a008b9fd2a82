import Calibration
import CostModel
import Operators
import Replay
import RequestLogs
import Scenarios
import Testing
import Validation

@Suite struct LogCalibrationTests {
  private static func parameters(
    _ scale: Double, _ perStep: Double, _ perSequence: Double = 0, _ perToken: Double = 0,
    hidden: Bool = false
  ) -> StepParameters {
    var parameters = StepParameters()
    parameters.deviceScale = scale
    parameters.perStep = perStep
    parameters.perSequence = perSequence
    parameters.perToken = perToken
    parameters.hidesHost = hidden
    return parameters
  }

  @Test(arguments: [
    parameters(1.1, 2e6, 3e5), parameters(0.9, 1e6), parameters(1.0, 0, 4e5, 5e3),
  ])
  func `Known parameters lie within their stated uncertainty, of most seeds`(
    truth: StepParameters
  ) throws {
    var (inside, all) = (0, 0)
    for seed in 1...8 {
      let fit = try MadeLog(truth, seed: UInt64(seed)).measured(fitCount: 120).calibration()
      var line = "seed \(seed)"
      for estimate in fit.estimates {
        guard let error = estimate.standardError else {
          line += " \(estimate.explanation ?? "")"; continue
        }
        let off = (estimate.value - truth[estimate.parameter]) / error
        line += " \(estimate.parameter) \(estimate.value) ± \(error): \(off);"
        // Of a normal error with ten stretches' worth of knowledge, 95 % are within 2.26.
        if abs(off) <= 2.26 { inside += 1 }
        all += 1
      }
      print(line)
    }
    print("COVERAGE \(truth) \(inside) of \(all)")
    #expect(Double(inside) >= 0.8 * Double(all), "\(inside) of \(all)")
  }
}
