import Reprise

/// A log as a replay needs it: the requests in flat arrays, and of each record what reports tell.
///
/// Streamed: a record's content (its token ids or block names) is hashed into the table and let go.
struct ReplayedLog {
  /// The requests to simulate.
  private(set) var table = RequestTable()
  /// The records without their content, in the same order.
  private(set) var records: [RequestRecord] = []
  /// What was made of the log.
  private(set) var workload = WorkloadOptions().workload(of: [])
  /// The log in figures, with what a user should know about it.
  private(set) var summary = LogSummary()
  /// The files that were read.
  private(set) var inputs: [InputSummary] = []
  /// Whether any request has measured latencies.
  private(set) var isMeasured = false

  /// Reads a log.
  ///
  /// - Parameters:
  ///   - path: the log.
  ///   - content: a log of the same requests in the same order that knows their content.
  ///   - limit: read only so many requests.
  ///   - options: which of the requests are sent, and when.
  ///   - reading: how the log is read.
  init(
    path: String, content: String?, limit: Int?, options: WorkloadOptions = WorkloadOptions(),
    reading: RequestLogReader.Options = .init()
  ) throws {
    var reader = try RequestLogReader(path: path, options: reading)
    if let content {
      var donors = RequestLogReader.Options()
      donors.badRowLimit = reading.badRowLimit
      var other = try RequestLogReader(path: content, options: donors)
      while records.count < limit ?? .max, var record = try reader.next() {
        guard let donor = try other.next() else {
          throw RequestLogError.contentMismatch(
            reason: "\(content) ends after \(counted(records.count, "request"))")
        }
        try record.takeContent(from: donor)
        try take(record)
      }
      let hasMore = limit == nil ? try other.next() != nil : false
      guard !hasMore else {
        throw RequestLogError.contentMismatch(
          reason: "\(content) has more than \(counted(records.count, "request"))")
      }
      guard summary.withContent > 0 else {
        throw RequestLogError.contentMismatch(reason: "\(content) has no content")
      }
      inputs.append(try other.finish())
    } else {
      while records.count < limit ?? .max, let record = try reader.next() {
        try take(record)
      }
    }
    guard !records.isEmpty else { throw Failure(.data, "\(path): holds no requests") }
    let shift = table.moveToOrigin()
    for index in records.indices { records[index].arrival += shift }
    summary.finish(
      reader.format, problems: reader.problems, outOfOrder: reader.outOfOrder,
      unit: reader.unit)
    if options.clients != nil { summary.leaveToClients() }
    inputs.insert(try reader.finish(), at: 0)
    workload = options.workload(of: records)
    guard !workload.records.isEmpty else {
      throw Failure(
        .data, "\(path): no request is left of \(records.count); widen --window, raise --thin")
    }
    table.take(workload)
    records = workload.records
  }

  /// Refuses a request too far from the log's first: a replay's clock counts nanoseconds in 64 bits, and needs room after
  /// the last arrival.
  static func check(_ record: RequestRecord, after first: RequestRecord?) throws {
    guard let first, abs(record.arrival.seconds - first.arrival.seconds) >= 1e9 else { return }
    throw Failure(
      .data,
      "request '\(record.id)' arrives more than 30 years from the log's first; check its time")
  }

  private mutating func take(_ record: RequestRecord) throws {
    try Self.check(record, after: records.first)
    summary.add(record)
    table.append(record)
    var rest = record
    rest.content = []
    isMeasured = isMeasured || rest.measured != nil
    records.append(rest)
  }
}
