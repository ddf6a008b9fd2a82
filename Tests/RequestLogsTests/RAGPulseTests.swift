import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

/// A prompt of two beginnings, some passages and a question, as RAGPulse writes it.
private func row(
  _ time: String, input: Int, passages: [Int], question: Int, session: String = "u"
) -> String {
  #"{"timestamp": "\#(time)", "input_length": \#(input), "output_length": 7, "hash_ids": "#
    + #"{"sys_prompt": [1], "passages_ids": \#(passages), "history": [], "web_search": [], "#
    + #""user_input": [\#(question)]}, "session_id": "\#(session)"}"#
}

private let rows =
  [
    row("2", input: 80, passages: [10, 11], question: 20),
    row("3.5", input: 83, passages: [10, 12], question: 21),
    row("3", input: 80, passages: [11, 10], question: 20, session: "v"),
    row("9", input: 40, passages: [], question: 20),
    // A passage that no file of blocks holds.
    row("9", input: 80, passages: [10, 99], question: 20),
  ].joined(separator: "\n") + "\n\n"

private let files = [
  "1_sys_prompt.jsonl": #"{"sys_prompt_id": 1, "token_length": 32}"#,
  "2_passages.jsonl": """
  {"passage_id": 10, "token_length": 16}
  {"passage_id": 11, "token_length": 20}
  damage
  {"passage_id": 99, "token_length": -1}
  {"passage_id": 12, "token_length": 20}
  """,
  "3_history.jsonl": "", "5_web_search.jsonl": "",
  "4_user_input.jsonl": """
  {"user_input_id": 20, "token_length": 4}
  {"user_input_id": 21, "token_length": 7}
  """,
]

private func withFolder<Result>(
  _ files: [String: String], _ body: (URL) throws -> Result
) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("reprise-rag-\(UInt64.random(in: .min ... .max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (name, text) in files {
    try Data(text.utf8).write(to: folder.appendingPathComponent(name))
  }
  return try body(folder)
}

@Suite("RAGPulse's traces")
struct RAGPulseTests {
  private func log(_ files: [String: String]) throws -> RequestLog {
    try withFolder(files.merging(["0_trace.jsonl": rows]) { $1 }) { folder in
      try RequestLog(path: folder.appendingPathComponent("0_trace.jsonl").path)
    }
  }

  @Test("have times in text, a class, passages and sessions")
  func fields() throws {
    let log = try log(files)
    #expect(log.format == .ragPulse)
    #expect(log.records.map(\.arrival.seconds) == [2, 3, 3.5, 9, 9])
    #expect(log.outOfOrder == 1)
    #expect(log.problems.count == 0)
    #expect(log.records.map(\.passages) == [2, 2, 2, 0, 2])
    // The last row has a passage whose length nothing tells.
    #expect(log.records.map(\.passageTokens) == [36, 36, 36, 0, nil])
    #expect(log.records.allSatisfy { $0.requestClass == "rag" && $0.outputTokens == 7 })
    #expect(log.records.map(\.session) == ["u", "v", "u", "u", "u"])
  }

  @Test("share content as far as their blocks are equal from the beginning on")
  func content() throws {
    let records = try log(files).records.sorted { Int($0.id) ?? 0 < Int($1.id) ?? 0 }
    #expect(records.map(\.content.count) == [5, 5, 5, 2, 0])
    #expect(records[0].tokensPerContentName == 16)
    func shared(_ left: Int, _ right: Int) -> Int {
      zip(records[left].content, records[right].content).prefix { $0 == $1 }.count
    }
    // 32 tokens of the system prompt, 16 of passage 10; the next piece touches another passage.
    #expect(shared(0, 1) == 3)
    #expect(shared(0, 2) == 2)
    #expect(shared(0, 3) == 2)
    // What belongs to no block is the request's own.
    #expect(records[0].content[4] != records[2].content[4])
  }

  @Test("have no content without the files of blocks, and a warning that names them")
  func withoutBlocks() throws {
    var some = files
    some["2_passages.jsonl"] = nil
    let log = try log(some)
    #expect(log.records.count == 5)
    #expect(
      log.records.allSatisfy { $0.content.isEmpty && $0.passages != nil && $0.passageTokens == nil }
    )
    #expect(log.summary.warnings.contains { $0.contains("1_sys_prompt to 5_web_search") })
    let bytes = try RequestLog(RequestLogReader(bytes: Array(rows.utf8)))
    #expect(bytes.records == log.records)
  }

  @Test("refuse rows whose blocks are no lists of names")
  func badRows() throws {
    let bad = [
      #"{"timestamp":"1","input_length":9,"output_length":1,"hash_ids":{"history":[-1]}}"#,
      #"{"timestamp":"1","input_length":9,"output_length":1,"hash_ids":{"history":{}}}"#,
      #"{"timestamp":"x","input_length":9,"output_length":1,"hash_ids":{}}"#,
      #"{"timestamp":"1","input_length":0,"output_length":1,"hash_ids":{}}"#,
      #"{"timestamp":"1","input_length":9,"output_length":1,"hash_ids":{"other":[[]]}}"#,
    ]
    let log = try RequestLog(
      RequestLogReader(
        bytes: Array(bad.joined(separator: "\n").utf8), options: .init(badRowLimit: 1)))
    #expect(log.records.count == 1)
    #expect(
      log.problems.tallies.map { "\($0.problem) \($0.lines)" }
        == ["badNumber [1, 2, 3]", "tokensOutOfRange [4]"])
  }

  /// Counted by a script of its own: every token of every block in order, cut into pieces of 16, and looked up
  /// in a cache without end.
  @Test("of the public week hold what an independent count finds", .needsSharedData)
  func week() throws {
    var reader = try RequestLogReader(
      path: SharedData.path("request-logs/ragpulse/0_trace.jsonl.zst"))
    var records: [RequestRecord] = []
    while let record = try reader.next() { records.append(record) }
    #expect(records.count == 7_106)
    #expect(reader.problems.count == 0)
    #expect(reader.outOfOrder == 1)
    let summary = LogSummary(RequestLog(format: .ragPulse, records: records))
    #expect(summary.inputTokens == 20_917_099)
    #expect(summary.outputTokens == 2_012_676)
    #expect(summary.contentMisfits == 0)
    #expect(records.reduce(0) { $0 + ($1.passages ?? 0) } == 33_255)
    #expect(Set(records.compactMap(\.session)).count == 3_990)
    // All 7,106 were compared once: 1,303,897 pieces, 410,875 hits.
    let (pieces, hits) = prefixHits(Array(records.prefix(2_000)))
    #expect(pieces == 372_039)
    #expect(hits == 118_320)
  }
}
