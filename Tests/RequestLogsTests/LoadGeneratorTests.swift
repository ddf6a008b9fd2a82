import Operators
import RequestLogs
import TestSupport
import Testing

private func read(_ text: String, limit: Double = 0) throws -> RequestLog {
  try RequestLog(
    RequestLogReader(bytes: Array(text.utf8), name: "log", options: .init(badRowLimit: limit)))
}

@Suite("Detailed runs of vLLM's benchmark")
struct BenchRunTests {
  private static let run = """
    {"date": "20260301-101010", "backend": "vllm", "request_rate": 2.0, "duration": 3.5,
     "input_lens": [100, 200, 50], "output_lens": [3, 2, 0], "ttfts": [0.1, 0.2, 0.0],
     "itls": [[0.05, 0.07], [0.1], []], "start_times": [10.0, 11.5, 10.25],
     "generated_texts": ["a, b", "c", ""], "errors": ["", "", "refused"]}
    """

  @Test("keep the time of every token, and count from the first start", arguments: [true, false])
  func detailed(isOneLine: Bool) throws {
    let log = try read(isOneLine ? Self.run.replacing("\n", with: " ") : Self.run)
    #expect(log.format == .benchRun)
    #expect(log.records.map(\.id) == ["0", "2", "1"])
    #expect(log.records.map(\.arrival.rawValue) == [0, 250_000_000, 1_500_000_000])
    #expect(log.records.map(\.inputTokens) == [100, 50, 200])
    #expect(log.records.map(\.outputTokens) == [3, 0, 2])
    let tokens: [Int64] = [100_000_000, 150_000_000, 220_000_000]
    #expect(log.records[0].measured?.tokens.map(\.rawValue) == tokens)
    #expect(log.records[0].measured?.lastToken.rawValue == tokens[2])
    #expect(log.records[1].measured == nil)
    #expect(log.records[2].measured?.lastToken == Nanoseconds(300_000_000))
  }

  @Test("that were appended to one file follow each other")
  func appended() throws {
    let log = try read(Self.run + "\n" + Self.run)
    #expect(log.records.map(\.id) == ["0", "2", "1", "1/0", "1/2", "1/1"])
    // The last token of the first run came 1.8 s after its start.
    #expect(log.records[3].arrival == Nanoseconds(1_800_000_000))
    #expect(log.summary.duplicateIDs == 0)
  }

  @Test("whose pieces hold several tokens tell the end, but not each token")
  func pieces() throws {
    let log = try read(
      #"{"input_lens":[7],"output_lens":[9],"ttfts":[0.5],"itls":[[0.25,0.25]],"start_times":[1]}"#)
    #expect(log.records[0].measured?.tokens == [])
    #expect(log.records[0].measured?.lastToken == Nanoseconds(1_000_000_000))
  }

  @Test(
    "without start times are read only if all requests were sent at once",
    arguments: [
      (#""request_rate": "inf", "max_concurrency": null"#, true),
      (#""request_rate": Infinity"#, true),
      (#""request_rate": "inf", "max_concurrency": 8"#, false),
      (#""request_rate": 4.0"#, false),
    ])
  func withoutStarts(rate: String, isRead: Bool) throws {
    let text =
      "{\(rate), \"input_lens\": [7, 8], \"output_lens\": [1, 1], \"ttfts\": [0.5, 1], \"itls\": [[], []]}"
    guard isRead else {
      let error = #expect(throws: RequestLogError.self) { try read(text) }
      #expect(error?.description.contains("nothing tells when the request was sent") == true)
      return
    }
    let log = try read(text)
    #expect(log.records.map(\.arrival) == [.zero, .zero])
    #expect(log.records.map { $0.measured?.lastToken.rawValue } == [500_000_000, 1_000_000_000])
  }

  @Test("that were saved without requests say how to save them")
  func totals() {
    let error = #expect(throws: RequestLogError.self) {
      try read(
        #"{"date": "x", "total_input_tokens": 9, "request_throughput": 1.5, "p99_ttft_ms": 3}"#)
    }
    #expect(error?.description.contains("save it with --save-detailed") == true)
  }

  @Test("with columns that do not fit are bad, and never trap")
  func hostile() throws {
    let short = try read(
      #"{"input_lens":[7,8],"output_lens":[1],"ttfts":[NaN,1],"itls":[null],"start_times":[0,0]}"#,
      limit: 1)
    #expect(short.records.count == 1)
    #expect(short.records[0].measured == nil)
    for text in [
      #"{"input_lens":[7],"output_lens":[2],"ttfts":[9e9],"itls":[[9.2e9]],"start_times":[-9e9]}"#,
      #"{"input_lens":[[7]],"output_lens":[{}],"start_times":[[[1]]]}"#,
      #"{"input_lens":7,"output_lens":"x"}"#, #"{"input_lens":[1],"output_lens":[1],"ttfts":"#,
      #"{"input_lens":[1.5],"output_lens":[1]} 7 [] {"input_lens":[1]}"#,
    ] {
      #expect(throws: RequestLogError.self) { try read(text) }
    }
  }
}

@Suite("Exports of aiperf")
struct AIPerfTests {
  private func line(
    _ id: String, start: Int64, _ metrics: String, metadata: String = "", more: String = ""
  ) -> String {
    #"{"metadata":{"x_request_id":"\#(id)","conversation_id":"talk","request_start_ns":\#(start),"#
      + #""request_end_ns":\#(start + 80_000_000)\#(metadata)},"metrics":{\#(metrics)}\#(more)}"#
  }

  private let metrics =
    #""time_to_first_token":{"value":24.623996,"unit":"ms"},"request_latency":{"value":30.5,"unit":"ms"},"#
    + #""inter_chunk_latency":{"value":[2.0,3.0],"unit":"ms"},"input_sequence_length":{"value":150,"unit":"tokens"},"#
    + #""output_sequence_length":{"value":6,"unit":"tokens"}"#

  @Test("count tokens as the server did, and keep each token's time where pieces are tokens")
  func export() throws {
    let usage =
      #","usage_prompt_tokens":{"value":140,"unit":"tokens"},"usage_completion_tokens":{"value":3,"unit":"tokens"}"#
    let log = try read(
      [
        line("a", start: 1_795_343_373_804_124_755, metrics + usage),
        line("b", start: 1_795_343_373_904_124_755, metrics),
      ].joined(separator: "\n"))
    #expect(log.format == .aiperf)
    #expect(log.records.map(\.arrival.rawValue) == [0, 100_000_000])
    #expect(log.records.map(\.inputTokens) == [140, 150])
    #expect(log.records.map(\.outputTokens) == [3, 6])
    #expect(
      log.records[0].measured?.tokens.map(\.rawValue) == [24_623_996, 26_623_996, 29_623_996])
    #expect(log.records[1].measured?.tokens == [])
    #expect(log.records[1].measured?.lastToken == Nanoseconds(30_500_000))
    #expect(log.records.map(\.session) == ["talk", "talk"])
  }

  @Test("tell warm-ups, repeated conversations, failures and requests that were given up")
  func kinds() throws {
    let isl = #""error_isl":{"value":150,"unit":"tokens"}"#
    let log = try read(
      [
        line(
          "a", start: 5, metrics,
          metadata: #","benchmark_phase":"warmup","x_correlation_id":"talk-1""#),
        line("b", start: 6, isl, more: #","error":{"code":500,"message":"x"}"#),
        line(
          "c", start: 7, isl, metadata: #","was_cancelled":true"#,
          more: #","error":{"code":499,"type":"RequestCancellationError"}"#),
      ].joined(separator: "\n"))
    #expect(log.records.map(\.requestClass) == ["warmup", nil, nil])
    #expect(log.records.map(\.session) == ["talk-1", "talk", "talk"])
    // What was given up asked for a token at the least.
    #expect(log.records.map(\.outputTokens) == [6, 0, 1])
    #expect(log.records.map(\.cancelled) == [nil, nil, Nanoseconds(80_000_000)])
    #expect(log.records.map { $0.measured != nil } == [true, false, false])
  }

  @Test("in another unit are bad")
  func unit() throws {
    let odd = metrics.replacing(#"24.623996,"unit":"ms""#, with: #"0.024623,"unit":"sec""#)
    let log = try read(
      [line("a", start: 5, metrics), line("b", start: 6, odd)].joined(separator: "\n"), limit: 1)
    #expect(log.records.map(\.id) == ["a"])
    #expect(log.problems.firstProblem == .badNumber)
    #expect(log.problems.firstLine == 2)
  }

  @Test("of a real run have its counts and times", .needsSharedData)
  func real() throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/tool_outputs_mock/aiperf/profile_export.jsonl"))
    #expect(log.format == .aiperf)
    #expect(log.records.count == 12)
    #expect(log.summary.inputTokens == 15_817)
    #expect(log.summary.outputTokens == 135)
    #expect(log.summary.span == Nanoseconds(1_648_456_446))
    let measured = log.records.compactMap(\.measured)
    #expect(measured.reduce(0) { $0 + ($1.firstToken?.rawValue ?? 0) } == 253_542_802)
    // Each request's latency is the sum of its pieces, which are rounded one by one.
    let latency = measured.reduce(0) { $0 + $1.lastToken.rawValue }
    #expect(abs(latency - 796_374_678) <= 12 * 11)
    #expect(zip(log.records, measured).allSatisfy { $0.outputTokens == $1.tokens.count })
  }
}

@Suite("Benchmarks of guidellm")
struct GuideLLMTests {
  private let text = """
    {"metadata": {"version": 2}, "config": {"requests": [1]}, "benchmarks": [
      {"config": {"successful": [{"request_id": "no"}]}, "requests": {
        "successful": [{"request_id": "a", "prompt_tokens": 1081, "output_tokens": 12,
          "output": "x", "info": {"conversation_id": "talk", "timings": {"targeted_start": 9.0,
          "request_start": 1795343882.8132646, "first_token_iteration": 1795343882.8547301,
          "last_token_iteration": 1795343882.9663677, "request_end": 1795343882.9673097}},
          "input_metrics": {"total_tokens": 7}}],
        "errored": [{"request_id": "b", "prompt_tokens": null, "output_tokens": null,
          "input_metrics": {"text_tokens": 5, "total_tokens": 5},
          "info": {"timings": {"request_start": 1795343883.0, "first_token_iteration": null}}}],
        "incomplete": [{"request_id": "c", "prompt_tokens": 8, "output_tokens": 3,
          "info": {"timings": {"request_start": 1795343884.0, "first_token_iteration": 1795343884.5,
          "last_token_iteration": 1795343885.0, "request_end": 1795343886.0}}}],
        "total": null}},
      {"requests": {"successful": [{"request_id": "d", "prompt_tokens": 9, "output_tokens": 1,
          "start_time": 1795343890.0, "first_token_time": 1795343890.5,
          "last_token_time": 1795343890.5, "end_time": 1795343891.0}]}}]}
    """

  @Test("have requests of every benchmark, those that failed and those that it ended before")
  func benchmarks() throws {
    let log = try read(text)
    #expect(log.format == .guidellm)
    #expect(log.records.map(\.id) == ["a", "b", "c", "d"])
    #expect(
      log.records.map(\.arrival.rawValue) == [0, 186_735_400, 1_186_735_400, 7_186_735_400])
    #expect(log.records.map(\.inputTokens) == [1081, 5, 8, 9])
    #expect(log.records.map(\.outputTokens) == [12, 0, 3, 1])
    #expect(log.records.map(\.session) == ["talk", nil, nil, nil])
    #expect(
      log.records[0].measured
        == MeasuredTimes(
          scheduled: nil, firstToken: Nanoseconds(41_465_500), lastToken: Nanoseconds(153_103_100)))
    #expect(log.records.map { $0.measured != nil } == [true, false, false, true])
    #expect(log.records[2].cancelled == Nanoseconds(2_000_000_000))
    #expect(try read(text.replacing("\n", with: " ")).records == log.records)
  }

  @Test("that are cut keep what comes before, as one bad row")
  func cut() throws {
    let start = String(text.prefix(text.count / 2))
    let log = try read(start, limit: 1)
    #expect(log.records.map(\.id) == ["a"])
    #expect(log.problems.firstProblem == .notAnObject)
    #expect(throws: RequestLogError.self) { try read(start) }
  }

  @Test("of other tools are not taken for guidellm's")
  func others() {
    #expect(RequestLogFormat.detect(Array(#"{"context":{},"benchmarks":[]}"#.utf8)) == nil)
    #expect(throws: RequestLogError.empty(path: "log")) { try read(#"{"benchmarks": []}"#) }
  }

  @Test("of a real run have its counts and times", .needsSharedData)
  func real() throws {
    let log = try RequestLog(
      path: SharedData.path("request-logs/tool_outputs_mock/guidellm/benchmarks.json.zst"))
    #expect(log.format == .guidellm)
    #expect(log.records.count == 11)
    #expect(log.summary.inputTokens == 12_053)
    #expect(log.summary.outputTokens == 123)
    #expect(log.summary.span == Nanoseconds(1_195_464_400))
    let measured = log.records.compactMap(\.measured)
    #expect(measured.reduce(0) { $0 + ($1.firstToken?.rawValue ?? 0) } == 296_725_900)
    #expect(measured.reduce(0) { $0 + $1.lastToken.rawValue } == 960_949_400)
  }
}
