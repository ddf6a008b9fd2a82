import Analytical
import Operators
import Testing

@testable import ProfilerTraces

@Suite struct OperatorMappingTests {
  static let bf16 = "[\"c10::BFloat16\",\"c10::BFloat16\",\"c10::BFloat16\"]"

  static func map(
    _ name: String, _ dims: String, types: String = bf16, isCopy: Bool = false, ranks: Int? = nil
  ) -> String {
    let group = OperatorGroup(
      name: name, inputDims: dims, inputTypes: types, inputStrides: "", concreteInputs: "",
      operationCount: 1, totalKernelTime: 1, kernels: [])
    let result = OperatorMapping.map(group, isCopy: isCopy, worldSize: ranks)
    let axes = result.operator.kind.axes.indices.map { String(result.point[$0]) }
    return "\(result.operator) @\(axes.joined(separator: ","))"
  }

  @Test(
    "operators of PyTorch are translated by name and shape",
    arguments: [
      ("aten::mm", "[[8944,1024],[1024,2816]]", "gemm k=1024 n=2816 bf16 @8944"),
      ("aten::mm", "[[8944,1024],[1000,2816]]", "opaque:aten::mm bf16 @"),
      ("aten::addmm", "[[5],[4,8],[8,5],[],[]]", "gemm k=8 n=5 bf16 @4"),
      ("aten::linear", "[[2,3,8],[5,8],[]]", "gemm k=8 n=5 bf16 @6"),
      ("aten::bmm", "[[1,32,1],[1,1,559]]", "gemm k=1 n=559 bf16 @32"),
      ("aten::bmm", "[[7,32,2],[7,2,9]]", "gemm batch=7 k=2 n=9 bf16 @32"),
      ("aten::baddbmm", "[[7,32,9],[7,32,2],[7,2,9]]", "gemm batch=7 k=2 n=9 bf16 @32"),
      ("aten::matmul", "[[2,3,4,8],[2,3,8,5]]", "gemm batch=6 k=8 n=5 bf16 @4"),
      (
        "aten::_flash_attention_forward", "[[16,559,16,64],[16,559,4,64]]",
        "attention headDim=64 heads=16 kvHeads=4 sequences=16 bf16 @559,0,0,0,0"
      ),
      (
        "aten::scaled_dot_product_attention", "[[1,8,100,64],[1,2,300,64]]",
        "attention headDim=64 heads=8 kvHeads=2 bf16 @100,200,0,0,0"
      ),
      (
        "aten::_scaled_dot_product_flash_attention", "[[32,8,1,64],[32,2,300,64]]",
        "attention headDim=64 heads=8 kvHeads=2 bf16 @0,0,32,300,0"
      ),
      ("_C::rms_norm", "[[888,2880],[888,2880],[2880],[]]", "rmsNorm width=2880 bf16 @888"),
      (
        "_C::fused_add_rms_norm", "[[888,2880],[888,2880],[2880],[]]",
        "rmsNorm width=2880 bf16 @888"
      ),
      ("aten::layer_norm", "[[2,3,768],[],[768]]", "layerNorm width=768 bf16 @6"),
      ("_C::silu_and_mul", "[[9,100],[9,200]]", "activation width=100 bf16 @9"),
      ("aten::silu", "[[2,9,100]]", "activation gated=0 width=100 bf16 @18"),
      ("aten::embedding", "[[1000,64],[2,5],[]]", "embedding vocab=1000 width=64 bf16 @10"),
      ("aten::_softmax", "[[2,8,7,7],[],[]]", "softmax width=7 bf16 @112"),
      ("aten::argmax", "[[4,32000],[],[]]", "sample vocab=32000 bf16 @4"),
      (
        "_C::rotary_embedding", "[[888],[888,512],[888,64],[],[131072,64],[]]",
        "rotary headDim=64 heads=8 kvHeads=1 bf16 @888"
      ),
      ("aten::mul", "[[16,559,1024],[16,559,1]]", "elementwise inputs=2 width=1024 bf16 @8944"),
      ("aten::add", "[[2,9,64],[2,9,64],[]]", "elementwise width=64 bf16 @18"),
      ("aten::add_", "[[9,64],[9,64],[]]", "elementwise width=64 bf16 @9"),
      ("aten::add", "[[9,64],[64],[]]", "elementwise inputs=2 width=64 bf16 @9"),
      ("aten::add", "[[9,64],[],[]]", "elementwise inputs=1 width=64 bf16 @9"),
      ("aten::sub", "[[9,64],[9,64],[]]", "elementwise inputs=2 width=64 bf16 @9"),
      ("aten::add_", "[[3],[5]]", "opaque:aten::add_ bf16 @"),
      ("aten::fill_", "[[10,4],[]]", "elementwise inputs=0 width=4 bf16 @10"),
      ("aten::mm", "[[8,3000000000],[3000000000,5]]", "opaque:aten::mm bf16 @"),
      ("aten::mul", "[[2199023255552,4]]", "opaque:aten::mul bf16 @"),
      (
        "aten::scaled_dot_product_attention", "[[1,1,2147483648,64],[1,1,2147483648,64]]",
        "opaque:aten::scaled_dot_product_attention bf16 @"
      ),
      ("aten::nonsense", "[[1]]", "opaque:aten::nonsense bf16 @"),
      ("aten::mm", "[[-1,8],[8,5]]", "opaque:aten::mm bf16 @"),
      ("aten::mm", "[[1,8],", "opaque:aten::mm bf16 @"),
      ("aten::mm", "", "opaque:aten::mm bf16 @"),
      ("vllm::all_reduce", "[[888,2880],[]]", "opaque:vllm::all_reduce bf16 @"),
      (
        "aten::linear", "[[9223372036854775807,9223372036854775807,8],[5,8]]",
        "opaque:aten::linear bf16 @"
      ),
    ])
  func translation(name: String, dims: String, expected: String) {
    #expect(Self.map(name, dims) == expected)
  }

  @Test func `a sum of two types is no residual sum`() {
    let types = "[\"float\",\"c10::BFloat16\",\"Scalar\"]"
    #expect(
      Self.map("aten::add", "[[9,64],[9,64],[]]", types: types)
        == "elementwise inputs=2 width=64 fp32 @9")
  }

  @Test(
    "what a trace of a serving engine measures is what the forward pass asks for",
    arguments: [
      ("_C::rms_norm", "[[8,4096],[8,4096],[4096],[]]", "input_layernorm"),
      ("_C::fused_add_rms_norm", "[[8,4096],[8,4096],[4096],[]]", "post_attention_layernorm"),
      ("aten::linear", "[[8,4096],[6144,4096],[]]", "qkv_proj"),
      ("aten::mm", "[[8,4096],[4096,4096]]", "o_proj"),
      ("_C::rotary_embedding", "[[8],[8,4096],[8,1024],[],[131072,128],[]]", "rotary_emb"),
      ("aten::scaled_dot_product_attention", "[[1,32,8,128],[1,8,8,128]]", "attention"),
      ("aten::add_", "[[8,4096],[8,4096],[]]", "residual"),
      ("_C::silu_and_mul", "[[8,14336],[8,28672]]", "act_fn"),
      ("aten::embedding", "[[128256,4096],[8],[]]", "embedding"),
      ("aten::linear", "[[8,4096],[128256,4096],[]]", "lm_head"),
      ("aten::argmax", "[[8,128256],[],[]]", "sampler"),
    ])
  func forwardPass(name: String, dims: String, role: String) throws {
    let model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    let use = try #require(
      model.forwardPass(.bfloat16, fusesResiduals: false).first { $0.role == role })
    #expect(Self.map(name, dims).hasPrefix("\(use.operator) @8"))
  }

  @Test func `AITER's fused norm is the norm of its second input`() {
    let dims = "[[32,2880],[32,2880],[32,2880],[32,2880],[2880],[],[]]"
    #expect(Self.map("aiter::rmsnorm2d_fwd_with_add_ck", dims) == "rmsNorm width=2880 bf16 @32")
  }

  @Test func `a write to the cache counts the rows that have a slot`() {
    let dims = "[[32,8,64],[32,8,64],[999,16,8,64],[999,16,8,64],[30],[],[],[]]"
    #expect(
      Self.map("_C_cache_ops::reshape_and_cache_flash", dims)
        == "cacheWrite cacheBytes=2 headDim=64 kvHeads=8 bf16 @30")
  }

  @Test func `copies count bytes, and collectives bytes and ranks`() {
    #expect(Self.map("aten::copy_", "[[10,3],[10,3],[]]", isCopy: true) == "memcpy @60")
    #expect(
      Self.map("vllm::all_reduce", "[[888,2880],[]]", ranks: 8)
        == "allReduce ranks=8 bf16 @5114880")
  }
}

@Suite struct FoldedAttentionTests {
  private func trace(heads: Int, kvHeads: Int, queries: Int, past: Int) -> ImportedTrace {
    var trace = ImportedTrace(format: .kineto)
    let op = Operator(
      .attention, dataType: .float32, ["heads": heads, "kvHeads": kvHeads, "headDim": 64])
    trace.samples = [
      OperatorSample(
        op, at: AxisPoint(queries, past), label: "sdpa", duration: DurationStatistics(mean: 1))
    ]
    return trace
  }

  private let model = ModelArchitecture(
    name: "toy", hiddenSize: 512, intermediateSize: 64, layers: 1, heads: 8, kvHeads: 2,
    vocabularySize: 100)

  @Test func `A folded decode becomes a decode of all heads`() {
    var trace = trace(heads: 2, kvHeads: 2, queries: 4, past: 96)
    trace.unfoldAttention(of: model)
    #expect(trace.samples[0].operator.attributes == ["heads": 8, "kvHeads": 2, "headDim": 64])
    #expect(trace.samples[0].point == AxisPoint(0, 0, 1, 100))
  }

  @Test(arguments: [(8, 2, 4), (2, 2, 5), (4, 4, 4)])
  func `Other attention stays as it is`(heads: Int, kvHeads: Int, queries: Int) {
    var trace = trace(heads: heads, kvHeads: kvHeads, queries: queries, past: 96)
    let before = trace.samples
    trace.unfoldAttention(of: model)
    #expect(trace.samples == before)
  }
}
