public import Calibration
import OperatorStore
import Operators
import Validation

extension StepCalibration {
  /// What was found and how far to trust it, a line each.
  public var lines: [String] {
    let errors = calibration.standardErrors
    func figure(_ value: Double, _ error: Double?, per unit: Double, _ decimals: Int) -> String {
      fixedText(value / unit, decimals: decimals)
        + (error.map { " ± " + fixedText($0 / unit, decimals: decimals) } ?? "")
    }
    func percent(_ share: Double, signed: Bool = false) -> String {
      fixedText(100 * share, decimals: 1, signed: signed) + " %"
    }
    var lines = [
      "  device time    × \(figure(calibration.deviceScale, errors.deviceScale, per: 1, 3))",
      "  host time      \(figure(calibration.perStep, errors.perStep, per: 1e3, 1)) µs a step, "
        + "\(figure(calibration.perSequence, errors.perSequence, per: 1e3, 2)) µs a sequence, "
        + "\(figure(calibration.perToken, errors.perToken, per: 1e3, 3)) µs a token",
      "  step error     \(percent(calibration.errorBefore)) before (bias \(percent(biasBefore, signed: true))), "
        + "\(percent(calibration.errorHeldOut)) on steps held out (bias \(percent(heldOutBias, signed: true)))",
      "  left out       \(counted(outliers, "step")) far off",
    ]
    lines += notToldApart.map { "  not told apart \($0)" }
    if calibration.hidesHost {
      lines.append("  a step is the longer of the two: host time passes while the device works")
    }
    if calibration.collectiveScale != 1 {
      let factor = figure(calibration.collectiveScale, errors.collectiveScale, per: 1, 3)
      // Both grow with the tokens alone.
      let others = calibration.perToken == 0 ? ", host time a token in it" : ""
      lines.append("  collectives    × \(factor) of that\(others)")
    }
    if !isWorthKeeping {
      lines.append("not kept: it predicts held-out steps no better than no fit")
    }
    if let held = paddingErrors {
      lines.append(
        "  graphs         steps \(calibration.padsToGraphs == true ? "are" : "are not") padded: error held out "
          + "\(percent(held.padded)) with padding, \(percent(held.exact)) without")
    }
    return lines
  }
}
