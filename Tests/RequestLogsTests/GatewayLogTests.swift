import Operators
import RequestLogs
import TestSupport
import Testing

private func read(_ lines: String..., limit: Double = 0) throws -> RequestLog {
  let text = lines.joined(separator: "\n")
  return try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

private func times(_ first: Int64, _ last: Int64) -> MeasuredTimes {
  MeasuredTimes(scheduled: nil, firstToken: Nanoseconds(first), lastToken: Nanoseconds(last))
}

private func end(_ last: Int64) -> MeasuredTimes {
  MeasuredTimes(scheduled: nil, firstToken: nil, lastToken: Nanoseconds(last))
}

@Suite("Logs of gateways and of other replayers")
struct GatewayLogTests {
  @Test(
    "of Dynamo have hashes beyond 63 bits, their block size, sessions and what enriched rows add")
  func dynamo() throws {
    let log = try read(
      #"{"schema":"dynamo.request.trace.v1","event_type":"request_end","event_time_unix_ms":1777312801000,"#
        + #""agent_context":{"session_id":"s","parent_session_id":"p"},"request":{"request_id":"a","#
        + #""request_received_ms":1777312800000,"input_tokens":120,"output_tokens":16,"ttft_ms":12.5,"#
        + #""total_time_ms":990,"replay":{"trace_block_size":64,"input_length":128,"#
        + #""input_sequence_hashes":[14879255164371896291,274632075616497421]}}}"#,
      #"{"schema":"dynamo.request.trace.v1","event_type":"tool_end","tool":{"name":"x"}}"#,
      #"{"schema":"dynamo.request.trace.v1","event_type":"request_end","request":{"request_id":"b","#
        + #""request_received_ms":1777312800250,"input_tokens":9,"output_tokens":2}}"#)
    #expect(log.format == .dynamo)
    #expect(log.records.map(\.id) == ["a", "b"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 250_000_000])
    #expect(log.records.map(\.inputTokens) == [128, 9])
    #expect(log.records[0].content == [14_879_255_164_371_896_291, 274_632_075_616_497_421])
    #expect(log.records[0].tokensPerContentName == 64)
    #expect(log.records[0].measured == times(12_500_000, 990_000_000))
    #expect(log.records[0].session == "s")
    #expect(log.records[0].parentSession == "p")
    #expect(log.records[1].measured == nil)
    #expect(log.problems.count == 0)
    #expect(log.summary.contentMisfits == 0)
  }

  @Test("of Bailian join turns to conversations, and name pieces of 16 tokens")
  func bailian() throws {
    func line(_ chat: Int, _ parent: Int, _ time: Double) -> String {
      #"{"chat_id":\#(chat),"parent_chat_id":\#(parent),"timestamp":\#(time),"input_length":33,"#
        + #""output_length":4,"type":"text","turn":1,"hash_ids":[7,8,9]}"#
    }
    let log = try read(
      line(159, -1, 61.114), line(160, -1, 61.5), line(163, 159, 70), line(170, 163, 80.25))
    #expect(log.format == .bailian)
    #expect(log.records.map(\.arrival.rawValue) == [0, 386_000_000, 8_886_000_000, 19_136_000_000])
    #expect(log.records.map(\.session) == ["159", "160", "159", "159"])
    #expect(log.records.map(\.requestClass) == ["text", "text", "text", "text"])
    #expect(log.records[0].tokensPerContentName == 16)
    #expect(log.summary.contentMisfits == 0)
    #expect(SessionTurns(log.records)?.predecessors == [-1, -1, 0, 2])
  }

  @Test("of Mooncake's kind may have turns with a pause and no stamp")
  func pauses() throws {
    let log = try read(
      #"{"session_id":"a","timestamp":1000,"input_length":20,"output_length":5,"hash_ids":[1]}"#,
      #"{"session_id":"a","delay_ms":50,"input_length":30,"output_length":5,"hash_ids":[1],"priority":3}"#,
      #"{"session_id":"a","delay":50.5,"input_length":40,"output_length":5,"hash_ids":[1]}"#)
    #expect(log.format == .mooncake)
    #expect(
      log.records.map(\.arrival.rawValue) == [1_000_000_000, 1_050_000_000, 1_100_500_000])
    #expect(log.records.map(\.thinkTime?.rawValue) == [nil, 50_000_000, 50_500_000])
    #expect(log.records.map(\.priority) == [0, 3, 0])
    #expect(SessionTurns(log.records)?.predecessors == [-1, 0, 1])
    // The first turn of a session needs its stamp.
    #expect(throws: RequestLogError.self) {
      try read(
        #"{"session_id":"a","timestamp":null,"delay":1,"input_length":20,"output_length":5}"#)
    }
  }

  @Test("of TraceLab are sent with their last input, after the pause since the round before")
  func traceLab() throws {
    func line(_ session: String, _ round: Int, _ events: String) -> String {
      #"{"session_id":"\#(session)","round_index":\#(round),"round_id":"\#(session)\#(round)","#
        + #""input_tokens_total":40,"prefix_tokens":30,"newly_append_tokens":10,"output_tokens":7,"#
        + #""timing_events":[\#(events)],"tools":[{"tool_index":0}]}"#
    }
    func event(_ kind: String, _ second: String) -> String {
      #"{"event_type":"\#(kind)","timestamp":"2026-06-01T05:40:\#(second)Z","content_chars":1}"#
    }
    let log = try read(
      line("a", 0, event("user_message", "20.151") + "," + event("text", "29.000")),
      line("b", 0, event("user_message", "20.500")),
      line(
        "a", 1,
        [event("tool_result", "29.100"), event("tool_result", "31.250"), event("text", "33.000")]
          .joined(separator: ",")))
    #expect(log.format == .traceLab)
    #expect(log.records.map(\.arrival.rawValue) == [0, 349_000_000, 11_099_000_000])
    #expect(log.records.map(\.thinkTime?.rawValue) == [nil, nil, 2_250_000_000])
    #expect(log.records.map(\.session) == ["a", "b", "a"])
    #expect(SessionTurns(log.records)?.predecessors == [-1, -1, 0])
  }

  @Test("of TraceLab's published sample hold what an independent count finds", .needsSharedData)
  func traceLabSample() throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/tracelab_sample/round_trace.jsonl"))
    #expect(log.records.count == 19)
    #expect(Set(log.records.map(\.session)).count == 2)
    #expect(log.summary.inputTokens == 514_012)
    #expect(log.summary.outputTokens == 11_335)
    #expect(log.records.reduce(0) { $0 + ($1.thinkTime?.rawValue ?? 0) } == 123_531_000_000)
  }

  @Test("of BLIS count from the sending, and have zeros for what was not taken")
  func blis() throws {
    let log = try read(
      "request_id,session_id,slo_class,input_tokens,output_tokens,server_input_tokens,"
        + "arrival_time_us,send_time_us,first_chunk_time_us,last_chunk_time_us,status",
      "0,s1,standard,100,50,108,0,10,5010,10010,ok", "1,,batch,100,50,0,90000,100010,0,0,ok",
      "2,,batch,100,50,0,90000,100020,100030,100030,ok", "3,,,7,5,0,200000,200000,0,0,timeout")
    #expect(log.format == .blis)
    #expect(log.records.map(\.arrival.rawValue) == [0, 100_000_000, 100_010_000, 199_990_000])
    #expect(log.records.map(\.inputTokens) == [108, 100, 100, 7])
    #expect(log.records.map(\.outputTokens) == [50, 50, 50, 0])
    // Of an answer in one piece the end is known.
    #expect(
      log.records.map(\.measured) == [times(5_000_000, 10_000_000), nil, end(10_000), nil])
    #expect(log.records.map(\.session) == ["s1", nil, nil, nil])
    #expect(log.records.map(\.requestClass) == ["standard", "batch", "batch", nil])
  }

  @Test("of LiteLLM tell streams from answers in one piece, and leave out what a cache answered")
  func liteLLM() throws {
    func line(_ id: String, first: String, hit: String = "\"False\"", more: String = "") -> String {
      #"{"request_id":"\#(id)","startTime":"2026-01-01 00:00:00.5","endTime":"2026-01-01T00:00:02Z","#
        + #""completionStartTime":\#(first),"prompt_tokens":9,"completion_tokens":3,"session_id":null,"#
        + #""cache_hit":\#(hit)\#(more)}"#
    }
    let log = try read(
      line("a", first: "\"2026-01-01T00:00:01.25\""), line("b", first: "1767225602.0"),
      line("c", first: "null"), line("d", first: "null", hit: "\"True\""),
      line("e", first: "null", hit: "true"),
      line("f", first: "1767225601", more: #","status":"failure""#))
    #expect(log.format == .liteLLM)
    #expect(log.records.map(\.id) == ["a", "b", "c", "f"])
    let whole = end(1_500_000_000)
    #expect(
      log.records.map(\.measured) == [times(750_000_000, 1_500_000_000), whole, whole, nil])
    #expect(log.records.map(\.outputTokens) == [3, 3, 3, 0])

    let table = try read(
      "request_id,startTime,endTime,completionStartTime,prompt_tokens,completion_tokens,cache_hit",
      "a,2026-01-01 00:00:00.5+00,2026-01-01 00:00:02,2026-01-01 00:00:01.25,9,3,False",
      "b,2026-01-01 00:00:00.5+00,2026-01-01 00:00:02,,9,3,", "c,2026-01-01 00:00:00,,,9,3,True")
    #expect(table.format == .liteLLMTable)
    #expect(table.records.map(\.measured) == [times(750_000_000, 1_500_000_000), whole])
  }

  @Test(
    "of Langfuse are generations alone, in either spelling",
    arguments: [
      ["start_time", "completion_start_time", "end_time", "usage_details", "trace_id"],
      ["startTime", "completionStartTime", "endTime", "usageDetails", "traceId"],
    ])
  func langfuse(names: [String]) throws {
    func line(_ type: String, _ usage: String) -> String {
      #"{"id":"a","type":"\#(type)","\#(names[0])":"2026-01-01T00:00:00.000Z","#
        + #""\#(names[1])":"2026-01-01T00:00:00.250Z","\#(names[2])":"2026-01-01T00:00:01Z","#
        + #""\#(names[3])":\#(usage),"\#(names[4])":"t"}"#
    }
    let log = try read(
      line("SPAN", "{}"), line("GENERATION", #"{"input":5,"output":6,"total":11}"#))
    #expect(log.format == .langfuse)
    #expect(log.records.map(\.inputTokens) == [5])
    #expect(log.records.map(\.outputTokens) == [6])
    #expect(log.records[0].measured == times(250_000_000, 1_000_000_000))
    #expect(log.records[0].session == "t")
  }

  @Test("of Envoy write counts as text and a dash for none, and hold other traffic")
  func envoy() throws {
    let log = try read(
      #"{"start_time":"2026-01-01T00:00:00.100Z","gen_ai.usage.input_tokens":"5","#
        + #""gen_ai.usage.output_tokens":6,"session.id":"-","x-request-id":"a","response_code":200,"duration":90}"#,
      #"{"start_time":"2026-01-01T00:00:00.300Z","gen_ai.usage.input_tokens":"-","response_code":200}"#,
      #"{"start_time":"2026-01-01T00:00:00.400Z","gen_ai.usage.input_tokens":7,"#
        + #""gen_ai.usage.output_tokens":null,"session.id":"s","x-request-id":"b","response_code":503}"#
    )
    #expect(log.format == .envoy)
    #expect(log.records.map(\.id) == ["a", "b"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 300_000_000])
    #expect(log.records.map(\.outputTokens) == [6, 0])
    #expect(log.records.map(\.session) == [nil, "s"])
    #expect(log.records.map(\.measured) == [end(90_000_000), nil])
    #expect(log.summary.measuredEnds == 1)
  }
}
