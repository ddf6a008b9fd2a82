import Analytical
import Operators
import Testing

@Suite struct RequestEstimatorTests {
  private func estimator(
    _ name: String = "Llama-3.1-8B", _ layout: Parallelism = .single,
    _ precision: Precision = Precision(.bfloat16), adapters: Adapters? = nil
  ) throws -> RequestEstimator {
    let platform = try #require(Platform.builtIn(named: "dgx-h100"))
    return RequestEstimator(
      try StepEstimator(
        model(name), precision, layout, on: platform, adapters: adapters), adapters: adapters)
  }

  private func workload(
    _ batch: Int, _ input: Int, _ output: Int, change: (inout Workload) -> Void = { _ in }
  ) -> Workload {
    var workload = Workload(batch: batch, inputTokens: input, outputTokens: output)
    change(&workload)
    return workload
  }

  // MARK: Memory, by hand

  /// 131,072 bytes of keys and values a token of Llama 3.1 8B, 16,060,522,496 of weights.
  @Test func `Llama 3.1 8B takes what its sheet says`() throws {
    let memory = try estimator().estimate(workload(16, 1000, 200)).memory
    #expect(memory.weights == 16_060_522_496)
    #expect(memory.cache == Double(16 * 1200 * 131_072))
    // 16,000 rows of two networks' and four residuals' values, 16 rows of two logits, half a GiB.
    let rows = 16_000 * (2 * 14_336 + 4 * 4096) * 2
    #expect(memory.activations == Double(rows + 16 * 8 * 128_256 + (1 << 29)))
    #expect(memory.capacity == Double(80 << 30) && memory.fits)
    #expect(memory.total == memory.weights + memory.cache + memory.activations)
  }

  @Test func `Memory is full where one token more does not fit`() throws {
    let estimator = try estimator()
    func fits(_ batch: Int) throws -> Bool {
      try estimator.estimate(workload(batch, 1, 1023)).memory.fits
    }
    // (80 GiB − weights − half a GiB) ÷ what a sequence of 1024 tokens takes besides its row.
    let each = 1024 * 131_072 + (2 * 14_336 + 4 * 4096) * 2 + 8 * 128_256
    let most = ((80 << 30) - 16_060_522_496 - (1 << 29)) / each
    #expect(try fits(most) && !fits(most + 1))
  }

  @Test(arguments: [1, 2, 4, 8]) func `Devices that share layers share their caches`(ranks: Int)
    throws
  {
    let memory = try estimator("Llama-3.1-8B", Parallelism(tensor: ranks))
      .estimate(workload(16, 1000, 200)).memory
    #expect(memory.cache == Double(16 * 1200 * 131_072 / ranks))
    let groups = try estimator("Llama-3.1-8B", Parallelism(tensor: ranks, data: 5))
      .estimate(workload(16, 1000, 200)).memory
    // The fullest of five groups has four requests.
    #expect(groups.cache == Double(4 * 1200 * 131_072 / ranks) && groups.weights == memory.weights)
  }

  @Test func `Stages and sequence parts keep their share of every sequence`() throws {
    let staged = try estimator("Llama-3.1-8B", Parallelism(pipeline: 5))
      .estimate(workload(16, 1000, 200)).memory
    // 7 of 32 layers.
    expectClose(staged.cache, Double(16 * 1200 * 131_072) * 7 / 32)
    let parted = try estimator("Llama-3.1-8B", Parallelism(sequence: 4))
      .estimate(workload(16, 1000, 200)).memory
    expectClose(parted.cache, Double(16 * 1200 * 131_072) / 4)
  }

  @Test func `Beams keep one prompt and each its own tokens`() throws {
    let beams = try estimator().estimate(workload(3, 1000, 200) { $0.beams = 4 }).memory
    #expect(beams.cache == Double(3 * (1000 + 4 * 200) * 131_072))
    // Of a state space every beam has a state of its own besides the prompt's.
    let state = try model("mamba-2.8b-hf").cacheBytes(tokens: 1, Precision(.bfloat16))
    let scans = try estimator("mamba-2.8b-hf").estimate(workload(3, 1000, 200) { $0.beams = 4 })
    #expect(scans.memory.cache == 3 * 5 * state)
  }

  @Test func `A shared beginning is kept once`() throws {
    let shared = try estimator().estimate(workload(16, 1000, 200) { $0.sharedTokens = 600 }).memory
    #expect(shared.cache == Double((16 * 600 + 600) * 131_072))
  }

  @Test func `Keys and values have their own type, adapters lie beside the weights`() throws {
    let small = Precision(activations: .bfloat16, weights: .int4, keyValues: .float8)
    let memory = try estimator("Llama-3.1-8B", .single, small).estimate(workload(16, 1000, 200))
      .memory
    #expect(memory.cache == Double(16 * 1200 * 131_072 / 2))
    let plain = try estimator().estimate(workload(1, 10, 10)).memory
    let adapters = Adapters(rank: 8, count: 5)
    let more = try estimator(adapters: adapters).estimate(workload(1, 10, 10)).memory
    // Each layer's four products: their inputs and outputs, eight times, five adapters, 2 bytes.
    let sides = (4096 + 6144) + (4096 + 4096) + (4096 + 28_672) + (14_336 + 4096)
    #expect(more.weights - plain.weights == Double(32 * sides * 8 * 5 * 2))
  }

  // MARK: Offload

  @Test(arguments: [0.0, 0.25, 0.5, 1])
  func `What lies in the host's memory is read from there while the step computes`(part: Double)
    throws
  {
    let plain = try estimator().estimate(workload(8, 1000, 200))
    var estimator = try estimator()
    estimator.offload.weights = part
    estimator.offload.keyValues = part
    let found = try estimator.estimate(workload(8, 1000, 200))
    expectClose(found.memory.weights, plain.memory.weights * (1 - part))
    expectClose(found.memory.cache, plain.memory.cache * (1 - part))
    // 64 GB/s, of which links reach a part.
    let rate = 64 * Efficiencies().link
    let weights = plain.memory.weights * part
    // In the middle of the answer.
    let cache = plain.memory.cache * 1100 / 1200 * part
    expectClose(found.decode.time, max(plain.decode.time, (weights + cache) / rate))
    expectClose(found.prefill.time, max(plain.prefill.time, weights / rate))
    if part == 1 { #expect(found.timePerOutputToken > 3e8) }
  }

  /// What was cached of prompts is in the host's memory, too.
  @Test func `Prompts read what was cached of them`() throws {
    var cached = workload(4, 8000, 10)
    cached.cachedTokens = 7900
    var estimator = try estimator()
    estimator.offload.keyValues = 1
    let found = try estimator.estimate(cached)
    expectClose(found.prefill.time, 4 * 7900 * 131_072 / (64 * Efficiencies().link))
  }

  @Test func `Stages read their own parts of weights and caches`() throws {
    let layout = Parallelism(pipeline: 4)
    var estimator = try estimator("Llama-3.1-8B", layout)
    let plain = try estimator.estimate(workload(8, 1000, 200))
    estimator.offload.weights = 1
    estimator.offload.keyValues = 1
    let found = try estimator.estimate(workload(8, 1000, 200))
    // A step of one of four parts passes four stages: all their weights, and its own keys.
    let rate = 64 * Efficiencies().link
    expectClose(
      found.decode.time, (4 * plain.memory.weights + plain.memory.cache * 1100 / 1200) / rate)
  }

  @Test(arguments: [-0.1, 1.1, .nan, .infinity]) func `Parts of more than all are refused`(
    part: Double
  ) throws {
    var estimator = try estimator()
    estimator.offload.weights = part
    #expect(refusal { _ = try estimator.estimate(workload(1, 1, 1)) }?.contains("0 to 1") == true)
    estimator.offload.weights = 0
    estimator.offload.keyValues = part
    #expect(refusal { _ = try estimator.estimate(workload(1, 1, 1)) }?.contains("0 to 1") == true)
  }

  @Test func `A device without a way to the host offloads nothing`() throws {
    let device = try #require(Device.builtIn(named: "tpu-v5e"))
    var estimator = RequestEstimator(try StepEstimator(model("opt-125m"), on: Platform(device)))
    estimator.offload.weights = 0.5
    let line = refusal { _ = try estimator.estimate(workload(1, 1, 1)) }
    #expect(line?.contains("'tpu-v5e' names no bandwidth") == true, "\(line ?? "accepted")")
  }
}
