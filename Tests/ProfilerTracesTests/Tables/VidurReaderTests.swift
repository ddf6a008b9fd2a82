import Analytical
import Operators
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct VidurReaderTests {
  /// A table of one operator's times: header and row from (column, value) pairs.
  static func table(_ columns: [(String, String)]) -> String {
    columns.map(\.0).joined(separator: ",") + "\n" + columns.map(\.1).joined(separator: ",") + "\n"
  }

  static func times(_ name: String, _ median: String = "0.25") -> [(String, String)] {
    [("min", "0.125"), ("max", "1"), ("mean", "0.3"), ("median", median), ("std", "6.9e-18")].map {
      ("time_stats.\(name).\($0.0)", $0.1)
    }
  }

  static func sizes(gated: String = "True", ranks: Int = 2) -> [(String, String)] {
    [
      ("n_head", "8"), ("n_kv_head", "4"), ("n_embd", "512"), ("n_expanded_embd", "1024"),
      ("vocab_size", "1001"), ("use_gated_mlp", gated), ("num_tokens", "48"),
      ("num_tensor_parallel_workers", "\(ranks)"),
    ]
  }

  static let layers = [
    "emb", "input_layernorm", "attn_pre_proj", "attn_rope", "attn_post_proj",
    "post_attention_layernorm", "mlp_up_proj", "mlp_act", "mlp_down_proj", "add",
  ]

  func read(_ text: String, _ options: ImportOptions = .standard) throws -> [ImportedTrace] {
    let directory = try TemporaryDirectory()
    let path = try directory.write(text, to: "any.name")
    #expect(try TraceFormat.detect(path: path) == .vidur)
    return try TraceReader.read(path: path, options: options)
  }

  @Test func `a row of layers lies on the curves of the model's forward pass`() throws {
    let columns = Self.layers.flatMap { Self.times($0) } + Self.sizes()
    let trace = try #require(try read(Self.table(columns)).first)
    let model = ModelArchitecture(
      name: "m", hiddenSize: 512, intermediateSize: 1024, layers: 1, heads: 8, kvHeads: 4,
      vocabularySize: 1001)
    let pass = Set(
      model.forwardPass(.float16, tensorParallel: 2, fusesResiduals: false).map(\.operator))
    #expect(trace.samples.map(\.label) == Self.layers)
    for sample in trace.samples {
      #expect(pass.contains(sample.operator), "\(sample.operator)")
      #expect(sample.point == AxisPoint(48))
      #expect(sample.duration.minimum == 125_000)
      #expect(sample.duration.median == 250_000)
      #expect(sample.duration.mean == 300_000)
      #expect(sample.duration.deviation == 0)
    }
    // By hand: 4 + 2 · 2 heads of 64 here; the vocabulary rounded up.
    #expect(
      trace.samples[2].operator == Operator(.gemm, dataType: .float16, ["n": 512, "k": 512]))
    #expect(
      trace.samples[0].operator
        == Operator(.embedding, dataType: .float16, ["width": 512, "vocab": 501]))
  }

  @Test func `a model without a gate has plain activations and layer norms`() throws {
    let columns =
      ["input_layernorm", "mlp_up_proj", "mlp_act", "add"].flatMap { Self.times($0) }
      + Self.sizes(gated: "False", ranks: 1)
    var options = ImportOptions.standard
    options.dataType = .bfloat16
    let samples = try #require(try read(Self.table(columns), options).first).samples
    #expect(
      samples.map(\.operator) == [
        Operator(.layerNorm, dataType: .bfloat16, ["width": 512]),
        Operator(.gemm, dataType: .bfloat16, ["n": 1024, "k": 512]),
        Operator(.activation, dataType: .bfloat16, ["width": 1024, "gated": 0]),
        Operator(.elementwise, dataType: .bfloat16, ["width": 512, "inputs": 3]),
      ])
  }

  @Test func `columns of unknown meaning and empty cells are told apart`() throws {
    let columns =
      Self.times("emb") + Self.times("moe_gate") + Self.times("add", "") + Self.sizes()
    let trace = try #require(try read(Self.table(columns)).first)
    #expect(trace.samples.count == 1)
    #expect(trace.coverage.recordsRead == 2)
    #expect(trace.coverage.rejected(.unknownColumn) == 1)
    #expect(trace.coverage.rejectedRecords == 0)
  }

  @Test(
    "sizes that no model has make a bad row",
    arguments: [
      ("n_head", "0"), ("n_head", "7"), ("num_tensor_parallel_workers", "3"),
      ("num_tensor_parallel_workers", "0"), ("n_embd", "9223372036854775807"), ("n_kv_head", "-4"),
      ("num_tokens", "1e30"), ("num_tokens", "x"), ("use_gated_mlp", "maybe"),
      ("vocab_size", "99999999999999999999"), ("n_expanded_embd", ""),
    ])
  func badSizes(column: String, value: String) throws {
    let good = Self.times("emb") + Self.sizes()
    let bad = good.map { $0.0 == column ? ($0.0, value) : $0 }
    let text = Self.table(good) + bad.map(\.1).joined(separator: ",") + "\n"
    let trace = try #require(try read(text).first)
    #expect(trace.samples.count == 1)
    #expect(trace.coverage.rejected(.badValue) == 1)
  }

  static func attention(_ more: [(String, String)], prefill: Bool) -> String {
    table(
      times(prefill ? "attn_prefill" : "attn_decode")
        + times(prefill ? "attn_decode" : "attn_prefill", "")
        + [
          ("n_embd", "4096"), ("n_q_head", "32"), ("n_kv_head", "8"),
          ("num_tensor_parallel_workers", "2"), ("attention_backend", "FLASHINFER"),
          ("is_prefill", prefill ? "True" : "False"),
        ] + more)
  }

  @Test func `Vidur's attention counts the tokens before each sequence`() throws {
    let prefill = try #require(
      try read(
        Self.attention(
          [
            ("batch_size", "1"), ("prefill_chunk_size", "64"), ("kv_cache_size", "128"),
            ("block_size", "16"),
          ], prefill: true)
      ).first)
    let heads = ["heads": 16, "kvHeads": 4, "headDim": 128]
    #expect(prefill.samples[0].operator == Operator(.attention, dataType: .float16, heads))
    #expect(prefill.samples[0].point == AxisPoint(64, 128))
    #expect(prefill.runtime.framework == "Vidur")
    #expect(prefill.runtime.version == "FLASHINFER, blocks of 16")
    let decode = try #require(
      try read(
        Self.attention(
          [
            ("batch_size", "5"), ("prefill_chunk_size", "0"), ("kv_cache_size", "127"),
            ("block_size", "16"),
          ], prefill: false)
      ).first)
    #expect(decode.samples[0].point == AxisPoint(0, 0, 5, 128))
  }

  @Test func `LLMServingSim's attention shares the keys of a batch, and its prefill is left out`()
    throws
  {
    let rows = [("batch_size", "5"), ("prefill_chunk_size", "0"), ("kv_cache_size", "64")]
    let decode = try #require(try read(Self.attention(rows, prefill: false)).first)
    #expect(decode.samples[0].point == AxisPoint(0, 0, 5, 12))
    #expect(decode.runtime.framework == "LLMServingSim")
    let prompt = [("batch_size", "1"), ("prefill_chunk_size", "64"), ("kv_cache_size", "64")]
    let error = #expect(throws: ProfilerTraceError.self) {
      try read(Self.attention(prompt, prefill: true))
    }
    #expect(error?.description.contains("causal mask") == true)
  }

  @Test func `collectives over several nodes are operators of their own`() throws {
    let row = [
      ("rank", "0"), ("num_workers", "8"), ("size", "2048"), ("collective", "all_reduce"),
      ("devices_per_node", "8"), ("max_devices_per_node", "8"),
    ]
    let other = row.map {
      ["devices_per_node", "max_devices_per_node"].contains($0.0) ? ($0.0, "4") : $0
    }
    let header = Self.times("all_reduce") + row
    let text =
      Self.table(header)
      + (Self.times("all_reduce") + other).map(\.1).joined(separator: ",") + "\n"
    let traces = try read(text)
    #expect(traces.map(\.runtime.version) == ["nodes of 8", "nodes of 4"])
    #expect(traces.map(\.part) == ["nodes of 8", "nodes of 4"])
    #expect(traces[0].samples[0].point == AxisPoint(2048))
    #expect(traces[0].samples[0].operator.attributes == ["ranks": 8])
    #expect(traces[1].samples[0].operator.attributes == ["ranks": 8, "nodes": 2])
  }

  @Test func `a table beyond the limit of records is refused`() throws {
    let text = Self.table(Self.layers.flatMap { Self.times($0) } + Self.sizes())
    let directory = try TemporaryDirectory()
    let path = try directory.write(text, to: "t")
    #expect(throws: ProfilerTraceError.tooManyEvents(path: path, limit: 5)) {
      try TraceReader.read(path: path, options: ImportOptions(maximumEvents: 5))
    }
  }

  /// Count and sum in ms of all medians, by Python's `decimal`:
  ///
  ///     r = list(csv.DictReader(open(f))); m = [k for k in r[0] if k.endswith(".median")]
  ///     print(len(r) * len(m), sum(Decimal(x[k]) for x in r for k in m))
  static let totals: [(String, Int, Double)] = [
    ("vidur/compute/a100/meta-llama/Llama-2-70b-hf/mlp.csv", 10440, 5785.9885),
    ("vidur/compute/a100/meta-llama/Llama-2-7b-hf/mlp.csv", 10440, 1554.868),
    ("vidur/compute/a100/meta-llama/Meta-Llama-3-70B/mlp.csv", 18240, 48718.9045),
    ("vidur/compute/a100/meta-llama/Meta-Llama-3-8B/mlp.csv", 18240, 13852.012),
    ("vidur/compute/a40/meta-llama/Llama-2-70b-hf/mlp.csv", 10440, 11371.1985),
    ("vidur/compute/a40/meta-llama/Llama-2-7b-hf/mlp.csv", 10440, 3007.426),
    ("vidur/compute/h100/meta-llama/Llama-2-70b-hf/mlp.csv", 10440, 2082.4915),
    ("vidur/compute/h100/meta-llama/Llama-2-7b-hf/mlp.csv", 10440, 576.355),
    ("vidur/network/a100_dgx/all_reduce.csv", 6958, 13674.134),
    ("vidur/network/a100_dgx/send_recv.csv", 1988, 2752.653),
    ("vidur/network/a100_pairwise_nvlink/all_reduce.csv", 4496, 22202.983),
    ("vidur/network/a100_pairwise_nvlink/send_recv.csv", 1988, 9013.969),
    ("vidur/network/a40_pairwise_nvlink/send_recv.csv", 1988, 13569.813),
    ("vidur/network/h100_dgx/all_reduce.csv", 2982, 338.421),
    ("vidur/network/h100_dgx/send_recv.csv", 1988, 665.236),
    ("vidur/network/h100_pairwise_nvlink/all_reduce.csv", 1988, 786.775),
    ("vidur/network/h100_pairwise_nvlink/send_recv.csv", 1988, 9013.969),
    // Of the rows with `is_prefill` False and a `kv_cache_size` of at least `batch_size`.
    ("vidur-attention/A6000/Llama-3.1-8B/tp1/attention.csv", 14040, 2746.878251),
  ]

  @Test(
    "published tables are read whole", .needsSharedData,
    arguments: totals)
  func published(file: String, count: Int, milliseconds: Double) throws {
    let traces = try TraceReader.read(path: SharedData.path("operator-tables/" + file))
    let samples = traces.flatMap(\.samples)
    let sum = samples.reduce(0) { $0 + $1.duration.median } / 1e6
    #expect(samples.count == count)
    #expect(abs(sum - milliseconds) < 1e-6 * milliseconds)
    #expect(traces.allSatisfy { $0.coverage.rejectedRecords == 0 })
  }

  /// Would fail by a factor of two if sizes were elements, or by the number of devices if the sizes
  /// of a shared layer were not divided.
  @Test(
    "no published point beats the speed of light",
    .needsSharedData,
    arguments: [
      ("vidur/compute/h100/meta-llama/Llama-2-70b-hf/mlp.csv", "h100-sxm"),
      ("vidur/compute/a100/meta-llama/Meta-Llama-3-70B/mlp.csv", "a100-sxm-80gb"),
      ("vidur/network/h100_dgx/all_reduce.csv", "h100-sxm"),
      ("vidur/network/a100_dgx/all_reduce.csv", "a100-sxm-80gb"),
    ])
  func speedOfLight(file: String, device: String) throws {
    let device = try #require(Device.builtIn(named: device))
    let traces = try TraceReader.read(path: SharedData.path("operator-tables/" + file))
    let samples = traces.flatMap(\.samples).filter {
      $0.operator.kind == .gemm || $0.operator.kind == .allReduce
    }
    #expect(!samples.isEmpty)
    let impossible = samples.filter { sample in
      guard let work = OperatorWork(sample.operator, at: sample.point) else { return true }
      return device.speedOfLight(work, sample.operator.dataType) > sample.duration.median
    }
    #expect(impossible.isEmpty, "\(impossible.prefix(3))")
  }
}
