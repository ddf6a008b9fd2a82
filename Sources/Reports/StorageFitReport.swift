import Analytical
public import Calibration
import Operators
import Validation

/// Fitted levels of storage, for a terminal, as JSON, or as lines of a scenario file.
public struct StorageFitReport: Sendable {
  private let fits: [StorageFit]
  private let printsCurves: Bool

  /// Creates a report of levels, told in this order.
  ///
  /// - Parameter printsCurves: whether a scenario's stores get the measured curves instead of the fitted lines.
  public init(_ fits: [StorageFit], printsCurves: Bool = false) {
    self.fits = fits
    self.printsCurves = printsCurves
  }

  /// Coefficients and errors of each level, what they were judged on, and the lines of a scenario.
  public var text: String {
    var table = TextTable([
      .init("level", .left), .init("latency µs"), .init("bandwidth GB/s"), .init("fitted blocks"),
      .init("error % fitted"), .init("left out"), .init("below"), .init("curve, left out"),
    ])
    for fit in fits {
      table.add([
        fit.level, fixedText(fit.latency * 1e6, decimals: 2),
        fixedText(fit.bandwidth / 1e9, decimals: 2), "\(fit.inSample.count)",
        fixedText(100 * fit.inSample.mean, decimals: 2),
        fixedText(100 * fit.leftOut.mean, decimals: 2),
        fit.below.count > 0 ? fixedText(100 * fit.below.mean, decimals: 2) : "",
        fit.curveLeftOut.count > 0 ? fixedText(100 * fit.curveLeftOut.mean, decimals: 2) : "",
      ])
    }
    let smallest = fits.first.map { fixedText($0.smallest / 1_048_576, decimals: 2) } ?? ""
    return table.text
      + """
      mean absolute errors. Fitted: the line on the blocks of at least \(smallest) MiB that it was fitted \
      to; left out: on each
      of them, fitted without it; below: on smaller ones, which were not fitted. Curve: each block \
      between two others,
      interpolated without it.

      \(yaml)
      """
  }

  /// Lines of a scenario file, which takes them as they are: a store for each level, with latency and bandwidth, or
  /// what was measured.
  public var yaml: String {
    var lines = ["engines:"]
    for fit in fits {
      lines += ["  - name: \(ScenarioLines.quoted(fit.level))", "    kind: store"]
      if printsCurves {
        lines.append("    curve:")
        lines += fit.curve.points.map {
          "      - {bytes: \(ScenarioLines.number($0.bytes)), "
            + "time_us: \(ScenarioLines.number($0.seconds * 1e6))}"
        }
      } else {
        lines += [
          "    latency_us: \(ScenarioLines.number(fit.latency * 1e6))",
          "    bandwidth_gb_s: \(ScenarioLines.number(fit.bandwidth / 1e9))",
        ]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same as `TraceSchemas/storage-fit.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public func json() throws -> String {
    try EstimateFile.text(
      "storage-fit",
      [
        "levels": .list(
          fits.map { fit in
            .object([
              "level": .text(fit.level), "latency_us": .number(fit.latency * 1e6),
              "bandwidth_gb_s": .number(fit.bandwidth / 1e9),
              "fitted_from_bytes": .number(fit.smallest),
              "fitted": ScenarioLines.errors(fit.inSample),
              "left_out": ScenarioLines.errors(fit.leftOut),
              "below": ScenarioLines.errors(fit.below),
              "curve_left_out": ScenarioLines.errors(fit.curveLeftOut),
              "curve": .list(
                fit.curve.points.map {
                  .object(["bytes": .number($0.bytes), "time_us": .number($0.seconds * 1e6)])
                }),
            ])
          })
      ])
  }
}
