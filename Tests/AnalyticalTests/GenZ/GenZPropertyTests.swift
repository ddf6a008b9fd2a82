import Analytical
import Testing

@Suite struct GenZPropertyTests {
  /// Passes of each kind with `batch` requests.
  private static func passes(batch: Int) -> [GenZPass] {
    [
      .prefill(batch: batch, inputTokens: 777),
      .decode(batch: batch, inputTokens: 2000, outputTokens: 300),
      .decode(batch: batch, inputTokens: 2000, outputTokens: 300, beams: 3),
      .chunked(
        batch: batch, prefills: [.init(past: 512, new: 300), .init(past: 0, new: 50)],
        decodes: [10, 1000, 4000]),
    ]
  }

  private static let models: [GenZModel] = [.gpt2, .llama8B, .llama70B, .mixtral, .phiMoE]

  private func estimator(
    _ model: GenZModel, bits: GenZBits = .bf16, tensor: Int = 1, pipeline: Int = 1,
    expert: Int = 1, efficiency: Double = 0.8
  ) throws -> GenZEstimator {
    try GenZEstimator(
      model: model, system: .named("H100_GPU"), bits: bits, tensorParallel: tensor,
      pipelineParallel: pipeline, expertParallel: expert, efficiency: efficiency)
  }

  @Test(arguments: models, [1, 2, 4]) func `A larger batch takes no less time`(
    model: GenZModel, tensor: Int
  ) throws {
    let estimator = try estimator(model, tensor: tensor)
    for batch in 1..<40 {
      for (pass, larger) in zip(Self.passes(batch: batch), Self.passes(batch: batch + 1)) {
        let (few, many) = (estimator.estimate(pass), estimator.estimate(larger))
        #expect(many.latency >= few.latency)
        #expect(many.keyValues > few.keyValues)
        #expect(many.weights == few.weights)
      }
    }
  }

  @Test(arguments: models) func `Half the efficiency doubles all but communication`(
    model: GenZModel
  ) throws {
    let (fast, slow) = try (
      estimator(model, tensor: 4, efficiency: 0.8), estimator(model, tensor: 4, efficiency: 0.4)
    )
    for pass in Self.passes(batch: 6) {
      for (quick, lazy) in zip(fast.operators(pass), slow.operators(pass)) {
        #expect(lazy.computeTime == 2 * quick.computeTime)
        #expect(lazy.memoryTime == 2 * quick.memoryTime)
        #expect(lazy.communicationTime == quick.communicationTime)
      }
    }
  }

  @Test(arguments: models) func `One chip has nobody to talk to`(model: GenZModel) throws {
    for pass in Self.passes(batch: 6) {
      #expect(try estimator(model).estimate(pass).communication == 0)
      #expect(try estimator(model, tensor: 2).estimate(pass).communication > 0)
      #expect(try estimator(model, pipeline: 2).estimate(pass).breakdown.sendReceives > 0)
    }
  }

  @Test(arguments: models, [1, 2]) func `Totals are the sums of the operators`(
    model: GenZModel, expert: Int
  ) throws {
    let experts = model.experts > 1 ? expert : 1
    let estimator = try estimator(model, tensor: 2, pipeline: 3, expert: experts)
    for pass in Self.passes(batch: 7) {
      let total = estimator.estimate(pass)
      let operators = estimator.operators(pass)
      func sum(_ value: (GenZOperator) -> Double) -> Double {
        operators.reduce(0) { $0 + value($1) * Double($1.count) }
      }
      expectAgreement(total.latency, sum(\.latency), "latency")
      expectAgreement(total.macs, sum(\.macs), "multiply-adds")
      let bytes = sum { $0.inputBytes + $0.weightBytes + $0.outputBytes }
      expectAgreement(total.totalData, bytes / 1_048_576, "data")
      expectAgreement(total.weights + total.keyValues, sum(\.weightBytes) / 1_048_576, "weights")
      expectAgreement(
        total.latency, total.attention + total.linear + total.communication, "kinds")
      let blocks = total.breakdown
      expectAgreement(
        total.latency,
        blocks.embedding + blocks.attention + blocks.feedForward + blocks.sendReceives, "blocks")
      expectAgreement(
        blocks.collectives, blocks.allReduces + blocks.allToAlls + blocks.sendReceives,
        "collectives")
    }
  }

  @Test(arguments: [2, 3, 5]) func `A pipeline is its stages in a row and the messages between`(
    stages: Int
  ) throws {
    let pipeline = try estimator(.llama70B, tensor: 2, pipeline: stages)
    let whole = try estimator(.llama70B, tensor: 2)
    let found = pipeline.estimate(.prefill(batch: 4 * stages + 1, inputTokens: 512))
    let alone = whole.estimate(.prefill(batch: 4, inputTokens: 512))
    expectAgreement(found.latency - found.breakdown.sendReceives, alone.latency, "latency")
    #expect(found.weights == alone.weights)
    #expect(found.throughput > found.pipelinedThroughput)
  }

  @Test(arguments: GenZBits.allCases) func `Memory scales with the bytes of an element`(
    bits: GenZBits
  ) throws {
    for pass in Self.passes(batch: 2) {
      let found = try estimator(.phiMoE, bits: bits).estimate(pass)
      let reference = try estimator(.phiMoE).estimate(pass)
      #expect(found.weights == reference.weights * bits.memoryMultiplier / 2)
      #expect(found.keyValues == reference.keyValues * bits.memoryMultiplier / 2)
    }
  }

  @Test(arguments: [1, 2, 4, 8]) func `Beams share the keys of the prompt`(beams: Int) throws {
    let found = try estimator(.llama8B).estimate(
      .decode(batch: 3, inputTokens: 1000, outputTokens: 100, beams: beams))
    let tokens = 3 * 1000 + 3 * beams * 100
    #expect(found.keyValues == Double(2 * 32 * 8 * 128 * 2 * tokens) / 1_048_576)
  }

  @Test func `A whole prompt as a chunk multiplies and adds as a prefill`() throws {
    let estimator = try estimator(.llama8B, tensor: 2)
    let chunk = estimator.estimate(.chunked(prefills: [.init(past: 0, new: 640)], decodes: []))
    #expect(chunk.macs == estimator.estimate(.prefill(batch: 1, inputTokens: 640)).macs)
  }

  /// GenZ rounds tokens an expert down: its fault, kept.
  @Test func `A chunk with fewer visits than experts has experts for nothing`() throws {
    let estimator = try estimator(.mixtral)
    func cost(_ requests: Int) -> GenZEstimate {
      estimator.estimate(
        .chunked(prefills: [], decodes: Array(repeating: 100, count: requests)))
    }
    #expect(cost(3).unusedWeights > 0.9 * cost(3).weights)
    #expect(cost(4).latency > 5 * cost(3).latency)
  }

  @Test func `Counts that nobody means overflow nothing`() throws {
    let huge = 1 << 24
    let model = GenZModel(
      vocabularySize: huge, hiddenSize: huge, intermediateSize: huge, layers: huge, heads: huge,
      headDim: huge, experts: huge, expertsPerToken: huge)
    for sizes in [model, .mixtral] {
      for count in [Int.max, Int.min, 0] {
        let estimator = try estimator(sizes)
        for pass: GenZPass in [
          .prefill(batch: count, inputTokens: count),
          .decode(batch: count, inputTokens: count, outputTokens: count, beams: count),
          .chunked(
            batch: count, prefills: [.init(past: count, new: count)], decodes: [count, count]),
        ] {
          let found = estimator.estimate(pass)
          #expect(found.latency.isFinite && found.latency >= 0)
          #expect(found.throughput.isFinite && found.throughput >= 0)
        }
      }
    }
  }
}

@Suite struct GenZRefusalTests {
  @Test func `Expected tokens go from one to all of them`() throws {
    for guesses in [1, 2, 4, 16] {
      #expect(try GenZEstimator.expectedTokens(speculated: guesses, acceptance: 0) == 1)
      #expect(
        try GenZEstimator.expectedTokens(speculated: guesses, acceptance: 1) == Double(guesses))
    }
    let few = try GenZEstimator.expectedTokens(speculated: 4, acceptance: 0.7)
    expectAgreement(few, 2.7731, "tokens")
  }

  @Test(arguments: [
    (GenZModel.llama8B, 0, 1, 1, 0.8, GenZRefusal.size(name: "tensor parallelism", value: 0)),
    (.llama8B, 1, 1 << 25, 1, 0.8, .size(name: "pipeline parallelism", value: 1 << 25)),
    (.llama8B, 1, 1, 2, 0.8, .experts(1, expertParallel: 2)),
    (.mixtral, 1, 1, 3, 0.8, .experts(8, expertParallel: 3)),
    (.llama8B, 3, 1, 1, 0.8, .heads(perChip: 11, kvHeadsPerChip: 3)),
    (.gpt2, 1, 8, 1, 0.8, .stages(layers: 12, pipelineParallel: 8)),
    (.llama8B, 1, 1, 1, 0, .rate(name: "efficiency", value: 0)),
  ])
  func `What GenZ cannot compute is refused`(
    model: GenZModel, tensor: Int, pipeline: Int, expert: Int, efficiency: Double,
    refusal: GenZRefusal
  ) {
    #expect(throws: refusal) {
      try GenZEstimator(
        model: model, system: .named("H100_GPU"), tensorParallel: tensor,
        pipelineParallel: pipeline, expertParallel: expert, efficiency: efficiency)
    }
  }

  @Test func `Speculation with one token or an impossible acceptance is refused`() throws {
    let target = try GenZEstimator(model: .llama70B, system: .named("H100_GPU"))
    func speculate(_ tokens: Int, _ acceptance: Double) throws {
      _ = try target.speculation(
        draft: .llama8B, batch: 1, inputTokens: 10, outputTokens: 10, speculatedTokens: tokens,
        acceptance: acceptance)
    }
    #expect(throws: GenZRefusal.speculatedTokens(1)) { try speculate(1, 0.5) }
    #expect(throws: GenZRefusal.rate(name: "acceptance", value: 1.5)) { try speculate(4, 1.5) }
  }
}
