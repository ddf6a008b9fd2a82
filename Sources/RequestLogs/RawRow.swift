import Operators
import TraceIO

/// A row's fields as a log gives them, before they are judged.
struct RawRow {
  var id: String?
  /// Instants in nanoseconds on one clock.
  var arrival: Int64?
  var scheduled: Int64?
  var firstToken: Int64?
  var lastToken: Int64?
  var tokenTimes: [Int64] = []
  var inputTokens: Int64?
  var outputTokens: Int64?
  var content: [UInt64] = []
  var tokensPerContentName: Int64?
  var session: String?
  /// A duration.
  var thinkTime: Int64?
  /// An instant.
  var cancelled: Int64?
  var priority: Int64?
  var requestClass: String?
  var passages: Int64?
  var parentSession: String?
  /// Names of blocks of RAGPulse, by kind.
  var blocks: [[UInt64]] = []

  static let mostTokens: Int64 = 1 << 24

  /// The record, with instants counted from `origin`.
  ///
  /// - Parameters:
  ///   - origin: the instant that becomes zero; the first good row's arrival is taken if it is nil.
  ///   - row: the row's number, which names a request without a name.
  func record(origin: inout Int64?, row: Int, tokensPerContentName standard: Int)
    throws(RowProblem) -> RequestRecord
  {
    guard let arrival, let inputTokens, let outputTokens else { throw .missingField }
    guard (1...Self.mostTokens).contains(inputTokens),
      (0...Self.mostTokens).contains(outputTokens),
      (1...Self.mostTokens).contains(tokensPerContentName ?? 1)
    else { throw .tokensOutOfRange }
    let start = origin ?? arrival
    guard (thinkTime ?? 0) >= 0, (cancelled ?? arrival) >= arrival else { throw .timesOutOfOrder }
    guard Int32(exactly: priority ?? 0) != nil, (0...Self.mostTokens).contains(passages ?? 0) else {
      throw .tokensOutOfRange
    }
    var givenUp: Nanoseconds?
    if let cancelled { givenUp = try difference(cancelled, arrival) }
    var record = RequestRecord(
      id: id ?? String(row), arrival: try difference(arrival, start),
      inputTokens: Int(inputTokens), outputTokens: Int(outputTokens), content: content,
      tokensPerContentName: tokensPerContentName.map(Int.init) ?? standard,
      measured: try measured(from: arrival), session: session,
      thinkTime: thinkTime.map { Nanoseconds($0) }, cancelled: givenUp)
    record.priority = Int(priority ?? 0)
    record.requestClass = requestClass
    record.passages = passages.map(Int.init)
    record.parentSession = parentSession
    origin = start
    return record
  }

  private func measured(from arrival: Int64) throws(RowProblem) -> MeasuredTimes? {
    guard let firstToken, let lastToken else {
      // A request that failed may have been scheduled, but it has no latency.
      guard firstToken == nil, lastToken == nil, tokenTimes.isEmpty else { throw .missingField }
      return nil
    }
    guard arrival <= (scheduled ?? arrival), (scheduled ?? arrival) <= firstToken,
      firstToken <= lastToken
    else { throw .timesOutOfOrder }
    var tokens: [Nanoseconds] = []
    tokens.reserveCapacity(tokenTimes.count)
    var previous = firstToken
    for time in tokenTimes {
      guard previous <= time, time <= lastToken else { throw .timesOutOfOrder }
      previous = time
      tokens.append(try difference(time, arrival))
    }
    var queue: Nanoseconds?
    if let scheduled { queue = try difference(scheduled, arrival) }
    return MeasuredTimes(
      scheduled: queue, firstToken: try difference(firstToken, arrival),
      lastToken: try difference(lastToken, arrival), tokens: tokens)
  }

  private func difference(_ later: Int64, _ earlier: Int64) throws(RowProblem) -> Nanoseconds {
    let (value, overflow) = later.subtractingReportingOverflow(earlier)
    guard !overflow else { throw .timeOutOfRange }
    return Nanoseconds(value)
  }
}

/// Which member of a JSON row is which field, and in which unit its times are.
struct RowLayout {
  enum Field {
    case id, arrival, scheduled, firstToken, lastToken, tokenTimes
    case inputTokens, outputTokens, content, tokensPerContentName, priority
    case session, thinkTime, cancelled, requestClass, passages, parentSession, blocks
  }

  let keys: JSONKeys
  let fields: [Field]
  /// Times are read in units of 10 to the minus this, which must be nanoseconds.
  let decimals: Int

  private init(decimals: Int, _ members: [(String, Field)]) {
    keys = JSONKeys(members.map(\.0))
    fields = members.map(\.1)
    self.decimals = decimals
  }

  static let mooncake = RowLayout(
    decimals: 6,
    [
      ("timestamp", .arrival), ("input_length", .inputTokens), ("output_length", .outputTokens),
      ("hash_ids", .content), ("session_id", .session), ("delay", .thinkTime),
    ])

  static let vllmRun = RowLayout(
    decimals: 9,
    [
      ("request_id", .id), ("input_toks", .inputTokens), ("output_toks", .outputTokens),
      ("queued_ts", .arrival), ("scheduled_ts", .scheduled), ("first_token_ts", .firstToken),
      ("last_token_ts", .lastToken),
    ])

  static let workload = RowLayout(
    decimals: 0,
    [
      ("request_id", .id), ("input_toks", .inputTokens), ("output_toks", .outputTokens),
      ("arrival_time_ns", .arrival), ("input_tok_ids", .content),
    ])

  static let ragPulse = RowLayout(
    decimals: 9,
    [
      ("timestamp", .arrival), ("input_length", .inputTokens), ("output_length", .outputTokens),
      ("hash_ids", .blocks), ("session_id", .session),
    ])

  static let reprise = RowLayout(
    decimals: 0,
    [
      ("id", .id), ("arrival_ns", .arrival), ("input_tokens", .inputTokens),
      ("output_tokens", .outputTokens), ("scheduled_ns", .scheduled),
      ("first_token_ns", .firstToken), ("last_token_ns", .lastToken), ("token_ns", .tokenTimes),
      ("content", .content), ("tokens_per_content_name", .tokensPerContentName),
      ("session", .session), ("think_ns", .thinkTime), ("cancelled_ns", .cancelled),
      ("priority", .priority), ("class", .requestClass), ("passages", .passages),
      ("parent_session", .parentSession),
    ])

  /// Reads one object; members that the layout does not name are passed over.
  func row(_ scanner: inout JSONScanner) throws(RowProblem) -> RawRow {
    var row = RawRow()
    do {
      guard try scanner.next() == .objectStart else { throw RowProblem.notAnObject }
      while try scanner.next() == .key {
        let index = scanner.index(in: keys)
        let token = try scanner.next()
        if index >= 0, token != .null {
          try take(fields[index], token, &scanner, &row)
        } else {
          try scanner.skipValue(of: token)
        }
      }
      guard try scanner.next() == .end else { throw RowProblem.notAnObject }
    } catch let problem as RowProblem {
      throw problem
    } catch {
      throw .notAnObject
    }
    return row
  }

  private func take(
    _ field: Field, _ token: JSONScanner.Token, _ scanner: inout JSONScanner, _ row: inout RawRow
  ) throws {
    switch field {
    case .content:
      row.content = try scanner.rowNames(token)
      return
    case .blocks:
      row.blocks = try RAGPulseBlocks.names(token, &scanner)
      return
    case .tokenTimes:
      guard token == .arrayStart else { throw RowProblem.badNumber }
      while true {
        let element = try scanner.next()
        if element == .arrayEnd { return }
        guard element == .number else { throw RowProblem.badNumber }
        row.tokenTimes.append(try time(scanner))
      }
    default: break
    }
    guard token == .number || token == .string else { throw RowProblem.badNumber }
    switch field {
    case .id: row.id = scanner.string()
    case .arrival: row.arrival = try time(scanner)
    case .scheduled: row.scheduled = try time(scanner)
    case .firstToken: row.firstToken = try time(scanner)
    case .lastToken: row.lastToken = try time(scanner)
    case .inputTokens: row.inputTokens = try integer(scanner)
    case .outputTokens: row.outputTokens = try integer(scanner)
    case .tokensPerContentName: row.tokensPerContentName = try integer(scanner)
    case .session:
      let name = scanner.string()
      if !name.isEmpty { row.session = name }
    case .thinkTime: row.thinkTime = try time(scanner)
    case .cancelled: row.cancelled = try time(scanner)
    case .priority: row.priority = try integer(scanner)
    case .requestClass:
      let name = scanner.string()
      if !name.isEmpty { row.requestClass = name }
    case .passages: row.passages = try integer(scanner)
    case .parentSession:
      let name = scanner.string()
      if !name.isEmpty { row.parentSession = name }
    case .content, .tokenTimes, .blocks: break
    }
  }

  private func time(_ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    try scanner.rowTime(decimals: decimals)
  }

  private func integer(_ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    try scanner.rowInteger()
  }
}

/// Values of rows, with their problems.
extension JSONScanner {
  /// The current number in units of 10 to the minus `decimals`.
  func rowTime(decimals: Int) throws(RowProblem) -> Int64 {
    switch fixedPoint(decimals: decimals) {
    case .exact(let value), .rounded(let value): return value
    case .overflow: throw .timeOutOfRange
    case .malformed: throw .badNumber
    }
  }

  /// The current number, which is whole.
  func rowInteger() throws(RowProblem) -> Int64 {
    switch fixedPoint(decimals: 0) {
    case .exact(let value): return value
    case .overflow: throw .tokensOutOfRange
    case .rounded, .malformed: throw .badNumber
    }
  }

  /// A hash or token id: 64 bits without a sign, which neither `Int64` nor `Double` holds.
  func rowName() throws(RowProblem) -> UInt64 {
    let value = withToken { (bytes: Span<UInt8>) -> UInt64? in
      var value: UInt64 = 0
      for index in bytes.indices {
        let digit = UInt64(bytes[index] &- UInt8(ascii: "0"))
        guard digit < 10 else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(digit)
        guard !overflow, !carry else { return nil }
        value = sum
      }
      return bytes.isEmpty ? nil : value
    }
    guard let value else { throw .badNumber }
    return value
  }

  /// The array of names that `token` begins.
  mutating func rowNames(_ token: Token) throws -> [UInt64] {
    guard token == .arrayStart else { throw RowProblem.badNumber }
    var names: [UInt64] = []
    while true {
      let element = try next()
      if element == .arrayEnd { return names }
      guard element == .number else { throw RowProblem.badNumber }
      names.append(try rowName())
    }
  }
}
