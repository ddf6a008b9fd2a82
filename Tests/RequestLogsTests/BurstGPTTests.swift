import Operators
import RequestLogs
import Testing

private func read(_ text: String, limit: Double = 0) throws -> RequestLog {
  try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

@Suite("BurstGPT's traces")
struct BurstGPTTests {
  @Test("of six columns begin at the first row, and keep failures")
  func six() throws {
    let log = try read(
      """
      Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type
      5,ChatGPT,472,18,490,Conversation log
      45,GPT-4,1087,0,1087,API log
      """)
    #expect(log.format == .burstGPT)
    #expect(log.records.map(\.arrival.seconds) == [0, 40])
    #expect(log.records.map(\.inputTokens) == [472, 1087])
    #expect(log.records.map(\.outputTokens) == [18, 0])
    #expect(log.records.map(\.requestClass) == ["Conversation log", "API log"])
    #expect(log.summary.withoutOutput == 1)
  }

  @Test("of eight columns have sessions, blank for calls of the interface")
  func eight() throws {
    let log = try read(
      "\u{FEFF}\"Timestamp\",\"Session ID\",\"Elapsed time\",Model,Request tokens,Response tokens,"
        + "Total tokens,Log Type\r\n19440110.25,ab-1,3,GPT-4,10,2,12,Conversation log\r\n"
        + "19440111.0,,12,GPT-4,11,3,14,API log\r\n19440112.5,,12,GPT-4,x,3,14,API log",
      limit: 1)
    #expect(log.format == .burstGPT)
    #expect(log.records.map(\.arrival.rawValue) == [0, 750_000_000])
    #expect(log.records.map(\.session) == ["ab-1", nil])
    #expect(log.problems.firstLine == 4)
    // Whole seconds of the whole request.
    #expect(
      log.records.map(\.measured?.lastToken) == [3, 12].map { Nanoseconds($0 * 1_000_000_000) })
    #expect(log.records.allSatisfy { $0.measured?.firstToken == nil })
    #expect(log.summary.measured == 2)
    #expect(log.summary.measuredEnds == 2)
    #expect(
      log.summary.warnings.contains {
        $0.contains("of 2 of 2 requests the log tells the end alone")
      })
  }

  @Test("of eight columns tell no latency of requests that failed")
  func failures() throws {
    let log = try read(
      "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
        + "1,,7,GPT-4,10,0,10,API log\n2,,,GPT-4,10,4,14,API log")
    #expect(log.records.map(\.measured) == [nil, nil])
    #expect(log.summary.measured == 0)
  }
}

@Suite("SGLang's metrics of requests")
struct SGLangTests {
  @Test("give queue, first token and end since the arrival")
  func metrics() throws {
    let log = try read(
      #"{"id":"r1","request_parameters":"{\"stream\": true}","prompt_tokens":12,"completion_tokens":4,"#
        + #""cached_tokens":0,"request_received_ts":1790000000.5,"queue_time":0.001,"#
        + #""first_token_latency":0.25,"e2e_latency":1.5}"# + "\n"
        + #"{"id":"r2","prompt_tokens":12,"completion_tokens":4,"request_received_ts":1790000001.0,"#
        + #""e2e_latency":1.5}"#)
    #expect(log.format == .sglang)
    #expect(log.records.map(\.arrival.rawValue) == [0, 500_000_000])
    #expect(
      log.records[0].measured
        == MeasuredTimes(
          scheduled: Nanoseconds(1_000_000), firstToken: Nanoseconds(250_000_000),
          lastToken: Nanoseconds(1_500_000_000)))
    #expect(
      log.records[1].measured
        == MeasuredTimes(
          scheduled: nil, firstToken: nil, lastToken: Nanoseconds(1_500_000_000)))
  }
}
