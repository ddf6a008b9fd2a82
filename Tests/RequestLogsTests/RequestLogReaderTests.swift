import Foundation
import Operators
import Testing

@testable import RequestLogs

private func read(_ text: String, limit: Double = 1) throws -> RequestLog {
  try RequestLog(
    RequestLogReader(
      bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

@Suite("A reader of request logs")
struct RequestLogReaderTests {
  @Test("tells Azure's CSV by its header and keeps its ticks of 100 ns")
  func azure() throws {
    let log = try read(
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 23:59:59.9999998,4808,10\r\n"
        + "2023-11-17 00:00:00.0000001,3180,8\r\n2023-11-17T00:00:00Z,1,0")
    #expect(log.format == .azure)
    #expect(log.records.map(\.arrival.rawValue) == [0, 200, 300])
    #expect(log.records.map(\.inputTokens) == [4808, 1, 3180])
    #expect(log.records.map(\.id) == ["1", "3", "2"])
    #expect(log.outOfOrder == 1)
    #expect(log.summary.withoutOutput == 1)
  }

  @Test("puts rows in order of arrival and begins at zero when the first row is not the earliest")
  func outOfOrder() throws {
    let log = try read(
      """
      TIMESTAMP,ContextTokens,GeneratedTokens
      2023-11-16 00:00:02,2,1
      2023-11-16 00:00:01,1,1
      2023-11-16 00:00:02,3,1
      """)
    #expect(log.records.map(\.inputTokens) == [1, 2, 3])
    #expect(log.records.map(\.arrival.seconds) == [0, 1, 1])
    #expect(log.outOfOrder == 1)
    #expect(log.summary.warnings.contains { $0.contains("out of order") })
  }

  @Test("tells Mooncake's traces by their members, counts milliseconds and warns of a coarse clock")
  func mooncake() throws {
    let log = try read(
      """
      {"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [1, 2]}
      {"timestamp": 3000, "input_length": 512, "output_length": 1, "hash_ids": [18446744073709551615]}
      {"timestamp": 3000, "input_length": 1, "output_length": 1, "hash_ids": [], "session_id": "x"}
      """)
    #expect(log.format == .mooncake)
    #expect(log.records.map(\.arrival.seconds) == [0, 3, 3])
    #expect(log.records.map(\.content) == [[1, 2], [.max], []])
    #expect(log.records[0].tokensPerContentName == 512)
    #expect(log.summary.distinctArrivals == 2)
    #expect(log.summary.tiedArrivals == 2)
    #expect(log.summary.warnings.count == 1)
  }

  @Test("warns of times and blocks that are not Mooncake's usual ones")
  func otherUnits() throws {
    let log = try read(
      #"{"timestamp": 0.0005, "input_length": 64, "output_length": 5, "hash_ids": [1, 2, 3, 4]}"#)
    #expect(log.records[0].arrival == Nanoseconds(500))
    #expect(log.summary.warnings.count == 2)
    let other = try RequestLog(
      RequestLogReader(
        bytes: Array(
          #"{"timestamp":1,"input_length":64,"output_length":5,"hash_ids":[1,2,3,4]}"#.utf8),
        options: .init(tokensPerContentName: 16)))
    #expect(other.records[0].tokensPerContentName == 16)
    #expect(other.summary.warnings.isEmpty)
  }

  @Test("takes a vLLM run's queue time as arrival, and never mixes its two clocks")
  func vllm() throws {
    let log = try read(
      #"{"request_id": "bench-0", "input_toks": 2358, "output_toks": 3, "arrival_time": 1787267980."#
        + #"0827403, "queued_ts": 479748.340626232, "scheduled_ts": 479748.34067238, "#
        + #""first_token_ts": 479748.510151426, "last_token_ts": 479764.054028055}"# + "\n"
        + #"{"request_id": "bench-1", "input_toks": 8, "output_toks": 0, "queued_ts": 479749, "#
        + #""first_token_ts": null}"#)
    #expect(log.format == .vllmRun)
    let first = try #require(log.records.first)
    #expect(first.arrival == .zero)
    #expect(first.measured?.scheduled == Nanoseconds(46_148))
    #expect(first.measured?.firstToken == Nanoseconds(169_525_194))
    #expect(first.measured?.lastToken == Nanoseconds(15_713_401_823))
    #expect(first.measured?.timePerOutputToken(outputTokens: 3) == Nanoseconds(7_771_938_315))
    #expect(log.records[1].arrival == Nanoseconds(659_373_768))
    #expect(log.records[1].measured == nil)
    #expect(log.summary.measured == 1)
  }

  @Test("reads workloads with token ids, which can give a measured run its content")
  func content() throws {
    let workload = try read(
      #"{"input_toks": 2, "output_toks": 9, "arrival_time_ns": 46926808, "input_tok_ids": [5, 6]}"#)
    #expect(workload.format == .workload)
    #expect(workload.records[0].arrival == Nanoseconds(46_926_808))
    func run(_ tokens: Int) throws -> RequestLog {
      try read(#"{"request_id":"a","input_toks":\#(tokens),"output_toks":9,"queued_ts":1}"#)
    }
    var log = try run(2)
    try log.takeContent(from: workload)
    #expect(log.records[0].content == [5, 6])
    #expect(log.records[0].tokensPerContentName == 1)
    var other = try run(3)
    let error = #expect(throws: RequestLogError.self) { try other.takeContent(from: workload) }
    #expect(
      error?.description
        == "the logs do not belong together: request 'a' has 3 prompt tokens, its content 2; "
        + "give the log that the server was sent")
    #expect(throws: RequestLogError.self) { try log.takeContent(from: RequestLog(records: [])) }
  }

  @Test("skips bad rows up to the limit, and counts them by reason with their lines")
  func badRows() throws {
    let good = #"{"timestamp":1,"input_length":5,"output_length":5}"#
    let rows = [
      good, "{", #"{"timestamp":1}"#, #"{"timestamp":1,"input_length":0,"output_length":5}"#,
      #"{"timestamp":"x","input_length":1,"output_length":5}"#, good, "[1]",
      #"{"timestamp":1e30,"input_length":1,"output_length":5}"#,
      #"{"timestamp":1,"input_length":1.5,"output_length":5}"#,
      #"{"timestamp":1,"input_length":99999999,"output_length":5}"#,
      #"{"timestamp":1,"input_length":-4,"output_length":5}"#,
      #"{"timestamp":NaN,"input_length":1,"output_length":5}"#,
      #"{"timestamp":1,"input_length":1,"output_length":5,"hash_ids":[-1]}"#,
    ]
    let log = try read(rows.joined(separator: "\n"))
    #expect(log.records.count == 2)
    let tallies = Dictionary(
      uniqueKeysWithValues: log.problems.tallies.map { ($0.problem, $0.lines) })
    #expect(
      tallies == [
        .notAnObject: [2, 7], .missingInputTokens: [3], .tokensOutOfRange: [4, 10, 11],
        .badNumber: [5, 9, 12, 13], .timeOutOfRange: [8],
      ])
    #expect(log.summary.badRows == 11)
    let error = #expect(throws: RequestLogError.self) {
      try read(rows.joined(separator: "\n"), limit: 0.5)
    }
    #expect(
      error?.description
        == "log:2: not a JSON object; 11 of 13 rows are bad, more than may be skipped: correct "
        + "them, or allow a larger share")
  }

  @Test("keeps the first five lines of a reason")
  func manyBadRows() throws {
    let text =
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 00:00:02,2,1\n"
      + String(repeating: "x,1,1\n", count: 9)
    let log = try read(text)
    #expect(
      log.problems.sentences
        == ["9 rows skipped: a field is not a number that fits (lines 3, 4, 5, 6, 7, ...)"])
  }

  @Test(
    "refuses requests whose times run backwards",
    arguments: [
      #""scheduled_ns":9,"first_token_ns":20,"last_token_ns":30"#,
      #""scheduled_ns":25,"first_token_ns":20,"last_token_ns":30"#,
      #""first_token_ns":31,"last_token_ns":30"#,
      #""first_token_ns":20,"last_token_ns":30,"token_ns":[20,19,30]"#,
      #""first_token_ns":20,"last_token_ns":30,"token_ns":[20,31]"#,
    ])
  func backwards(times: String) throws {
    let good = #"{"id":"a","arrival_ns":10,"input_tokens":1,"output_tokens":2"#
    let log = try read(
      #"{"schema":"reprise.request-log","version":1}"# + "\n\(good)}\n\(good),\(times)}\n")
    #expect(log.problems.tallies.map(\.problem) == [.timesOutOfOrder])
  }

  @Test(
    "refuses what is no log, in words",
    arguments: [
      ("", "log: there is no request in it"), ("\n \n", "log: there is no request in it"),
      ("hello", "log: not a request log that is read; docs/FORMATS.md lists those that are"),
      ("{}", "log: not a request log"),
      (
        #"{"timestamp":1,"input_length":2,"output":3}"#,
        "log: not a request log that is read; it comes nearest to Mooncake traces (JSONL) without 'output_length',"
      ),
      (
        "TIMESTAMP,ContextTokens,Generated\n1,2,3\n",
        "log: not a request log that is read; it comes nearest to Azure LLM inference traces (CSV) without "
          + "'generatedtokens',"
      ),
      (#"{"metadata":{}}"#, "log: not a request log that is read; docs/"),
      (#"{"schema":"reprise.request-log","version":2}"#, "log:1: it is version 2;"),
      (#"{"schema":"reprise.request-log"}"#, "log:1: the first line is not the log's header"),
      (#"{"schema":"reprise.request-log","version":1}"#, "log: there is no request in it"),
      ("TIMESTAMP,ContextTokens,GeneratedTokens\r\n", "log: there is no request in it"),
    ])
  func refuses(text: String, message: String) {
    let error = #expect(throws: RequestLogError.self) { try read(text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test("survives any log that is cut anywhere, and any byte that is changed")
  func hostile() {
    let texts = [
      "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,37,6\r\n",
      #"{"schema":"reprise.request-log","version":1}"# + "\n"
        + #"{"id":"\u00e9","arrival_ns":1,"input_tokens":3,"output_tokens":2,"first_token_ns":2,"#
        + #""last_token_ns":5,"token_ns":[2,5],"content":[1,2,3],"tokens_per_content_name":1}"#,
      #"{"timestamp":9223372036854775807,"input_length":5,"output_length":5,"hash_ids":[9]}"# + "\n"
        + #"{"timestamp":-9223372036854,"input_length":5,"output_length":5,"hash_ids":[9]}"#,
      #"{"timestamp":"8","input_length":5,"output_length":5,"hash_ids":{"history":[1],"user_input":[9]}}"#,
      #"{"id":"a","block_size":64,"requests":[{"t":0,"in":5,"out":5,"hash_ids":[1],"api_time":9},"#
        + #"{"t":9e9,"type":"subagent","duration_ms":9,"requests":[{"t":-9e9,"in":5,"out":5}]}]}"#,
    ]
    for text in texts {
      let bytes = Array(text.utf8)
      for index in bytes.indices {
        _ = try? RequestLog(RequestLogReader(bytes: Array(bytes[..<index]))).summary
        for change: UInt8 in [0, 0x22, 0x2D, 0x30, 0x39, 0x5B, 0x7B, 0x7D, 0xFF] {
          var changed = bytes
          changed[index] = change
          _ = try? RequestLog(RequestLogReader(bytes: changed)).summary
        }
      }
    }
  }

  @Test(
    "survives any document and table that is cut anywhere, and bytes that are changed",
    arguments: [
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"5","attributes":[{"key":"#
        + #""gen_ai.latency.e2e","value":{"doubleValue":9e9}},{"key":"gen_ai.usage.input_tokens"}]}]}]}]}"#,
      #"{"input_lens":[5],"output_lens":[2],"ttfts":[9e9],"itls":[[1,2]],"start_times":[-9e9]}"#,
      #"{"benchmarks":[{"requests":{"errored":[{"prompt_tokens":5,"info":{"timings":{"#
        + #""request_start":9e9}}}]}}]}"#,
      #"{"metadata":{"request_start_ns":9},"metrics":{"request_latency":{"value":9e9,"unit":"ms"}}}"#,
      "Timestamp,Request tokens,Response tokens,Log Type\n5,6,7,x\n",
    ])
  func hostileDocument(text: String) {
    let bytes = Array(text.utf8)
    for index in bytes.indices {
      _ = try? RequestLog(RequestLogReader(bytes: Array(bytes[..<index]))).summary
      for change: UInt8 in [0x22, 0x39] {
        var changed = bytes
        changed[index] = change
        _ = try? RequestLog(RequestLogReader(bytes: changed)).summary
      }
    }
  }

  @Test("survives times at the ends of the range")
  func extremes() throws {
    let log = try read(
      #"{"schema":"reprise.request-log","version":1}"# + "\n"
        + #"{"id":7,"arrival_ns":-9223372036854775807,"input_tokens":1,"output_tokens":2}"# + "\n"
        + #"{"id":"b","arrival_ns":9223372036854775807,"input_tokens":1,"output_tokens":2}"# + "\n"
        + #"{"id":"c","arrival_ns":-9223372036854775807,"input_tokens":1,"output_tokens":2,"#
        + #""first_token_ns":0,"last_token_ns":1}"#)
    #expect(log.records.map(\.id) == ["7", "b"])
    #expect(log.summary.span == Nanoseconds(.max))
    #expect(log.problems.tallies.map(\.problem) == [.timeOutOfRange])
  }
}

@Suite("A timestamp")
struct TimestampTests {
  @Test(
    "is read exactly",
    arguments: [
      ("1970-01-01 00:00:00", 0), ("1970-01-01 00:00:00.000000001", 1),
      ("2023-11-16 18:15:46.6805900", 1_700_158_546_680_590_000),
      ("2024-05-12 00:00:00+00:00", 1_715_472_000_000_000_000),
      ("2024-05-12T02:00:00.5+02:00", 1_715_472_000_500_000_000),
      ("2024-02-29 12:00:00Z", 1_709_208_000_000_000_000),
      ("1969-12-31 23:59:59.9", -100_000_000), ("1969-12-31 19:00:00-0500", 0),
    ] as [(String, Int64)])
  func exact(text: String, nanoseconds: Int64) {
    #expect(Timestamp.nanoseconds(text) == nanoseconds)
  }

  @Test(
    "is nothing else",
    arguments: [
      "", "2023-11-16", "2023-13-16 00:00:00", "2023-11-16 24:00:00", "2023-11-16 00:00:00.",
      "2023-11-16 00:00:00.0000000001", "2023-11-16 00:00:00 x", "9999-01-01 00:00:00",
      "2023-11-16 00:00:00+99:00", "-023-11-16 00:00:00", "2023-11-1é 00:00:00",
    ])
  func refused(text: String) {
    #expect(Timestamp.nanoseconds(text) == nil)
  }
}
