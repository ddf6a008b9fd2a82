import TraceIO

/// A file that goes around with request logs and is none, which people give in place of the log beside it.
///
/// Told by the content, like formats, so that a refusal can say which file is meant.
public enum LogCompanion: String, CaseIterable, Hashable, Sendable {
  /// An archive of tar, in which logs may lie.
  case archive = "a tar archive; unpack it with 'tar -xf', and name a file that was in it"
  /// A table of Parquet.
  case parquet =
    "a Parquet table; write it as JSON Lines or CSV (pandas: to_json(orient='records', lines=True)) and name that"
  /// OpenTelemetry's export as Protocol Buffers, such as the collector writes with `format: proto`.
  case binarySpans =
    "OpenTelemetry's export in Protocol Buffers; have the collector's file exporter write 'format: json', which is read"
  /// The lengths of RAGPulse's blocks.
  case ragPulseBlocks =
    "the lengths of RAGPulse's blocks, no log; name 0_trace.jsonl, beside which such files are found and read"
  /// aiperf's totals of a run, or of slices of it.
  case aiperfTotals =
    "aiperf's totals of a run, without its requests; name profile_export.jsonl of the same run"
  /// guidellm's totals of runs, as a table or a page.
  case guidellmTotals =
    "guidellm's totals of its runs, without their requests; name benchmarks.json of the same run"

  /// Tells such a file by the first bytes of its text; nil if it is none, as any log.
  public init?(_ text: [UInt8]) {
    if let kind = Self(container: text) {
      self = kind
    } else if RequestLogFormat.detect(text) == nil, let kind = Self(members: text) {
      // Members of these names may stand in a log's rows, too.
      self = kind
    } else {
      return nil
    }
  }

  /// Tells it by what stands around any rows, so that these tell nothing.
  init?(container text: [UInt8]) {
    if text.count > 262, text[257..<262].elementsEqual("ustar".utf8) {
      self = .archive
    } else if text.starts(with: "PAR1".utf8) {
      self = .parquet
    } else if Self.areBinarySpans(text) {
      self = .binarySpans
    } else if text.starts(with: "Metric,avg,min,max,".utf8) {
      self = .aiperfTotals
    } else if text.starts(with: "Run Info,Run Info,".utf8)
      || text.first(where: { $0 > 0x20 }) == UInt8(ascii: "<")
        && text.prefix(Self.pageStart).holds("<title>GuideLLM")
    {
      self = .guidellmTotals
    } else {
      return nil
    }
  }

  private init?(members text: [UInt8]) {
    guard text.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return nil }
    let names = RequestLogFormat.Members(text).names
    if names.contains("aiperf_version") || names.contains("timeslices") {
      self = .aiperfTotals
    } else if names.count == 2, names.contains("token_length"),
      !names.isDisjoint(with: Self.blockNames)
    {
      self = .ragPulseBlocks
    } else {
      return nil
    }
  }

  private static let blockNames = [
    "sys_prompt_id", "passage_id", "history_id", "user_input_id", "web_search_id",
  ]

  /// How much of a page is looked at for its title.
  private static let pageStart = 4_096
  /// How much of a message is looked at for a name that only OpenTelemetry has.
  private static let messageStart = 64 << 10

  /// Whether a text is messages of OTLP, each behind its length of four bytes or one alone: the first field of both is
  /// that of resources, which name their service in plain text.
  private static func areBinarySpans(_ text: [UInt8]) -> Bool {
    let resources: UInt8 = 0x0A
    guard text.count > 8, text[0] == resources || text[0] == 0 && text[4] == resources else {
      return false
    }
    let start = text.prefix(messageStart)
    // Text may begin with an empty line, but has no other control characters.
    return start.contains { $0 < 0x09 } && (start.holds("service.name") || start.holds("gen_ai."))
  }
}

extension LogCompanion: CustomStringConvertible {
  /// What it is, and what to name instead.
  public var description: String { rawValue }
}
