import Analytical
import Operators
import TraceIO

/// Imports LLMServingSim's first layer tables: `layer_name,input,kv_cache,tp_size,latency(ns)`.
///
/// Each row is the median kernel time of one layer of Hugging Face's model on one device of
/// `tp_size`, for one sequence of `input` tokens after `kv_cache` cached ones. The table gives no
/// sizes, so the model must be given; it ran in half precision, which stands unless
/// ``ImportOptions/dataType`` is set. The projections run one by one there, and are matrix products
/// of their own. Rows of the final normalisation are left out, as in ``LayerwiseReader``.
enum LayerLatencyReader {
  /// The columns that tell the format.
  static let columns = ["layer_name", "input", "kv_cache", "tp_size", "latency(ns)"]

  /// Imports one table of `model`.
  static func read(
    path: String, model: ModelArchitecture, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> ImportedTrace {
    var trace = ImportedTrace(format: .layerLatency)
    trace.runtime = RuntimeDescription(framework: "LLMServingSim", version: "layers")
    trace.arguments = "model=\(model.name)"
    let missing: String?
    do throws(TraceIOError) {
      missing = try readRows(path, model, options, &trace)
    } catch {
      throw .input(error)
    }
    if let missing { throw .missingColumn(path: path, column: missing) }
    guard trace.coverage.recordsRead < options.maximumEvents else {
      throw .tooManyEvents(path: path, limit: options.maximumEvents)
    }
    try options.check(trace.coverage, path: path)
    guard !trace.samples.isEmpty else { throw .nothing(in: trace.coverage, path: path) }
    return trace
  }

  private static func readRows(
    _ path: String, _ model: ModelArchitecture, _ options: ImportOptions,
    _ trace: inout ImportedTrace
  ) throws(TraceIOError) -> String? {
    var rows = try CSVReader(path: path, options: options)
    for name in columns where rows.column(name) == nil { return name }
    guard let layer = rows.column(columns[0]), let time = rows.column(columns[4]) else {
      return columns[0]
    }
    let sizes = IntegerColumns(["input", "kv_cache", "tp_size"], rows)
    var layers: [Int: SeparateLayers?] = [:]
    while try rows.next(), trace.coverage.recordsRead < options.maximumEvents {
      let values = sizes.values(rows)
      let ranks = values?[2] ?? 0
      if layers[ranks] == nil, layers.count < 1024 {
        layers[ranks] = SeparateLayers(
          model, options.dataType ?? .float16, tensorParallel: ranks)
      }
      trace.add(
        record(
          rows.field(layer), layers[ranks] ?? nil, values,
          TimeUnit.nanoseconds.nanoseconds(rows, time), options))
    }
    trace.add(try rows.finish())
    return nil
  }

  private static func record(
    _ name: String, _ layers: SeparateLayers?, _ values: [Int]?, _ time: Double?,
    _ options: ImportOptions
  ) -> Result<OperatorSample, Rejection> {
    guard let layers, let values else { return .failure(Rejection(reason: .badValue)) }
    guard name != "final_layernorm" else { return .failure(Rejection(reason: .finalNorm)) }
    guard let op = layers.operators[name] else {
      return .failure(Rejection(reason: .unknownLayer))
    }
    let (tokens, past) = (values[0], values[1])
    let point =
      if op.kind == .attention {
        tokens == 1 && past > 0 ? AxisPoint(0, 0, 1, past + 1) : AxisPoint(tokens, past)
      } else {
        AxisPoint(tokens)
      }
    return MeasuredPoint(
      operator: op, point: point, label: name, times: MeasuredTimes(median: time)
    ).sample(options)
  }
}

/// The operators of a model that projects queries, keys and values, and gate and feed-forward, one
/// by one; by the names of the table.
private struct SeparateLayers {
  private(set) var operators: [String: Operator] = [:]

  /// The roles of the forward pass by the table's names.
  private static let roles = [
    "embedding": "embedding", "input_layernorm": "input_layernorm", "rope": "rotary_emb",
    "attn": "attention", "o_proj": "o_proj", "post_layernorm": "post_attention_layernorm",
    "act_fn": "act_fn", "down_proj": "down_proj", "lm_head": "lm_head",
  ]

  /// Resolves the names, or returns nil where so many devices cannot share the model.
  init?(_ model: ModelArchitecture, _ dataType: DataType, tensorParallel ranks: Int) {
    guard LayerNames.fault(model, ranks) == nil else { return nil }
    let layers = LayerNames(model, dataType, tensorParallel: ranks)
    for (name, role) in Self.roles { operators[name] = layers[role]?.operator }
    let (heads, kvHeads) = (model.heads / ranks, max(1, model.kvHeads / ranks))
    for (name, width) in [
      ("q_proj", heads * model.headDim), ("k_proj", kvHeads * model.headDim),
      ("v_proj", kvHeads * model.headDim), ("gate_proj", model.intermediateSize / ranks),
      ("up_proj", model.intermediateSize / ranks),
    ] {
      operators[name] = Operator(.gemm, dataType: dataType, ["n": width, "k": model.hiddenSize])
    }
  }
}
