import Analytical
import CostModel
import Operators
import Scenarios
import Testing

@testable import Replay

@Suite struct EnginePlanTests {
  private func plan(
    _ device: String = "rtx-4090", tensorParallel: Int = 1, blocks: Int? = nil,
    utilization: Double = 0.9, sequences: Int = 256, stages: Int = 1
  ) throws -> EnginePlan {
    let group = EngineGroup(
      name: "a", device: device, tensorParallel: tensorParallel, maxSequences: sequences,
      maxModelLength: 8192, blockCount: blocks, memoryUtilization: utilization,
      pipelineParallel: stages)
    let model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    let sheet = try #require(Device.builtIn(named: device))
    return try EnginePlan(group, model, on: sheet, curves: [], calibration: nil)
  }

  @Test func `A given number of blocks is kept`() throws {
    #expect(try plan(blocks: 77).group.blockCount == 77)
  }

  /// vLLM 0.19 found 2,588 blocks for this model on this device, 256 sequences, 90 % of the memory;
  /// LLMServingSim derives 36,578 for the RTX PRO 6000 without counting activations.
  @Test(arguments: [("rtx-4090", 256, 2588), ("rtx-pro-6000", 128, 36578)])
  func `The derived number is near what servers find`(
    device: String, sequences: Int, found: Int
  ) throws {
    let blocks = try #require(try plan(device, sequences: sequences).group.blockCount)
    #expect(abs(Double(blocks) / Double(found) - 1) < 0.2, "\(blocks) against \(found)")
  }

  /// A checkpoint in a narrow type has narrow products and weights; what servers keep in bf16 stays so, keys and
  /// values included unless the group says otherwise.
  @Test(arguments: [
    (DataType.bfloat16, DataType?.none, DataType.bfloat16, DataType.bfloat16, 2.0),
    (.float8, nil, .float8, .bfloat16, 2), (.float8, .float8, .float8, .bfloat16, 1),
    (.bfloat16, .float8, .bfloat16, .bfloat16, 1), (.float32, nil, .float32, .float32, 4),
  ])
  func `Only products and their weights are narrow`(
    type: DataType, keys: DataType?, products: DataType, rest: DataType, keyBytes: Double
  ) throws {
    let group = EngineGroup(
      name: "a", device: "h100-sxm", dataType: type, keyValueType: keys, maxModelLength: 8192,
      role: .prefill)
    let model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    let sheet = try #require(Device.builtIn(named: group.device))
    let plan = try EnginePlan(group, model, on: sheet, curves: [], calibration: nil)
    // 32 layers of 8 heads of 128, keys and values.
    #expect(plan.group.keyValues?.bytesPerToken == 65_536 * keyBytes)
    for use in model.forwardPass(group.precision, group.layout) {
      let isProduct = use.operator.kind == .gemm && use.role != "lm_head"
      #expect(use.operator.dataType == (isProduct ? products : rest), "\(use.role)")
      if use.operator.kind == .attention {
        #expect(
          use.operator.attributes["kvBits"] == (rest.bytesPerElement == keyBytes ? nil : 8))
      }
    }
    // Blocks fill what weights leave of nine tenths of 80 GB.
    let wide = try EnginePlan(
      EngineGroup(name: "a", device: "h100-sxm", maxModelLength: 8192), model, on: sheet,
      curves: [], calibration: nil)
    let (blocks, before) = (
      try #require(plan.group.blockCount), try #require(wide.group.blockCount)
    )
    if type == .float8 { #expect(Double(blocks) * keyBytes > 1.1 * 2 * Double(before)) }
    if type == .bfloat16 { #expect(abs(Double(blocks) * keyBytes / 2 / Double(before) - 1) < 1e-3) }
  }

  @Test func `A model that does not fit is refused with both sizes`() {
    #expect {
      try plan(utilization: 0.5)
    } throws: {
      "\($0)".contains("MB a device for weights")
    }
  }

  @Test func `Heads that cannot be shared evenly are refused`() {
    #expect(
      throws: ReplayError.unevenShards(group: "a", heads: 32, tensorParallel: 3)
    ) { try plan(tensorParallel: 3) }
  }

  @Test func `Stages share layers and blocks, and a step pays for each passing on`() throws {
    let (one, two, four) = (
      try plan("h100-sxm"), try plan("h100-sxm", stages: 2), try plan("h100-sxm", stages: 4)
    )
    // A block of half the layers is half as large, and half the weights leave room for more.
    let blocks = try #require(one.group.blockCount)
    #expect(try #require(two.group.blockCount) > 2 * blocks)
    #expect(try #require(four.group.blockCount) > 4 * blocks)
    var shape = StepShape()
    shape.addPrefill(tokens: 100, past: 0, samples: true)
    let prices = [one, two, four].map { $0.roofline.price(shape).total }
    #expect(prices[1] > prices[0])
    // One passing on from stage to stage costs the same everywhere.
    #expect(abs((prices[2] - prices[0]) / (prices[1] - prices[0]) - 3) < 1e-6)
    #expect(
      throws: ReplayError.conflict(
        group: "a", what: "32 layers cannot fill 33 pipeline stages")
    ) { try plan(stages: 33) }
  }

  @Test func `Without curves both prices are the roofline`() throws {
    let plan = try plan(blocks: 1000)
    var shape = StepShape()
    shape.addPrefill(tokens: 100, past: 0, samples: true)
    #expect(plan.measured.price(shape) == plan.roofline.price(shape))
    #expect(plan.curveCount == 0)
  }
}
