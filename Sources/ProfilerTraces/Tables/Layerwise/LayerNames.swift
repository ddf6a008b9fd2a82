import Analytical
import Operators

/// The layers of a model by the names that vLLM's layerwise profiler gives them.
///
/// The names are the roles of ``ModelArchitecture/forwardPass(_:tensorParallel:fusesResiduals:)``,
/// so that what was measured lies on the curves, and at the points, that a step asks for.
struct LayerNames {
  private var uses: [String: OperatorUse] = [:]

  /// Resolves all names for one device of a group that must share the model evenly.
  ///
  /// A type that is not known leaves the operators without one.
  init(
    _ architecture: ModelArchitecture, _ dataType: DataType?, tensorParallel: Int,
    fusesResiduals: Bool = true
  ) {
    for var use in architecture.forwardPass(
      dataType ?? .bfloat16, tensorParallel: tensorParallel, fusesResiduals: fusesResiduals)
    {
      use.operator.dataType = dataType
      uses[use.role] = use
    }
    // The profiler does not tell the two norms of a layer apart.
    uses["layernorm"] = uses["input_layernorm"]
  }

  /// The use of a layer's operator in one step, or nil for a name that the model does not have.
  subscript(layer: String) -> OperatorUse? { uses[layer] }

  /// Why so many devices cannot share the model, or nil: all sizes must be positive and below
  /// 2^28, and the heads and the feed-forward width divisible.
  static func fault(_ architecture: ModelArchitecture, _ tensorParallel: Int) -> String? {
    let sizes = [
      architecture.hiddenSize, architecture.intermediateSize, architecture.layers,
      architecture.heads, architecture.kvHeads, architecture.headDim, architecture.vocabularySize,
      tensorParallel,
    ]
    guard sizes.allSatisfy({ $0 > 0 && $0 < 1 << 28 }) else {
      return "the sizes of the model must be positive and below 2^28"
    }
    guard architecture.heads % tensorParallel == 0 else {
      return "\(tensorParallel) devices cannot share \(architecture.heads) heads evenly"
    }
    guard architecture.intermediateSize % tensorParallel == 0 else {
      return "\(tensorParallel) devices cannot share a feed-forward width of "
        + "\(architecture.intermediateSize) evenly"
    }
    return nil
  }
}
