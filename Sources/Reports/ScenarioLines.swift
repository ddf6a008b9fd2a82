import Calibration
import Validation

/// What reports of fits share: texts of scenario files, and errors as JSON.
enum ScenarioLines {
  /// A text as a YAML scalar in double quotes.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
        quoted += "?"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// A number with five significant digits, without an exponent.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "0" }
    var (scale, decimals) = (abs(value), 4)
    while scale >= 10, decimals > 0 { (scale, decimals) = (scale / 10, decimals - 1) }
    while scale < 1, decimals < 14 { (scale, decimals) = (scale * 10, decimals + 1) }
    return fixedText(value, decimals: decimals)
  }

  /// Errors in percent.
  static func errors(_ errors: RelativeErrors) -> ResultValue {
    .object([
      "count": .integer(errors.count), "mean_percent": .number(100 * errors.mean),
      "median_percent": .number(100 * errors.median),
      "p95_percent": .number(100 * errors.percentile95),
      "bias_percent": .number(100 * errors.bias),
    ])
  }
}
