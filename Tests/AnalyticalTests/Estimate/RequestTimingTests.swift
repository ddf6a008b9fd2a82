import Operators
import Testing

@testable import Analytical

/// When tokens come, and what they cost.
@Suite struct RequestTimingTests {
  private static let names = ["Llama-3.1-8B", "Mixtral-8x7B-v0.1", "DeepSeek-V2-Lite"]

  private func steps(_ name: String, _ layout: Parallelism) throws -> StepEstimator {
    try StepEstimator(
      model(name), Precision(.bfloat16), layout,
      on: try #require(Platform.builtIn(named: "dgx-h100")))
  }

  /// When the last step leaves the last stage, step by step and stage by stage.
  private func simulate(stages: [Double], steps: Int) -> Double {
    var free = [Double](repeating: 0, count: stages.count)
    var end = 0.0
    for _ in 0..<steps {
      var time = 0.0
      for (stage, duration) in stages.enumerated() {
        time = max(time, free[stage]) + duration
        free[stage] = time
      }
      end = time
    }
    return end
  }

  /// The time of a round in which each of `parts` passes all stages once, after many of them.
  private func round(stages: [Double], parts: Int) -> Double {
    var free = [Double](repeating: 0, count: stages.count)
    var ends = [Double](repeating: 0, count: parts)
    var before = 0.0
    for round in 0..<200 {
      if round == 100 { before = ends[0] }
      for part in 0..<parts {
        for (stage, duration) in stages.enumerated() {
          ends[part] = max(ends[part], free[stage]) + duration
          free[stage] = ends[part]
        }
      }
    }
    return (ends[0] - before) / 100
  }

  @Test(arguments: [1, 2, 3, 5, 8, 20, 32], [1, 3, 8, 18])
  func `A pipeline's tokens come when a simulation of its stages says`(pipeline: Int, batch: Int)
    throws
  {
    let steps = try steps("Llama-3.1-8B", Parallelism(pipeline: pipeline))
    let parts = min(batch, pipeline)
    for chunk in [nil, 64, 700] {
      var workload = Workload(batch: batch, inputTokens: 256, outputTokens: 50)
      workload.chunk = chunk
      let found = try RequestEstimator(steps).estimate(workload)
      let estimator = RequestEstimator(steps)
      // The first stages have one layer more than the others, the last the head.
      func stages(_ time: Double, _ shape: StepShape) -> [Double] {
        guard pipeline > 1 else { return [time] }
        let head = ["final_layernorm", "lm_head", "sampler"].reduce(0) { sum, role in
          sum + (steps.operators(shape).first { $0.role == role }?.total ?? 0)
        }
        let layer = (time - head) / 32
        let more = 32 - 32 / pipeline * pipeline
        var stages = (0..<pipeline).map { Double(32 / pipeline + ($0 < more ? 1 : 0)) * layer }
        stages[pipeline - 1] += head
        return stages
      }
      var count = 1
      let part = (batch + parts - 1) / parts
      if let chunk { count = chunk < 256 ? part * (256 / chunk) : (part + 1) / 2 }
      let step = found.prefill.time / Double(count)
      expectClose(
        found.timeToFirstToken,
        simulate(stages: stages(step, estimator.lastPrefillStep(workload)), steps: count * parts),
        1e-9,
        "\(pipeline) stages, \(parts) parts, \(count) steps")
      expectClose(
        found.timePerOutputToken,
        round(
          stages: stages(found.decode.time, estimator.meanDecodeStep(workload)), parts: parts),
        1e-9,
        "\(pipeline) stages, \(parts) parts")
    }
  }

  @Test func `Every figure follows from the two times`() throws {
    let workload = Workload(batch: 6, inputTokens: 500, outputTokens: 40)
    let found = try RequestEstimator(steps("Llama-3.1-8B", Parallelism(tensor: 2)))
      .estimate(workload)
    let end = found.timeToFirstToken + 39 * found.timePerOutputToken
    expectClose(found.endToEnd, end)
    expectClose(found.throughput, 6 * 40 / end * 1e9)
    expectClose(found.requestRate, 6 / end * 1e9)
    expectClose(found.cost ?? 0, 6.88 * 2 * end / 3.6e12)
    #expect(found.devices == 2)
    var one = workload
    one.outputTokens = 1
    let first = try RequestEstimator(steps("Llama-3.1-8B", .single)).estimate(one)
    #expect(first.timePerOutputToken == 0 && first.endToEnd == first.timeToFirstToken)
  }

  @Test(arguments: names) func `The two steps are those that it names`(name: String) throws {
    let model = try model(name)
    for layout in layouts(of: model) {
      let steps = try steps(name, layout)
      let estimator = RequestEstimator(steps)
      let workload = Workload(batch: 16, inputTokens: 300, outputTokens: 21)
      let found = try estimator.estimate(workload)
      #expect(found.prefill == steps.estimate(estimator.firstPrefillStep(workload)))
      #expect(found.decode == steps.estimate(estimator.meanDecodeStep(workload)))
      // A part of a group: its requests, each with half of its tokens.
      var wanted = StepShape()
      for _ in 0..<16 / layout.data / layout.pipeline { wanted.addDecode(context: 311) }
      #expect(estimator.meanDecodeStep(workload) == wanted)
    }
  }

  @Test(arguments: names) func `Energy is between idle and all of the power, for all devices`(
    name: String
  ) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 1)
    for layout in layouts(of: model) {
      for efficiencies in [Efficiencies(), .ideal] {
        let device = try #require(
          Device.builtIns.filter { $0.power != nil && $0.link != nil }
            .randomElement(using: &random))
        let steps = try StepEstimator(
          model, Precision(.bfloat16), layout, on: Platform(device), efficiencies)
        let found = try RequestEstimator(steps).estimate(
          Workload(
            batch: random.size(upTo: 200), inputTokens: random.size(upTo: 4000),
            outputTokens: random.size(upTo: 400)))
        let (energy, power) = (try #require(found.energy), try #require(device.power))
        let all = found.endToEnd / 1e9 * Double(layout.devices)
        let idle = device.idlePower ?? 0.2 * power
        #expect(energy >= idle * all * (1 - 1e-12) && energy <= power * all * (1 + 1e-12))
        // One device at the speed of light takes all of its power.
        if layout == .single && efficiencies == .ideal { expectClose(energy, power * all) }
      }
    }
  }

  /// Of every device: idle all the time, and the rest of the power while it works at the speed of
  /// light. A part of a group keeps the devices of one stage after the other busy.
  @Test(arguments: names) func `Energy is what all parts keep busy, device by device`(
    name: String
  ) throws {
    let model = try model(name)
    for layout in layouts(of: model) {
      let steps = try steps(name, layout)
      for batch in [16, 2 * layout.data] {
        let workload = Workload(batch: batch, inputTokens: 2000, outputTokens: 30)
        let found = try RequestEstimator(steps).estimate(workload)
        let parts = min(layout.pipeline, batch / layout.data)
        var busy = 0.0
        for _ in 0..<layout.data {
          for _ in 0..<layout.sequence {
            for _ in 0..<layout.tensor {
              for _ in 0..<parts {
                busy += found.prefill.speedOfLight + 29 * found.decode.speedOfLight
              }
            }
          }
        }
        let all = found.endToEnd * Double(layout.devices)
        expectClose(found.energy ?? 0, (70 * all + 630 * busy) / 1e9, 1e-9, "\(layout)")
      }
    }
  }

  @Test func `A device of unknown power or price leaves energy and cost open`() throws {
    var device = try #require(Device.builtIn(named: "h100-sxm"))
    device.power = nil
    device.pricePerHour = nil
    let found = try RequestEstimator(StepEstimator(model("opt-125m"), on: Platform(device)))
      .estimate(Workload(batch: 1, inputTokens: 1, outputTokens: 1))
    #expect(found.energy == nil && found.cost == nil)
  }

  @Test(arguments: names) func `More requests, longer prompts or answers never take less time`(
    name: String
  ) throws {
    let model = try model(name)
    var random = SplitMix64(seed: 2)
    for layout in layouts(of: model) {
      let estimator = RequestEstimator(try steps(name, layout))
      for _ in 0..<10 {
        let sizes = [
          random.size(upTo: 100), random.size(upTo: 3000), random.size(upTo: 300),
        ]
        func estimate(_ sizes: [Int]) throws -> RequestEstimate {
          try estimator.estimate(
            Workload(batch: sizes[0], inputTokens: sizes[1], outputTokens: sizes[2]))
        }
        let before = try estimate(sizes)
        for place in sizes.indices {
          var more = sizes
          // Whole rounds of groups and stages: a last part that is not full costs as one that is.
          more[place] += place == 0 ? 64 : random.size(upTo: 100)
          let after = try estimate(more)
          #expect(after.endToEnd >= before.endToEnd * (1 - 1e-9), "\(layout): \(sizes), \(more)")
          #expect(after.memory.total >= before.memory.total)
        }
      }
    }
  }
}
