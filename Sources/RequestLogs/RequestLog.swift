import Operators
public import TraceIO

/// A whole log in memory, in order of arrival, with what is known about it.
public struct RequestLog: Sendable, Hashable {
  /// The format that it was read from.
  public var format: RequestLogFormat
  /// The requests by arrival; those that arrived together stand as in the file.
  public var records: [RequestRecord]
  /// The bad rows that were skipped.
  public var problems = RowProblems()
  /// Rows that stood behind a later one in the file.
  public var outOfOrder = 0
  /// The unit of arrivals that the user gave; nil where the format's is taken.
  public var unit: LogTimeUnit?
  /// The file's digest and size.
  public var input: InputSummary?

  /// Wraps records that are in order of arrival.
  public init(format: RequestLogFormat = .reprise, records: [RequestRecord]) {
    self.format = format
    self.records = records
  }

  /// Reads a log; see ``RequestLogReader``.
  ///
  /// Rows that are out of order are sorted by arrival; when one of them arrived before the first
  /// row, all arrivals are shifted so that the earliest is zero.
  public init(path: String, options: RequestLogReader.Options = .init()) throws(RequestLogError) {
    try self.init(RequestLogReader(path: path, options: options))
  }

  /// Reads what is left of a reader.
  public init(_ reader: consuming RequestLogReader) throws(RequestLogError) {
    format = reader.format
    unit = reader.unit
    records = []
    while let record = try reader.next() { records.append(record) }
    problems = reader.problems
    outOfOrder = reader.outOfOrder
    input = try reader.finish()
    // Sessions of agents are each in order, on a clock of their own, and follow one another.
    guard outOfOrder > 0 || format == .agentSessions else { return }
    let order = records.indices.sorted {
      (records[$0].arrival, $0) < (records[$1].arrival, $1)
    }
    records = order.map { records[$0] }
    if let first = records.first?.arrival, first < .zero {
      for index in records.indices { records[index].arrival = records[index].arrival - first }
    }
  }

  /// What the log holds, in figures.
  public var summary: LogSummary { LogSummary(self) }

  /// Gives each request the content of the same row of another log: what the server was sent.
  ///
  /// A server's own log tells when tokens came but not which tokens were asked for, which prefix
  /// caching depends on; the workload that was sent tells. Both must have as many rows, in the same
  /// order, with the same count of prompt tokens in each.
  public mutating func takeContent(from other: RequestLog) throws(RequestLogError) {
    guard other.records.count == records.count else {
      throw .contentMismatch(
        reason: "\(counted(records.count, "request")) against \(other.records.count) with content")
    }
    guard other.records.contains(where: { !$0.content.isEmpty }) else {
      throw .contentMismatch(reason: "the other log has no content")
    }
    for index in records.indices { try records[index].takeContent(from: other.records[index]) }
  }
}

extension RequestRecord {
  /// Takes the content of another log's record of the same request.
  ///
  /// - Throws: ``RequestLogError/contentMismatch(reason:)`` if their prompts differ in length.
  public mutating func takeContent(from other: RequestRecord) throws(RequestLogError) {
    guard inputTokens == other.inputTokens else {
      throw .contentMismatch(
        reason: "request '\(id)' has \(inputTokens) prompt tokens, its content \(other.inputTokens)"
      )
    }
    content = other.content
    tokensPerContentName = other.tokensPerContentName
  }
}
