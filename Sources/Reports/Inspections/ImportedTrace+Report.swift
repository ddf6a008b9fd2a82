public import OperatorStore
import Operators
public import ProfilerTraces
import TraceIO
import Validation

extension ImportedTrace {
  /// What an import says: what became of the source in the database, and of the source's records.
  ///
  /// - Parameter device: the name that it was imported for.
  /// - Returns: lines that are safe for a terminal.
  public func importReport(device: String, outcome: OperatorStore.ImportOutcome) -> [String] {
    var lines: [String] = []
    let file = printableText(path + (part.isEmpty ? "" : " (\(part))"))
    let counts: (samples: Int, curves: Int, steps: Int)
    switch outcome {
    case .unchanged:
      return ["\(file): already imported for \(printableText(device)); nothing changed"]
    case .added(let samples, let curves, let steps): counts = (samples, curves, steps)
    case .replaced(let samples, let curves, let steps):
      counts = (samples, curves, steps)
      lines.append("\(file): imported before in another way; its rows are replaced")
    }
    let software = runtimeText
    lines.append(
      "\(file): \(format.rawValue) on \(printableText(device))"
        + (software.isEmpty ? "" : ", \(software)"))
    lines.append(
      "  \(counted(coverage.recordsRead, "record")) read, \(coverage.recordsUsed) used: "
        + contentText(counts.samples, counts.curves, counts.steps))
    return lines + coverageLines
  }

  /// The samples, curves and steps that an import adds.
  func contentText(_ samples: Int, _ curves: Int, _ steps: Int) -> String {
    "\(counted(samples, "sample")) on \(counted(curves, "curve"))"
      + (steps > 0 ? ", \(counted(steps, "step"))" : "")
  }

  /// The software that ran, safe for a terminal; may be empty.
  var runtimeText: String {
    printableText([runtime.framework, runtime.version].compactMap { $0 }.joined(separator: " "))
  }

  /// What became of the records: attribution by rule, and what was not used, by reason.
  var coverageLines: [String] {
    var lines: [String] = []
    lines += attributionTable
    for reason in RejectionReason.allCases where coverage.rejected(reason) > 0 {
      lines.append(
        "  not used: \(counted(coverage.rejected(reason), "record")): \(reason.rawValue)")
    }
    if let join = coverage.shapeJoin {
      lines.append(
        "  shapes: \(counted(join.joined, "operator shares", "operators share")) a record id, \(join.agreeing) "
          + "(\(percentText(Int64(join.agreeing), of: Int64(join.joined))) %) also the name; "
          + "\(join.taken) took shapes")
    }
    if coverage.ignoredLiterals > 0 {
      lines.append(
        "  \(coverage.ignoredLiterals) words such as NaN were passed over where they do not matter")
    }
    if !coverage.ignoredFiles.isEmpty {
      lines.append("  not read: \(printableText(coverage.ignoredFiles.joined(separator: ", ")))")
    }
    if !steps.isEmpty {
      let known = steps.count { $0.batch != nil }
      lines.append("  annotated steps: \(steps.count), \(known) with their batch")
    }
    lines += coverage.notes.map { "  " + $0 }
    if coverage.ambiguousLaunches > 0 {
      lines.append(
        "  \(counted(coverage.ambiguousLaunches, "kernel has", "kernels have")) several launches; the latest was taken"
      )
    }
    return lines
  }

  private var attributionTable: [String] {
    let total = coverage.total
    guard total.count > 0 else { return [] }
    var table = TextTable([
      .init("attribution", .left), .init("", .left), .init("events"), .init("events %"),
      .init("time ms"), .init("time %"),
    ])
    for rule in AttributionRule.allCases where coverage[rule] != Tally() {
      let tally = coverage[rule]
      table.add([
        rule.label, rule.isUsed ? "used" : "excluded", "\(tally.count)",
        percentText(Int64(tally.count), of: Int64(total.count)),
        fixedText(Double(tally.nanoseconds) / 1e6, decimals: 3),
        percentText(tally.nanoseconds, of: total.nanoseconds),
      ])
    }
    return table.indentedLines
  }
}

extension TextTable {
  /// The lines, each two blanks in.
  var indentedLines: [String] { text.split(separator: "\n").map { "  " + $0 } }
}

/// A share with one decimal, such as `98.3`.
func percentText(_ part: Int64, of whole: Int64) -> String {
  fixedText(whole > 0 ? 100 * Double(part) / Double(whole) : 0, decimals: 1)
}
