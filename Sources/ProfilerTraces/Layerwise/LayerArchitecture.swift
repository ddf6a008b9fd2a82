public import Operators

/// The sizes of a dense decoder that turn the names of its layers into operators.
///
///     LayerArchitecture(
///       hiddenSize: 4096, intermediateSize: 14336, heads: 32, kvHeads: 8, headDim: 128,
///       vocabSize: 128_256, tensorParallel: 1)
public struct LayerArchitecture: Hashable, Sendable {
  /// The width of the residual stream.
  public var hiddenSize: Int
  /// The width between the two halves of the feed-forward layer.
  public var intermediateSize: Int
  /// The query heads of the whole model.
  public var heads: Int
  /// The key-value heads of the whole model.
  public var kvHeads: Int
  /// The size of one head.
  public var headDim: Int
  /// The rows of the embedding table.
  public var vocabSize: Int
  /// The number of devices that share each layer.
  public var tensorParallel: Int

  /// Creates an architecture.
  public init(
    hiddenSize: Int, intermediateSize: Int, heads: Int, kvHeads: Int, headDim: Int,
    vocabSize: Int, tensorParallel: Int
  ) {
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.vocabSize = vocabSize
    self.tensorParallel = tensorParallel
  }

  /// What makes the sizes unusable, or nil: all must be positive and below 2^28, and the devices
  /// must share the heads evenly.
  public var fault: String? {
    let sizes = [
      hiddenSize, intermediateSize, heads, kvHeads, headDim, vocabSize, tensorParallel,
    ]
    guard sizes.allSatisfy({ $0 > 0 && $0 < 1 << 28 }) else {
      return "the sizes of the model must be positive and below 2^28"
    }
    guard heads % tensorParallel == 0, intermediateSize % tensorParallel == 0 else {
      return "\(tensorParallel) devices cannot share \(heads) heads evenly"
    }
    return nil
  }

  /// The operator that one device runs for a layer by vLLM's name, or nil for an unknown name.
  ///
  /// All layers have the axis `tokens`, except `attention` with the four of
  /// ``OperatorKind/attention``. `lm_head` and `sampler` count one token a sequence. Where there
  /// are fewer key-value heads than devices, each device holds one.
  public func resolve(layer: String, dataType: DataType?) -> Operator? {
    let heads = heads / tensorParallel
    let kvHeads = max(1, kvHeads / tensorParallel)
    let intermediate = intermediateSize / tensorParallel
    let vocabulary = (vocabSize + tensorParallel - 1) / tensorParallel
    func gemm(_ n: Int, _ k: Int) -> Operator {
      Operator(.gemm, dataType: dataType, ["n": n, "k": k])
    }
    let headSizes = ["heads": heads, "kvHeads": kvHeads, "headDim": headDim]
    return switch layer {
    case "qkv_proj": gemm((heads + 2 * kvHeads) * headDim, hiddenSize)
    case "o_proj": gemm(hiddenSize, heads * headDim)
    case "gate_up_proj": gemm(2 * intermediate, hiddenSize)
    case "down_proj": gemm(hiddenSize, intermediate)
    case "lm_head": gemm(vocabulary, hiddenSize)
    case "layernorm": Operator(.rmsNorm, dataType: dataType, ["width": hiddenSize])
    case "final_layernorm":
      Operator(.rmsNorm, dataType: dataType, ["width": hiddenSize, "final": 1])
    case "qk_norm":
      Operator(.rmsNorm, dataType: dataType, ["width": headDim, "heads": heads + kvHeads])
    case "act_fn": Operator(.activation, dataType: dataType, ["width": intermediate])
    case "rotary_emb": Operator(.rotary, dataType: dataType, headSizes)
    case "embedding":
      Operator(.embedding, dataType: dataType, ["width": hiddenSize, "vocab": vocabulary])
    case "sampler": Operator(.sample, dataType: dataType, ["vocab": vocabSize])
    case "attention": Operator(.attention, dataType: dataType, headSizes)
    default: nil
    }
  }
}
