import Operators
import Replay
public import TraceIO
import Validation

/// `requests.csv`: one row a request, for spreadsheets, data frames and our own `validate`.
///
/// Times are whole nanoseconds; a time that does not exist (a request that did not finish, a time
/// per output token of a single token) is left empty, as is `reason` but for rejected requests. Columns of measured and roofline latencies
/// are there when any row has them. An id that a spreadsheet would run as a formula (`=`, `+`, `-`,
/// `@`, or a control character in front) gets an apostrophe, which the reader takes off again.
public enum RequestsFile {
  static let columns = [
    "id", "status", "engine", "arrival_ns", "queue_ns", "ttft_ns", "tpot_ns", "end_to_end_ns",
    "input_tokens", "output_tokens", "cached_tokens", "preemptions",
  ]
  /// Why a request was rejected; files of earlier versions have no such column.
  static let reasonColumn = "reason"
  static let measuredColumns = ["measured_ttft_ns", "measured_tpot_ns", "measured_end_to_end_ns"]
  static let rooflineColumns = ["roofline_ttft_ns", "roofline_tpot_ns", "roofline_end_to_end_ns"]

  /// Writes the rows.
  public static func write(_ rows: [RequestRow], to path: String) throws(OutputError) {
    let hasMeasured = rows.contains { $0.measured != nil }
    let hasRoofline = rows.contains { $0.roofline != nil }
    var file = try OutputFile(path: path)
    let header =
      columns + [reasonColumn] + (hasMeasured ? measuredColumns : [])
      + (hasRoofline ? rooflineColumns : [])
    try file.write(header.joined(separator: ",") + "\n")
    for row in rows {
      var cells = cells(of: row)
      if hasMeasured { cells += latencyCells(row.measured) }
      if hasRoofline { cells += latencyCells(row.roofline) }
      try file.write(cells.joined(separator: ",") + "\n")
    }
    try file.commit()
  }

  private static func cells(of row: RequestRow) -> [String] {
    let outcome = row.outcome
    let finished = outcome.status == .finished
    func time(_ value: Nanoseconds?) -> String {
      finished ? value.map { String($0.rawValue) } ?? "" : ""
    }
    return [
      CSV.quoted(CSV.disarmed(row.id)), outcome.status.name, String(outcome.engine),
      String(outcome.arrival.rawValue), time(outcome.queueTime), time(outcome.timeToFirstToken),
      time(outcome.timePerOutputToken), time(outcome.endToEnd), String(outcome.inputTokens),
      String(outcome.outputTokens), String(outcome.cachedTokens), String(outcome.preemptions),
      outcome.rejection?.name ?? "",
    ]
  }

  private static func latencyCells(_ latencies: RequestLatencies?) -> [String] {
    guard let latencies else { return ["", "", ""] }
    return LatencyMetric.allCases.map { metric in
      latencies[metric].map { String($0.rawValue) } ?? ""
    }
  }
}

extension RequestsFile {
  /// Reads rows that ``write(_:to:)`` wrote, plain or compressed; columns are found by name, in any
  /// order.
  public static func read(_ path: String) throws(ReportError) -> [RequestRow] {
    do {
      var table = try CSVReader(ByteSource(path: path))
      guard !table.header.isEmpty else {
        throw ReportError.badFile(path: path, reason: "it is empty")
      }
      var places: [String: Int] = [:]
      for (index, name) in table.header.enumerated()
      where places.updateValue(index, forKey: name) != nil {
        throw ReportError.badLine(
          path: path, line: 1, reason: "the column \"\(name)\" is there twice")
      }
      for name in columns where places[name] == nil {
        throw ReportError.badLine(
          path: path, line: 1, reason: "the column \"\(name)\" is missing")
      }
      var rows: [RequestRow] = []
      while try table.next() {
        guard table.fieldCount == table.header.count else {
          throw ReportError.badLine(
            path: path, line: table.rowLine,
            reason: "it has \(table.fieldCount) cells where the header has \(table.header.count)")
        }
        let cells = (0..<table.fieldCount).map { table.field($0) }
        rows.append(
          try Row(path: path, line: table.rowLine, cells: cells, places: places).request())
      }
      return rows
    } catch {
      throw ReportError(error, reading: path)
    }
  }

  /// One row on its way in.
  private struct Row {
    var path: String
    var line: Int
    var cells: [String]
    var places: [String: Int]

    func request() throws(ReportError) -> RequestRow {
      let id = CSV.rearmed(cell("id"))
      var outcome = RequestOutcome()
      guard let status = RequestOutcome.Status(name: cell("status")) else {
        throw bad("the status \"\(cell("status"))\" is unknown")
      }
      outcome.status = status
      let reason = cell(RequestsFile.reasonColumn)
      outcome.rejection = RequestOutcome.Rejection.allCases.first { $0.name == reason }
      guard reason.isEmpty || outcome.rejection != nil else {
        throw bad("the reason \"\(reason)\" is unknown")
      }
      outcome.engine = try number("engine")
      outcome.arrival = Nanoseconds(try number("arrival_ns"))
      outcome.inputTokens = try number("input_tokens")
      outcome.outputTokens = try number("output_tokens")
      outcome.cachedTokens = try number("cached_tokens")
      outcome.preemptions = try number("preemptions")
      if status == .finished {
        outcome.scheduled = outcome.arrival + Nanoseconds(try number("queue_ns"))
        outcome.firstToken = outcome.arrival + Nanoseconds(try number("ttft_ns"))
        outcome.lastToken = outcome.arrival + Nanoseconds(try number("end_to_end_ns"))
      }
      return RequestRow(
        id: id, outcome: outcome, measured: try latencies(id, RequestsFile.measuredColumns),
        roofline: try latencies(id, RequestsFile.rooflineColumns))
    }

    private func latencies(_ id: String, _ names: [String]) throws(ReportError)
      -> RequestLatencies?
    {
      guard places[names[0]] != nil, places[names[1]] != nil, places[names[2]] != nil,
        !cell(names[2]).isEmpty
      else { return nil }
      func time(_ name: String) throws(ReportError) -> Nanoseconds? {
        cell(name).isEmpty ? nil : Nanoseconds(try number(name))
      }
      return RequestLatencies(
        id: id, timeToFirstToken: try time(names[0]), timePerOutputToken: try time(names[1]),
        endToEnd: Nanoseconds(try number(names[2])))
    }

    private func cell(_ name: String) -> String { places[name].map { cells[$0] } ?? "" }

    private func number<Integer: FixedWidthInteger>(_ name: String) throws(ReportError) -> Integer {
      guard let value = Integer(cell(name)) else {
        throw bad("\(name) is \"\(cell(name))\", not a whole number")
      }
      return value
    }

    private func bad(_ reason: String) -> ReportError {
      .badLine(path: path, line: line, reason: reason)
    }
  }
}

extension RequestOutcome.Rejection {
  /// The name in files: the setting that the request exceeds, or what is missing.
  var name: String {
    switch self {
    case .noTokens: "no tokens"
    case .modelLength: "max_model_len"
    case .memory: "num_gpu_blocks"
    case .stepTokens: "max_num_batched_tokens"
    }
  }
}

extension RequestOutcome.Status {
  /// The name in files.
  var name: String {
    switch self {
    case .finished: "finished"
    case .rejected: "rejected"
    case .unfinished: "unfinished"
    case .cancelled: "cancelled"
    }
  }

  /// The status of a name in files.
  init?(name: String) {
    switch name {
    case "finished": self = .finished
    case "rejected": self = .rejected
    case "unfinished": self = .unfinished
    case "cancelled": self = .cancelled
    default: return nil
    }
  }
}
