import TraceIO

/// The formats of request logs that are read. Raw values are their names on the command line.
public enum RequestLogFormat: String, CaseIterable, Sendable, Hashable {
  /// Azure's public traces of 2023 and 2024: CSV of TIMESTAMP, ContextTokens, GeneratedTokens.
  case azure = "azure-csv"
  /// Mooncake's traces: JSONL of timestamp (ms), input_length, output_length, hash_ids (512 tokens).
  case mooncake = "mooncake-jsonl"
  /// A vLLM run as LLMServingSim records it: JSONL with times of queue, first and last token (s).
  case vllmRun = "vllm-run-jsonl"
  /// A workload as LLMServingSim sends it: JSONL of token counts, token ids and arrival_time_ns.
  case workload = "workload-jsonl"
  /// RAGPulse's traces: JSONL of timestamp (s, as text), input_length, output_length and hash_ids by
  /// kind of block.
  case ragPulse = "ragpulse-jsonl"
  /// Sessions of coding agents as kv-cache-tester has them: a JSON document a session and line.
  case agentSessions = "agent-sessions-json"
  /// Our own; see ``RequestLogWriter``.
  case reprise = "reprise-jsonl"

  /// The name that people read.
  public var title: String {
    switch self {
    case .azure: "Azure LLM inference traces (CSV)"
    case .mooncake: "Mooncake traces (JSONL)"
    case .vllmRun: "measured vLLM runs (JSONL)"
    case .workload: "workloads with token ids (JSONL)"
    case .ragPulse: "RAGPulse traces (JSONL)"
    case .agentSessions: "agent sessions of kv-cache-tester (a line a session)"
    case .reprise: "Reprise's own logs (JSONL)"
    }
  }

  /// Tells the format by the first bytes of the text, never by a name; nil if it is none.
  ///
  /// A damaged first line does not matter as long as one of the first ten tells.
  public static func detect(_ text: [UInt8]) -> RequestLogFormat? {
    var start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for _ in 0..<10 where start < text.count {
      let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
      if let format = detect(line: Array(text[start..<end])) { return format }
      start = end + 1
    }
    return nil
  }

  private static func detect(line: [UInt8]) -> RequestLogFormat? {
    guard let first = line.first(where: { $0 > 0x20 }) else { return nil }
    guard first == UInt8(ascii: "{") else {
      let names = String(decoding: line.prefix(1_000), as: UTF8.self).lowercased()
        .split { $0 == "," || $0.isWhitespace || $0 == "\"" }
      let isAzure = ["timestamp", "contexttokens", "generatedtokens"].allSatisfy(names.contains)
      return isAzure ? .azure : nil
    }
    let keys = topKeys(line)
    if keys.isOurs { return .reprise }
    if keys.hasBlocks, ["timestamp", "input_length"].allSatisfy(keys.names.contains) {
      return .ragPulse
    }
    let needed: [(RequestLogFormat, [String])] = [
      (.mooncake, ["timestamp", "input_length", "output_length"]),
      (.vllmRun, ["input_toks", "output_toks", "queued_ts"]),
      (.workload, ["input_toks", "output_toks", "arrival_time_ns"]),
      (.agentSessions, ["id", "block_size", "requests"]),
    ]
    return needed.first { $0.1.allSatisfy(keys.names.contains) }?.0
  }

  /// The names of an object's members, as far as they can be read, and whether `hash_ids` is an object.
  private static func topKeys(
    _ line: [UInt8]
  ) -> (names: Set<String>, isOurs: Bool, hasBlocks: Bool) {
    var names: Set<String> = []
    var isOurs = false
    var hasBlocks = false
    do {
      var scanner = try JSONScanner(ByteSource(bytes: line))
      guard try scanner.next() == .objectStart else { return (names, false, false) }
      while try scanner.next() == .key, names.count < 64 {
        let isSchema = scanner.tokenIs("schema")
        let isContent = scanner.tokenIs("hash_ids")
        names.insert(scanner.string())
        let value = try scanner.next()
        if isSchema, value == .string, scanner.tokenIs("reprise.request-log") { isOurs = true }
        if isContent, value == .objectStart { hasBlocks = true }
        try scanner.skipValue(of: value)
      }
    } catch {
      // What was read before the damage may still tell.
    }
    return (names, isOurs, hasBlocks)
  }
}
