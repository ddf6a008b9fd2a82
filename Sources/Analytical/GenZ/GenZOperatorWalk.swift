/// Takes the operators of a pass, in GenZ's order.
protocol GenZOperatorSink {
  mutating func add(_ op: GenZOperator)
}

/// Goes through the operators of a forward pass and hands each, priced, to a sink.
///
/// One walk serves totals and tables, so that they cannot disagree; totals keep nothing, so that an
/// estimate allocates nothing.
struct GenZOperatorWalk<Sink: GenZOperatorSink> {
  private let pass: GenZPass
  private let model: GenZModel
  private let shard: GenZShard
  private let roofline: GenZRoofline
  /// Sequences side by side: the micro-batch, times the beams.
  private let batch: Int
  /// Sequences whose prompts have keys of their own.
  private let prompts: Int
  /// Tokens of each sequence.
  private let tokens: Int
  /// How often the operators at hand run.
  private var count = 1
  private var sink: Sink

  private init(_ pass: GenZPass, _ estimator: GenZEstimator, into sink: Sink) {
    self.pass = pass
    self.sink = sink
    model = estimator.model
    shard = estimator.shard
    roofline = estimator.roofline
    switch pass {
    case .prefill(let batch, let inputTokens):
      prompts = GenZPass.microBatch(GenZPass.bounded(batch, from: 1), stages: shard.stages)
      self.batch = prompts
      tokens = GenZPass.bounded(inputTokens, from: 0)
    case .decode(let batch, _, _, let beams):
      prompts = GenZPass.microBatch(GenZPass.bounded(batch, from: 1), stages: shard.stages)
      self.batch = prompts * GenZPass.bounded(beams, from: 1)
      tokens = 1
    case .chunked(let batch, let prefills, let decodes):
      prompts = GenZPass.bounded(batch, from: 1)
      self.batch = prompts
      tokens = GenZPass.newTokens(prefills) + decodes.count
    }
  }

  /// The sink after all operators of `pass`.
  static func run(_ pass: GenZPass, _ estimator: GenZEstimator, into sink: Sink) -> Sink {
    var walk = Self(pass, estimator, into: sink)
    walk.addAll()
    return walk.sink
  }

  private mutating func addAll() {
    switch pass {
    case .prefill: addEmbedding(tokens)
    case .decode: break
    case .chunked(_, let prefills, _): addEmbedding(GenZPass.newTokens(prefills))
    }
    if shard.stages > 1 {
      count = (shard.stages - 1) * shard.layersPerStage
      addLayer()
      count = shard.stages - 1
      let activations = GenZOperator.Shape.collective(
        .sendReceive, batch: batch, rows: tokens, width: model.hiddenSize, ranks: 1)
      add(.messagePass, activations)
    }
    count = shard.lastStageLayers
    addLayer()
    count = 1
    addMatrix(
      .classifier, rows: tokens, inner: model.hiddenSize, columns: shard.vocabularySize)
    addCollective(
      .classifierGather, .allGather, width: model.vocabularySize, among: shard.attentionRanks)
  }

  private mutating func addEmbedding(_ tokens: Int) {
    addMatrix(.embedding, rows: tokens, inner: shard.vocabularySize, columns: model.hiddenSize)
    addCollective(
      .embeddingReduce, .allReduce, rows: tokens, width: model.hiddenSize,
      among: shard.attentionRanks)
  }
}

// MARK: - A layer

extension GenZOperatorWalk {
  private mutating func addLayer() {
    var onChip: GenZOperator.OnChip = [.input, .output]
    if case .prefill = pass { onChip = [] }
    let width = shard.heads * model.headDim
    addMatrix(
      .queryKeyValue, rows: tokens, inner: model.hiddenSize,
      columns: width + 2 * shard.kvHeads * model.headDim, onChip: onChip)
    addAttention()
    addMatrix(.output, rows: tokens, inner: width, columns: model.hiddenSize, onChip: onChip)
    addCollective(
      .attentionReduce, .allReduce, width: model.hiddenSize, among: shard.attentionRanks)
    addFeedForward()
    addCollective(
      .feedForwardReduce, .allReduce, width: model.hiddenSize, among: shard.tensorRanks)
  }

  private mutating func addAttention() {
    switch pass {
    case .prefill:
      addLogit(.logit, batch, queries: tokens, keys: tokens, onChip: .output)
      addAttend(.attend, batch, queries: tokens, keys: tokens, onChip: .input)
    case .decode(_, let inputTokens, let outputTokens, _):
      let past = GenZPass.bounded(inputTokens, from: 0)
      let own = GenZPass.bounded(outputTokens, from: 0)
      addLogit(.logitPrefix, prompts, queries: 1, keys: past, onChip: [.input, .output])
      addLogit(.logitSuffix, batch, queries: 1, keys: own, onChip: [.input, .output])
      addAttend(.attendPrefix, prompts, queries: 1, keys: past, onChip: [.input, .output])
      addAttend(.attendSuffix, batch, queries: 1, keys: own, onChip: [.input, .output])
    case .chunked(_, let prefills, let decodes):
      for chunk in prefills {
        let new = GenZPass.bounded(chunk.new, from: 0)
        let keys = GenZPass.bounded(chunk.past, from: 0) + new
        addLogit(.logitPrefix, batch, queries: new, keys: keys, onChip: .output)
        addAttend(.attendPrefix, batch, queries: new, keys: keys, onChip: .input)
      }
      for length in decodes {
        let keys = GenZPass.bounded(length, from: 0)
        addLogit(.logitDecode, batch, queries: 1, keys: keys, onChip: [.input, .output])
        addAttend(.attendDecode, batch, queries: 1, keys: keys, onChip: [.input, .output])
      }
    }
  }

  private mutating func addFeedForward() {
    var isDecode = false
    if case .decode = pass { isDecode = true }
    guard model.experts > 1 else {
      addPair(1, rows: tokens, onChip: isDecode ? [.input, .output] : [])
      return
    }
    addMatrix(.gate, rows: tokens, inner: shard.gateInputs, columns: model.experts)
    // A decode step exchanges activations here, not gate values: GenZ's own inconsistency.
    addCollective(
      .gateReduce, .allReduce, width: isDecode ? model.hiddenSize : model.experts,
      among: shard.tensorRanks)
    let visits = model.expertsPerToken * model.hiddenSize
    addCollective(.dispatch, .allToAll, width: visits, among: shard.expertRanks)
    if isDecode {
      addPair(shard.expertsRead, rows: 1, onChip: [.input, .output])
      addPair(shard.experts - shard.expertsRead, rows: 0, onChip: [])
    } else {
      // Rounded down: fewer visits than experts cost nothing, GenZ's own fault again.
      addPair(shard.experts, rows: tokens * model.expertsPerToken / model.experts, onChip: [])
    }
    addCollective(.collect, .allToAll, width: visits, among: shard.expertRanks)
  }

  /// The matrices into and out of a feed-forward network, those of `experts` side by side.
  private mutating func addPair(_ experts: Int, rows: Int, onChip: GenZOperator.OnChip) {
    let width = experts * shard.intermediateSize
    addMatrix(
      .feedForwardUp, rows: rows, inner: model.hiddenSize,
      columns: width * model.feedForwardInputs, onChip: onChip)
    addMatrix(
      .feedForwardDown, rows: rows, inner: width, columns: model.hiddenSize, onChip: onChip)
  }
}

// MARK: - An operator

extension GenZOperatorWalk {
  private mutating func add(
    _ name: GenZOperator.Name, _ shape: GenZOperator.Shape, onChip: GenZOperator.OnChip = []
  ) {
    sink.add(roofline.priced(name, shape, onChip: onChip, count: count))
  }

  private mutating func addMatrix(
    _ name: GenZOperator.Name, rows: Int, inner: Int, columns: Int,
    onChip: GenZOperator.OnChip = []
  ) {
    let shape = GenZOperator.Shape.matrix(
      batch: batch, rows: rows, inner: inner, columns: columns)
    add(name, shape, onChip: onChip)
  }

  private mutating func addLogit(
    _ name: GenZOperator.Name, _ batch: Int, queries: Int, keys: Int, onChip: GenZOperator.OnChip
  ) {
    let shape = GenZOperator.Shape.logit(
      batch: batch, heads: shard.heads, queries: queries, keys: keys, headDim: model.headDim,
      kvHeads: shard.kvHeads)
    add(name, shape, onChip: onChip)
  }

  private mutating func addAttend(
    _ name: GenZOperator.Name, _ batch: Int, queries: Int, keys: Int, onChip: GenZOperator.OnChip
  ) {
    let shape = GenZOperator.Shape.attend(
      batch: batch, heads: shard.heads, queries: queries, keys: keys, headDim: model.headDim,
      kvHeads: shard.kvHeads)
    add(name, shape, onChip: onChip)
  }

  /// A collective of `rows` tokens, all of them when nil; none where there is nobody to talk to.
  private mutating func addCollective(
    _ name: GenZOperator.Name, _ kind: GenZOperator.Collective, rows: Int? = nil, width: Int,
    among ranks: Int
  ) {
    guard ranks > 1 else { return }
    let shape = GenZOperator.Shape.collective(
      kind, batch: batch, rows: rows ?? tokens, width: width, ranks: ranks)
    add(name, shape)
  }
}
