import TraceIO

/// The formats of request logs that are read. Raw values are their names on the command line.
public enum RequestLogFormat: String, CaseIterable, Sendable, Hashable {
  /// Azure's public traces of 2023 and 2024: CSV of TIMESTAMP, ContextTokens, GeneratedTokens.
  case azure = "azure-csv"
  /// Mooncake's traces: JSONL of timestamp (ms), input_length, output_length, hash_ids (512 tokens).
  case mooncake = "mooncake-jsonl"
  /// A vLLM run as LLMServingSim records it: JSONL with times of queue, first and last token (s).
  case vllmRun = "vllm-run-jsonl"
  /// A workload as LLMServingSim sends it: JSONL of token counts, token ids and arrival_time_ns.
  case workload = "workload-jsonl"
  /// RAGPulse's traces: JSONL of timestamp (s, as text), input_length, output_length and hash_ids by
  /// kind of block.
  case ragPulse = "ragpulse-jsonl"
  /// Sessions of coding agents as kv-cache-tester has them: a JSON document a session and line.
  case agentSessions = "agent-sessions-json"
  /// vLLM's spans of OpenTelemetry as OTLP writes them in JSON: a document, or one a line.
  case vllmSpans = "vllm-otlp-json"
  /// Spans by OpenTelemetry's conventions for generative AI, as OTLP's JSON or flat.
  case genAISpans = "genai-spans-json"
  /// `vllm bench serve --save-detailed`, or SGLang's `bench_serving --output-details`: columns of a run.
  case benchRun = "vllm-bench-json"
  /// aiperf's `profile_export.jsonl`.
  case aiperf = "aiperf-jsonl"
  /// guidellm's `benchmarks.json`.
  case guidellm = "guidellm-json"
  /// BurstGPT: CSV of Timestamp (s), Request tokens, Response tokens, Log Type.
  case burstGPT = "burstgpt-csv"
  /// SGLang's exported metrics of requests: JSONL.
  case sglang = "sglang-metrics-jsonl"
  /// Dynamo's request trace: JSONL of `dynamo.request.trace.v1`.
  case dynamo = "dynamo-jsonl"
  /// Bailian's traces of Qwen: JSONL of chat_id, parent_chat_id, timestamp (s), hash_ids (16 tokens).
  case bailian = "bailian-jsonl"
  /// BLIS's TraceV2: its table, in microseconds.
  case blis = "blis-csv"
  /// LiteLLM's payloads or spend logs as JSONL.
  case liteLLM = "litellm-jsonl"
  /// LiteLLM's spend logs as CSV.
  case liteLLMTable = "litellm-csv"
  /// Langfuse's observations as JSONL.
  case langfuse = "langfuse-jsonl"
  /// Envoy AI Gateway's access log as JSONL.
  case envoy = "envoy-jsonl"
  /// TraceLab's rounds of coding agents: JSONL of session_id, round_index, timing_events.
  case traceLab = "tracelab-jsonl"
  /// Any CSV or JSON Lines, by a ``RequestLogMapping``; never told by content.
  case mapped = "mapped"
  /// Our own; see ``RequestLogWriter``.
  case reprise = "reprise-jsonl"

  /// The name that people read.
  public var title: String {
    switch self {
    case .azure: "Azure LLM inference traces (CSV)"
    case .mooncake: "Mooncake traces (JSONL)"
    case .vllmRun: "measured vLLM runs (JSONL)"
    case .workload: "workloads with token ids (JSONL)"
    case .ragPulse: "RAGPulse traces (JSONL)"
    case .agentSessions: "agent sessions of kv-cache-tester (a line a session)"
    case .vllmSpans: "vLLM's OpenTelemetry spans (OTLP JSON)"
    case .genAISpans: "OpenTelemetry spans of generative AI (JSON)"
    case .benchRun: "detailed runs of vllm bench serve or SGLang's bench_serving (JSON)"
    case .aiperf: "aiperf exports (JSONL)"
    case .guidellm: "guidellm benchmarks (JSON)"
    case .burstGPT: "BurstGPT traces (CSV)"
    case .sglang: "SGLang's metrics of requests (JSONL)"
    case .dynamo: "Dynamo request traces (JSONL)"
    case .bailian: "Bailian's Qwen traces (JSONL)"
    case .blis: "BLIS TraceV2 (CSV)"
    case .liteLLM: "LiteLLM logs (JSONL)"
    case .liteLLMTable: "LiteLLM spend logs (CSV)"
    case .langfuse: "Langfuse observations (JSONL)"
    case .envoy: "Envoy AI Gateway access logs (JSONL)"
    case .traceLab: "TraceLab's rounds of coding agents (JSONL)"
    case .mapped: "any CSV or JSON Lines by a mapping"
    case .reprise: "Reprise's own logs (JSONL)"
    }
  }

  /// Whether requests are pieces of a document, or of several, whose lines mean nothing.
  var isDocument: Bool {
    switch self {
    case .vllmSpans, .genAISpans, .benchRun, .guidellm: true
    default: false
    }
  }

  /// Whether its clock is absolute, or begins anywhere, so that the first row becomes zero.
  var countsFromFirst: Bool {
    switch self {
    case .azure, .vllmRun, .vllmSpans, .genAISpans, .aiperf, .guidellm, .burstGPT, .sglang, .mapped,
      .dynamo, .bailian, .blis, .liteLLM, .liteLLMTable, .langfuse, .envoy,
      .traceLab:
      true
    case .mooncake, .workload, .ragPulse, .agentSessions, .benchRun, .reprise: false
    }
  }
}
