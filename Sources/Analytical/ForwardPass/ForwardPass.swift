public import Operators

extension ModelArchitecture {
  /// One step of the model as operators, on one device of a tensor-parallel group.
  ///
  /// - Parameters:
  ///   - dataType: of weights, activations, keys and values.
  ///   - tensorParallel: devices that share each layer.
  ///   - fusesResiduals: whether the residual sum is part of the norm, as in serving engines, or
  ///     an operator of its own, as in plain PyTorch.
  public func forwardPass(
    _ dataType: DataType, tensorParallel: Int = 1, fusesResiduals: Bool = true
  ) -> [OperatorUse] {
    forwardPass(
      Precision(dataType), Parallelism(tensor: max(1, tensorParallel)),
      fusesResiduals: fusesResiduals)
  }

  /// One step of the model as operators, on one device of a layout, all pipeline stages in turn.
  ///
  /// A step is the batch of one data-parallel group. Heads and widths are divided by the
  /// tensor-parallel devices, the vocabulary by rounding up, as the last device is padded. Where
  /// there are fewer key-value heads than devices, each device holds one. Tokens of a step are
  /// those of one sequence-parallel part; keys are exchanged with the others.
  public func forwardPass(
    _ precision: Precision, _ layout: Parallelism, fusesResiduals: Bool = true
  ) -> [OperatorUse] {
    var pass = ForwardPass(model: self, precision: precision, layout: layout)
    pass.addEmbedding()
    for group in layerGroups {
      pass.addMixer(of: group)
      if !fusesResiduals {
        let sums = group.feedForward == .none ? 1 : 2
        pass.add(
          "residual", .elementwise, ["width": hiddenSize], count: sums * group.count)
      }
      pass.addNetwork(of: group)
    }
    pass.addHead()
    pass.addExchanges()
    return pass.uses
  }
}

/// The operators of a forward pass as they are listed.
struct ForwardPass {
  let model: ModelArchitecture
  let precision: Precision
  let layout: Parallelism
  private(set) var uses: [OperatorUse] = []
  /// Whether what is listed comes behind the last layer.
  private var isBehindLayers = false

  init(model: ModelArchitecture, precision: Precision, layout: Parallelism) {
    self.model = model
    self.precision = precision
    self.layout = layout
    uses.reserveCapacity(24)
  }

  var ranks: Int { layout.tensor }
  var hidden: Int { model.hiddenSize }

  /// Lists an operator.
  mutating func add(
    _ role: String, _ kind: OperatorKind, _ attributes: [String: Int], count: Int,
    _ size: OperatorUse.Size = .tokens, weights: DataType? = nil
  ) {
    var attributes = attributes
    var type = precision.activations
    if let weights {
      // Weights that stay in the activations' type are not multiplied in a smaller one.
      if weights != type { type = precision.products }
      if weights != type { attributes["weightBits"] = Int(weights.bytesPerElement * 8) }
    }
    let op = Operator(kind, dataType: type, attributes)
    var use = OperatorUse(operator: op, role: role, count: count, size: size)
    use.isBehindLayers = isBehindLayers
    uses.append(use)
  }

  /// Lists a product of `[tokens, k] × [k, n]`.
  mutating func addProduct(
    _ role: String, n: Int, k: Int, count: Int, _ size: OperatorUse.Size = .tokens,
    weights: DataType? = nil
  ) {
    add(role, .gemm, ["n": n, "k": k], count: count, size, weights: weights ?? precision.weights)
  }

  /// Lists a normalisation over `width` values.
  mutating func addNorm(
    _ role: String, width: Int, count: Int, _ size: OperatorUse.Size = .tokens
  ) {
    let kind: OperatorKind
    switch model.norm {
    case .rms, .weightless: kind = .rmsNorm
    case .layer: kind = .layerNorm
    }
    add(role, kind, ["width": width], count: count, size)
  }

  // MARK: Ends

  var vocabulary: Int { shared(model.vocabularySize, by: ranks) }

  mutating func addEmbedding() {
    let table = model.embedding.width ?? hidden
    add("embedding", .embedding, ["width": table, "vocab": vocabulary], count: 1)
    if table != hidden { addProduct("project_in", n: hidden, k: table, count: 1) }
    if model.embedding.learnedPositions > 0 {
      add("position_embedding", .elementwise, ["width": hidden], count: 1)
    }
    if model.embedding.isNormalized {
      addNorm("embedding_layernorm", width: hidden, count: 1)
    }
  }

  mutating func addHead() {
    isBehindLayers = true
    defer { isBehindLayers = false }
    if model.hasFinalNorm { addNorm("final_layernorm", width: hidden, count: 1) }
    switch model.head {
    case .languageModel:
      let table = model.embedding.width ?? hidden
      if table != hidden {
        addProduct("project_out", n: table, k: hidden, count: 1, .sampledSequences)
      }
      addProduct(
        "lm_head", n: vocabulary, k: table, count: 1, .sampledSequences, weights: precision.head)
      if ranks > 1 {
        let bytes = Int(Double(model.vocabularySize) * precision.activations.bytesPerElement)
        add(
          "logits_gather", .allGather, ["ranks": ranks], count: 1,
          .sampledBytes(perSequence: bytes))
      }
      add("sampler", .sample, ["vocab": model.vocabularySize], count: 1, .sampledSequences)
    case .hidden(let hasPooler):
      if hasPooler { addProduct("pooler", n: hidden, k: hidden, count: 1, .sampledSequences) }
    }
  }

  // MARK: Between devices

  mutating func addExchanges() {
    let bytes = Int(Double(hidden) * precision.activations.bytesPerElement)
    if ranks > 1 {
      // After the embedding, each mixer and each network.
      let sums = model.layerGroups.reduce(1) {
        $0 + $1.count * ($1.feedForward == .none ? 1 : 2)
      }
      add("all_reduce", .allReduce, ["ranks": ranks], count: sums, .bytes(perToken: bytes))
    }
    if layout.pipeline > 1 {
      add(
        "pipeline_send", .sendReceive, ["ranks": 2], count: layout.pipeline - 1,
        .bytes(perToken: bytes))
    }
  }
}
