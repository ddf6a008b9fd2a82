public import Operators

/// One operator of a model's forward pass, how often it runs in a step, and on how much.
public struct OperatorUse: Hashable, Sendable {
  /// Which size of the step's batch the operator grows with.
  public enum Size: Hashable, Sendable {
    /// All query tokens of the step.
    case tokens
    /// The sequences that sample a token in this step.
    case sampledSequences
    /// The batch's attention.
    case attention
    /// All query tokens, as bytes of that many each.
    case bytes(perToken: Int)
    /// All query tokens, times a count of rows each (norms a head).
    case rows(perToken: Int)
  }

  /// What runs.
  public var `operator`: Operator
  /// What it does in the model, such as `qkv_proj`.
  public var role: String
  /// How often a step runs it.
  public var count: Int
  /// What it grows with.
  public var size: Size

  /// The point of the operator's curve for a step of that many tokens (or sampling sequences).
  ///
  /// - Complexity: O(1). A size that does not fit stays at the largest integer.
  public func point(tokens: Int) -> AxisPoint {
    switch size {
    case .tokens, .sampledSequences, .attention: return AxisPoint(tokens)
    case .bytes(let perToken), .rows(let perToken):
      let (size, overflow) = tokens.multipliedReportingOverflow(by: perToken)
      return AxisPoint(overflow ? .max : size)
    }
  }
}

extension ModelArchitecture {
  /// One step of the model as operators, on one device of a tensor-parallel group.
  ///
  /// - Parameters:
  ///   - dataType: of weights and activations.
  ///   - tensorParallel: devices that share each layer; heads and widths are divided by it, the
  ///     vocabulary by rounding up, as the last device is padded. Where there are fewer key-value
  ///     heads than devices, each device holds one.
  ///   - fusesResiduals: whether the residual sum is part of the norm, as in serving engines, or
  ///     an operator of its own, as in plain PyTorch.
  public func forwardPass(
    _ dataType: DataType, tensorParallel: Int = 1, fusesResiduals: Bool = true
  ) -> [OperatorUse] {
    let ranks = max(1, tensorParallel)
    let (heads, kvHeads) = (max(1, self.heads / ranks), max(1, self.kvHeads / ranks))
    let intermediate = intermediateSize / ranks
    let vocabulary = vocabularySize / ranks + (vocabularySize % ranks == 0 ? 0 : 1)
    let hidden = hiddenSize
    var uses: [OperatorUse] = []
    func add(
      _ role: String, _ kind: OperatorKind, _ attributes: [String: Int], count: Int = layers,
      _ size: OperatorUse.Size = .tokens
    ) {
      let op = Operator(kind, dataType: dataType, attributes)
      uses.append(OperatorUse(operator: op, role: role, count: count, size: size))
    }
    add("embedding", .embedding, ["width": hidden, "vocab": vocabulary], count: 1)
    add("input_layernorm", .rmsNorm, ["width": hidden])
    add("qkv_proj", .gemm, ["n": (heads + 2 * kvHeads) * headDim, "k": hidden])
    if normalizesQueriesAndKeys {
      add("qk_norm", .rmsNorm, ["width": headDim], .rows(perToken: heads + kvHeads))
    }
    let attention = ["heads": heads, "kvHeads": kvHeads, "headDim": headDim]
    add("rotary_emb", .rotary, attention)
    add("attention", .attention, attention, .attention)
    add("o_proj", .gemm, ["n": hidden, "k": heads * headDim])
    if !fusesResiduals { add("residual", .elementwise, ["width": hidden], count: 2 * layers) }
    add("post_attention_layernorm", .rmsNorm, ["width": hidden])
    add("gate_up_proj", .gemm, ["n": 2 * intermediate, "k": hidden])
    add("act_fn", .activation, ["width": intermediate])
    add("down_proj", .gemm, ["n": hidden, "k": intermediate])
    add("final_layernorm", .rmsNorm, ["width": hidden], count: 1)
    add("lm_head", .gemm, ["n": vocabulary, "k": hidden], count: 1, .sampledSequences)
    add("sampler", .sample, ["vocab": vocabularySize], count: 1, .sampledSequences)
    if ranks > 1 {
      let perToken = Int(Double(hidden) * dataType.bytesPerElement)
      add(
        "all_reduce", .allReduce, ["ranks": ranks], count: 2 * layers, .bytes(perToken: perToken))
    }
    return uses
  }
}
