import RequestLogs
import TestSupport
import Testing

/// A file of tar with one file in it, as far as its magic is concerned.
private func archive(of text: String) -> [UInt8] {
  var header = Array("log.jsonl".utf8) + [UInt8](repeating: 0, count: 503)
  header.replaceSubrange(257..<265, with: Array("ustar  \0".utf8))
  return header + Array("\n\(text)".utf8)
}

/// A message of OTLP: resource spans { resource { attributes { key: "service.name" value { "vllm" } } } }.
private let message: [UInt8] =
  [0x0A, 26, 0x0A, 24, 0x0A, 22, 0x0A, 12] + Array("service.name".utf8)
  + [0x12, 6, 0x0A, 4] + Array("vllm".utf8)

@Suite("Files that are given in place of a log")
struct LogCompanionTests {
  private static let row = #"{"timestamp":1,"input_length":5,"output_length":5}"#

  @Test(
    "are told by their content, and the refusal names the log that is meant",
    arguments: [
      // Lines in an archive would read as a log's.
      (archive(of: row + "\n" + row + "\n"), .archive, "tar -xf"),
      (Array("PAR1\u{15}\u{4}".utf8), .parquet, "to_json"),
      (message, .binarySpans, "format: json"),
      ([0, 0, 0, 28] + message, .binarySpans, "format: json"),
      (Array(#"{"passage_id": 0, "token_length": 84}"#.utf8), .ragPulseBlocks, "0_trace.jsonl"),
      (Array("Metric,avg,min,max,sum,p1\nTTFT,1\n".utf8), .aiperfTotals, "profile_export.jsonl"),
      (
        Array("{\n \"schema_version\": \"1.4\",\n \"aiperf_version\": \"0.13.0\"}".utf8),
        .aiperfTotals, "profile_export.jsonl"
      ),
      (Array("Run Info,Run Info,Benchmark\n".utf8), .guidellmTotals, "benchmarks.json"),
      (
        Array("<!DOCTYPE html>\n<title>GuideLLM Benchmark Report</title>".utf8), .guidellmTotals,
        "benchmarks.json"
      ),
    ] as [([UInt8], LogCompanion, String)])
  func told(bytes: [UInt8], kind: LogCompanion, meant: String) {
    let error = #expect(throws: RequestLogError.self) {
      try RequestLog(RequestLogReader(bytes: bytes, name: "f"))
    }
    #expect(error == .companion(path: "f", kind))
    #expect(error?.description.hasPrefix("f: is ") == true)
    #expect(error?.description.contains(meant) == true)
  }

  @Test(
    "are none where they are logs, or anything else",
    arguments: [
      row, "\n" + row, "", "{}", "TIMESTAMP,ContextTokens,GeneratedTokens\n",
      #"{"prompt": "what is <title>GuideLLM?"}"#, "\nservice.name,x\n",
      #"{"history_id": 1, "token_length": 2, "timestamp": 3}"#,
    ])
  func others(text: String) { #expect(LogCompanion(Array(text.utf8)) == nil) }

  @Test(
    "are none where a log's first row has a member of theirs",
    arguments: [
      #""timeslices": 4"#, #""aiperf_version": "0.13""#,
    ])
  func membersInRows(member: String) throws {
    let text = Array((Self.row.dropLast() + "," + member + "}\n" + Self.row).utf8)
    #expect(LogCompanion(text) == nil)
    let log = try RequestLog(RequestLogReader(bytes: text, name: "f"))
    #expect(log.format == .mooncake && log.records.count == 2)
  }

  @Test(
    "are those of published data sets", .needsSharedData,
    arguments: [
      ("ragpulse/1_sys_prompt.jsonl.zst", LogCompanion.ragPulseBlocks),
      ("ragpulse/5_web_search.jsonl.zst", .ragPulseBlocks),
      ("tool_outputs_mock/aiperf/profile_export_aiperf.csv", .aiperfTotals),
      ("tool_outputs_mock/aiperf/profile_export_aiperf.json", .aiperfTotals),
      ("tool_outputs_mock/aiperf/profile_export_aiperf_timeslices.json.zst", .aiperfTotals),
      ("tool_outputs_mock/guidellm/benchmarks.csv", .guidellmTotals),
      ("tool_outputs_mock/guidellm/benchmarks.html", .guidellmTotals),
      ("servegen/servegen_reason_mm_and_traces.tar.zst", .archive),
      ("ragpulse/0_trace.jsonl.zst", nil),
      ("tool_outputs_mock/aiperf/profile_export.jsonl", nil),
      ("tool_outputs_mock/guidellm/benchmarks.json.zst", nil),
    ])
  func published(name: String, kind: LogCompanion?) {
    #expect(
      RequestLogReader.companion(ofFile: SharedData.path("request-logs/\(name)")) == kind)
  }
}
