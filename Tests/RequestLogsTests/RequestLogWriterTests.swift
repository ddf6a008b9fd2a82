import Foundation
import Operators
import RequestLogs
import Testing
import TraceIO

@Suite("A log in our own format")
struct RequestLogWriterTests {
  @Test("keeps all that a record holds")
  func roundTrip() throws {
    var records = [
      RequestRecord(id: "a\"\\\n\u{1}é", arrival: Nanoseconds(-5), inputTokens: 1, outputTokens: 0),
      RequestRecord(
        id: "b", arrival: Nanoseconds(1_234_567_890_123_456_789), inputTokens: 1_000,
        outputTokens: 2, content: [.max, 0], tokensPerContentName: 512,
        measured: MeasuredTimes(
          scheduled: Nanoseconds(1), firstToken: Nanoseconds(2), lastToken: Nanoseconds(9),
          tokens: [Nanoseconds(2), Nanoseconds(9)])),
      RequestRecord(
        id: "", arrival: Nanoseconds(1_234_567_890_123_456_789), inputTokens: 1, outputTokens: 1,
        measured: MeasuredTimes(
          scheduled: nil, firstToken: Nanoseconds(2), lastToken: Nanoseconds(2)),
        session: "s\"", thinkTime: Nanoseconds(7), cancelled: Nanoseconds(3)),
    ]
    records[1].priority = -3
    records[1].requestClass = "rag \"1\""
    records[2].passages = 0
    records[1].passageTokens = 999
    records[1].difficulty = 0.123456789
    records[1].stages = ["re\"rank", ""]
    records[2].difficulty = 1e-9
    records[2].stages = []
    records[2].parentSession = "p"
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reprise-log-\(UInt64.random(in: .min ... .max)).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try RequestLogWriter.write(records, to: path)
    let log = try RequestLog(path: path)
    #expect(log.format == .reprise)
    #expect(log.records == records)
    #expect(log.input?.sha256.count == 64)
    #expect(log.summary.duplicateIDs == 0)
  }

  @Test("that cannot be written says why")
  func refused() {
    let error = #expect(throws: OutputError.self) {
      try RequestLogWriter.write([], to: "/nowhere/at/all/log.jsonl")
    }
    #expect(error?.description.contains("No such file or directory") == true)
  }
}
