import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

// Here, and not beside the other tests of request logs, for the sake of the schema checker.
@Suite("A request log of our own")
struct RequestLogSchemaTests {
  @Test("keeps to its schema in every line, the largest content names included")
  func schema() throws {
    let schema = try SchemaCheck(file: "request-log.schema.json")
    var records = try ToyRun().log
    records[0].content = [0, .max]
    records[0].tokensPerContentName = 512
    records[1].measured?.tokens = [Nanoseconds(1), Nanoseconds(2)]
    records[2].session = "a"
    records[2].thinkTime = .zero
    records[2].cancelled = Nanoseconds(5)
    records[0].requestClass = "rag"
    records[0].passages = 6
    records[0].passageTokens = records[0].inputTokens - 1
    records[0].difficulty = 1
    records[1].difficulty = 1e-9
    records[1].stages = ["retrieve", "rerank"]
    records[2].parentSession = "b"
    let text = try withTemporaryPath("log.jsonl") { path in
      try RequestLogWriter.write(records, to: path)
      return try String(contentsOfFile: path, encoding: .utf8)
    }
    let lines = text.split(separator: "\n")
    #expect(lines.count == records.count + 1)
    for line in lines {
      let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
      #expect(schema.problems(in: value) == [], "\(line)")
    }
    #expect(!schema.problems(in: ["id": "x", "arrival_ns": 1, "input_tokens": 0]).isEmpty)
  }
}
