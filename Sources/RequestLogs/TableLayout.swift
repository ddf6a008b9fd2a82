import TraceIO

/// Which column of a CSV log is which field.
struct TableLayout: Sendable {
  private var columns: [(index: Int, field: RowLayout.Field, unit: RowLayout.Unit)] = []

  /// Finds the columns by their names, without regard to case.
  ///
  /// - Returns: nil where one is missing that must be there.
  init?(
    _ header: [String],
    _ wanted: [(name: String, field: RowLayout.Field, unit: RowLayout.Unit, isNeeded: Bool)]
  ) {
    let names = header.map { $0.lowercased() }
    for column in wanted {
      if let index = names.firstIndex(of: column.name.lowercased()) {
        columns.append((index, column.field, column.unit))
      } else if column.isNeeded {
        return nil
      }
    }
  }

  /// Has arrivals read in another unit.
  mutating func readArrivals(in unit: LogTimeUnit) {
    for index in columns.indices where columns[index].field == .arrival {
      columns[index].unit = .decimals(unit.decimals)
    }
  }

  /// BurstGPT, in its form of six columns and in that of eight.
  ///
  /// Its elapsed time is the whole request's, in seconds.
  static func burstGPT(_ header: [String]) -> TableLayout? {
    TableLayout(
      header,
      [
        ("Timestamp", .arrival, .decimals(9), true),
        ("Request tokens", .inputTokens, .decimals(0), true),
        ("Response tokens", .outputTokens, .decimals(0), true),
        ("Log Type", .requestClass, .decimals(0), true),
        ("Session ID", .session, .decimals(0), false),
        ("Elapsed time", .latency, .decimals(9), false),
      ])
  }

  /// The table of BLIS's TraceV2, whose header is a file of its own: whole microseconds.
  ///
  /// A request counts from its sending, as its latencies do.
  static func blis(_ header: [String]) -> TableLayout? {
    TableLayout(
      header,
      [
        ("request_id", .id, .decimals(0), true),
        ("send_time_us", .arrival, .decimals(3), true),
        ("server_input_tokens", .inputTokens, .decimals(0), false),
        ("input_tokens", .otherInputTokens, .decimals(0), true),
        ("output_tokens", .outputTokens, .decimals(0), true),
        ("first_chunk_time_us", .firstToken, .decimals(3), true),
        ("last_chunk_time_us", .lastToken, .decimals(3), true),
        ("session_id", .session, .decimals(0), false),
        ("slo_class", .requestClass, .decimals(0), false),
        ("status", .status, .decimals(0), false),
      ])
  }

  /// A table of LiteLLM's spend logs, as a database exports it.
  static func liteLLM(_ header: [String]) -> TableLayout? {
    TableLayout(
      header,
      [
        ("request_id", .id, .decimals(0), true), ("startTime", .arrival, .instant, true),
        ("completionStartTime", .firstToken, .instant, false),
        ("endTime", .lastToken, .instant, true),
        ("prompt_tokens", .inputTokens, .decimals(0), true),
        ("completion_tokens", .outputTokens, .decimals(0), true),
        ("session_id", .session, .decimals(0), false), ("status", .status, .decimals(0), false),
        ("cache_hit", .cacheHit, .decimals(0), false),
        ("call_type", .callType, .decimals(0), false),
      ])
  }

  /// Reads the current row; an empty field counts as absent.
  fileprivate func row(_ table: borrowing CSVReader) throws(RowProblem) -> RawRow {
    var row = RawRow()
    for column in columns {
      let text = table.field(column.index)
      if !text.isEmpty { try row.take(text, as: column.field, column.unit) }
    }
    try row.settle()
    return row
  }
}

/// The names of stages in a text, which commas or semicolons divide.
func stageNames(_ text: String) -> [String] {
  text.split { $0 == "," || $0 == ";" }.map { name in
    String(name.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}

extension CSVReader {
  /// Reads the current row by a layout.
  func row(_ layout: TableLayout) throws(RowProblem) -> RawRow { try layout.row(self) }
}

extension RawRow {
  /// Takes a value that is given as text; fields that are lists are none.
  mutating func take(
    _ text: String, as field: RowLayout.Field, _ unit: RowLayout.Unit
  ) throws(RowProblem) {
    switch field {
    case .id: id = text
    case .session: session = text
    case .otherSession: otherSession = text
    case .requestClass: requestClass = text
    case .parentSession: parentSession = text
    case .chat: chat = text
    case .parentChat: parentChat = text
    case .event: if text != "request_end" { isOther = true }
    case .generationType: if text != "GENERATION" { isOther = true }
    case .cacheHit: if text.lowercased() == "true" { isOther = true }
    case .callType: if !generates(callType: text) { isOther = true }
    case .phase: if text == "warmup" { requestClass = text }
    case .status: if !tellsNothing(text) { failed = !tellsSuccess(text) }
    case .failure: if tellsError(text) { failed = true }
    case .mishap: if tellsMishap(text) { failed = true }
    case .wasCancelled: wasCancelled = text.lowercased() == "true"
    case .inputTokens: inputTokens = try Self.integer(text)
    case .outputTokens: outputTokens = try Self.integer(text)
    case .otherInputTokens: otherInputTokens = try Self.integer(text)
    case .otherOutputTokens: otherOutputTokens = try Self.integer(text)
    case .priority: priority = try Self.integer(text)
    case .passages: passages = try Self.integer(text)
    case .passageTokens: passageTokens = try Self.integer(text)
    case .difficulty: difficulty = try RowLayout.Unit.decimals(9).nanoseconds(text)
    case .stages: stages = stageNames(text)
    case .tokensPerContentName: tokensPerContentName = try Self.integer(text)
    case .arrival: arrival = try unit.nanoseconds(text)
    case .scheduled: scheduled = try unit.nanoseconds(text)
    case .firstToken: firstToken = try unit.nanoseconds(text)
    case .lastToken: lastToken = try unit.nanoseconds(text)
    case .cancelled: cancelled = try unit.nanoseconds(text)
    case .end: end = try unit.nanoseconds(text)
    case .thinkTime: thinkTime = try unit.nanoseconds(text)
    case .queueTime: queueTime = try unit.nanoseconds(text)
    case .timeToFirstToken: timeToFirstToken = try unit.nanoseconds(text)
    case .latency: latency = try unit.nanoseconds(text)
    case .millisecondsUnit: guard text == "ms" else { throw .badNumber }
    case .content, .tokenTimes, .blocks, .tokenGaps, .usage: throw .badNumber
    }
  }

  private static func integer(_ text: String) throws(RowProblem) -> Int64 {
    switch FixedPoint(text, decimals: 0) {
    case .exact(let value): return value
    case .overflow: throw .tokensOutOfRange
    case .rounded, .malformed: throw .badNumber
    }
  }
}

extension RowLayout.Unit {
  /// A time that is given as text.
  func nanoseconds(_ text: String) throws(RowProblem) -> Int64 {
    let decimals: Int
    switch self {
    case .decimals(let count): decimals = count
    case .instant:
      if let instant = Timestamp.nanoseconds(text) { return instant }
      decimals = 9
    }
    switch FixedPoint(text, decimals: decimals) {
    case .exact(let value), .rounded(let value): return value
    case .overflow: throw .timeOutOfRange
    case .malformed: throw .badNumber
    }
  }
}
