import TraceIO

extension RequestLogFormat {
  /// Tells the format by the first bytes of the text, never by a name; nil if it is none.
  ///
  /// A damaged first line does not matter as long as one of the first ten tells. A document that is spread
  /// over lines is told by the members at its top.
  public static func detect(_ text: [UInt8]) -> RequestLogFormat? {
    // Lines of an archive may be a log's, but the bytes between them are not.
    guard LogCompanion(container: text) == nil else { return nil }
    var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let first = start
    for _ in 0..<10 where start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      if let format = detect(line: Array(text[start..<end]), of: text) { return format }
      start = end + 1
    }
    guard text[first...].first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return nil }
    let document = detect(members: Members(text), of: text)
    return document?.isDocument == true ? document : nil
  }

  /// The same of a text whose first bytes may not tell: spans of servers can come behind any number of others.
  ///
  /// - Parameter source: what follows them; read to its end where that matters.
  static func detect(_ start: [UInt8], rest source: inout ByteSource) -> RequestLogFormat? {
    let found = detect(start)
    guard found == .genAISpans else { return found }
    var end = Array(start.suffix(longestMark))
    while let more = try? source.read(count: 1 << 20), !more.isEmpty {
      end += more
      if serverMarks.contains(where: end.holds) { return .vllmSpans }
      end = Array(end.suffix(longestMark))
    }
    return found
  }

  /// What spans of a server alone have, and how much text may hold a part of it.
  private static let serverMarks = ["\"gen_ai.latency.", "\"llm_request\""]
  private static let longestMark = 32

  /// Whether a text of documents has one a line: then a damaged one costs no other.
  static func hasDocumentALine(_ text: [UInt8]) -> Bool {
    let start = text.firstIndex { $0 > 0x20 } ?? text.count
    guard let end = text[start...].firstIndex(of: UInt8(ascii: "\n")),
      text[end...].first(where: { $0 > 0x20 }) == UInt8(ascii: "{")
    else { return false }
    return Members(Array(text[start..<end])).isWhole
  }

  private static func detect(line: [UInt8], of text: [UInt8]) -> RequestLogFormat? {
    guard let first = line.first(where: { $0 > 0x20 }) else { return nil }
    guard first == UInt8(ascii: "{") else {
      let header = String(decoding: line.prefix(1_000), as: UTF8.self).lowercased()
      let names = header.split { $0 == "," || $0.isWhitespace || $0 == "\"" }.map(String.init)
      if azureColumns.allSatisfy(names.contains) { return .azure }
      let columns = header.split(separator: ",").map { column in
        String(column.drop { $0.isWhitespace || $0 == "\"" }.filter { $0 != "\"" && $0 != "\r" })
      }
      if TableLayout.burstGPT(columns) != nil { return .burstGPT }
      if TableLayout.blis(columns) != nil { return .blis }
      return TableLayout.liteLLM(columns) == nil ? nil : .liteLLMTable
    }
    return detect(members: Members(line), of: text)
  }

  private static func detect(members: Members, of text: [UInt8]) -> RequestLogFormat? {
    let names = members.names
    if members.isOurs { return .reprise }
    if members.isDynamo { return .dynamo }
    if members.hasBlocks, ["timestamp", "input_length"].allSatisfy(names.contains) {
      return .ragPulse
    }
    if names.contains("resourceSpans") || names.contains("spans") && names.contains("trace_id") {
      return serverMarks.contains(where: text.holds) ? .vllmSpans : .genAISpans
    }
    if let told = tellingMembers.first(where: { $0.names.allSatisfy(names.contains) }) {
      return told.format
    }
    // Other tools call their results so, too.
    let isOther = names.contains("context") || names.contains("machine_info")
    return names.contains("benchmarks") && !isOther ? .guidellm : nil
  }

  /// The members by which formats are told, in the order in which they are looked for.
  static let tellingMembers: [(format: RequestLogFormat, names: [String])] = [
    (.bailian, ["chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"]),
    (.mooncake, ["timestamp", "input_length", "output_length"]),
    (.vllmRun, ["input_toks", "output_toks", "queued_ts"]),
    (.workload, ["input_toks", "output_toks", "arrival_time_ns"]),
    (.agentSessions, ["id", "block_size", "requests"]),
    (.benchRun, ["input_lens", "output_lens"]),
    (.benchRun, ["total_input_tokens", "request_throughput"]),
    (.aiperf, ["metadata", "metrics"]),
    (.liteLLM, ["startTime", "endTime", "prompt_tokens", "completion_tokens"]),
    (.langfuse, ["start_time", "usage_details"]), (.langfuse, ["startTime", "usageDetails"]),
    (.traceLab, ["session_id", "round_index", "timing_events"]),
    (.envoy, ["start_time", "gen_ai.usage.input_tokens"]),
    (.sglang, ["prompt_tokens", "completion_tokens", "request_received_ts"]),
  ]

  /// The columns of Azure's tables in small letters.
  static let azureColumns = ["timestamp", "contexttokens", "generatedtokens"]

  /// The members of an object, as far as they can be read.
  struct Members {
    var names: Set<String> = []
    /// Whether they tell that the log is our own.
    var isOurs = false
    /// Whether they tell that it is a record of Dynamo's.
    var isDynamo = false
    /// Whether `hash_ids` is an object.
    var hasBlocks = false
    /// Whether the text is this object and no more.
    var isWhole = false

    private static let most = 128

    init(_ text: [UInt8]) {
      do {
        var scanner = try JSONScanner(ByteSource(bytes: text))
        guard try scanner.next() == .objectStart else { return }
        while names.count < Self.most {
          let token = try scanner.next()
          guard token == .key else { break }
          let isSchema = scanner.tokenIs("schema")
          let isContent = scanner.tokenIs("hash_ids")
          names.insert(scanner.string())
          let value = try scanner.next()
          if isSchema, value == .string, scanner.tokenIs("reprise.request-log") { isOurs = true }
          if isSchema, value == .string, scanner.tokenIs("dynamo.request.trace.v1") {
            isDynamo = true
          }
          if isContent, value == .objectStart { hasBlocks = true }
          try scanner.skipValue(of: value)
        }
        isWhole = try scanner.next() == .end
      } catch {
        // What was read before the damage may still tell.
      }
    }
  }
}

extension RandomAccessCollection<UInt8> where Index == Int {
  /// Whether the bytes of a text, which begins with a quote, stand somewhere in these, and not within a text that was
  /// quoted itself.
  func holds(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, count >= wanted.count else { return false }
    return (startIndex...endIndex - wanted.count).contains { start in
      self[start] == first && (start == startIndex || self[start - 1] != UInt8(ascii: "\\"))
        && self[start..<start + wanted.count].elementsEqual(wanted)
    }
  }
}
