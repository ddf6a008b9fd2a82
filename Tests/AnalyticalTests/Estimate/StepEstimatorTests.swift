import Analytical
import Operators
import Testing

/// The compiled estimator against one that asks every operator for its work anew.
@Suite struct StepEstimatorTests {
  /// The time of an exchange on one level, from the formulas of a ring.
  private func exchange(
    _ use: OperatorUse, _ bytes: Double, _ steps: StepEstimator
  ) -> Double? {
    let (layout, set) = (steps.layout, steps.efficiencies)
    let ranks: Int
    switch use.role {
    case "all_reduce", "logits_gather": ranks = layout.tensor
    case "expert_exchange": ranks = layout.expert
    case "attention_combine", "key_value_ring": ranks = layout.sequence
    case "pipeline_send": ranks = 2
    default: return nil
    }
    guard bytes > 0, ranks > 1 else { return 0 }
    let (hop, rate) = (
      steps.platform.levels[0].latency, steps.platform.levels[0].bandwidth * set.link
    )
    let others = Double(ranks - 1)
    let part = bytes / Double(ranks)
    switch use.operator.kind {
    case .allReduce:
      return set.collectiveLatency + 2 * others * (hop + part / rate) * 1e9
    case .allGather: return set.collectiveLatency + others * (hop + part / rate) * 1e9
    case .allToAll:
      return set.collectiveLatency + (hop * others.squareRoot() + others * part / rate) * 1e9
    default: return (others * hop + bytes / rate) * 1e9
    }
  }

  /// A sequence-parallel part's share of a step, rounded up.
  private func share(_ shape: StepShape, _ parts: Int) -> StepShape {
    func part(_ size: Int) -> Int { size / parts + (size % parts > 0 ? 1 : 0) }
    var share = shape
    share.prefillTokens = part(shape.prefillTokens)
    share.prefillPairs = part(shape.prefillPairs)
    share.decodeContext = part(shape.decodeContext)
    share.longestDecodeContext = part(shape.longestDecodeContext)
    return share
  }

  private func naive(_ steps: StepEstimator, _ shape: StepShape) -> StepEstimate {
    let (device, set) = (steps.platform.device, steps.efficiencies)
    let shape = share(shape, steps.layout.sequence)
    var step = StepEstimate()
    for use in steps.model.forwardPass(steps.precision, steps.layout) {
      let count = Double(use.count)
      let bytes = Double(use.point(in: shape)[0])
      if let time = exchange(use, bytes, steps) {
        step.communication += count * time
        step.linkBytes += count * bytes
        continue
      }
      // Weights are read only where something is computed with them.
      guard use.point(in: shape)[0] > 0, let work = use.work(in: shape),
        work.flops + work.bytes > 0
      else { continue }
      var kernel = set.other
      var imbalance = 1.0
      // What is no product and no attention runs on units for single precision.
      var isVector = false
      switch use.operator.kind {
      case .gemm: kernel = set.product
      case .moe:
        (kernel, imbalance) = (set.product, steps.layout.expert > 1 ? set.expertImbalance : 1)
      case .attention, .latentAttention, .bidirectionalAttention: kernel = set.attention
      default: isVector = true
      }
      let peak = device.peakFlops(isVector ? .float32 : use.operator.dataType)
      let compute = work.flops / peak / kernel.compute * imbalance * 1e9
      let memory = work.bytes / device.memoryBandwidth / kernel.memory * 1e9
      let busy =
        set.overlapsFully
        ? max(compute, memory) : (compute * compute + memory * memory).squareRoot()
      if set.overlapsFully {
        step.compute += compute > memory ? count * busy : 0
        step.memory += compute > memory ? 0 : count * busy
      } else {
        step.compute += count * compute * compute / busy
        step.memory += count * memory * memory / busy
      }
      let dispatch = shape.prefillTokens == 0 ? set.decodeDispatch : set.prefillDispatch
      step.latency += count * (max(busy + kernel.latency, dispatch) - busy)
      step.flops += count * work.flops
      step.bytes += count * work.bytes
      step.speedOfLight +=
        count * max(work.flops / peak, work.bytes / device.memoryBandwidth) * 1e9
    }
    return step
  }

  private func expectEqual(_ found: StepEstimate, _ wanted: StepEstimate, _ text: String) {
    let fields: [(String, KeyPath<StepEstimate, Double>)] = [
      ("time", \.time), ("compute", \.compute), ("memory", \.memory), ("latency", \.latency),
      ("communication", \.communication), ("flops", \.flops), ("bytes", \.bytes),
      ("linkBytes", \.linkBytes), ("speedOfLight", \.speedOfLight), ("offload", \.offload),
    ]
    for (name, path) in fields {
      // Small differences of large times are compared with the whole.
      let scale = name == "latency" || name == "compute" || name == "memory" ? wanted.time : 0
      let close =
        isClose(found[keyPath: path], wanted[keyPath: path], 1e-6)
        || abs(found[keyPath: path] - wanted[keyPath: path]) < 1e-6 * scale
      #expect(close, "\(name): \(found[keyPath: path]) not \(wanted[keyPath: path]), \(text)")
    }
  }

  private static let places = Array(ModelArchitecture.builtIns.indices)

  @Test(arguments: places)
  func `A compiled step is the sum of its operators' work`(place: Int) throws {
    let model = ModelArchitecture.builtIns[place]
    var random = SplitMix64(seed: UInt64(place))
    let device = try #require(Device.builtIns.randomElement(using: &random))
    var platform = Platform(device)
    if platform.levels.isEmpty { platform = .talkingForNothing(device) }
    // What parts of other topologies reach is another test's.
    for level in platform.levels.indices { platform.levels[level].topology = .switch }
    let precisions = [
      Precision(.bfloat16),
      Precision(activations: .bfloat16, weights: .float8, experts: .int4, keyValues: .float8),
    ]
    for layout in layouts(of: model) {
      let precision = try #require(precisions.randomElement(using: &random))
      for set in [Efficiencies(), .ideal, .random(&random)] {
        let steps = try StepEstimator(model, precision, layout, on: platform, set)
        for _ in 0..<2 {
          let shape = StepShape.random(&random)
          let found = steps.estimate(shape)
          expectEqual(found, naive(steps, shape), "\(model.name) on \(layout), \(shape)")
          let operators = steps.operators(shape)
          expectClose(operators.reduce(0) { $0 + $1.total }, found.time)
          expectClose(operators.reduce(0) { $0 + Double($1.count) * $1.flops }, found.flops)
        }
      }
    }
  }

  @Test func `An empty step takes nothing`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    for name in ["Llama-3.1-8B", "DeepSeek-V3", "mamba-2.8b-hf", "e5-small-v2"] {
      let steps = try StepEstimator(model(name), on: Platform(device))
      #expect(steps.estimate(StepShape()) == StepEstimate())
      #expect(steps.operators(StepShape()).isEmpty)
    }
  }

  @Test func `What limits an operator is what takes the most of its time`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let layout = Parallelism(tensor: 2)
    let steps = try StepEstimator(
      model("Llama-3.1-8B"), Precision(.bfloat16), layout, on: Platform(device))
    func bound(_ role: String, _ shape: StepShape) -> OperatorEstimate.Bound? {
      steps.operators(shape).first { $0.role == role }?.bound
    }
    var prompt = StepShape()
    prompt.addPrefill(tokens: 16_384, past: 0, samples: true)
    var decode = StepShape()
    decode.addDecode(context: 100)
    #expect(bound("gate_up_proj", prompt) == .compute)
    #expect(bound("gate_up_proj", decode) == .memory)
    #expect(bound("input_layernorm", decode) == .latency)
    #expect(bound("all_reduce", prompt) == .communication)
  }

  @Test func `Steps one after another add up`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let steps = try StepEstimator(
      model("Mixtral-8x7B-v0.1"), Precision(.bfloat16), Parallelism(tensor: 2),
      on: Platform(device))
    var random = SplitMix64(seed: 1)
    let one = steps.estimate(.random(&random))
    expectClose((one + one + one).time, 3 * one.time)
    expectClose((one + one).speedOfLight, 2 * one.speedOfLight)
    #expect(one.communication > 0 && one.linkBytes > 0)
  }
}
