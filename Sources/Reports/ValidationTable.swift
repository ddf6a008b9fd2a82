import Operators
import Replay
public import Validation

extension Validation {
  /// The comparison as a table of milliseconds, then the counts and the verdicts, for a terminal.
  public var text: String {
    let hasRoofline = metrics.contains { $0.rows.contains { $0.roofline != nil } }
    var table = TextTable(
      [.init("ms", .left), .init("", .left), .init("measured"), .init("replayed"), .init("diff%")]
        + (hasRoofline ? [.init("roofline"), .init("diff%")] : []))
    for metric in metrics where !metric.rows.isEmpty {
      let decimals = metric.rows.contains { $0.measured.milliseconds >= 10_000 } ? 1 : 2
      func text(_ time: Nanoseconds) -> String {
        fixedText(time.milliseconds, decimals: time < Nanoseconds(1_000_000) ? 4 : decimals)
      }
      for (index, row) in metric.rows.enumerated() {
        table.add([
          index == 0 ? metric.metric.title : "", row.statistic.rawValue,
          text(row.measured), text(row.replayed),
          percentText(row.differencePercent), row.roofline.map(text) ?? "",
          percentText(row.rooflineDifferencePercent),
        ])
      }
      let replay = metric.replayError
      let roofline = metric.rooflineError
      table.add([
        "", "MAPE", "", "", plainPercentText(replay?.meanAbsolutePercent), "",
        plainPercentText(roofline?.meanAbsolutePercent),
      ])
      table.add([
        "", "bias", "", "", percentText(replay?.biasPercent), "",
        percentText(roofline?.biasPercent),
      ])
      table.addRule()
    }
    return table.text + countsLine + "\n" + verdicts.joined(separator: "\n") + "\n"
  }

  /// How many requests were compared, and what became of the others, in a line.
  private var countsLine: String {
    var parts = ["\(groupedCount(counts.paired, "request")) paired"]
    func add(_ count: Int, _ text: String) {
      if count > 0 { parts.append("\(groupedText(count)) \(text)") }
    }
    add(counts.missingFromReplay, "missing from the replay")
    add(counts.missingFromMeasured, "not measured")
    add(counts.missingFromRoofline, "missing from the roofline's replay")
    add(counts.excluded, "left out")
    return parts.joined(separator: ", ") + "; percentiles by \(percentileMethod)."
  }
}

private func percentText(_ value: Double?) -> String {
  value.map { fixedText($0, decimals: 1, signed: true) } ?? ""
}

private func plainPercentText(_ value: Double?) -> String {
  value.map { fixedText($0, decimals: 1) } ?? ""
}
