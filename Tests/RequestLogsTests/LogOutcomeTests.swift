import Operators
import RequestLogs
import TestSupport
import Testing

private func read(
  _ text: String, mapping: String? = nil, limit: Double = 0
) throws -> RequestLog {
  var options = RequestLogReader.Options(badRowLimit: limit)
  if let mapping { options.mapping = try RequestLogMapping(bytes: Array(mapping.utf8)) }
  return try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: options))
}

/// A span of vLLM's, or of a client that called it.
private func span(server: Bool, _ attributes: String, status: Int = 1) -> String {
  let name = server ? "llm_request" : "chat m"
  let latency =
    server ? #"{"key":"gen_ai.latency.e2e","value":{"doubleValue":2}},"# : ""
  return #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\#(name)","spanId":"s","#
    + #""startTimeUnixNano":"1000000000","endTimeUnixNano":"3000000000","status":{"code":\#(status)},"#
    + #""attributes":[\#(latency)\#(attributes)]}]}]}]}"#
}

private let counts =
  #"{"key":"gen_ai.usage.input_tokens","value":{"intValue":"5"}},"#
  + #"{"key":"gen_ai.usage.output_tokens","value":{"intValue":"4"}}"#

@Suite struct LogOutcomeTests {
  @Test(arguments: [
    ("200", true), ("200.0", true), ("200 OK", true), ("True", true), ("stop", true),
    ("length", true), ("finished", true), ("404", false), ("500.0", false), ("False", false),
    ("timeout", false), ("end_turn", true), ("max_tokens", true), ("nan", true), ("None", true),
  ])
  func `A status says the same in a table and in JSON`(status: String, isGood: Bool) throws {
    let mapping =
      #"{"version":1,"fields":{"arrival":{"name":"t","unit":"s"},"input_tokens":"i","#
      + #""output_tokens":"o","status":"s"}}"#
    let table = try read("t,i,o,s\n1,2,3,\(status)\n2,2,3,\n", mapping: mapping)
    #expect(table.records.map(\.outputTokens) == [isGood ? 3 : 0, 3])
    var values = [#""\#(status)""#]
    if let flag = Bool(status.lowercased()) { values.append("\(flag)") }
    if Double(status) != nil { values.append(status) }
    for value in values {
      let json = try read(
        #"{"t":1,"i":2,"o":3,"s":\#(value)}"# + "\n" + #"{"t":2,"i":2,"o":3,"s":""}"#,
        mapping: mapping)
      #expect(json.records.map(\.outputTokens) == [isGood ? 3 : 0, 3], "\(value)")
    }
  }

  @Test(arguments: [
    (#""boom""#, false), (#"{"code":1}"#, false), ("[1]", false), (#""""#, true), ("null", true),
    ("false", true), (#""None""#, true), ("{}", true), ("[]", true), ("0", true),
    ("[[],{}]", false),
  ])
  func `An error that is none is no failure`(error: String, isGood: Bool) throws {
    let log = try read(
      #"{"t":1,"i":2,"o":3,"e":\#(error),"after":1}"#,
      mapping: #"{"version":1,"fields":{"arrival":{"name":"t","unit":"s"},"input_tokens":"i","#
        + #""output_tokens":"o","error":"e"}}"#)
    #expect(log.records.map(\.outputTokens) == [isGood ? 3 : 0])
  }

  @Test func `A member may stand for several fields`() throws {
    let log = try read(
      #"{"t":1,"i":2,"o":3,"user":"u"}"#,
      mapping: #"{"version":1,"fields":{"arrival":{"name":"t","unit":"s"},"input_tokens":"i","#
        + #""output_tokens":"o","class":"user","session":"user"}}"#)
    #expect(log.records[0].session == "u" && log.records[0].requestClass == "u")
  }

  /// A mapped log tells its first token at the very end where nothing was streamed.
  @Test func `What was not streamed has an end alone, and what generated nothing no latency`()
    throws
  {
    let log = try read(
      "t,i,o,f,e\n0,2,3,1,3\n0,2,3,3,3\n0,2,1,3,3\n0,2,3,0,3\n0,2,0,1,3\n0,2,3,0,0\n",
      mapping: #"{"version":1,"fields":{"arrival":{"name":"t","unit":"s"},"input_tokens":"i","#
        + #""output_tokens":"o","time_to_first_token":{"name":"f","unit":"s"},"#
        + #""latency":{"name":"e","unit":"s"}}}"#)
    let second = Int64(1_000_000_000)
    #expect(
      log.records.map { $0.measured?.firstToken?.rawValue }
        == [second, nil, 3 * second, nil, nil, nil])
    #expect(
      log.records.map { $0.measured?.lastToken.rawValue }
        == [3 * second, 3 * second, 3 * second, 3 * second, nil, nil])
  }

  /// Langfuse takes cached and reasoned tokens off the two sums, and tells them beside.
  @Test func `Langfuse's tokens are the sum of their sorts`() throws {
    let log = try read(
      #"{"id":"a","type":"GENERATION","startTime":"2026-01-01T00:00:00Z","#
        + #""completionStartTime":"2026-01-01T00:00:01Z","endTime":"2026-01-01T00:00:02Z","#
        + #""usageDetails":{"input":76,"input_cached_tokens":1024,"output":10,"#
        + #""output_reasoning_tokens":500,"total":1610},"sessionId":"","traceId":""}"# + "\n"
        + #"{"id":"b","type":"GENERATION","startTime":"2026-01-01T00:00:00Z","#
        + #""endTime":"2026-01-01T00:00:02Z","usageDetails":{"input":3,"output":2},"#
        + #""level":"ERROR"}"#)
    #expect(log.records.map(\.inputTokens) == [1100, 3])
    #expect(log.records.map(\.outputTokens) == [510, 0])
    #expect(log.records.map(\.session) == [nil, nil])
    #expect(log.records.map { $0.measured == nil } == [false, true])
  }

  /// Attributes of OpenTelemetry come with dots, and tell a part of the sums again; and so may other sorts.
  @Test(arguments: [
    (#""input":100,"output":20,"total":120,"details.input_tokens":100"#, 100, 20),
    (#""input":100,"cache_read.input_tokens":80,"output":20,"total":120"#, 100, 20),
    (#""input":10,"cache_creation_input_tokens":90,"output":20,"total":120"#, 100, 20),
    (#""input":100,"input_cached_tokens":60,"output":20,"total":120"#, 100, 20),
    (#""input_tokens":7,"output_tokens":3"#, 7, 3),
    (#""prompt_tokens":7,"completion_tokens":3"#, 7, 3),
  ])
  func `What a total includes is not added to it`(usage: String, input: Int, output: Int) throws {
    let log = try read(
      #"{"id":"a","type":"GENERATION","startTime":"2026-01-01T00:00:00Z","#
        + #""endTime":"2026-01-01T00:00:02Z","usageDetails":{\#(usage)}}"#)
    #expect(
      log.records.map(\.inputTokens) == [input] && log.records.map(\.outputTokens) == [output])
  }

  /// Two writers' clocks: the end is known all the same.
  @Test func `A first token behind the last one costs no row of a gateway`() throws {
    let log = try read(
      #"{"id":"a","startTime":1.0,"completionStartTime":2.001,"endTime":2.0,"prompt_tokens":4,"#
        + #""completion_tokens":4}"#)
    #expect(log.records[0].measured?.lastToken.rawValue == 1_000_000_000)
    #expect(log.records[0].measured?.firstToken == nil)
  }

  /// A prompt that asks about a server's attribute is no server's span.
  @Test func `A quoted mark tells no server`() throws {
    let prompt = #",{"key":"p","value":{"stringValue":"why is \"gen_ai.latency.e2e\" missing?"}}"#
    let log = try read(span(server: false, counts + prompt))
    #expect(log.format == .genAISpans && log.records.count == 1)
  }

  @Test
  func `What LiteLLM calls for no text is no request, and what failed uncounted is passed over`()
    throws
  {
    func row(_ id: String, _ tokens: Int, _ more: String) -> String {
      #"{"id":"\#(id)","startTime":1.0,"endTime":2.0,"prompt_tokens":\#(tokens),"#
        + #""completion_tokens":\#(tokens),\#(more)}"# + "\n"
    }
    let log = try read(
      row("a", 4, #""status":"success","call_type":"acompletion""#)
        + row("b", 4, #""status":"success","call_type":"aembedding""#)
        + row("c", 0, #""status":"failure","call_type":"acompletion""#))
    #expect(log.records.map(\.id) == ["a"])
    #expect(log.problems.count == 0 && log.problems.failures == 1)
    #expect(log.summary.warnings.contains { $0.contains("passed over") })
  }

  /// Else calls that failed would dilute the bad rows until a log without a request is well.
  @Test func `What is passed over is no row beside which bad ones are few`() throws {
    let failed =
      #"{"id":"c","startTime":1.0,"endTime":2.0,"prompt_tokens":0,"completion_tokens":0,"#
      + #""status":"failure","call_type":"acompletion"}"#
    let bad = #"{"id":"d","startTime":"?","endTime":2.0,"prompt_tokens":4,"completion_tokens":4}"#
    let text = (Array(repeating: failed, count: 199) + [bad]).joined(separator: "\n")
    let error = #expect(throws: RequestLogError.self) { try read(text, limit: 0.01) }
    guard case .tooManyBadRows(_, let rows, let problems) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(rows == 1 && problems.count == 1 && problems.failures == 199)
  }

  /// The server's spans may come behind more of its clients' than tell a format.
  @Test func `A server's spans are found wherever they stand`() throws {
    let clients = (0..<4000).map { _ in span(server: false, counts) }
    let text = (clients + [span(server: true, counts)]).joined(separator: "\n")
    #expect(text.utf8.count > 1 << 20)
    let log = try read(text)
    #expect(log.format == .vllmSpans && log.records.count == 1)
    #expect(try read(clients.joined(separator: "\n")).records.count == 4000)
  }

  @Test func `A span without a session has none, and an error's type is a failure`() throws {
    func text(_ name: String, _ value: String) -> String {
      #","# + #"{"key":"\#(name)","value":{"stringValue":"\#(value)"}}"#
    }
    let log = try read(
      [
        span(server: false, counts + text("session.id", "")),
        span(server: false, counts + text("gen_ai.conversation.id", "c")),
        span(server: false, counts + text("error.type", "timeout")),
      ].joined(separator: "\n"))
    #expect(log.records.map(\.session) == [nil, "c", nil])
    #expect(log.records.map(\.outputTokens) == [4, 4, 0])
  }

  /// A client that gave up before the first token had sent its prompt all the same.
  @Test func `What was given up without a token is a request that is given up`() throws {
    let log = try read(
      #"{"metadata":{"x_request_id":"a","request_start_ns":1000,"request_end_ns":9000,"#
        + #""was_cancelled":true,"cancellation_time_ns":5000},"#
        + #""metrics":{"error_isl":{"value":20000,"unit":"tokens"}},"error":{"code":499}}"#)
    let record = try #require(log.records.first)
    #expect(record.inputTokens == 20_000 && record.outputTokens == 1)
    #expect(record.cancelled?.rawValue == 4000 && record.measured == nil)
  }

  @Test func `A benchmark's latencies stand for tokens that came in one piece`() throws {
    let log = try read(
      #"{"input_lens":[3,3],"output_lens":[2,2],"ttfts":[0.2,0.1],"itls":[[],[0.4]],"#
        + #""latencies":[0.2,0.5],"start_times":[10,11],"errors":["",""]}"#)
    #expect(log.records.map { $0.measured?.lastToken.rawValue } == [200_000_000, 500_000_000])
    #expect(log.records.map { $0.measured?.firstToken == nil } == [true, false])
  }

  @Test(arguments: [false, true])
  func `Ties are counted in whatever order rows stand`(isShuffled: Bool) throws {
    var rows = (0..<100).map { #"{"timestamp":\#($0 / 10),"input_length":1,"output_length":1}"# }
    var random = SplitMix64(seed: 3)
    if isShuffled { rows.shuffle(using: &random) }
    let summary = try read(rows.joined(separator: "\n")).summary
    #expect(summary.distinctArrivals == 10 && summary.largestTie == 10)
    #expect(summary.tiedArrivals == 100)
  }

  @Test(arguments: [
    ("2024-02-29", true), ("2024-02-30", false), ("2023-02-29", false), ("2024-12-31", true),
    ("2024-04-31", false), ("2024-01-00", false),
  ])
  func `Months have their days`(day: String, isRead: Bool) throws {
    let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n\(day) 00:00:00,1,1\n"
    #expect(((try? read(text)) != nil) == isRead)
  }

  @Test(arguments: ["", "Z", "z", " UTC", " +0000", "+00:00", "+02:00"])
  func `Zones are read as tools write them`(zone: String) throws {
    let text =
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01T00:00:00Z,1,1\n2024-01-01 02:00:00\(zone),1,1\n"
    let seconds = zone == "+02:00" ? 0.0 : 7200
    #expect(try read(text).records.last?.arrival.seconds == seconds)
  }
}
