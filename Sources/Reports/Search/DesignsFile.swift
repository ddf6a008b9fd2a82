import Operators
import Scenarios
public import Search
public import TraceIO
import Validation

/// `designs.csv`: every design of a search, a row each, with what was replayed of it or why it was not.
///
/// Times are whole nanoseconds. `value` and `limit` are the numbers that a design was left out for, in the unit of its
/// `reason`: GB a device, devices, US dollars an hour, requests, nanoseconds, engines; of `dominated` the other design.
public enum DesignsFile {
  static let columns = [
    "design", "arrangement", "engines", "devices", "price_per_hour", "verdict", "reason", "value",
    "limit", "why", "holds", "within", "attainment", "goodput_per_second", "ttft_p50_ns",
    "ttft_p90_ns", "ttft_p99_ns", "tpot_p50_ns", "tpot_p90_ns", "tpot_p99_ns",
    "output_tokens_per_second", "preemptions", "steps",
  ]

  /// Writes the rows.
  public static func write(
    _ search: DesignSearch, _ result: SearchResult, to path: String
  ) throws(OutputError) {
    var file = try OutputFile(path: path)
    try file.write(columns.joined(separator: ",") + "\n")
    for (number, verdict) in result.verdicts.enumerated() {
      let design = search.designs[number]
      var cells = [
        "\(number)", search.combinations[design.combination].arrangement.rawValue,
        CSV.quoted(CSV.disarmed(search.text(of: number))), "\(search.deviceCount(of: design))",
        search.pricePerHour(of: design).map { fixedText($0, decimals: 4) } ?? "",
      ]
      switch verdict {
      case .pruned(let pruning):
        cells += [
          "pruned", pruning.reason.rawValue,
          pruning.value.map { fixedText($0, decimals: 3) } ?? "",
          pruning.limit.map { fixedText($0, decimals: 3) } ?? "",
          CSV.quoted(CSV.disarmed(pruning.text)),
        ]
        cells += Array(repeating: "", count: columns.count - cells.count)
      case .replayed(let outcome):
        cells += ["replayed", "", "", "", "", "\(outcome.holds)", "\(outcome.within)"]
        cells += [outcome.attainment, outcome.goodput].map { fixedText($0, decimals: 6) }
        cells += (outcome.timeToFirstToken + outcome.timePerOutputToken).map {
          $0.map { String($0.rawValue) } ?? ""
        }
        cells.append(fixedText(outcome.outputTokensPerSecond, decimals: 3))
        cells += ["\(outcome.preemptions)", "\(outcome.steps)"]
      }
      try file.write(cells.joined(separator: ",") + "\n")
    }
    try file.commit()
  }
}
