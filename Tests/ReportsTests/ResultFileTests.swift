import CostModel
import Foundation
import Operators
import Replay
import Reports
import TestSupport
import Testing
import Validation

@Suite("result.json")
struct ResultFileTests {
  private func result(_ run: ToyRun) throws -> ResultFile {
    let validation = try Validation(rows: run.rows)
    let summary = ReplaySummary(run.result)
    var bands = LatencyBands(summary, low: summary, high: summary)
    bands.hold(against: validation)
    return ResultFile(
      toolVersion: "0.1.0",
      inputs: [
        .init(
          role: "request-log", path: "log.jsonl", sha256: String(repeating: "0a", count: 32),
          bytes: 7)
      ],
      deployment: [
        "model": "llama-3.1-8b", "blocks": 2588, "prefix_caching": true, "utilisation": 0.9,
        "engines": .list([.object(["ranks": 1])]),
      ], summary: ReplaySummary(run.result), bands: bands,
      timeShares: TimeShares(run.result),
      validation: validation, warnings: ["something"])
  }

  @Test("keeps to its schema, with everything in it and with nothing")
  func schema() throws {
    let schema = try SchemaCheck(file: "result.schema.json")
    let run = try ToyRun()
    for result in [
      try result(run), try result(ToyRun(isSplit: true)),
      ResultFile(
        toolVersion: "0", inputs: [], deployment: [:],
        summary: ReplaySummary(try ToyRun(requests: 0).result)),
    ] {
      try withTemporaryPath("result.json") { path in
        try result.write(to: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(schema.problems(in: try JSONSerialization.jsonObject(with: data)) == [])
      }
    }
  }

  @Test("is the same to the byte each time, and gives its comparison back")
  func deterministic() throws {
    let result = try result(ToyRun())
    try withTemporaryPath("result.json") { path in
      try result.write(to: path)
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      try result.write(to: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
      #expect(try ResultFile.read(path).validation == result.validation)
    }
  }

  @Test("refuses files of others", arguments: ["", "[]", #"{"schema":"x","version":1}"#])
  func foreign(text: String) throws {
    try withTemporaryPath("result.json") { path in
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: ReportError.self) { try ResultFile.read(path).validation }
    }
  }
}

@Suite("A schema check")
struct SchemaCheckTests {
  @Test(
    "finds what breaks a schema",
    arguments: [
      (#"{"a":1}"#, true), (#"{"a":1.5}"#, false), (#"{}"#, false), (#"{"a":1,"b":2}"#, false),
      (#"{"a":true}"#, false), (#"{"a":0}"#, false), ("[]", false),
    ])
  func finds(text: String, isValid: Bool) throws {
    let schema = SchemaCheck([
      "type": "object", "required": ["a"], "additionalProperties": false,
      "properties": ["a": ["type": "integer", "minimum": 1]],
    ])
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    #expect(schema.problems(in: value).isEmpty == isValid)
  }
}
