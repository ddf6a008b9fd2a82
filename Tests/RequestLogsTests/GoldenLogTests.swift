import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

/// What is known of public logs, each with a small sibling on rows of its own in the other files.
@Suite("Public logs", .needsSharedData)
struct GoldenLogTests {
  @Test(
    "of Azure have every row, to the tick",
    arguments: [("code", 8_819, 3_435_948_056_000), ("conv", 19_366, 3_501_721_937_000)])
  func azure(name: String, rows: Int, span: Int64) throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/azure2023/AzureLLMInferenceTrace_\(name).csv"))
    #expect(log.format == .azure)
    #expect(log.records.count == rows)
    #expect(log.summary.span == Nanoseconds(span))
    #expect(log.problems.count == 0)
    #expect(log.summary.measured == 0)
  }

  @Test("of Mooncake have names for every block of 512 tokens and a coarse clock")
  func mooncake() throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/mooncake/conversation_trace.jsonl.zst"))
    #expect(log.format == .mooncake)
    #expect(log.records.count == 12_031)
    #expect(log.records.allSatisfy { $0.content.count == ($0.inputTokens + 511) / 512 })
    #expect(log.records.allSatisfy { $0.tokensPerContentName == 512 })
    let summary = log.summary
    #expect(summary.distinctArrivals == 1_180)
    #expect(summary.largestTie == 28)
    #expect(summary.contentMisfits == 0)
    #expect(summary.warnings.count == 1)
  }

  @Test(
    "of measured vLLM runs give the latencies that their project tells",
    arguments: [
      ("rtx4090-llama-3.1-8b-tp1", 65_456.6, 32.4, 86_578.3),
      ("rtxpro6000-llama-3.1-8b-tp1", 7_097.2, 32.5, 28_200.7),
    ])
  func vllm(name: String, ttft: Double, tpot: Double, endToEnd: Double) throws {
    var log = try RequestLog(path: SharedData.path("serving-runs/\(name)/vllm_requests.jsonl"))
    #expect(log.format == .vllmRun)
    #expect(log.records.count == 300)
    func mean(_ values: [Nanoseconds?]) -> Double {
      let values = values.compactMap(\.self)
      #expect(values.count == 300)
      return values.reduce(0) { $0 + $1.milliseconds } / Double(values.count)
    }
    func tenth(_ value: Double) -> Double { (value * 10).rounded() / 10 }
    let measured = log.records.map(\.measured)
    #expect(tenth(mean(measured.map { $0?.firstToken })) == ttft)
    #expect(tenth(mean(measured.map { $0?.lastToken })) == endToEnd)
    #expect(
      tenth(
        mean(log.records.map { $0.measured?.timePerOutputToken(outputTokens: $0.outputTokens) }))
        == tpot)

    let workload = try RequestLog(
      path: SharedData.path("serving-runs/sharegpt-llama-3.1-8b-300-sps10.jsonl.zst"))
    #expect(workload.format == .workload)
    try log.takeContent(from: workload)
    #expect(log.records.allSatisfy { $0.content.count == $0.inputTokens })
    #expect(log.summary.contentMisfits == 0)
  }

  @Test(
    "come back from our own format unchanged",
    arguments: [
      "request-logs/azure2023/AzureLLMInferenceTrace_code.csv",
      "request-logs/mooncake/conversation_trace.jsonl.zst",
      "serving-runs/rtx4090-llama-3.1-8b-tp1/vllm_requests.jsonl",
      "serving-runs/sharegpt-llama-3.1-8b-300-sps10.jsonl.zst",
    ])
  func roundTrip(name: String) throws {
    let log = try RequestLog(path: SharedData.path(name))
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reprise-log-\(UInt64.random(in: .min ... .max)).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try RequestLogWriter.write(log.records, to: path)
    let read = try RequestLog(path: path)
    #expect(read.format == .reprise)
    // Only content has a size of its blocks in our format.
    #expect(
      read.records
        == log.records.map { record in
          var record = record
          if record.content.isEmpty { record.tokensPerContentName = 1 }
          return record
        })
  }
}
