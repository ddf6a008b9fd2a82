import TraceIO

/// Which member of a JSON row is which field, and in which unit its times are.
struct RowLayout: Sendable {
  enum Field: Sendable {
    case id, arrival, scheduled, firstToken, lastToken, tokenTimes
    case inputTokens, outputTokens, content, tokensPerContentName, priority
    case session, thinkTime, cancelled, requestClass, passages, passageTokens, parentSession, blocks
    case difficulty, stages
    /// What stands in where the fields above are missing.
    case otherInputTokens, otherOutputTokens, otherSession
    /// When the exchange ended; where the client gave up, that is when.
    case end, wasCancelled
    /// A turn's own name, and that of the turn before it or -1.
    case chat, parentChat
    /// What makes it no request of a server: another kind of event, an answer from a cache.
    case event, generationType, callType, cacheHit
    /// The part of a benchmark that it belongs to; a warm-up makes a class of its own.
    case phase
    /// Durations since the arrival, and between tokens.
    case queueTime, timeToFirstToken, latency, tokenGaps
    /// Text or a number that says how the request ended, or an error, which is null where none is.
    case status, failure
    /// A word of which some say that the request failed, and any other nothing.
    case mishap
    /// Tokens by their sorts, an object whose names tell prompt from answer.
    case usage
    /// The unit that the value beside it is in, which must be this layout's milliseconds.
    case millisecondsUnit
  }

  /// How a time is written.
  enum Unit: Sendable, Hashable {
    /// A number in units of 10 to the minus this, which must be nanoseconds.
    case decimals(Int)
    /// A date, or seconds since 1970.
    case instant
  }

  private enum Member: Sendable {
    /// What one value means: some logs have one for several fields.
    case value([(field: Field, unit: Unit)])
    case members(RowLayout)
  }

  private let keys: JSONKeys
  private let members: [Member]

  /// A flat row, all of whose times have one unit.
  private init(decimals: Int, _ members: [(String, Field)]) {
    keys = JSONKeys(members.map(\.0))
    self.members = members.map { .value([($0.1, .decimals(decimals))]) }
  }

  /// A row of objects in objects: each field's names, from the outermost in, with its unit.
  init(_ fields: [(path: [String], field: Field, unit: Unit)]) {
    var names: [String] = []
    for field in fields {
      if let name = field.path.first, !names.contains(name) { names.append(name) }
    }
    keys = JSONKeys(names)
    members = names.map { name in
      let inner = fields.filter { $0.path.first == name }
      let values = inner.filter { $0.path.count == 1 }
      if !values.isEmpty { return .value(values.map { ($0.field, $0.unit) }) }
      return .members(RowLayout(inner.map { (Array($0.path.dropFirst()), $0.field, $0.unit) }))
    }
  }

  private init(_ keys: JSONKeys, _ members: [Member]) {
    (self.keys, self.members) = (keys, members)
  }

  /// The same row with arrivals at its top in another unit.
  func withArrivals(in unit: LogTimeUnit) -> RowLayout {
    RowLayout(
      keys,
      members.map { member in
        guard case .value(let values) = member else { return member }
        return .value(
          values.map { value in
            if case (.arrival, .decimals) = value { return (.arrival, .decimals(unit.decimals)) }
            return value
          })
      })
  }

  static let mooncake = RowLayout(
    decimals: 6,
    [
      ("timestamp", .arrival), ("input_length", .inputTokens), ("output_length", .outputTokens),
      ("hash_ids", .content), ("session_id", .session), ("delay", .thinkTime),
      ("delay_ms", .thinkTime), ("priority", .priority),
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
      ("passage_tokens", .passageTokens), ("parent_session", .parentSession),
      ("difficulty", .difficulty), ("stages", .stages),
    ])

  /// Reads one object; members that the layout does not name are passed over.
  func row(_ scanner: inout JSONScanner) throws(RowProblem) -> RawRow {
    var row = RawRow()
    do {
      guard try scanner.next() == .objectStart else { throw RowProblem.notAnObject }
      try read(&scanner, &row)
      guard try scanner.next() == .end else { throw RowProblem.notAnObject }
    } catch let problem as RowProblem {
      throw problem
    } catch {
      throw .notAnObject
    }
    try row.settle()
    return row
  }

  /// Reads what is left of an object whose bracket was read.
  func read(_ scanner: inout JSONScanner, _ row: inout RawRow) throws {
    while try scanner.next() == .key {
      let index = scanner.index(in: keys)
      let token = try scanner.next()
      // Proxies write a dash for what is not there.
      let isAbsent = token == .null || token == .string && scanner.tokenIs("-")
      guard index >= 0, !isAbsent else {
        try scanner.skipValue(of: token)
        continue
      }
      switch members[index] {
      case .value(let values):
        // A list or an object is read once.
        let isScalar = token != .arrayStart && token != .objectStart
        for (field, unit) in isScalar ? values[...] : values.prefix(1) {
          try take(field, unit, token, &scanner, &row)
        }
      case .members(let layout) where token == .objectStart: try layout.read(&scanner, &row)
      case .members: try scanner.skipValue(of: token)
      }
    }
  }

  private func take(
    _ field: Field, _ unit: Unit, _ token: JSONScanner.Token, _ scanner: inout JSONScanner,
    _ row: inout RawRow
  ) throws {
    switch field {
    case .content:
      row.content = try scanner.rowNames(token)
      return
    case .blocks:
      row.blocks = try RAGPulseBlocks.names(token, &scanner)
      return
    case .stages where token == .arrayStart:
      row.stages = try scanner.rowTexts(token)
      return
    case .tokenTimes:
      row.tokenTimes = try times(unit, token, &scanner)
      return
    case .tokenGaps:
      row.tokenGaps = try times(unit, token, &scanner)
      return
    case .status:
      let word: String? =
        switch token {
        case .true: "true"
        case .false: "false"
        case .number, .string: scanner.string()
        default: nil
        }
      if let word, !tellsNothing(word) { row.failed = !tellsSuccess(word) }
      try scanner.skipValue(of: token)
      return
    case .failure:
      switch token {
      case .false: break
      case .number, .string: if tellsError(scanner.string()) { row.failed = true }
      case .arrayStart, .objectStart:
        try takeError(&scanner, &row)
        return
      default: row.failed = true
      }
      try scanner.skipValue(of: token)
      return
    case .usage where token == .objectStart:
      try takeUsage(&scanner, &row)
      return
    case .cacheHit:
      let isHit = token == .true || token == .string && scanner.string().lowercased() == "true"
      if isHit { row.isOther = true }
      try scanner.skipValue(of: token)
      return
    case .wasCancelled:
      if token == .true { row.wasCancelled = true }
      try scanner.skipValue(of: token)
      return
    default: break
    }
    guard token == .number || token == .string else { throw RowProblem.badNumber }
    switch field {
    case .id: row.id = scanner.string()
    case .arrival: row.arrival = try time(unit, scanner)
    case .scheduled: row.scheduled = try time(unit, scanner)
    case .firstToken: row.firstToken = try time(unit, scanner)
    case .lastToken: row.lastToken = try time(unit, scanner)
    case .inputTokens: row.inputTokens = try integer(scanner)
    case .outputTokens: row.outputTokens = try integer(scanner)
    case .tokensPerContentName: row.tokensPerContentName = try integer(scanner)
    case .session:
      let name = scanner.string()
      if !name.isEmpty { row.session = name }
    case .thinkTime: row.thinkTime = try time(unit, scanner)
    case .cancelled: row.cancelled = try time(unit, scanner)
    case .priority: row.priority = try integer(scanner)
    case .requestClass:
      let name = scanner.string()
      if !name.isEmpty { row.requestClass = name }
    case .passages: row.passages = try integer(scanner)
    case .passageTokens: row.passageTokens = try integer(scanner)
    case .difficulty: row.difficulty = try time(.decimals(9), scanner)
    case .stages: row.stages = stageNames(scanner.string())
    case .parentSession:
      let name = scanner.string()
      if !name.isEmpty { row.parentSession = name }
    case .otherInputTokens: row.otherInputTokens = try integer(scanner)
    case .otherOutputTokens: row.otherOutputTokens = try integer(scanner)
    case .otherSession:
      let name = scanner.string()
      if !name.isEmpty { row.otherSession = name }
    case .mishap: if tellsMishap(scanner.string()) { row.failed = true }
    case .end: row.end = try time(unit, scanner)
    case .chat: row.chat = scanner.string()
    case .parentChat: row.parentChat = scanner.string()
    case .event: if !scanner.tokenIs("request_end") { row.isOther = true }
    case .generationType: if !scanner.tokenIs("GENERATION") { row.isOther = true }
    case .callType: if !generates(callType: scanner.string()) { row.isOther = true }
    case .phase: if scanner.tokenIs("warmup") { row.requestClass = "warmup" }
    case .queueTime: row.queueTime = try time(unit, scanner)
    case .timeToFirstToken: row.timeToFirstToken = try time(unit, scanner)
    case .latency: row.latency = try time(unit, scanner)
    case .millisecondsUnit:
      guard scanner.tokenIs("ms") else { throw RowProblem.badNumber }
    case .content, .tokenTimes, .blocks, .tokenGaps, .status, .failure, .usage,
      .wasCancelled, .cacheHit:
      break
    }
  }

  /// Reads an error that is a list or an object: an empty one is none.
  private func takeError(_ scanner: inout JSONScanner, _ row: inout RawRow) throws {
    let depth = scanner.depth
    while scanner.depth >= depth {
      let inner = try scanner.next()
      if inner != .arrayEnd, inner != .objectEnd { row.failed = true }
    }
  }

  /// Adds up the tokens of prompt and answer, each of which is told by sorts that do not overlap: `input`, and what was
  /// cached of it. Names with a dot tell a part of these again.
  private func takeUsage(_ scanner: inout JSONScanner, _ row: inout RawRow) throws {
    var (input, output, total): (Int64?, Int64?, Int64?)
    var (prompt, answer): (Int64, Int64) = (0, 0)
    while try scanner.next() == .key {
      let name = scanner.string()
      let token = try scanner.next()
      guard token == .number else {
        try scanner.skipValue(of: token)
        continue
      }
      let count = try integer(scanner)
      switch name {
      case "input": input = count
      case "output": output = count
      case "total": total = count
      case "prompt_tokens", "input_tokens": row.otherInputTokens = count
      case "completion_tokens", "output_tokens": row.otherOutputTokens = count
      case _ where name.contains("."): break
      case _ where name.hasPrefix("input_") || name.hasSuffix("_input_tokens"):
        prompt = try RawRow.sum(prompt, count)
      case _ where name.hasPrefix("output_") || name.hasSuffix("_output_tokens"):
        answer = try RawRow.sum(answer, count)
      default: break
      }
    }
    // Where the sorts are more than all there is, they are parts of the two sums.
    let sum = try RawRow.sum(
      try RawRow.sum(input ?? 0, prompt), try RawRow.sum(output ?? 0, answer))
    if let total, sum > total { (prompt, answer) = (0, 0) }
    row.inputTokens = try input.map { count throws(RowProblem) in try RawRow.sum(count, prompt) }
    row.outputTokens = try output.map { count throws(RowProblem) in try RawRow.sum(count, answer) }
  }

  private func times(
    _ unit: Unit, _ token: JSONScanner.Token, _ scanner: inout JSONScanner
  ) throws -> [Int64] {
    guard token == .arrayStart else { throw RowProblem.badNumber }
    var times: [Int64] = []
    while true {
      let element = try scanner.next()
      if element == .arrayEnd { return times }
      guard element == .number else { throw RowProblem.badNumber }
      times.append(try time(unit, scanner))
    }
  }

  private func time(_ unit: Unit, _ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    if case .decimals(let decimals) = unit { return try scanner.rowTime(decimals: decimals) }
    return try unit.nanoseconds(scanner.string())
  }

  private func integer(_ scanner: borrowing JSONScanner) throws(RowProblem) -> Int64 {
    try scanner.rowInteger()
  }
}
