import TraceIO

/// Reads a span of OpenTelemetry as a request, if it is one.
///
/// Spans come as OTLP writes them in JSON (attributes as a list of `key` and `value`, times and whole
/// numbers as text) or flat (attributes as members, times as dates), as tools that keep spans themselves
/// write them.
///
/// vLLM's span `llm_request` begins with the arrival and has durations in seconds; spans by the
/// conventions for generative AI begin with the call and end with the answer, and tell the first token
/// only of streams (`gen_ai.response.time_to_first_chunk`). Calls of tools and agents, embeddings, and
/// spans of anything else are no requests of a language model.
struct SpanRow {
  private enum Attribute: Int, CaseIterable {
    case inputTokens, outputTokens, id, queueTime, timeToFirstToken, latency
    case oldInputTokens, oldOutputTokens, firstChunk, conversation, session, operation, error

    var name: String {
      switch self {
      case .inputTokens: "gen_ai.usage.input_tokens"
      case .outputTokens: "gen_ai.usage.output_tokens"
      case .oldInputTokens: "gen_ai.usage.prompt_tokens"
      case .oldOutputTokens: "gen_ai.usage.completion_tokens"
      case .id: "gen_ai.request.id"
      case .queueTime: "gen_ai.latency.time_in_queue"
      case .timeToFirstToken: "gen_ai.latency.time_to_first_token"
      case .latency: "gen_ai.latency.e2e"
      case .firstChunk: "gen_ai.response.time_to_first_chunk"
      case .conversation: "gen_ai.conversation.id"
      case .session: "session.id"
      case .operation: "gen_ai.operation.name"
      case .error: "error.type"
      }
    }
  }

  private static let keys = JSONKeys([
    "name", "spanId", "span_id", "startTimeUnixNano", "start_time", "endTimeUnixNano", "end_time",
    "attributes", "status",
  ])
  private static let names = JSONKeys(Attribute.allCases.map(\.name))
  private static let pair = JSONKeys(["key", "value"])
  private static let code = JSONKeys(["code"])
  private static let operations: Set<String> = ["chat", "generate_content", "text_completion"]

  private var row = RawRow()
  private var isLanguageModel = false
  private var operation: String?
  private var isServer = false
  private var end: Int64?

  /// Reads a span behind its bracket.
  ///
  /// - Parameter onlyServers: whether spans that are not vLLM's are no requests here: clients' spans of
  ///   the same requests would count them twice.
  /// - Returns: nil for a span of anything else.
  static func read(_ scanner: inout JSONScanner, onlyServers: Bool) throws -> RawRow? {
    var span = SpanRow()
    try span.takeMembers(&scanner)
    guard span.isLanguageModel || span.isServer, span.isServer || !onlyServers else { return nil }
    if let operation = span.operation, !operations.contains(operation) { return nil }
    if let end = span.end, span.row.latency == nil, let start = span.row.arrival {
      let (length, overflow) = end.subtractingReportingOverflow(start)
      guard !overflow else { throw RowProblem.timeOutOfRange }
      span.row.latency = length
    }
    try span.row.settle()
    span.row.dropUnstreamed()
    span.row.problem = span.lack
    return span.row
  }

  /// What a span of a call lacks to be a request, told in the words of its format.
  private var lack: RowProblem? {
    if row.arrival == nil { return .spanWithoutStart }
    if row.inputTokens == nil { return .spanWithoutInputTokens }
    return row.outputTokens == nil ? .spanWithoutOutputTokens : nil
  }

  private mutating func takeMembers(_ scanner: inout JSONScanner) throws {
    while try scanner.next() == .key {
      let index = scanner.index(in: Self.keys)
      let token = try scanner.next()
      let isScalar = token == .string || token == .number
      switch index {
      case 0 where token == .string:
        if scanner.tokenIs("llm_request") { isServer = true }
      case 1 where token == .string, 2 where token == .string:
        row.id = row.id ?? scanner.string()
      case 3 where isScalar: row.arrival = try scanner.rowTime(decimals: 0)
      case 4 where isScalar: row.arrival = try Self.instant(scanner)
      case 5 where isScalar: end = try scanner.rowTime(decimals: 0)
      case 6 where isScalar: end = try Self.instant(scanner)
      case 7 where token == .arrayStart: try takeList(&scanner)
      case 7 where token == .objectStart: try takeMap(&scanner)
      case 8 where token == .objectStart: try takeStatus(&scanner)
      default: try scanner.skipValue(of: token)
      }
    }
  }

  private static func instant(_ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    if let instant = Timestamp.nanoseconds(scanner.string()) { return instant }
    return try scanner.rowTime(decimals: 9)
  }

  private mutating func takeStatus(_ scanner: inout JSONScanner) throws {
    while try scanner.next() == .key {
      let index = scanner.index(in: Self.code)
      let token = try scanner.next()
      let isError =
        token == .number && scanner.integer() == 2
        || token == .string && (scanner.tokenIs("STATUS_CODE_ERROR") || scanner.tokenIs("ERROR"))
      if index == 0, isError { row.failed = true }
      try scanner.skipValue(of: token)
    }
  }

  /// Attributes as OTLP has them.
  private mutating func takeList(_ scanner: inout JSONScanner) throws {
    while try scanner.nextObject() {
      var attribute: Attribute?
      while try scanner.next() == .key {
        let index = scanner.index(in: Self.pair)
        let token = try scanner.next()
        switch (index, token) {
        case (0, .string): attribute = Attribute(rawValue: scanner.index(in: Self.names))
        case (1, .objectStart):
          // {"intValue": "5"}: the name tells the type.
          while try scanner.next() == .key {
            let value = try scanner.next()
            if let attribute { try take(attribute, value, scanner) }
            try scanner.skipValue(of: value)
          }
        default: try scanner.skipValue(of: token)
        }
      }
    }
  }

  /// Attributes as members.
  private mutating func takeMap(_ scanner: inout JSONScanner) throws {
    while try scanner.next() == .key {
      let attribute = Attribute(rawValue: scanner.index(in: Self.names))
      let token = try scanner.next()
      if let attribute { try take(attribute, token, scanner) }
      try scanner.skipValue(of: token)
    }
  }

  private mutating func take(
    _ attribute: Attribute, _ token: JSONScanner.Token, _ scanner: borrowing JSONScanner
  ) throws(RowProblem) {
    guard token == .string || token == .number else { return }
    switch attribute {
    case .inputTokens, .oldInputTokens:
      row.inputTokens = try scanner.rowInteger()
      isLanguageModel = true
    case .outputTokens, .oldOutputTokens:
      row.outputTokens = try scanner.rowInteger()
      isLanguageModel = true
    case .id: row.id = scanner.string()
    case .queueTime: row.queueTime = try serverTime(scanner)
    case .timeToFirstToken: row.timeToFirstToken = try serverTime(scanner)
    case .latency: row.latency = try serverTime(scanner)
    case .firstChunk:
      if row.timeToFirstToken == nil { row.timeToFirstToken = try scanner.rowTime(decimals: 9) }
    case .conversation: row.session = Self.name(scanner)
    case .session: row.otherSession = Self.name(scanner)
    case .error: if tellsError(scanner.string()) { row.failed = true }
    case .operation:
      operation = scanner.string()
      isLanguageModel = true
    }
  }

  private static func name(_ scanner: borrowing JSONScanner) -> String? {
    let name = scanner.string()
    return name.isEmpty ? nil : name
  }

  private mutating func serverTime(_ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    isServer = true
    return try scanner.rowTime(decimals: 9)
  }
}
