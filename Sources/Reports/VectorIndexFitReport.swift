import Analytical
public import Calibration
import Operators
import Validation

/// Fitted costs of vector searches, for a terminal, as JSON, or as lines of a scenario file.
public struct VectorIndexFitReport: Sendable {
  private let fits: [VectorIndexFit]
  private let processor: String, library: String

  /// Creates a report.
  ///
  /// - Parameters:
  ///   - processor: what was measured on.
  ///   - library: what was measured.
  public init(_ fits: [VectorIndexFit], processor: String, library: String) {
    (self.fits, self.processor, self.library) = (fits, processor, library)
  }

  /// Errors by kind and by held-out group, coefficients, and the lines of a scenario.
  public var text: String {
    var table = TextTable([
      .init("index", .left), .init("searches"), .init("error % fitted"), .init("held out"),
      .init("median"), .init("p95"), .init("bias"), .init("threads, held out"),
      .init("file bytes"), .init("distances"),
    ])
    for fit in fits {
      table.add([
        fit.kind, "\(fit.heldOut.count)", Self.percent(fit.inSample.mean),
        Self.percent(fit.heldOut.mean), Self.percent(fit.heldOut.median),
        Self.percent(fit.heldOut.percentile95),
        fixedText(100 * fit.heldOut.bias, decimals: 1, signed: true),
        fit.threaded.count > 0 ? Self.percent(fit.threaded.mean) : "",
        fit.storedBytes.count > 0 ? fixedText(100 * fit.storedBytes.mean, decimals: 2) : "",
        fit.distances.count > 0 ? Self.percent(fit.distances.mean) : "",
      ])
    }
    var groups = TextTable([
      .init("index", .left), .init("dimension"), .init("lists or vectors"), .init("held out"),
      .init("error %"), .init("bias"),
    ])
    for fit in fits {
      for group in fit.groups {
        groups.add([
          fit.kind, "\(group.dimension)", "\(group.size)", "\(group.errors.count)",
          Self.percent(group.errors.mean),
          fixedText(100 * group.errors.bias, decimals: 1, signed: true),
        ])
      }
    }
    let origin = [library, processor].filter { !$0.isEmpty }.joined(separator: " on ")
    return "\(origin)\n" + table.text
      + """
      mean absolute errors of a batch's time, one thread; held out: each search by a fit that saw none of \
      its dimension and
      number of lists (of a graph: vectors). Threads: searches with several, never fitted.

      \(groups.text)
      \(yaml)
      """
  }

  /// Lines for a scenario file: what the parts of a search take, in nanoseconds a unit.
  public var yaml: String {
    var lines = ["vector_search:"]
    for fit in fits {
      lines.append("  \(fit.kind):")
      lines += fit.terms.map {
        "    \($0.key): \(ScenarioLines.number(fit.coefficients[$0] * 1e9))"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The same as `TraceSchemas/index-fit.schema.json` describes it.
  ///
  /// - Throws: where a figure is infinite or no number.
  public func json() throws -> String {
    try EstimateFile.text(
      "index-fit",
      [
        "processor": .text(processor), "library": .text(library),
        "indexes": .list(fits.map(Self.document)),
      ])
  }

  private static func document(_ fit: VectorIndexFit) -> ResultValue {
    var members: [String: ResultValue] = [
      "kind": .text(fit.kind), "fitted": ScenarioLines.errors(fit.inSample),
      "held_out": ScenarioLines.errors(fit.heldOut),
      "groups": .list(
        fit.groups.map {
          .object([
            "dimension": .integer($0.dimension), "size": .integer($0.size),
            "held_out": ScenarioLines.errors($0.errors),
          ])
        }),
      "coefficients": .object(
        Dictionary(
          uniqueKeysWithValues: fit.terms.map { ($0.key, .number(fit.coefficients[$0] * 1e9)) })),
    ]
    if fit.threaded.count > 0 { members["threaded"] = ScenarioLines.errors(fit.threaded) }
    if fit.storedBytes.count > 0 { members["file_bytes"] = ScenarioLines.errors(fit.storedBytes) }
    if fit.distances.count > 0 { members["distances"] = ScenarioLines.errors(fit.distances) }
    return .object(members)
  }

  private static func percent(_ part: Double) -> String { fixedText(100 * part, decimals: 1) }
}
