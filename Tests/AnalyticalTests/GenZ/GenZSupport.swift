import Analytical
import Testing

extension GenZModel {
  static let gpt2 = GenZModel(
    vocabularySize: 50257, hiddenSize: 768, intermediateSize: 3072, feedForwardInputs: 1,
    layers: 12, heads: 12)
  static let llama8B = GenZModel(
    vocabularySize: 128256, hiddenSize: 4096, intermediateSize: 14336, layers: 32, heads: 32,
    kvHeads: 8)
  static let llama70B = GenZModel(
    vocabularySize: 128256, hiddenSize: 8192, intermediateSize: 28672, layers: 80, heads: 64,
    kvHeads: 8)
  static let llama405B = GenZModel(
    vocabularySize: 128256, hiddenSize: 16384, intermediateSize: 53248, layers: 126, heads: 128,
    kvHeads: 8)
  static let mixtral = GenZModel(
    vocabularySize: 32000, hiddenSize: 4096, intermediateSize: 14336, layers: 32, heads: 32,
    kvHeads: 8, experts: 8, expertsPerToken: 2)
  static let phiMoE = GenZModel(
    vocabularySize: 32064, hiddenSize: 4096, intermediateSize: 6400, layers: 32, heads: 32,
    kvHeads: 8, experts: 16, expertsPerToken: 2)
}

extension GenZSystem {
  static func named(_ name: String) throws -> GenZSystem {
    try #require(builtIn(named: name))
  }
}

/// Expects that two figures agree to one part in 10⁹.
func expectAgreement(
  _ found: Double, _ expected: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    abs(found - expected) <= 1e-9 * abs(expected),
    "\(what): \(found) instead of \(expected)",
    sourceLocation: sourceLocation)
}
