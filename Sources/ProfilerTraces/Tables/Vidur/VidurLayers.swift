import Analytical
import Operators
import TraceIO

/// The layers of a model (`mlp.csv`): the sizes stand in each row, and the columns of times are
/// named by what the layer does.
///
/// The sizes make a ``ModelArchitecture``, whose forward pass says which operator each name means,
/// on one of `num_tensor_parallel_workers` devices. A model whose feed-forward network is not gated
/// normalises layers and has a plain activation, and may run attention and feed-forward network
/// side by side, with one sum of three at the end.
enum VidurLayers {
  private static let sizes = [
    "n_head", "n_kv_head", "n_embd", "n_expanded_embd", "vocab_size", "num_tensor_parallel_workers",
  ]
  /// The most models of one table whose operators are kept at hand.
  private static let mostModels = 1024

  /// Reads the rows; returns the name of a column that is missing, if any.
  static func read(
    _ rows: inout CSVReader, _ options: ImportOptions, _ parts: inout TableParts
  ) throws(TraceIOError) -> String? {
    let columns = IntegerColumns(sizes + ["num_tokens"], rows)
    if let missing = columns.missing { return missing }
    guard let gated = rows.column("use_gated_mlp") else { return "use_gated_mlp" }
    let operators = VidurTimes.all(rows)
    guard !operators.isEmpty else { return "time_stats.mlp_up_proj.median" }
    let isParallel = !operators.contains { $0.name == "post_attention_layernorm" }
    var models: [[Int]: VidurModel?] = [:]
    while try rows.next(), parts.hasRoom {
      let isGated = rows.field(gated).lowercased()
      let values = columns.values(rows)
      var model: VidurModel?
      if let values, isGated == "true" || isGated == "false" {
        let key = Array(values.dropLast()) + [isGated == "true" ? 1 : 0]
        if models.count >= mostModels { models.removeAll() }
        if let known = models[key] {
          model = known
        } else {
          model = VidurModel(
            key, isParallel: isParallel, dataType: options.dataType ?? .float16)
          models[key] = .some(model)
        }
      }
      let records = operators.filter { $0.isGiven(rows) }.map {
        record($0, rows, model, tokens: values?.last, options)
      }
      parts.change(
        ["layers"],
        new: {
          var trace = ImportedTrace(format: .vidur)
          trace.runtime = RuntimeDescription(framework: "Vidur", version: "layers")
          return trace
        }
      ) { trace in
        for record in records { trace.add(record) }
      }
    }
    return nil
  }

  private static func record(
    _ times: VidurTimes, _ rows: borrowing CSVReader, _ model: VidurModel?, tokens: Int?,
    _ options: ImportOptions
  ) -> Result<OperatorSample, Rejection> {
    guard let model, let tokens else { return .failure(Rejection(reason: .badValue)) }
    guard let op = model.operators[times.name] else {
      return .failure(Rejection(reason: .unknownColumn))
    }
    return MeasuredPoint(
      operator: op, point: AxisPoint(tokens), label: times.name, times: times.times(rows)
    ).sample(options)
  }
}

/// The operators of one model on one device, by Vidur's names.
private struct VidurModel {
  private(set) var operators: [String: Operator] = [:]

  /// The roles of the forward pass by Vidur's names.
  private static let roles = [
    "emb": "embedding", "input_layernorm": "input_layernorm", "attn_pre_proj": "qkv_proj",
    "attn_rope": "rotary_emb", "attn_post_proj": "o_proj",
    "post_attention_layernorm": "post_attention_layernorm", "mlp_up_proj": "gate_up_proj",
    "mlp_act": "act_fn", "mlp_down_proj": "down_proj", "add": "residual",
  ]

  /// Resolves the names for sizes in the order of the columns; nil where they cannot be.
  init?(_ sizes: [Int], isParallel: Bool, dataType: DataType) {
    let (heads, ranks, isGated) = (sizes[0], sizes[5], sizes[6] == 1)
    guard sizes.prefix(6).allSatisfy({ $0 > 0 }), sizes[2] % heads == 0 else { return nil }
    let model = ModelArchitecture(
      name: "", hiddenSize: sizes[2], intermediateSize: sizes[3], layers: 1, heads: heads,
      kvHeads: sizes[1], vocabularySize: sizes[4])
    guard LayerNames.fault(model, ranks) == nil else { return nil }
    let layers = LayerNames(model, dataType, tensorParallel: ranks, fusesResiduals: false)
    for (name, role) in Self.roles { operators[name] = layers[role]?.operator }
    guard !isGated else { return }
    operators["mlp_up_proj"]?.attributes["n"] = model.intermediateSize / ranks
    operators["mlp_act"]?.attributes["gated"] = 0
    operators["input_layernorm"]?.kind = .layerNorm
    operators["post_attention_layernorm"]?.kind = .layerNorm
    if isParallel { operators["add"]?.attributes["inputs"] = 3 }
  }
}
