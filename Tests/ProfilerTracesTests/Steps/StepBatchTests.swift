import Testing

@testable import ProfilerTraces

@Suite struct StepBatchTests {
  @Test(
    "annotations of engines tell what a step's batch held",
    arguments: [
      ("execute_context_1(888)_generation_3(3)", [1, 888, 3, 3]),
      ("execute_context_1(888_788544)_generation_0(0)", [1, 888, 0, 0]),
      (
        "execute_32_context_0(sq0sk0sqsq0sqsk0)_generation_32(sq32sk55086sqsq32sqsk55086)",
        [0, 0, 32, 32]
      ),
      ("step[EXTEND bs=15 toks=15360]", [15, 15360, 0, 0]), ("step[DECODE bs=32]", [0, 0, 32, 32]),
      ("step[ EXTEND bs=4 toks=512 ]", [4, 512, 0, 0]),
      ("step[DECODE bs=64 g_sq=128 g_sqsq=256 g_sqsk=262144 g_sk=131072]", [0, 0, 64, 128]),
      ("step[MIXED bs=2 c=1 g=1 c_sq=5 c_sk=8 c_sqsq=25 c_sqsk=40 g_sq=1]", [1, 5, 1, 1]),
      ("prefill[bs=2 tok=14721 ctx=[7803, 6918]]", [2, 14721, 0, 0]),
      ("prefill[bs=6 tok=17408 ctx=[4096, 4096, 4096]...+3]", [6, 17408, 0, 0]),
      ("decode[bs=64 tok=64 d=64]", [0, 0, 64, 64]),
      ("decode[bs=117/128 tok=117 d=117]", [0, 0, 117, 117]),
      ("decode[bs=128 tok=384 p=2 d=126 sqsq=132612 sqsk=1114112 sk=258048]", [2, nil, 126, nil]),
      ("capture_128_DECODE", [0, 0, 128, 128]), ("capture_128_FULL", []), ("step[MIXED bs=2]", []),
      ("step[IDLE bs=0]", []), ("execute_context_x(1)_generation_1(1)", []),
      ("ProfilerStep#6", []), ("execute_context_1(99999999999999999999)_generation_1(1)", []),
      ("step[", []), ("decode[", []), ("prefill[bs=]", []),
      ("execute_context_-1(3)_generation_1(1)", []),
    ] as [(String, [Int?])])
  func batch(name: String, expected: [Int?]) {
    let values = StepBatch(annotation: name).map {
      [$0.contextSequences, $0.contextTokens, $0.generationSequences, $0.generationTokens]
    }
    #expect(values ?? [] == expected)
  }

  @Test(
    "detailed annotations tell the sums that attention costs",
    arguments: [
      // Two prompts of 2048 and 4096 tokens, the first after 1000: 2048·1000 + 2048·2049/2 +
      // 4096·4097/2 pairs.
      (
        "execute_6147_context_2(sq6144sk7144sqsq20971520sqsk23019520)"
          + "_generation_3(sq3sk6144sqsq3sqsk6144)",
        [2_048_000 + 2_098_176 + 8_390_656, 7144, 6144]
      ),
      (
        "execute_32_context_0(sq0sk0sqsq0sqsk0)_generation_32(sq32sk55086sqsq32sqsk55086)",
        [0, 0, 55086]
      ),
      // Five tokens after three: 5·3 + 15 pairs.
      ("step[MIXED bs=2 c=1 g=1 c_sq=5 c_sk=8 c_sqsq=25 c_sqsk=40 g_sq=1 g_sk=12]", [30, 8, 12]),
      ("step[EXTEND bs=2 toks=12 c_sq=12 c_sqsq=80 c_sqsk=120 c_sk=20]", [86, 20, 0]),
      ("decode[bs=32 tok=128 d=32 spec=3 sqsq=512 sqsk=262144 sk=65536]", [0, 0, 65536]),
      ("execute_context_1(888_788544)_generation_0(0)", [nil, nil, 0]),
      ("decode[bs=64 tok=64 d=64]", [0, 0, nil]),
      // Sums that contradict one another tell nothing.
      ("execute_9_context_1(sq9sk3sqsq4sqsk2)_generation_0(0)", [nil, 3, 0]),
      (
        "execute_9_context_1(sq9sk9223372036854775807sqsq81sqsk9223372036854775807)_generation_0(0)",
        [nil, nil, 0]
      ),
    ] as [(String, [Int?])])
  func sums(name: String, expected: [Int?]) throws {
    let batch = try #require(StepBatch(annotation: name))
    #expect([batch.prefillPairs, batch.prefillContext, batch.decodeContext] == expected)
  }

  @Test func `what follows from the sums is told, and nothing else`() throws {
    let one = try #require(
      StepBatch(annotation: "execute_1_context_0(sq0sk0sqsq0sqsk0)_generation_1(sq1sk9sqsq1sqsk9)"))
    #expect(one.longestDecodeContext == 9)
    #expect(one.sampledSequences == 1)
    let mixed = try #require(StepBatch(annotation: "execute_context_1(888)_generation_3(3)"))
    #expect(mixed.longestDecodeContext == nil)
    #expect(mixed.sampledSequences == nil)
    #expect(mixed.graphSize == 891)
    #expect(StepBatch(annotation: "decode[bs=117/128 tok=117 d=117]")?.graphSize == 128)
  }

  @Test func `a step counts what it launched, in graphs too, and outer steps count it as well`()
    throws
  {
    var trace = TraceText()
    trace.annotation("ProfilerStep#1", "0", "1000")
    trace.annotation("step[DECODE bs=2]", "10", "50")
    trace.annotation("step[DECODE bs=3]", "100", "50")
    trace.annotation("## forward ##", "10", "50")
    trace.launch("cudaGraphLaunch", "20", 1)
    trace.kernel("a", "5000", "2", 1)
    trace.kernel("b", "5002", "3", 1)
    trace.launch("cudaLaunchKernel", "110", 2)
    trace.kernel("c", "6000", "4", 2)
    trace.launch("cudaLaunchKernel", "120", 3, tid: 8, pid: 8)
    trace.kernel("d", "6100", "4", 3)
    let steps = try trace.read().steps
    #expect(steps.map(\.name) == ["ProfilerStep#1", "step[DECODE bs=2]", "step[DECODE bs=3]"])
    #expect(
      steps.map(\.kernels) == [
        Tally(count: 3, nanoseconds: 9000), Tally(count: 2, nanoseconds: 5000),
        Tally(count: 1, nanoseconds: 4000),
      ])
  }

  @Test func `a step of a trace without a device has no kernels, not none`() throws {
    var trace = TraceText()
    trace.annotation("step[DECODE bs=2]", "10", "50")
    trace.op("aten::mm", "20", "5")
    #expect(try trace.read().steps.map(\.kernels) == [nil])
  }
}
