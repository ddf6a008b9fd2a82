import Analytical
import Operators
import Testing

/// Counts of weights: those that are published, and those of small models by hand.
@Suite struct ParameterCountTests {
  @Test(arguments: CatalogueModel.builtIns)
  func `A built-in model has as many weights as are published`(known: CatalogueModel) {
    let count = Double(known.architecture.parameterCount)
    let published = Double(known.publishedParameters)
    #expect(
      abs(count - published) <= known.tolerance * published,
      "\(known.architecture.name) has \(count), published are \(published)")
  }

  @Test(arguments: ParameterCase.decoders + ParameterCase.mixtures + ParameterCase.others)
  func `A small model has the weights of its tensors`(known: ParameterCase) throws {
    let model = try read(known.configuration)
    #expect(model.parameterCount == known.parameters)
    #expect(model.layers == known.layers.reduce(0) { $0 + $1.count })
  }

  /// Published as rounded to the last digit given.
  @Test(arguments: [
    ("deepseek-ai/DeepSeek-V3", 37e9, 0.5e9 + 0.06e9), ("Mixtral-8x7B-v0.1", 12.9e9, 0.05e9),
    ("gpt-oss-20b", 3.6e9, 0.05e9 + 0.58e9), ("gpt-oss-120b", 5.1e9, 0.05e9 + 0.58e9),
    ("Qwen3-30B-A3B", 3.3e9, 0.06e9), ("Qwen3-235B-A22B", 22e9, 0.5e9),
    ("Mixtral-8x22B-v0.1", 39e9, 0.5e9), ("dbrx-base", 36e9, 0.5e9),
    ("DeepSeek-V2", 21e9, 0.5e9), ("Llama-4-Scout-17B-16E", 17e9, 0.5e9),
    ("AI21-Jamba-1.5-Large", 94e9, 0.5e9),
  ])
  func `A token passes as many weights as are published`(
    name: String, published: Double, rounding: Double
  ) throws {
    expectClose(
      Double(try model(name).activeParameterCount), published, rounding / published, name)
  }

  @Test(arguments: ModelArchitecture.builtIns)
  func `Without experts, or where a token passes them all, every weight is active`(
    model: ModelArchitecture
  ) {
    if !model.hasExperts { #expect(model.activeParameterCount == model.parameterCount) }
    #expect(model.activeParameterCount <= model.parameterCount)
    var all = model
    for (place, group) in model.layerGroups.enumerated() {
      guard case .experts(var network) = group.feedForward else { continue }
      network.perToken = network.experts
      all.layerGroups[place].feedForward = .experts(network)
    }
    #expect(all.activeParameterCount == all.parameterCount)
  }
}
