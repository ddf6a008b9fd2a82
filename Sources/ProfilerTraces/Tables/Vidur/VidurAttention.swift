import Operators
import TraceIO

/// Attention of one layer (`attention.csv`): `batch_size` sequences, each computing
/// `prefill_chunk_size` tokens, or one in decode.
///
/// Two profilers write these columns, and mean different things by them:
/// - Vidur's own (told by its column `block_size`): each sequence has `kv_cache_size` tokens before
///   those it computes.
/// - LLMServingSim's first profiler: `kv_cache_size` is what all sequences together read in decode,
///   divided evenly. Its prefill calls `flash_attn_varlen_func` without the causal mask, so the work
///   is not that of a prompt; those rows are counted and left out (``RejectionReason/notCausal``).
enum VidurAttention {
  private static let names = [
    "n_embd", "n_q_head", "n_kv_head", "num_tensor_parallel_workers", "batch_size",
    "prefill_chunk_size", "kv_cache_size",
  ]

  /// Reads the rows; returns the name of a column that is missing, if any.
  static func read(
    _ rows: inout CSVReader, _ options: ImportOptions, _ parts: inout TableParts
  ) throws(TraceIOError) -> String? {
    let columns = IntegerColumns(names, rows)
    if let missing = columns.missing { return missing }
    guard let isPrefill = rows.column("is_prefill") else { return "is_prefill" }
    let operators = VidurTimes.all(rows)
    let prefill = operators.first { $0.name == "attn_prefill" }
    let decode = operators.first { $0.name == "attn_decode" }
    guard prefill != nil || decode != nil else { return "time_stats.attn_decode.median" }
    let block = rows.column("block_size")
    let backend = rows.column("attention_backend")
    while try rows.next(), parts.hasRoom {
      let row = AttentionRow(
        columns.values(rows), flag: rows.field(isPrefill), hasBlocks: block != nil)
      let name = backend.map { String(rows.field($0).prefix(64)) } ?? ""
      let runtime = RuntimeDescription(
        framework: block == nil ? "LLMServingSim" : "Vidur",
        version: [name, block.map { "blocks of \(rows.field($0).prefix(16))" } ?? ""]
          .filter { !$0.isEmpty }.joined(separator: ", "))
      let times = (row?.isPrefill == true ? prefill : decode)?.times(rows)
      parts.change(
        [runtime.version ?? ""],
        new: {
          var trace = ImportedTrace(format: .vidur)
          trace.runtime = runtime
          return trace
        }
      ) { trace in
        trace.add(record(row, times, options))
      }
    }
    return nil
  }

  private static func record(
    _ row: AttentionRow?, _ times: MeasuredTimes?, _ options: ImportOptions
  ) -> Result<OperatorSample, Rejection> {
    guard let row, let times else { return .failure(Rejection(reason: .badValue)) }
    guard !row.isPrefill || row.hasBlocks else { return .failure(Rejection(reason: .notCausal)) }
    guard row.isPrefill || row.point[3] > 0 else { return .failure(Rejection(reason: .noWork)) }
    return MeasuredPoint(
      operator: Operator(
        .attention, dataType: options.dataType ?? .float16, row.attributes),
      point: row.point, label: row.isPrefill ? "attn_prefill" : "attn_decode", times: times
    ).sample(options)
  }
}

/// The sizes of one row.
private struct AttentionRow {
  var attributes: [String: Int]
  var point: AxisPoint
  var isPrefill: Bool
  var hasBlocks: Bool

  /// Checks the sizes, in the order of the columns; nil where they cannot be.
  init?(_ values: [Int]?, flag: String, hasBlocks: Bool) {
    guard let values, let isPrefill = Bool(flag.lowercased()) else { return nil }
    let (width, heads, kvHeads, ranks) = (values[0], values[1], values[2], values[3])
    let (sequences, chunk, past) = (values[4], values[5], values[6])
    guard [width, heads, kvHeads, ranks, sequences].allSatisfy({ $0 > 0 }), width % heads == 0,
      heads % ranks == 0
    else { return nil }
    attributes = [
      "heads": heads / ranks, "kvHeads": max(1, kvHeads / ranks), "headDim": width / heads,
    ]
    self.isPrefill = isPrefill
    self.hasBlocks = hasBlocks
    if isPrefill {
      guard chunk > 0 else { return nil }
      if sequences > 1 { attributes["sequences"] = sequences }
      point = AxisPoint(chunk, past)
    } else {
      point = AxisPoint(0, 0, sequences, hasBlocks ? past + 1 : past / sequences)
    }
  }
}
