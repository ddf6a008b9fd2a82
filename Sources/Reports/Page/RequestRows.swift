import Operators
import Replay
import TraceIO
import Validation

/// The rows of a `requests.csv` of `replay` or of `pipeline`, one at a time: what a page needs of them.
struct RequestRows: ~Copyable {
  /// The numbers of one row. Latencies of a request that did not finish are zero.
  struct Row {
    var isFinished = false
    /// Whether it went without being served: rejected or turned away.
    var isGone = false
    /// Whether its client gave up.
    var isCancelled = false
    /// Whether it was under way when the run ended.
    var isUnderWay = false
    /// Whether it asked for nothing, as what failed where its log was written: no engine can serve it.
    var asksNothing = false
    var arrival = Nanoseconds.zero
    var queue: Nanoseconds?
    /// Nil where no language model answers.
    var firstToken: Nanoseconds?
    var perToken: Nanoseconds?
    var endToEnd = Nanoseconds.zero
    var outputTokens: Int64 = 0
    /// Measured, then by the roofline, in the order of ``Validation/LatencyMetric``.
    var others: [Nanoseconds?] = []

    /// One side's latencies by metric; nil where it has none.
    func latencies(_ side: RequestDigest.Side) -> [Nanoseconds?]? {
      guard side != .replayed else { return [firstToken, perToken, endToEnd] }
      let start = side == .measured ? 0 : 3
      guard others.count >= start + 3, others[start..<start + 3].contains(where: { $0 != nil })
      else { return nil }
      return Array(others[start..<start + 3])
    }
  }

  /// Where each column is.
  private struct Columns {
    let id: Int
    let status: Int
    let arrival: Int
    let firstToken: Int
    let perToken: Int
    let endToEnd: Int
    let outputTokens: Int
    let inputTokens: Int
    let queue: Int?
    let engine: Int?
    let reason: Int?
    /// Of measured and roofline latencies; -1 for one that is missing, none where all are.
    let others: [Int]

    init(_ header: [String], path: String) throws(ReportError) {
      func column(_ names: String...) throws(ReportError) -> Int {
        for name in names {
          if let place = header.firstIndex(of: name) { return place }
        }
        throw ReportError.badLine(
          path: path, line: 1, reason: "the column \"\(names[0])\" is missing")
      }
      id = try column("id", "number")
      status = try column("status")
      arrival = try column("arrival_ns")
      firstToken = try column("ttft_ns")
      perToken = try column("tpot_ns")
      endToEnd = try column("end_to_end_ns")
      outputTokens = try column("output_tokens")
      inputTokens = try column("input_tokens", "prompt_tokens")
      queue = header.firstIndex(of: "queue_ns")
      engine = header.firstIndex(of: "engine")
      reason = header.firstIndex(of: RequestsFile.reasonColumn)
      let others = (RequestsFile.measuredColumns + RequestsFile.rooflineColumns).map {
        header.firstIndex(of: $0) ?? -1
      }
      self.others = others.contains { $0 >= 0 } ? others : []
    }
  }

  private var table: CSVReader
  private let columns: Columns
  private let finished = Array("finished".utf8)
  private let unfinished = Array("unfinished".utf8)
  private let cancelled = Array("cancelled".utf8)
  private let rejected = Array("rejected".utf8)
  private let noTokens = Array(RequestOutcome.Rejection.noTokens.name.utf8)
  /// Times beyond this, some 146 years, are no times of a replay; sums of two still fit.
  private static let latest: Int64 = (1 << 62) - 1

  /// Opens a file and finds its columns.
  init(_ path: String) throws {
    let opened = try CSVReader(ByteSource(path: path))
    columns = try Columns(opened.header, path: path)
    table = opened
  }

  /// Whether rows say how long requests queued.
  var tellsQueues: Bool { columns.queue != nil }

  /// Moves to the next row, if there is one.
  mutating func next() throws(TraceIOError) -> Bool { try table.next() }

  /// The current row.
  func row() throws(ReportError) -> Row {
    guard table.fieldCount == table.header.count else {
      throw bad("it has \(table.fieldCount) cells where the header has \(table.header.count)")
    }
    var row = Row()
    row.arrival = try time(columns.arrival)
    row.isFinished = table.field(columns.status, is: finished)
    guard row.isFinished else {
      row.isUnderWay = table.field(columns.status, is: unfinished)
      row.isCancelled = table.field(columns.status, is: cancelled)
      row.isGone = !row.isUnderWay && !row.isCancelled
      // Scenarios write what was asked for, and replays why a request was rejected.
      row.asksNothing =
        columns.reason.map { table.field($0, is: noTokens) }
        ?? (table.field(columns.status, is: rejected) && table.integer(columns.outputTokens) == 0)
      return row
    }
    row.firstToken = try optionalTime(columns.firstToken)
    row.endToEnd = try time(columns.endToEnd)
    row.perToken = try optionalTime(columns.perToken)
    row.outputTokens = try number(columns.outputTokens)
    if let queue = columns.queue { row.queue = try optionalTime(queue) }
    if !columns.others.isEmpty {
      row.others.reserveCapacity(columns.others.count)
      for place in columns.others { row.others.append(place < 0 ? nil : try optionalTime(place)) }
    }
    return row
  }

  /// The current row with its name and sizes, for a list.
  func request(_ row: Row) -> RequestDigest.Request {
    RequestDigest.Request(
      id: CSV.rearmed(table.field(columns.id)),
      engine: columns.engine.flatMap { table.integer($0) },
      arrival: row.arrival, queue: row.queue, firstToken: row.firstToken, perToken: row.perToken,
      endToEnd: row.endToEnd, inputTokens: table.integer(columns.inputTokens) ?? 0,
      outputTokens: row.outputTokens, measuredFirstToken: row.others.first ?? nil,
      measuredEndToEnd: row.others.count > 2 ? row.others[2] : nil)
  }

  private func time(_ column: Int) throws(ReportError) -> Nanoseconds {
    Nanoseconds(try number(column))
  }

  private func optionalTime(_ column: Int) throws(ReportError) -> Nanoseconds? {
    table.field(column, is: []) ? nil : try time(column)
  }

  private func number(_ column: Int) throws(ReportError) -> Int64 {
    guard let value = table.integer(column), (0...Self.latest).contains(value) else {
      throw bad(
        "\(table.header[column]) is \"\(table.field(column))\", not a whole number from 0")
    }
    return value
  }

  private func bad(_ reason: String) -> ReportError {
    .badLine(path: table.path, line: table.rowLine, reason: reason)
  }
}
