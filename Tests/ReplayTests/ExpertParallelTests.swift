import Analytical
import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Engines whose experts are dealt out, against estimates and sums by hand.
@Suite struct ExpertParallelTests {
  private func plan(
    _ name: String = "Mixtral-8x7B-v0.1", tensor: Int, expert: Int, count: Int = 1,
    blocks: Int? = nil
  ) throws -> EnginePlan {
    let group = EngineGroup(
      name: "a", count: count, device: "h200-sxm", tensorParallel: tensor, expertParallel: expert,
      maxModelLength: 8192, blockCount: blocks, lockstep: count > 1)
    let model = try #require(ModelArchitecture.builtIn(named: name))
    let sheet = try #require(Device.builtIn(named: "h200-sxm"))
    return try EnginePlan(group, model, on: sheet, curves: [], calibration: nil)
  }

  private func shape(_ tokens: Int, decodes: Int) -> StepShape {
    var shape = StepShape()
    if tokens > 0 { shape.addPrefill(tokens: tokens, past: 700, samples: true) }
    for place in 0..<decodes { shape.addDecode(context: 100 + 40 * place) }
    return shape
  }

  /// An estimate at the data sheet's rates, operator by operator, is the replay's step: the longer of arithmetic and
  /// traffic, and for exchanges what devices must send.
  @Test(arguments: [
    ("Mixtral-8x7B-v0.1", 2, 8, 4), ("Mixtral-8x7B-v0.1", 4, 4, 1),
    ("Mixtral-8x7B-v0.1", 4, 4, 2), ("Qwen3-30B-A3B", 2, 16, 8), ("DeepSeek-V2-Lite", 1, 8, 8),
    ("gpt-oss-120b", 4, 1, 1),
  ])
  func `An estimate of a layout and a replayed step agree`(
    name: String, tensor: Int, expert: Int, count: Int
  ) throws {
    let plan = try plan(name, tensor: tensor, expert: expert, count: count, blocks: 1000)
    let estimator = try StepEstimator(
      plan.architecture, Precision(.bfloat16),
      Parallelism(tensor: tensor, expert: expert, data: count),
      on: Platform(plan.device), .ideal)
    for shape in [shape(0, decodes: 33), shape(512, decodes: 0), shape(90, decodes: 7)] {
      var (computing, sending) = (0.0, 0.0)
      for part in estimator.operators(shape) {
        let count = Double(part.count)
        guard part.linkBytes > 0 else {
          computing += count * part.time
          continue
        }
        let ranks = part.role == "expert_exchange" ? expert : tensor
        let passes = part.role == "all_reduce" ? 2.0 : 1
        sending +=
          count * passes * Double(ranks - 1) / Double(ranks) * part.linkBytes * 1e9
          / plan.device.linkBandwidth
      }
      let price = plan.roofline.price(shape)
      #expect(abs((price.total - price.collectiveTime) / computing - 1) < 1e-9)
      #expect(abs(price.collectiveTime - sending) <= 1e-9 * sending)
      #expect((sending > 0) == (tensor > 1 || count > 1))
    }
  }

  @Test(arguments: [(4, 1, 4, 1), (2, 4, 8, 1), (4, 2, 4, 2), (4, 2, 8, 1)])
  func `Experts that lie elsewhere leave their room to keys and values`(
    tensor: Int, count: Int, expert: Int, left: Int
  ) throws {
    let alone = try plan(tensor: tensor, expert: 1, count: count)
    let dealt = try plan(tensor: tensor, expert: expert, count: count)
    // 32 layers of eight experts of three matrices of 4,096 × 14,336 values of two bytes.
    let all = 32.0 * 8 * 3 * 4096 * 14336 * 2
    let saved = all / Double(tensor) - all / Double(expert) / Double(left)
    let block = 16 * alone.architecture.keyValueBytesPerToken(.bfloat16, tensorParallel: tensor)
    let more = try #require(dealt.group.blockCount) - #require(alone.group.blockCount)
    #expect(abs(Double(more) - saved / block) <= 1)
  }

  @Test(arguments: [
    ("Llama-3.1-8B", 4, 4, "has no experts to deal out"),
    ("Mixtral-8x7B-v0.1", 16, 16, "8 experts cannot be dealt out in 16 ways"),
  ])
  func `A model whose experts cannot be dealt out so is refused`(
    name: String, tensor: Int, expert: Int, message: String
  ) {
    #expect {
      try plan(name, tensor: tensor, expert: expert)
    } throws: {
      "\($0)".contains(message)
    }
  }

  @Test func `Devices that do not divide are refused before a replay`() throws {
    let deployment = makeDeployment(count: 3) {
      $0.lockstep = true
      $0.expertParallel = 2
    }
    #expect {
      try Simulation(deployment: deployment, pricings: [TellingPrice()])
    } throws: {
      "\($0)".contains("must be a multiple of the 3 engines in lockstep")
    }
  }

  /// Eight ranks whose experts are dealt out against eight that hold all: the same requests end, and a long prompt
  /// beside one rank holds up the others by its experts' part alone.
  @Test func `A rank waits for the experts that a peer's prompt keeps busy`() throws {
    let plan = try plan("Qwen3-30B-A3B", tensor: 1, expert: 2, count: 2, blocks: 4000)
    var deployment = Deployment(model: "m", engines: [plan.group])
    deployment.routing = .roundRobin
    let records = [request(0, input: 2000, output: 1), request(0, input: 10, output: 1)]
    let result = try Simulation(deployment: deployment, pricings: [plan.roofline])
      .run(RequestTable(records))
    var long = StepShape()
    long.addPrefill(tokens: 2000, past: 0, samples: true)
    (long.groupTokens, long.fullestTokens) = (2010, 2000)
    let expected = Nanoseconds(rounding: plan.roofline.price(long).total)
    #expect(result.outcomes.map(\.firstToken) == [expected, expected])
  }
}
