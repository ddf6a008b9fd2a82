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

  /// A record of Dynamo's request trace: milliseconds, instants since 1970. Its hashes name blocks of its
  /// own size, and each depends on all before it.
  static let dynamo = RowLayout(
    paths: [
      ("event_type", .event, .decimals(0)),
      ("request/request_id", .id, .decimals(0)),
      ("request/request_received_ms", .arrival, .decimals(6)),
      ("request/replay/input_length", .inputTokens, .decimals(0)),
      ("request/input_tokens", .otherInputTokens, .decimals(0)),
      ("request/output_tokens", .outputTokens, .decimals(0)),
      ("request/ttft_ms", .timeToFirstToken, .decimals(6)),
      ("request/total_time_ms", .latency, .decimals(6)),
      ("request/replay/trace_block_size", .tokensPerContentName, .decimals(0)),
      ("request/replay/input_sequence_hashes", .content, .decimals(0)),
      ("agent_context/session_id", .session, .decimals(0)),
      ("agent_context/parent_session_id", .parentSession, .decimals(0)),
    ])

  /// A line of Bailian's traces (Qwen): seconds; names of 16 tokens.
  static let bailian = RowLayout(
    paths: [
      ("chat_id", .chat, .decimals(0)), ("parent_chat_id", .parentChat, .decimals(0)),
      ("timestamp", .arrival, .decimals(9)), ("input_length", .inputTokens, .decimals(0)),
      ("output_length", .outputTokens, .decimals(0)), ("type", .requestClass, .decimals(0)),
      ("hash_ids", .content, .decimals(0)),
    ])

  /// A payload of LiteLLM's logs, or a row of its spend logs.
  static let liteLLM = RowLayout(
    paths: [
      ("id", .id, .decimals(0)), ("request_id", .id, .decimals(0)),
      ("startTime", .arrival, .instant), ("completionStartTime", .firstToken, .instant),
      ("endTime", .lastToken, .instant), ("prompt_tokens", .inputTokens, .decimals(0)),
      ("completion_tokens", .outputTokens, .decimals(0)), ("session_id", .session, .decimals(0)),
      ("status", .status, .decimals(0)), ("cache_hit", .cacheHit, .decimals(0)),
      ("call_type", .callType, .decimals(0)),
    ])

  /// An observation that Langfuse exports, in the names of its files or of its interface.
  ///
  /// It takes what was cached or reasoned off `input` and `output`, and tells it beside them.
  static let langfuse = RowLayout(
    paths: [
      ("id", .id, .decimals(0)), ("type", .generationType, .decimals(0)),
      ("start_time", .arrival, .instant), ("startTime", .arrival, .instant),
      ("completion_start_time", .firstToken, .instant),
      ("completionStartTime", .firstToken, .instant),
      ("end_time", .lastToken, .instant), ("endTime", .lastToken, .instant),
      ("usage_details", .usage, .decimals(0)), ("usageDetails", .usage, .decimals(0)),
      ("level", .mishap, .decimals(0)),
      ("session_id", .session, .decimals(0)), ("sessionId", .session, .decimals(0)),
      ("trace_id", .otherSession, .decimals(0)), ("traceId", .otherSession, .decimals(0)),
    ])

  /// A line of Envoy AI Gateway's access log. Its duration is the whole exchange's, in milliseconds.
  static let envoy = RowLayout(
    paths: [
      ("x-request-id", .id, .decimals(0)), ("start_time", .arrival, .instant),
      ("gen_ai.usage.input_tokens", .inputTokens, .decimals(0)),
      ("gen_ai.usage.output_tokens", .outputTokens, .decimals(0)),
      ("session.id", .session, .decimals(0)), ("response_code", .status, .decimals(0)),
      ("duration", .latency, .decimals(6)),
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
      ("finish_reason/type", .mishap, .decimals(0)),
    ])
}
