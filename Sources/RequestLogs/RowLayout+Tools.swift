/// The rows of load generators and servers that write an object a request.
extension RowLayout {
  /// Fields by their paths, whose names are divided by slashes.
  private init(paths fields: [(String, Field, Unit)]) {
    self.init(fields.map { ($0.0.split(separator: "/").map(String.init), $0.1, $0.2) })
  }

  /// aiperf's `profile_export.jsonl`: instants of the client in nanoseconds, metrics with their units.
  ///
  /// The server's counts of tokens win over the client's, whose tokenizer may be another one.
  static let aiperf = RowLayout(
    paths: [
      ("metadata/x_request_id", .id, .decimals(0)),
      ("metadata/request_start_ns", .arrival, .decimals(0)),
      ("metadata/x_correlation_id", .session, .decimals(0)),
      ("metadata/conversation_id", .otherSession, .decimals(0)),
      ("metadata/benchmark_phase", .phase, .decimals(0)),
      ("metadata/was_cancelled", .wasCancelled, .decimals(0)),
      ("metadata/cancellation_time_ns", .cancelled, .decimals(0)),
      ("metadata/request_end_ns", .end, .decimals(0)),
      ("metrics/usage_prompt_tokens/value", .inputTokens, .decimals(0)),
      ("metrics/input_sequence_length/value", .otherInputTokens, .decimals(0)),
      ("metrics/error_isl/value", .otherInputTokens, .decimals(0)),
      ("metrics/usage_completion_tokens/value", .outputTokens, .decimals(0)),
      ("metrics/output_sequence_length/value", .otherOutputTokens, .decimals(0)),
      ("metrics/time_to_first_token/value", .timeToFirstToken, .decimals(6)),
      ("metrics/time_to_first_token/unit", .millisecondsUnit, .decimals(0)),
      ("metrics/request_latency/value", .latency, .decimals(6)),
      ("metrics/request_latency/unit", .millisecondsUnit, .decimals(0)),
      ("metrics/inter_chunk_latency/value", .tokenGaps, .decimals(6)),
      ("metrics/inter_chunk_latency/unit", .millisecondsUnit, .decimals(0)),
      ("error", .failure, .decimals(0)),
    ])

  /// A request of guidellm's `benchmarks.json`: of version 2, whose stamps stand in `info/timings`, and of
  /// the versions before, which had a few of them beside the counts.
  static let guidellm = RowLayout(
    paths: [
      ("request_id", .id, .decimals(0)),
      ("prompt_tokens", .inputTokens, .decimals(0)),
      ("input_metrics/total_tokens", .otherInputTokens, .decimals(0)),
      ("output_tokens", .outputTokens, .decimals(0)),
      ("output_metrics/total_tokens", .otherOutputTokens, .decimals(0)),
      ("info/conversation_id", .session, .decimals(0)),
      ("info/timings/request_start", .arrival, .decimals(9)),
      ("info/timings/first_token_iteration", .firstToken, .decimals(9)),
      ("info/timings/last_token_iteration", .lastToken, .decimals(9)),
      ("info/timings/request_end", .end, .decimals(9)),
      ("start_time", .arrival, .decimals(9)),
      ("first_token_time", .firstToken, .decimals(9)),
      ("last_token_time", .lastToken, .decimals(9)),
      ("end_time", .end, .decimals(9)),
    ])

  /// A line of SGLang's `--export-metrics-to-file`: seconds, instants since 1970.
  ///
  /// What ran in the engine's queue is counted from the arrival; the way there is not in it.
  static let sglang = RowLayout(
    paths: [
      ("id", .id, .decimals(0)), ("rid", .id, .decimals(0)),
      ("prompt_tokens", .inputTokens, .decimals(0)),
      ("completion_tokens", .outputTokens, .decimals(0)),
      ("request_received_ts", .arrival, .decimals(9)),
      ("queue_time", .queueTime, .decimals(9)),
      ("first_token_latency", .timeToFirstToken, .decimals(9)),
      ("e2e_latency", .latency, .decimals(9)),
    ])
}
