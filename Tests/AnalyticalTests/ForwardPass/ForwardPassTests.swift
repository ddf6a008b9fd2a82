import Analytical
import Operators
import Testing

@Suite struct ForwardPassTests {
  /// Every multiply-add of a decoder's matrices happens once a token: 2 FLOPs a matrix parameter.
  @Test(arguments: ["Llama-3.1-8B", "Qwen3-8B", "Qwen2.5-72B"], [1, 2, 4, 8])
  func `Matrix products do two operations a parameter`(name: String, ranks: Int) throws {
    let model = try #require(ModelArchitecture.builtIn(named: name))
    guard model.kvHeads % ranks == 0, model.vocabularySize % ranks == 0 else { return }
    var flops = 0.0
    for use in model.forwardPass(.bfloat16, tensorParallel: ranks) where use.operator.kind == .gemm
    {
      let work = try #require(OperatorWork(use.operator, at: AxisPoint(1)))
      flops += work.flops * Double(use.count)
    }
    let layer =
      model.hiddenSize * (model.heads + 2 * model.kvHeads) * model.headDim
      + model.heads * model.headDim * model.hiddenSize
      + 3 * model.hiddenSize * model.intermediateSize
    let parameters = model.layers * layer + model.vocabularySize * model.hiddenSize
    #expect(flops * Double(ranks) == 2 * Double(parameters))
  }

  @Test func `Attention's work equals a sum over its query-key pairs`() throws {
    let op = Operator(.attention, dataType: .bfloat16, ["heads": 32, "kvHeads": 8, "headDim": 128])
    let work = try #require(OperatorWork(op, at: AxisPoint(3, 10, 2, 50)))
    let pairs = (11 + 12 + 13) + 2 * 50
    #expect(work.flops == Double(4 * 32 * 128 * pairs))
    let keysAndValues = 2 * 8 * 128 * (13 + 2 * 50)
    let queriesAndOutputs = 2 * 32 * 128 * (3 + 2)
    #expect(work.bytes == Double(2 * (keysAndValues + queriesAndOutputs)))
  }
}
