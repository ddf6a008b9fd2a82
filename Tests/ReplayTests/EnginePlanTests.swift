import Analytical
import CostModel
import Operators
import Scenarios
import Testing

@testable import Replay

@Suite struct EnginePlanTests {
  private func plan(
    _ device: String = "rtx-4090", tensorParallel: Int = 1, blocks: Int? = nil,
    utilization: Double = 0.9, sequences: Int = 256
  ) throws -> EnginePlan {
    let group = EngineGroup(
      name: "a", device: device, tensorParallel: tensorParallel, maxSequences: sequences,
      maxModelLength: 8192, blockCount: blocks, memoryUtilization: utilization)
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

  @Test func `Without curves both prices are the roofline`() throws {
    let plan = try plan(blocks: 1000)
    var shape = StepShape()
    shape.addPrefill(tokens: 100, past: 0, finishes: true)
    #expect(plan.measured.price(shape) == plan.roofline.price(shape))
    #expect(plan.curveCount == 0)
  }
}
