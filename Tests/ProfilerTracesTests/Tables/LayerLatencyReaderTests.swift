import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct LayerLatencyReaderTests {
  static let header = LayerLatencyReader.columns.joined(separator: ",") + "\n"

  static var options: ImportOptions {
    var options = ImportOptions.standard
    options.model = TableReaderTests.llama
    return options
  }

  @Test func `layers become operators of the model on one of its devices`() throws {
    let directory = try TemporaryDirectory()
    let text =
      Self.header + """
        q_proj,3,0,2,100
        k_proj,3,0,2,101
        up_proj,3,0,2,102
        act_fn,3,0,2,103
        attn,3,0,2,104
        attn,1,64,2,105
        lm_head,3,0,1,106
        final_layernorm,3,0,1,107
        gate,3,0,1,108
        o_proj,3,0,3,109
        o_proj,3,0,1,-110
        """
    let path = try directory.write(text + "\n", to: "x")
    #expect(try TraceFormat.detect(path: path) == .layerLatency)
    let trace = try #require(try TraceReader.read(path: path, options: Self.options).first)
    func gemm(_ n: Int, _ k: Int) -> Operator {
      Operator(.gemm, dataType: .float16, ["n": n, "k": k])
    }
    let attention = Operator(
      .attention, dataType: .float16, ["heads": 16, "kvHeads": 4, "headDim": 128])
    #expect(
      trace.samples.map(\.operator) == [
        gemm(2048, 4096), gemm(512, 4096), gemm(7168, 4096),
        Operator(.activation, dataType: .float16, ["width": 7168]), attention, attention,
        gemm(128_256, 4096),
      ])
    #expect(trace.samples.map(\.duration.median) == [100, 101, 102, 103, 104, 105, 106])
    #expect(trace.samples[4].point == AxisPoint(3))
    #expect(trace.samples[5].point == AxisPoint(0, 0, 1, 65))
    #expect(trace.coverage.rejected(.finalNorm) == 1)
    #expect(trace.coverage.rejected(.unknownLayer) == 1)
    #expect(trace.coverage.rejected(.badValue) == 1)
    #expect(trace.coverage.rejected(.negativeDuration) == 1)
  }

  @Test func `without a model the table is refused with advice`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Self.header + "attn,1,0,1,5\n", to: "x")
    let error = #expect(throws: ProfilerTraceError.self) { try TraceReader.read(path: path) }
    #expect(error?.description.contains("--model") == true)
  }

  /// By Python: `sum(int(x["latency(ns)"]) for x in r if x["layer_name"] != "final_layernorm")`.
  @Test(
    "the published table is read whole",
    .needsSharedData)
  func published() throws {
    let path = SharedData.path("operator-tables/vidur-attention/A6000/Llama-3.1-8B/tp1/layers.csv")
    let trace = try #require(try TraceReader.read(path: path, options: Self.options).first)
    #expect(trace.samples.count == 28672)
    #expect(trace.samples.reduce(0) { $0 + $1.duration.median } == 30_939_928_932)
    #expect(trace.coverage.rejected(.finalNorm) == 2048)
    #expect(trace.coverage.rejectedRecords == 0)
  }
}
