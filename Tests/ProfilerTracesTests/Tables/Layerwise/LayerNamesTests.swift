import Analytical
import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct LayerNamesTests {
  /// The names in `dense.csv`, `per_sequence.csv` and `attention.csv`.
  static let names = [
    "embedding", "layernorm", "qkv_proj", "rotary_emb", "attention", "o_proj", "gate_up_proj",
    "act_fn", "down_proj", "final_layernorm", "lm_head", "sampler",
  ]

  @Test(
    "every layer of the tables is an operator that the forward pass runs",
    arguments: ["Llama-3.1-8B", "Llama-3.1-70B", "Qwen2.5-72B", "Qwen3-8B", "Qwen3-32B"],
    [1, 2, 4, 8])
  func layersAreOperators(model: String, ranks: Int) throws {
    let architecture = try #require(ModelArchitecture.builtIn(named: model))
    let layers = LayerNames(architecture, .bfloat16, tensorParallel: ranks)
    let operators = Set(
      architecture.forwardPass(.bfloat16, tensorParallel: ranks).map(\.operator))
    for name in Self.names + (model.hasPrefix("Qwen3") ? ["qk_norm"] : []) {
      #expect(operators.contains(try #require(layers[name]?.operator, "\(name)")))
    }
    #expect(layers["router"] == nil)
    #expect((layers["qk_norm"] == nil) == !model.hasPrefix("Qwen3"))
  }

  /// Llama-3.1-8B on two devices, by hand.
  @Test(
    "layers have the shapes of one device's part",
    arguments: [
      ("qkv_proj", "gemm k=4096 n=3072 bf16"), ("o_proj", "gemm k=2048 n=4096 bf16"),
      ("gate_up_proj", "gemm k=4096 n=14336 bf16"), ("down_proj", "gemm k=7168 n=4096 bf16"),
      ("lm_head", "gemm k=4096 n=64128 bf16"), ("layernorm", "rmsNorm width=4096 bf16"),
      ("final_layernorm", "rmsNorm width=4096 bf16"), ("act_fn", "activation width=7168 bf16"),
      ("rotary_emb", "rotary headDim=128 heads=16 kvHeads=4 bf16"),
      ("embedding", "embedding vocab=64128 width=4096 bf16"),
      ("sampler", "sample vocab=128256 bf16"),
      ("attention", "attention headDim=128 heads=16 kvHeads=4 bf16"),
    ])
  func shapes(layer: String, expected: String) throws {
    let layers = LayerNames(TableReaderTests.llama, .bfloat16, tensorParallel: 2)
    #expect(try #require(layers[layer]).operator.description == expected)
  }

  @Test func `norms a head lie at as many rows as a step's tokens have heads`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("layer,tokens,time_us\nqk_norm,16,3\n", to: "dense.csv")
    let model = try #require(ModelArchitecture.builtIn(named: "Qwen3-8B"))
    let trace = try LayerwiseReader.read(path: path, architecture: model, tensorParallel: 2)
    #expect(trace.samples[0].operator.description == "rmsNorm width=128 bf16")
    #expect(trace.samples[0].point == AxisPoint(16 * (16 + 4)))
  }

  @Test func `a vocabulary that devices cannot share evenly is rounded up`() throws {
    var model = TableReaderTests.llama
    model.vocabularySize = 32_001
    let layers = LayerNames(model, .bfloat16, tensorParallel: 4)
    #expect(layers["lm_head"]?.operator.attributes["n"] == 8001)
    #expect(layers["embedding"]?.operator.attributes["vocab"] == 8001)
    #expect(layers["sampler"]?.operator.attributes["vocab"] == 32_001)
  }

  @Test(arguments: [(3, "32 heads"), (0, "positive"), (64, "32 heads")])
  func `devices that cannot share a model are refused`(ranks: Int, reason: String) {
    #expect(LayerNames.fault(TableReaderTests.llama, ranks)?.contains(reason) == true)
    #expect(LayerNames.fault(TableReaderTests.llama, 8) == nil)
  }

  @Test func `tables lie in folders of any name`() throws {
    let directory = try TemporaryDirectory()
    let folder = "a b é/m %20"
    _ = try directory.write(#"{"gpu": "GPU X"}"#, to: folder + "/meta.json")
    let path = try directory.write(
      "layer,tokens,time_us\nqkv_proj,1,3\n", to: folder + "/tp1/dense.csv")
    for place in [path, String(path.dropLast("/dense.csv".count))] {
      let trace = try LayerwiseReader.read(path: place, architecture: TableReaderTests.llama)
      #expect(trace.deviceName == "GPU X")
      #expect(trace.samples.count == 1)
    }
    _ = try directory.write(#"{"versions": {"torch": "2.9"}}"#, to: folder + "/machine.json")
    let sweep = try directory.write(
      #"{"kind":"gemm","axes":{"tokens":1},"count":1,"mean_ns":3}"#, to: folder + "/x.jsonl")
    #expect(try SweepReader.read(path: sweep).runtime.version == "2.9 sweep")
  }
}
