import Operators

/// Translates an operator of PyTorch, with its arguments, into the shared language.
///
/// What is not known, or whose shapes do not fit what is known, is ``OperatorKind/opaque(_:)``
/// without axes; its shapes stay in the sample's label.
enum OperatorMapping {
  /// An operator and the point on its curve.
  struct Result: Equatable {
    var `operator`: Operator
    var point: AxisPoint
  }

  /// Translates a group; `isCopy` says that the device copied and ran no kernel, and `copied` the
  /// bytes of each copy where the profiler tells them.
  static func map(
    _ group: OperatorGroup, isCopy: Bool, copied: Int64? = nil, worldSize: Int?
  ) -> Result {
    if isCopy, let copied, copied <= SizeLimits.axis(of: .memcpy) {
      return Result(operator: Operator(.memcpy, dataType: nil), point: AxisPoint(Int(copied)))
    }
    let types = TypeList(json: group.inputTypes)
    let opaque = Result(
      operator: Operator(.opaque(group.name), dataType: types.dataType(0)), point: .none)
    guard let shapes = ShapeList(json: group.inputDims) else { return opaque }
    let call = OperatorCall(
      name: baseName(group.name), shapes: shapes, types: types, worldSize: worldSize)
    guard let result = isCopy ? call.copy : call.translated,
      SizeLimits.allow(result.operator, at: result.point)
    else { return opaque }
    return result
  }

  /// The name without its library and its in-place mark: `aten::add_` is `add`.
  private static func baseName(_ name: String) -> String {
    let last = name.lastIndex(of: ":").map { String(name[name.index(after: $0)...]) } ?? name
    return last.hasSuffix("_") ? String(last.dropLast()) : last
  }
}

extension TypeList {
  /// The type of the input at `index` in the shared language, or nil.
  func dataType(_ index: Int) -> DataType? {
    ElementType(self[index])?.dataType
  }

  /// The size of an element of the input at `index` in bytes, or nil.
  func elementSize(_ index: Int) -> Int? {
    ElementType(self[index])?.bytes
  }
}

/// One operator's name and arguments.
struct OperatorCall {
  var name: String
  var shapes: ShapeList
  var types: TypeList
  var worldSize: Int?

  /// The operator in the shared language, or nil if it is not known.
  var translated: OperatorMapping.Result? {
    switch name {
    case "mm", "_scaled_mm": product(0, 1)
    case "addmm", "_addmm_activation": product(1, 2)
    case "cutlass_scaled_mm": product(1, 2)
    case "linear", "rocm_unquantized_gemm", "rocm_unquantized_gemm_impl": linear
    case "bmm": batchedProduct(0, 1)
    case "baddbmm": batchedProduct(1, 2)
    case "matmul": matmul
    case "scaled_dot_product_attention", "_scaled_dot_product_flash_attention",
      "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention",
      "_scaled_dot_product_attention_math", "_scaled_dot_product_flash_attention_for_cpu",
      "_scaled_dot_product_fused_attention_overrideable", "_cudnn_attention_forward":
      attention(heads: 1, tokens: 2)
    case "_flash_attention_forward", "_efficient_attention_forward", "_flash_attn_forward":
      attention(heads: 2, tokens: 1)
    case "rms_norm" where shapes.tensor(1) == shapes.tensor(0): rows(.rmsNorm, of: 1)
    // The fused sum has no attribute: it is the norm that serving engines run in every layer, and
    // so the one that the forward pass means.
    case "rms_norm", "_fused_rms_norm", "fused_add_rms_norm": rows(.rmsNorm, of: 0)
    // AITER's fused sum and norm: the first input is the output, the second what is normalised.
    case "rmsnorm2d_fwd_with_add_ck",
      "rmsnorm2d_fwd_with_add"
    where shapes.tensor(0) == shapes.tensor(1):
      rows(.rmsNorm, of: 1)
    case "layer_norm", "native_layer_norm": rows(.layerNorm, of: 0)
    case "silu_and_mul", "gelu_and_mul", "gelu_tanh_and_mul": rows(.activation, of: 0)
    case "silu", "gelu", "relu": rows(.activation, of: 0, ["gated": 0])
    case "embedding": embedding(indices: 1)
    case "index_select": embedding(indices: 2)
    case "softmax", "_softmax", "log_softmax", "_log_softmax": rows(.softmax, of: 0)
    case "argmax": rows(.sample, of: 0, sizeName: "vocab")
    case "rotary_embedding": rotary
    case "reshape_and_cache_flash", "reshape_and_cache": cacheWrite
    case _ where Self.elementwiseNames.contains(name): elementwise
    default: collective
    }
  }

  private static let elementwiseNames: Set<String> = [
    "add", "sub", "rsub", "mul", "div", "neg", "abs", "pow", "sqrt", "rsqrt", "exp", "log", "sin",
    "cos", "tanh", "sigmoid", "copy", "clone", "to", "_to_copy", "contiguous", "fill", "zero", "eq",
    "ne", "lt", "le", "gt", "ge", "where", "masked_fill", "clamp", "maximum", "minimum",
    "bitwise_and", "bitwise_or", "bitwise_not", "logical_not", "logical_and", "logical_or", "erf",
    "addcmul", "addcdiv", "lerp", "reciprocal", "square",
  ]

  /// A copy of bytes by the device's copy engine; the first tensor is the target.
  var copy: OperatorMapping.Result? {
    guard let elements = shapes.inputs.first.flatMap(Self.elements),
      let size = types.elementSize(0)
    else { return nil }
    let (bytes, overflow) = elements.multipliedReportingOverflow(by: size)
    guard !overflow else { return nil }
    return .init(operator: Operator(.memcpy, dataType: nil), point: AxisPoint(bytes))
  }

  private static func elements(_ input: ShapeList.Input) -> Int? {
    guard case .tensor(let shape) = input else { return nil }
    return shape.product
  }

  // MARK: Matrix products

  /// `[m, k] × [k, n]`.
  private func product(_ left: Int, _ right: Int) -> OperatorMapping.Result? {
    guard let a = shapes.tensor(left), let b = shapes.tensor(right), a.count == 2, b.count == 2,
      a[1] == b[0]
    else { return nil }
    return gemm(tokens: a[0], n: b[1], k: a[1], batch: 1, type: left)
  }

  /// `[…, k]` by weights `[n, k]`.
  private var linear: OperatorMapping.Result? {
    guard let input = shapes.tensor(0), let weight = shapes.tensor(1), weight.count == 2,
      let k = input.last, k == weight[1], let tokens = input.rows
    else { return nil }
    return gemm(tokens: tokens, n: weight[0], k: k, batch: 1, type: 0)
  }

  /// `[b, m, k] × [b, k, n]`.
  private func batchedProduct(_ left: Int, _ right: Int) -> OperatorMapping.Result? {
    guard let a = shapes.tensor(left), let b = shapes.tensor(right), a.count == 3, b.count == 3,
      a[0] == b[0], a[2] == b[1]
    else { return nil }
    return gemm(tokens: a[1], n: b[2], k: a[2], batch: a[0], type: left)
  }

  /// Any of the above, by the numbers of dimensions.
  private var matmul: OperatorMapping.Result? {
    guard let a = shapes.tensor(0), let b = shapes.tensor(1), a.count >= 2, b.count >= 2,
      let k = a.last, let n = b.last, b[b.count - 2] == k
    else { return nil }
    if b.count == 2 {
      guard let tokens = a.rows else { return nil }
      return gemm(tokens: tokens, n: n, k: k, batch: 1, type: 0)
    }
    guard a.count == b.count, a.dropLast(2) == b.dropLast(2),
      let batch = Array(a.dropLast(2)).product
    else { return nil }
    return gemm(tokens: a[a.count - 2], n: n, k: k, batch: batch, type: 0)
  }

  private func gemm(
    tokens: Int, n: Int, k: Int, batch: Int, type: Int
  ) -> OperatorMapping.Result {
    var attributes = ["n": n, "k": k]
    if batch != 1 { attributes["batch"] = batch }
    return .init(
      operator: Operator(.gemm, dataType: types.dataType(type), attributes),
      point: AxisPoint(tokens))
  }

  // MARK: Attention

  /// Queries, keys and values of four dimensions, the batch first and the head size last.
  ///
  /// With several sequences in prefill the attribute `sequences` tells how many, and the axes
  /// are those of one of them.
  private func attention(heads: Int, tokens: Int) -> OperatorMapping.Result? {
    guard let query = shapes.tensor(0), let key = shapes.tensor(1), query.count == 4,
      key.count == 4, query[0] == key[0], query[3] == key[3], query[heads] > 0, key[heads] > 0
    else { return nil }
    var attributes = ["heads": query[heads], "kvHeads": key[heads], "headDim": query[3]]
    let (sequences, queries, context) = (query[0], query[tokens], key[tokens])
    let point: AxisPoint
    if queries == 1 {
      point = AxisPoint(0, 0, sequences, context)
    } else {
      if sequences > 1 { attributes["sequences"] = sequences }
      point = AxisPoint(queries, max(0, context - queries))
    }
    return .init(
      operator: Operator(.attention, dataType: types.dataType(0), attributes), point: point)
  }

  /// vLLM's rotary embedding of `[tokens, heads · headDim]` queries and keys in place.
  private var rotary: OperatorMapping.Result? {
    guard let positions = shapes.tensor(0), let query = shapes.tensor(1),
      let key = shapes.tensor(2), let cache = shapes.tensor(4), let size = cache.last, size > 0,
      let tokens = positions.product, let queryWidth = query.last, let keyWidth = key.last,
      query.count == 2, key.count == 2, queryWidth % size == 0, keyWidth % size == 0
    else { return nil }
    let attributes = ["heads": queryWidth / size, "kvHeads": keyWidth / size, "headDim": size]
    return .init(
      operator: Operator(.rotary, dataType: types.dataType(1), attributes),
      point: AxisPoint(tokens))
  }

  /// vLLM's write of `[tokens, kvHeads, headDim]` keys and values into the pages of the cache.
  private var cacheWrite: OperatorMapping.Result? {
    guard let key = shapes.tensor(0), let value = shapes.tensor(1), key.count == 3, key == value,
      let slots = shapes.tensor(4)?.product, slots > 0, let size = types.elementSize(2)
    else { return nil }
    // With padding there are fewer slots than rows, and only those are written.
    let attributes = ["kvHeads": key[1], "headDim": key[2], "cacheBytes": size]
    return .init(
      operator: Operator(.cacheWrite, dataType: types.dataType(0), attributes),
      point: AxisPoint(min(slots, key[0])))
  }

  // MARK: Maps over rows

  /// An operator over the rows of an input, whose last dimension is the static size.
  private func rows(
    _ kind: OperatorKind, of input: Int, _ attributes: [String: Int] = [:],
    sizeName: String = "width"
  ) -> OperatorMapping.Result? {
    guard let shape = shapes.tensor(input), let width = shape.last, let tokens = shape.rows else {
      return nil
    }
    var attributes = attributes
    attributes[sizeName] = width
    return .init(
      operator: Operator(kind, dataType: types.dataType(input), attributes),
      point: AxisPoint(tokens))
  }

  private func embedding(indices: Int) -> OperatorMapping.Result? {
    guard let table = shapes.tensor(0), table.count == 2,
      let tokens = shapes.tensor(indices)?.product
    else { return nil }
    return .init(
      operator: Operator(
        .embedding, dataType: types.dataType(0), ["width": table[1], "vocab": table[0]]),
      point: AxisPoint(tokens))
  }

  /// A map over the broadcast shape of its tensors; `inputs` tells how many are read.
  ///
  /// The sum of two equal tensors has no `inputs`: it is the residual sum of the forward pass.
  private var elementwise: OperatorMapping.Result? {
    var tensors = shapes.tensors
    let isCopy = name == "copy"
    let target = tensors.first
    if isCopy, tensors.count > 1 { tensors.removeFirst() }
    guard let shape = isCopy ? target : Self.broadcast(tensors), let width = shape.last,
      let tokens = shape.rows
    else { return nil }
    let isFill = name == "fill" || name == "zero"
    var attributes = ["width": width]
    if !isResidualSum { attributes["inputs"] = isFill ? 0 : tensors.count }
    return .init(
      operator: Operator(.elementwise, dataType: types.dataType(0), attributes),
      point: AxisPoint(tokens))
  }

  /// Whether this adds two tensors of one shape and type, and nothing else.
  private var isResidualSum: Bool {
    let tensors = shapes.tensors
    return name == "add" && tensors.count == 2 && tensors[0] == tensors[1]
      && shapes.tensor(0) != nil && shapes.tensor(1) != nil && types[0] == types[1]
  }

  private static func broadcast(_ shapes: [[Int]]) -> [Int]? {
    guard let rank = shapes.map(\.count).max() else { return nil }
    var result = [Int](repeating: 1, count: rank)
    for shape in shapes {
      for (index, size) in shape.enumerated() {
        let place = rank - shape.count + index
        guard size == result[place] || size == 1 || result[place] == 1 else { return nil }
        if result[place] == 1 { result[place] = size }
      }
    }
    return result
  }

  // MARK: Collectives

  /// A collective over all ranks of the run, by its first tensor: what a rank gives. The bytes are
  /// those of the larger buffer, as everywhere.
  private var collective: OperatorMapping.Result? {
    let plain = name.hasPrefix("multimem_") ? String(name.dropFirst(9)) : name
    guard let kind = CollectiveName.kind(plain),
      [.allReduce, .allGather, .reduceScatter].contains(kind), let worldSize, worldSize > 1,
      let shape = shapes.tensor(0),
      let size = types.elementSize(0),
      let bytes = (shape + [size] + (kind == .allGather ? [worldSize] : [])).product
    else { return nil }
    return .init(
      operator: Operator(kind, dataType: types.dataType(0), ["ranks": worldSize]),
      point: AxisPoint(bytes))
  }
}
