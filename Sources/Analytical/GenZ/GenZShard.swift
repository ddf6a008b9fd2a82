/// What one chip holds of a model, as GenZ divides it.
///
/// Attention and the vocabulary divide by tensor × expert parallelism, the feed-forward network by
/// tensor parallelism alone.
struct GenZShard: Hashable, Sendable {
  /// Chips that share attention and the vocabulary.
  var attentionRanks: Int
  /// Chips that share the feed-forward network's width.
  var tensorRanks: Int
  /// Chips that share the experts.
  var expertRanks: Int
  /// Query heads, rounded up and at least 1.
  var heads: Int
  /// Key-value heads, rounded up and at least 1.
  var kvHeads: Int
  /// Width of the feed-forward network, rounded up.
  var intermediateSize: Int
  /// Tokens of the vocabulary, rounded down: GenZ loses the remainder.
  var vocabularySize: Int
  /// Inputs of the expert gate, rounded down.
  var gateInputs: Int
  /// Experts held.
  var experts: Int
  /// Experts that a decode step reads, whatever its batch.
  var expertsRead: Int
  /// Pipeline stages.
  var stages: Int
  /// Layers of every stage but the last.
  var layersPerStage: Int
  /// Layers of the last stage.
  var lastStageLayers: Int

  init(
    _ model: GenZModel, tensorParallel: Int, pipelineParallel: Int, expertParallel: Int
  ) throws(GenZRefusal) {
    let degrees = [
      (name: "tensor parallelism", value: tensorParallel),
      (name: "pipeline parallelism", value: pipelineParallel),
      (name: "expert parallelism", value: expertParallel),
    ]
    // The bound keeps every product below 2⁶³.
    for size in model.sizes + degrees where !(1...(1 << 24)).contains(size.value) {
      throw .size(name: size.name, value: size.value)
    }
    guard model.experts.isMultiple(of: expertParallel) else {
      throw .experts(model.experts, expertParallel: expertParallel)
    }
    attentionRanks = tensorParallel * expertParallel
    tensorRanks = tensorParallel
    expertRanks = expertParallel
    heads = Self.share(model.heads, attentionRanks)
    kvHeads = Self.share(model.kvHeads, attentionRanks)
    guard heads.isMultiple(of: kvHeads) else {
      throw .heads(perChip: heads, kvHeadsPerChip: kvHeads)
    }
    intermediateSize = Self.share(model.intermediateSize, tensorParallel)
    vocabularySize = model.vocabularySize / attentionRanks
    gateInputs = model.hiddenSize / tensorParallel
    experts = model.experts / expertParallel
    expertsRead = min(experts, Self.share(model.expertsPerToken, expertParallel))
    stages = pipelineParallel
    layersPerStage = Self.share(model.layers, stages)
    lastStageLayers = model.layers - layersPerStage * (stages - 1)
    guard lastStageLayers > 0 else {
      throw .stages(layers: model.layers, pipelineParallel: stages)
    }
  }

  /// A share of `whole`, rounded up.
  private static func share(_ whole: Int, _ parts: Int) -> Int { (whole + parts - 1) / parts }
}
