import Analytical
import Operators
import Testing

/// What devices exchange, against figures by hand.
@Suite struct ExchangeTests {
  private let device = Device(
    name: "d", peakFlops: [.bfloat16: 1e15], memoryBandwidth: 1e12, memoryBytes: 1e12,
    source: "made up")

  /// Eight devices, each with 700 bytes a nanosecond to the others together.
  private func platform(_ topology: Platform.Topology) -> Platform {
    Platform(
      name: "p", device: device,
      levels: [
        .init(name: "l", devices: 8, bandwidth: 700e9, latency: 0, topology: topology)
      ])
  }

  private func allReduce(_ ranks: Int, _ topology: Platform.Topology) throws -> Double {
    let steps = try StepEstimator(
      model("Llama-3.1-8B"), Precision(.bfloat16), Parallelism(tensor: ranks),
      on: platform(topology), .ideal)
    var shape = StepShape()
    shape.addPrefill(tokens: 1000, past: 0, samples: false)
    let found = steps.operators(shape).first { $0.role == "all_reduce" }
    return try #require(found).time
  }

  /// 1,000 tokens of 4,096 values of 2 bytes, of which each device passes 2 · (n − 1) / n on.
  @Test(arguments: [
    (8, Platform.Topology.switch, 700.0), (2, .switch, 700), (8, .mesh, 700), (2, .mesh, 100),
    (4, .mesh, 300), (2, .ring, 350), (8, .ring, 700), (2, .torus, 175), (4, .torus, 350),
  ])
  func `A part of a mesh, ring or torus has only the links that lead to it`(
    ranks: Int, topology: Platform.Topology, rate: Double
  ) throws {
    let bytes = 2 * Double(ranks - 1) / Double(ranks) * 8_192_000
    expectClose(try allReduce(ranks, topology), bytes / rate)
  }

  @Test func `Parts of a sequence pass keys on in prefill, and sum results in decode`() throws {
    let steps = try StepEstimator(
      model("Llama-3.1-8B"), Precision(.bfloat16), Parallelism(sequence: 4), on: platform(.switch),
      .ideal)
    var prompt = StepShape()
    prompt.addPrefill(tokens: 4000, past: 0, samples: false)
    var decode = StepShape()
    decode.addDecode(context: 4000)
    func time(_ role: String, _ shape: StepShape) -> Double? {
      steps.operators(shape).first { $0.role == role }?.time
    }
    // 1,000 tokens a part, three times 2,048 values of keys and values of 2 bytes each.
    expectClose(try #require(time("key_value_ring", prompt)), 1000 * 3 * 2048 * 2 / 700.0)
    #expect(time("attention_combine", prompt) == nil)
    #expect(time("key_value_ring", decode) == nil)
    expectClose(
      try #require(time("attention_combine", decode)), 2 * 3.0 / 4 * 4096 * 2 / 700)
  }

  @Test func `Others that decode beside the prompts take memory, and a shared prefix saves time`()
    throws
  {
    let estimator = try RequestEstimator(
      StepEstimator(model("Llama-3.1-8B"), on: platform(.switch)))
    var workload = Workload(batch: 4, inputTokens: 1000, outputTokens: 24)
    let alone = try estimator.estimate(workload)
    workload.decodesBeside = 3
    let beside = try estimator.estimate(workload)
    #expect(beside.memory.cache - alone.memory.cache == Double(3 * 1024 * 131_072))
    workload.decodesBeside = 0
    workload.sharedTokens = 900
    let shared = try estimator.estimate(workload)
    // 1,000 tokens of the first and 100 of each other, of 4,000.
    #expect(shared.prefill.flops < 0.4 * alone.prefill.flops)
    #expect(shared.prefill.flops > 0.3 * alone.prefill.flops)
  }

  @Test func `What only embeds generates nothing and keeps nothing`() throws {
    let estimator = try RequestEstimator(StepEstimator(model("e5-small-v2"), on: platform(.switch)))
    #expect(throws: AnalyticalError.self) {
      try estimator.estimate(Workload(batch: 4, inputTokens: 100, outputTokens: 2))
    }
    let found = try estimator.estimate(Workload(batch: 4, inputTokens: 100, outputTokens: 1))
    #expect(found.memory.cache == 0 && found.timePerOutputToken == 0 && found.timeToFirstToken > 0)
  }

  @Test func `A checkpoint of few bits keeps attention, head and cache in 16 bits`() throws {
    let uses = try model("Llama-3.1-8B").forwardPass(Precision(serving: .float8), .single)
    func op(_ role: String) throws -> Operator {
      try #require(uses.first { $0.role == role }).operator
    }
    #expect(try op("qkv_proj").dataType == .float8)
    for role in ["attention", "lm_head", "input_layernorm"] {
      #expect(try op(role).dataType == .bfloat16 && op(role).attributes["kvBits"] == nil)
    }
    var weightsAlone = Precision(.bfloat16)
    weightsAlone.weights = .int4
    let product = try #require(
      model("Llama-3.1-8B").forwardPass(weightsAlone, .single).first { $0.role == "qkv_proj" })
    #expect(product.operator.dataType == .bfloat16)
    #expect(product.operator.attributes["weightBits"] == 4)
  }
}
