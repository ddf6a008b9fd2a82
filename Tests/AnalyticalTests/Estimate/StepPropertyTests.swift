import Analytical
import Operators
import Testing

/// What must hold of any step's time, whatever the figures are.
@Suite struct StepPropertyTests {
  private static let models = [
    "Llama-3.1-8B", "gemma-2-9b", "Mixtral-8x7B-v0.1", "DeepSeek-V2-Lite", "Jamba-v0.1",
    "mamba2-2.7b", "opt-350m",
  ]

  private func platform(_ name: String = "dgx-h100") throws -> Platform {
    try #require(Platform.builtIn(named: name))
  }

  /// A step of equal sequences: with windows a step keeps sums alone.
  private func shape(prompts: Int, tokens: Int, past: Int, decodes: Int, context: Int)
    -> StepShape
  {
    var shape = StepShape()
    for _ in 0..<prompts { shape.addPrefill(tokens: tokens, past: past, samples: true) }
    for _ in 0..<decodes { shape.addDecode(context: context) }
    return shape
  }

  @Test(arguments: models) func `More tokens, context or sequences never take less time`(
    name: String
  ) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 1)
    for layout in layouts(of: model) {
      for set in [Efficiencies(), .eager, .ideal, .random(&random)] {
        let steps = try StepEstimator(
          model, Precision(.bfloat16), layout, on: platform(), set)
        for _ in 0..<4 {
          let sizes = [
            Int.random(in: 1...3, using: &random), random.size(upTo: 9000),
            random.size(upTo: 9000) - 1, random.size(upTo: 60), random.size(upTo: 9000),
          ]
          func time(_ sizes: [Int]) -> Double {
            steps.estimate(
              shape(
                prompts: sizes[0], tokens: sizes[1], past: sizes[2], decodes: sizes[3],
                context: sizes[4])
            ).time
          }
          for place in sizes.indices {
            var more = sizes
            more[place] += random.size(upTo: 500)
            #expect(
              time(more) >= time(sizes) * (1 - 1e-12), "\(name) on \(layout): \(sizes), \(more)")
          }
        }
      }
    }
  }

  @Test(arguments: models) func `A faster device or link is never slower`(name: String) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 2)
    for layout in layouts(of: model) {
      let (slow, set) = (try platform(), Efficiencies.random(&random))
      let shape = StepShape.random(&random)
      let before = try StepEstimator(model, Precision(.bfloat16), layout, on: slow, set)
        .estimate(shape)
      for change in 0..<4 {
        var fast = slow
        let factor = Double.random(in: 1...10, using: &random)
        switch change {
        case 0: fast.device.peakFlops = slow.device.peakFlops.mapValues { $0 * factor }
        case 1: fast.device.memoryBandwidth *= factor
        case 2: for place in fast.levels.indices { fast.levels[place].bandwidth *= factor }
        default: for place in fast.levels.indices { fast.levels[place].latency /= factor }
        }
        let after = try StepEstimator(model, Precision(.bfloat16), layout, on: fast, set)
          .estimate(shape)
        #expect(after.time <= before.time * (1 + 1e-12), "\(name) on \(layout), change \(change)")
        #expect(after.flops == before.flops && after.bytes == before.bytes)
        #expect(after.linkBytes == before.linkBytes)
      }
    }
  }

  /// Without latencies all time is rates.
  @Test(arguments: models, [true, false]) func `Half of every efficiency is twice the time`(
    name: String, overlaps: Bool
  ) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 3)
    var platform = try platform()
    for place in platform.levels.indices { platform.levels[place].latency = 0 }
    for layout in layouts(of: model) {
      var full = Efficiencies.random(&random)
      full.overlapsFully = overlaps
      (full.product.latency, full.attention.latency, full.other.latency) = (0, 0, 0)
      (full.collectiveLatency, full.prefillDispatch, full.decodeDispatch) = (0, 0, 0)
      var half = full
      for path in [
        \Efficiencies.product, \Efficiencies.attention, \Efficiencies.other,
      ] as [WritableKeyPath<Efficiencies, Efficiencies.Kernel>] {
        half[keyPath: path].compute /= 2
        half[keyPath: path].memory /= 2
      }
      half.link /= 2
      let shape = StepShape.random(&random)
      let (fast, slow) = try (
        StepEstimator(model, Precision(.bfloat16), layout, on: platform, full).estimate(shape),
        StepEstimator(model, Precision(.bfloat16), layout, on: platform, half).estimate(shape)
      )
      expectClose(slow.time, 2 * fast.time)
      expectClose(slow.speedOfLight, fast.speedOfLight)
    }
  }

  @Test(arguments: models) func `No step is faster than light, and an ideal one is as fast`(
    name: String
  ) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 4)
    for layout in layouts(of: model) {
      let (real, ideal) = try (
        StepEstimator(model, Precision(.bfloat16), layout, on: platform()),
        StepEstimator(
          model, Precision(.bfloat16), layout,
          on: .talkingForNothing(platform().device), .ideal)
      )
      for _ in 0..<4 {
        let shape = StepShape.random(&random)
        #expect(real.estimate(shape).time >= real.estimate(shape).speedOfLight)
        let found = ideal.estimate(shape)
        expectClose(found.time, found.speedOfLight)
      }
    }
  }

  /// What each of the devices that share a layer does alone.
  private static let divided: Set<String> = [
    "qkv_proj", "o_proj", "gate_up_proj", "down_proj", "act_fn", "rotary_emb", "attention",
    "lm_head", "experts", "qk_norm",
  ]
  /// Of those, what moves too much to be limited by arithmetic.
  private static let light: Set<String> = ["rotary_emb", "act_fn", "lm_head", "qk_norm"]

  @Test(arguments: ["Llama-3.1-8B", "Mixtral-8x7B-v0.1", "Qwen3-32B"], [2, 4, 8])
  func `Devices that talk for nothing share the divided operators' time evenly`(
    name: String, ranks: Int
  ) throws {
    let model = try model(name)
    let platform = Platform.talkingForNothing(try platform().device)
    let (one, many) = try (
      StepEstimator(model, Precision(.bfloat16), .single, on: platform, .ideal),
      StepEstimator(
        model, Precision(.bfloat16), Parallelism(tensor: ranks), on: platform, .ideal)
    )
    // Of a long prompt arithmetic limits every product.
    let prompt = shape(prompts: 4, tokens: 8192, past: 0, decodes: 0, context: 0)
    let wholes = Dictionary(
      one.operators(prompt).map { ($0.role, $0) }, uniquingKeysWith: { first, _ in first })
    var alone = 0.0
    for part in many.operators(prompt) where part.linkBytes == 0 {
      let whole = try #require(wholes[part.role])
      if Self.divided.contains(part.role) {
        expectClose(part.flops * Double(ranks), whole.flops, 1e-12, part.role)
        #expect(part.bytes * Double(ranks) >= whole.bytes * (1 - 1e-12), "\(part.role)")
        let isArithmetic = part.bound == .compute && whole.bound == .compute
        if isArithmetic { expectClose(part.time * Double(ranks), whole.time, 1e-12, part.role) }
        #expect(isArithmetic || Self.light.contains(part.role), "\(part.role)")
      } else {
        // Norms, the embedding, the router and the sampler.
        expectClose(part.time, whole.time, 1e-12, part.role)
        alone += part.total
      }
    }
    let (time, parts) = (one.estimate(prompt).time, many.estimate(prompt).time)
    #expect(parts >= time / Double(ranks))
    expectClose(parts - alone, (time - alone) / Double(ranks), 1e-3)
    // Of a decode nothing is more than shared.
    let decode = shape(prompts: 0, tokens: 0, past: 0, decodes: 8, context: 2000)
    let (slow, fast) = (one.estimate(decode).time, many.estimate(decode).time)
    #expect(fast >= slow / Double(ranks) && fast < 1.3 * slow / Double(ranks))
  }

  @Test(arguments: models) func `Adapters add two small products beside each adapted one`(
    name: String
  ) throws {
    let model = try model(name)
    let adapters = Adapters(rank: 16, count: 3)
    let (plain, adapted) = try (
      StepEstimator(model, on: platform(), .ideal),
      StepEstimator(
        model, Precision(.bfloat16), .single, on: platform(), .ideal, adapters: adapters)
    )
    let shape = shape(prompts: 2, tokens: 50, past: 0, decodes: 3, context: 9)
    var (flops, weights) = (0, 0)
    for use in model.forwardPass(.bfloat16) where use.operator.kind == .gemm {
      // Not the head, the router, the shared experts and what state spaces do between.
      let others = ["lm_head", "router", "x_proj", "dt_proj", "project_in", "project_out"]
      if others.contains(use.role) || use.role.hasPrefix("shared_") { continue }
      let (n, k) = (use.operator.attributes["n"] ?? 0, use.operator.attributes["k"] ?? 0)
      flops += use.count * 2 * 16 * (n + k) * shape.tokens
      weights += use.count * 16 * (n + k)
    }
    let found = adapted.estimate(shape).flops - plain.estimate(shape).flops
    expectClose(found, Double(flops), 1e-6)
    expectClose(
      adapters.bytes(in: model, Precision(.bfloat16), .single), Double(3 * 2 * weights))
  }
}
