public import Calibration
import CostModel
import Operators
import Replay
public import Validation

extension LogCalibration {
  /// What was found, and what was not, a line each.
  public var lines: [String] {
    var lines: [String] = []
    for estimate in estimates {
      guard let error = estimate.standardError else { continue }
      let (unit, scale, decimals) =
        estimate.parameter == .deviceScale ? ("", 1.0, 4) : (" µs", 1e3, 2)
      lines.append(
        "\(estimate.parameter.title): \(fixedText(estimate.value / scale, decimals: decimals)) ± "
          + "\(fixedText(error / scale, decimals: decimals))\(unit)")
    }
    if parameters.hidesHost { lines.append("host time passes while the device works") }
    lines += estimates.compactMap(\.explanation)
    let isHeld = estimates.contains {
      if case .inseparable? = $0.undetermined { true } else { false }
    }
    if isHeld {
      lines.append(
        "the numbers above moved to where what is held is so; their ± does not count that")
    }
    return lines
  }
}

/// Requests that a fit did not see, replayed without and with it, for a terminal.
public struct LogJudgement {
  private let before: Validation
  private let after: Validation

  /// Takes the comparisons with what was measured.
  public init(before: Validation, after: Validation) {
    (self.before, self.after) = (before, after)
  }

  /// Mean latencies and errors by metric.
  public var table: TextTable {
    var table = TextTable([
      .init("", .left), .init("mean ms"), .init("before %"), .init("after %"),
      .init("a request % before"), .init("after"),
    ])
    for (old, new) in zip(before.metrics, after.metrics) {
      guard let mean = new[.mean] else { continue }
      table.add([
        new.metric.title, fixedText(Double(mean.measured.rawValue) / 1e6, decimals: 2),
        old[.mean]?.differencePercent.map { fixedText($0, decimals: 2, signed: true) } ?? "",
        mean.differencePercent.map { fixedText($0, decimals: 2, signed: true) } ?? "",
        percent(old.replayError?.meanAbsolutePercent),
        percent(new.replayError?.meanAbsolutePercent),
      ])
    }
    return table
  }

  /// All figures' errors in one.
  public var sentence: String {
    "mean absolute error of \(after.metrics.flatMap(\.rows).count) figures "
      + "\(percent(before.meanFigureError)) % before, \(percent(after.meanFigureError)) % after"
  }

  private func percent(_ value: Double?) -> String {
    value.map { fixedText($0, decimals: 2) } ?? "?"
  }
}
