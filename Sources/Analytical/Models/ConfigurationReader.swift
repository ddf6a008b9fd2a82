/// One configuration's way to a model.
struct ConfigurationReader {
  let fields: DescriptionFields
  let family: ModelFamily
  let type: String

  init(_ fields: DescriptionFields, _ family: ModelFamily, _ type: String) {
    self.fields = fields
    self.family = family
    self.type = type
  }

  /// Twice what any model has, or more, and small enough that no product of them overflows.
  enum Bounds {
    static let hidden = 1...131_072
    static let width = 1...1_048_576
    static let layers = 1...1024
    static let heads = 1...4096
    static let headDim = 1...8192
    static let vocabulary = 1...16_777_216
    static let positions = 1...1_000_000_000
    static let experts = 1...4096
    static let small = 1...65_536
  }

  /// Reads the whole.
  func model(_ name: String) throws(AnalyticalError) -> ModelArchitecture {
    var model =
      switch family.shape {
      case .decoder: try decoder(name)
      case .encoder: try encoder(name)
      case .stateSpace: try stateSpaceModel(name)
      case .gpt2: try gpt2(name)
      case .opt: try opt(name)
      case .falcon: try falcon(name)
      case .dbrx: try dbrx(name)
      case .chatGLM: try chatGLM(name)
      }
    model.norm = family.norm
    if case .languageModel = model.head {
      model.tiesEmbeddings = try fields.flag("tie_word_embeddings") ?? family.tiesEmbeddings
    }
    return model
  }

  /// A size under any of its names, or the family's own where the file leaves it out.
  func size(_ names: String..., in range: ClosedRange<Int>) throws(AnalyticalError) -> Int {
    if let size = try fields.size(names, range) { return size }
    if let size = names.lazy.compactMap({ family.defaults[$0] }).first { return size }
    return try fields.needed(names, range)
  }

  /// A size that may be left out.
  func optional(_ names: String..., in range: ClosedRange<Int>) throws(AnalyticalError) -> Int? {
    if let size = try fields.size(names, range) { return size }
    return names.lazy.compactMap { family.defaults[$0] }.first
  }

  /// Puts equal layers together, in the order in which they first appear.
  func groups(
    _ layers: Int, _ layer: (Int) throws(AnalyticalError) -> (TokenMixer, FeedForward)
  ) throws(AnalyticalError) -> [LayerGroup] {
    var groups: [LayerGroup] = []
    for index in 0..<layers {
      let (mixer, network) = try layer(index)
      if let known = groups.firstIndex(where: { $0.mixer == mixer && $0.feedForward == network }) {
        groups[known].count += 1
      } else {
        groups.append(
          LayerGroup(count: 1, mixer: mixer, feedForward: network, norms: family.norms))
      }
    }
    return groups
  }

  /// Query and key-value heads and their size, under the usual names.
  func heads(
    _ hidden: Int, keyValues: [String] = ["num_key_value_heads", "num_kv_heads", "n_kv_heads"],
    default shared: Int? = nil
  ) throws(AnalyticalError) -> (heads: Int, kvHeads: Int, headDim: Int) {
    let heads = try size("num_attention_heads", "n_heads", "n_head", in: Bounds.heads)
    let given =
      try fields.size(keyValues, Bounds.heads) ?? keyValues.first.flatMap { family.defaults[$0] }
    let kvHeads = given ?? shared ?? heads
    guard heads % kvHeads == 0 else {
      throw fields.error("\(heads) heads cannot share \(kvHeads) key-value heads")
    }
    if let headDim = try optional(
      "head_dim", "kv_channels", "attention_head_dim", in: Bounds.headDim)
    {
      return (heads, kvHeads, headDim)
    }
    guard hidden % heads == 0 else {
      throw fields.error(
        "\(heads) heads do not divide hidden_size \(hidden), and it has no head_dim")
    }
    guard Bounds.headDim.contains(hidden / heads) else {
      throw fields.error("heads of \(hidden / heads) values are outside \(Bounds.headDim)")
    }
    return (heads, kvHeads, hidden / heads)
  }
}
