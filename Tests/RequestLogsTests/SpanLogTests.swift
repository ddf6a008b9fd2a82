import Foundation
import Operators
import RequestLogs
import TestSupport
import Testing

private func read(_ text: String, limit: Double = 0) throws -> RequestLog {
  try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

/// A request as vLLM exports it; its times are in seconds, its instants in nanoseconds as text.
private func server(
  _ id: String, start: Int64, input: Int = 384, output: Int = 32, ttft: String = "1.325"
) -> String {
  #"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee1","name":"llm_request","kind":2,"#
    + #""startTimeUnixNano":"\#(start)","endTimeUnixNano":"\#(start + 1_990_000_000)","attributes":["#
    + #"{"key":"gen_ai.request.id","value":{"stringValue":"\#(id)"}},"#
    + #"{"key":"gen_ai.usage.prompt_tokens","value":{"intValue":"\#(input)"}},"#
    + #"{"key":"gen_ai.usage.completion_tokens","value":{"intValue":"\#(output)"}},"#
    + #"{"key":"gen_ai.request.temperature","value":{"doubleValue":1}},"#
    + #"{"key":"gen_ai.latency.time_in_queue","value":{"doubleValue":1e-3}},"#
    + #"{"key":"gen_ai.latency.time_to_first_token","value":{"doubleValue":\#(ttft)}},"#
    + #"{"key":"gen_ai.latency.e2e","value":{"doubleValue":1.976}}],"status":{}}"#
}

private let loading =
  #"{"spanId":"aaa1","name":"Load model","startTimeUnixNano":"5","endTimeUnixNano":"9"}"#

private func document(_ spans: String...) -> String {
  #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":"#
    + #"{"stringValue":"vllm"}}]},"scopeSpans":[{"scope":{"name":"vllm"},"spans":["#
    + spans.joined(separator: ",") + "]}]}]}"
}

@Suite("OpenTelemetry spans")
struct SpanLogTests {
  private static let second: Int64 = 1_790_000_001_500_000_123

  @Test(
    "of vLLM are read from one document, spread over lines or not, and from a document a line",
    arguments: [
      document(server("a", start: second - 1_500_000_123), loading, server("b", start: second)),
      document(server("a", start: second - 1_500_000_123), loading, server("b", start: second))
        .replacing(",", with: ",\n").replacing("{", with: "{\n"),
      document(loading, server("a", start: second - 1_500_000_123)) + "\n"
        + document(server("b", start: second)) + "\n",
      document(server("a", start: second - 1_500_000_123)).replacing(":", with: ":\n")
        + document(server("b", start: second)),
    ])
  func vllm(text: String) throws {
    let log = try read(text)
    #expect(log.format == .vllmSpans)
    #expect(log.records.map(\.id) == ["a", "b"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 1_500_000_123])
    #expect(log.records.map(\.inputTokens) == [384, 384])
    #expect(log.records.map(\.outputTokens) == [32, 32])
    let measured = MeasuredTimes(
      scheduled: Nanoseconds(1_000_000), firstToken: Nanoseconds(1_325_000_000),
      lastToken: Nanoseconds(1_976_000_000))
    #expect(log.records.map(\.measured) == [measured, measured])
    #expect(log.summary.warnings.isEmpty)
  }

  @Test("of the sample server tell what its own log tells")
  func sample() throws {
    let folder = Checkout.root.appending(
      path: "SampleTraces/amd-epyc-1thread/serve-poisson-80")
    let spans = try RequestLog(path: folder.appending(path: "spans.jsonl.zst").path)
    let log = try RequestLog(path: folder.appending(path: "requests.jsonl.zst").path)
    #expect(spans.format == .vllmSpans)
    #expect(spans.records.count == 270)
    for (span, record) in zip(spans.records, log.records) {
      #expect(span.id == record.id)
      #expect(span.arrival == record.arrival)
      #expect(span.inputTokens == record.inputTokens)
      #expect(span.outputTokens == record.outputTokens)
      #expect(span.measured?.scheduled == record.measured?.scheduled)
      #expect(span.measured?.firstToken == record.measured?.firstToken)
      #expect(span.measured?.lastToken == record.measured?.lastToken)
    }
  }

  @Test("of clients that saw the same requests do not count a server's requests twice")
  func clients() throws {
    let client =
      #"{"spanId":"c1","name":"chat llama","startTimeUnixNano":"7","endTimeUnixNano":"9","attributes":["#
      + #"{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},"#
      + #"{"key":"gen_ai.usage.input_tokens","value":{"intValue":"5"}},"#
      + #"{"key":"gen_ai.usage.output_tokens","value":{"intValue":"6"}}]}"#
    let log = try read(document(client, server("a", start: 8)))
    #expect(log.records.map(\.id) == ["a"])
  }

  @Test("by the conventions take calls of models alone, and the first token of streams")
  func conventions() throws {
    func call(_ id: String, _ operation: String, start: Int, _ more: String = "") -> String {
      #"{"spanId":"\#(id)","name":"x","startTimeUnixNano":\#(start),"endTimeUnixNano":"900000000","#
        + #""attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"\#(operation)"}},"#
        + #"{"key":"gen_ai.conversation.id","value":{"stringValue":"talk"}},"#
        + #"{"key":"gen_ai.input.messages","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}},"#
        + #"{"key":"gen_ai.usage.input_tokens","value":{"intValue":"11"}},"#
        + #"{"key":"gen_ai.usage.output_tokens","value":{"intValue":"4"}}\#(more)]}"#
    }
    let first =
      #",{"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.25}}"#
    let log = try read(
      document(
        call("a", "chat", start: 400_000_000, first), call("b", "execute_tool", start: 5),
        call("c", "embeddings", start: 5), call("d", "text_completion", start: 100_000_000)))
    #expect(log.format == .genAISpans)
    #expect(log.records.map(\.id) == ["d", "a"])
    #expect(log.records.map(\.session) == ["talk", "talk"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 300_000_000])
    // An answer in one piece: the span's own end, and no first token.
    #expect(
      log.records[0].measured
        == MeasuredTimes(
          scheduled: nil, firstToken: nil, lastToken: Nanoseconds(800_000_000)))
    #expect(
      log.records[1].measured
        == MeasuredTimes(
          scheduled: nil, firstToken: Nanoseconds(250_000_000), lastToken: Nanoseconds(500_000_000))
    )
    #expect(log.outOfOrder == 1)
  }

  @Test("that are flat have dates without a zone and numbers without text")
  func flat() throws {
    let log = try read(
      """
      {"trace_id": "t", "span_count": 2, "spans": [
        {"span_id": "q1", "start_time": "2026-02-25T10:00:00.000000",
         "end_time": "2026-02-25T10:00:02.500000", "attributes": {"gen_ai.operation.name": "chat",
         "session.id": "s", "gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.completion_tokens": 2}},
        {"span_id": "q2", "start_time": 1772013603.000000001, "status": {"code": 2, "message": "x"},
         "attributes": {"gen_ai.operation.name": "chat", "gen_ai.usage.prompt_tokens": 9}}]}
      """)
    #expect(log.format == .genAISpans)
    #expect(log.records.map(\.id) == ["q1", "q2"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 3_000_000_001])
    #expect(log.records.map(\.outputTokens) == [2, 0])
    #expect(log.records.map(\.session) == ["s", nil])
  }

  @Test("that are bad are skipped one by one, and a damaged line costs no other")
  func bad() throws {
    let good = server("a", start: 5)
    let odd = server("b", start: 5).replacing("\"384\"", with: "\"3x4\"")
    let backwards = server("c", start: 5, ttft: "2.5")
    let log = try read(document(good, odd, backwards, server("d", start: 6)), limit: 1)
    #expect(log.records.map(\.id) == ["a", "d"])
    #expect(log.problems.tallies.map(\.problem) == [.badNumber, .timesOutOfOrder])
    #expect(log.problems.tallies.map(\.lines) == [[2], [3]])
    #expect(log.problems.sentences[0].hasSuffix("(request 2)"))

    let lines = [document(good), document(good).dropLast(9) + "", document(good)]
    let whole = try read(lines.joined(separator: "\n"), limit: 1)
    #expect(whole.records.count == 2)
    #expect(whole.problems.sentences == ["1 row skipped: not a JSON object (line 2)"])
  }

  @Test("of a document that is cut are read up to there, wherever it is cut")
  func cut() throws {
    let text = Array(document(server("a", start: 5), server("b", start: 6)).utf8)
    var most = 0
    for count in stride(from: 1, to: text.count, by: 5) {
      guard
        let log = try? RequestLog(
          RequestLogReader(bytes: Array(text[..<count]), options: .init(badRowLimit: 1)))
      else { continue }
      #expect(log.records.count >= most)
      #expect(log.problems.count == 1)
      most = log.records.count
    }
    #expect(most == 2)
  }

  @Test(
    "that lack a field are refused with its name and the span's, or skipped and counted by field",
    arguments: [
      ("gen_ai.usage.prompt_tokens", "no attribute gen_ai.usage.input_tokens", "texts alone"),
      ("gen_ai.usage.completion_tokens", "no attribute gen_ai.usage.output_tokens", "texts alone"),
      ("startTimeUnixNano", "no startTimeUnixNano (or start_time)", "correct them"),
    ])
  func lacking(field: String, told: String, advice: String) throws {
    let odd = server("b", start: 6).replacing(field, with: "other")
    let alone = #expect(throws: RequestLogError.self) { try read(document(odd), limit: 1) }
    let sentence = alone?.description ?? ""
    #expect(
      sentence.hasPrefix(
        "log: request 1 ('b'): the span has \(told); 1 of 1 row is bad, none is left: "))
    #expect(sentence.contains(advice))
    let text = document(server("a", start: 5), odd)
    let some = #expect(throws: RequestLogError.self) { try read(text) }
    #expect(some?.description.contains("log: request 2 ('b'): the span has \(told)") == true)
    #expect(some?.description.hasSuffix("allow a larger share") == true)
    let log = try read(text, limit: 0.5)
    #expect(log.records.map(\.id) == ["a"])
    #expect(log.summary.warnings == ["1 row skipped: the span has \(told) (request 2)"])
  }

  /// Which have `gen_ai.usage.*` was counted with grep.
  @Test("of inference-perf's examples are read where they count tokens", .needsSharedData)
  func examples() throws {
    func path(_ name: String) -> String {
      SharedData.path("request-logs/otel_inference_perf/\(name).json")
    }
    #expect(try RequestLog(path: path("prefix_sharing_example")).records.count == 7)
    for (name, spans, first) in [
      ("simple_chain", 3, "capital_question"), ("fan_in_dependencies", 4, "span_001"),
      ("code_review_workflow", 15, "span_001_initial"),
    ] {
      let error = #expect(throws: RequestLogError.self) { try RequestLog(path: path(name)) }
      #expect(
        error?.description.hasPrefix(
          "\(path(name)): request 1 ('\(first)'): the span has no attribute "
            + "gen_ai.usage.input_tokens; \(spans) of \(spans) rows are bad") == true)
    }
  }
}
