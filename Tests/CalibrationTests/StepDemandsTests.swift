import Analytical
import Calibration
import CostModel
import Operators
import Scenarios
import Testing

@Suite struct StepDemandsTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 1e12], memoryBandwidth: 1e11,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  private let architecture = ModelArchitecture(
    name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
    vocabularySize: 1000)
  private var model: CostModel { CostModel(analytical: device) }
  private var step: StepModel {
    StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 1, on: model, maximumTokens: 512,
      maximumSequences: 64)
  }
  private var empty: StepDemands {
    StepDemands(
      StepDemands.operators(of: architecture, Precision(.bfloat16), .single, on: model), on: model)
  }

  private func total(_ demands: StepDemands) -> Double {
    demands.demands().reduce(0) { $0 + $1.nanoseconds }
  }

  private func shape(decodes: Int, context: Int, prefill: Int = 0, past: Int = 0) -> StepShape {
    var shape = StepShape()
    for _ in 0..<decodes { shape.addDecode(context: context) }
    if prefill > 0 { shape.addPrefill(tokens: prefill, past: past, samples: true) }
    return shape
  }

  @Test(arguments: [
    (0, 0, 300, 0), (0, 0, 64, 500), (1, 700, 0, 0), (16, 200, 0, 0), (16, 200, 100, 40),
  ])
  func `The time of a step is that of its price`(
    decodes: Int, context: Int, prefill: Int, past: Int
  ) {
    let shape = shape(decodes: decodes, context: context, prefill: prefill, past: past)
    var demands = empty
    demands.add(shape, weight: 7)
    #expect(abs(total(demands) / (7 * step.price(shape).total) - 1) < 0.02)
  }

  @Test(arguments: [1, 5, 8, 11, 200]) func `Where graphs pad steps, what graphs run is asked for`(
    decodes: Int
  ) {
    let graphs = [1, 2, 4, 8, 16, 32]
    var demands = StepDemands(
      StepDemands.operators(of: architecture, Precision(.bfloat16), .single, on: model), on: model,
      paddedTo: graphs)
    let shape = shape(decodes: decodes, context: 100)
    demands.add(shape)
    let ran = graphs.first { $0 >= decodes } ?? decodes
    let products = demands.demands().filter { $0.operator.kind == .gemm }
    #expect(Set(products.map { $0.point[0] }).isSubset(of: [ran, decodes]))
    #expect(products.contains { $0.point[0] == ran })
    #expect(abs(total(demands) / step.padded(to: graphs).price(shape).total - 1) < 0.02)
  }

  @Test func `Stages of a pipeline exchange what they pass on`() {
    let uses = StepDemands.operators(
      of: architecture, Precision(.bfloat16), Parallelism(pipeline: 3), on: model)
    #expect(uses.contains { $0.operator.kind == .sendReceive })
  }

  @Test(arguments: [1, 2, 100, 5000]) func `A run of decodes is the sum of its steps`(steps: Int) {
    var run = empty
    run.add(shape(decodes: 4, context: 30), steps: steps)
    var apart = empty
    for index in 0..<steps { apart.add(shape(decodes: 4, context: 30 + index)) }
    #expect(abs(total(run) / total(apart) - 1) < 0.01)
  }

  @Test func `Steps of nothing ask for nothing`() {
    var demands = empty
    demands.add(StepShape())
    demands.add(shape(decodes: 1, context: 1), steps: 0)
    demands.add(shape(decodes: 1, context: 1), weight: .nan)
    #expect(demands.demands().isEmpty)
  }

  @Test(arguments: [1, 2, 4]) func `A decoder's part is what tools can run`(ranks: Int) throws {
    let uses = architecture.forwardPass(.bfloat16, tensorParallel: ranks, fusesResiduals: false)
    let part = try #require(CapturedModel(uses))
    #expect([part.hiddenSize, part.headDim, part.layers] == [512, 64, 3])
    #expect(part.heads == 8 / ranks && part.intermediateSize == 1024 / ranks)
    for use in uses {
      let isExchange = [.allReduce, .allGather].contains(use.operator.kind)
      #expect(CapturedModel.canMeasure(use.operator, in: part) == !isExchange, "\(use.role)")
    }
    var product = Operator(.gemm, dataType: .bfloat16, ["n": 5, "k": 7])
    #expect(CapturedModel.canMeasure(product, in: nil))
    product.attributes["weightBits"] = 4
    #expect(!CapturedModel.canMeasure(product, in: part))
    let norm = Operator(.rmsNorm, dataType: .bfloat16, ["width": 512])
    #expect(CapturedModel.canMeasure(norm, in: part) && !CapturedModel.canMeasure(norm, in: nil))
  }

  @Test(arguments: [(64, 512, 1024), (1, 1, 1), (256, 128, 70), (3, 4096, 100_000)])
  func `Steps that stand for a run keep the limits`(sequences: Int, tokens: Int, length: Int) {
    let group = EngineGroup(
      name: "a", device: "toy", maxSequences: sequences, maxBatchedTokens: tokens,
      maxModelLength: length, blockSize: 16, blockCount: 1000)
    let steps = RepresentativeSteps(group, on: step).steps
    #expect(!steps.isEmpty)
    for each in steps {
      #expect(each.shape.tokens <= tokens && each.shape.decodeSequences <= sequences)
      #expect(each.shape.longestDecodeContext <= length && each.shape.decodeContext <= 16_000)
      #expect(each.shape.prefillContext <= length && each.weight > 0 && each.weight.isFinite)
    }
  }
}
