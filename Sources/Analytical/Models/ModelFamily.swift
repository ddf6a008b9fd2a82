/// What a family of models does that its configuration files do not say.
///
/// The names are those of Hugging Face's `model_type`; the source of each is the code of that type
/// in the library `transformers`.
struct ModelFamily {
  /// How a configuration is laid out.
  enum Shape {
    /// `hidden_size`, `num_attention_heads`, … as in Llama; with latent attention where there is a
    /// `kv_lora_rank`, with experts where they are counted.
    case decoder
    /// An encoder as BERT.
    case encoder
    /// Mamba, of either version, and hybrids of Mamba and attention.
    case stateSpace
    /// Names of their own.
    case gpt2, opt, falcon, dbrx, chatGLM
  }

  var shape = Shape.decoder
  var norm = Norm.rms
  /// Normalisations of a layer.
  var norms = 2
  var isGated = true
  /// Whether queries, keys and values have a bias where the file does not say.
  var hasAttentionBias = false
  /// Whether such a bias is on the output projection too.
  var biasesOutput = true
  var hasFeedForwardBias = false
  var queryKeyNorm = Attention.QueryKeyNorm.none
  var tiesEmbeddings = false
  /// Whether the window that a file names is in force without more.
  var usesWindow = true
  /// Where the file names no pattern: of so many layers in a row the last sees everything.
  var windowPattern = 1
  var hasSinks = false
  var hasRouterBias = false
  /// Whether the experts' products add a bias.
  var hasExpertBias = false
  /// Whether a shared expert has a gate.
  var gatesShared = false
  /// Whether the head adds a bias.
  var hasHeadBias = false
  /// Sizes that files leave out, as the library fills them in.
  var defaults: [String: Int] = [:]

  /// The families by `model_type`.
  static let known: [String: ModelFamily] = {
    var families: [String: ModelFamily] = [:]
    func add(_ names: String..., change: (inout ModelFamily) -> Void = { _ in }) {
      var family = ModelFamily()
      change(&family)
      for name in names { families[name] = family }
    }
    add("llama", "mistral", "mixtral", "ministral", "mistral3", "granite", "granitemoe", "phi3")
    add("qwen2", "qwen2_moe", "qwen") {
      $0.hasAttentionBias = true
      $0.biasesOutput = false
      $0.usesWindow = false
      $0.gatesShared = true
    }
    add("qwen3", "qwen3_moe") {
      $0.queryKeyNorm = .perHead
      $0.usesWindow = false
    }
    add("gemma") { $0.tiesEmbeddings = true }
    add("gemma2") {
      $0.tiesEmbeddings = true
      $0.norms = 4
      $0.windowPattern = 2
    }
    add("gemma3_text", "gemma3") {
      $0.tiesEmbeddings = true
      $0.norms = 4
      $0.windowPattern = 6
      $0.queryKeyNorm = .perHead
      $0.defaults = [
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262_208,
        "sliding_window": 4096, "max_position_embeddings": 131_072,
      ]
    }
    add("nemotron") {
      $0.norm = .layer(hasBias: true)
      $0.isGated = false
    }
    add("phimoe") {
      $0.norm = .layer(hasBias: true)
      $0.hasAttentionBias = true
    }
    add("phi3small") {
      $0.norm = .layer(hasBias: true)
      $0.hasAttentionBias = true
      $0.hasFeedForwardBias = true
      $0.tiesEmbeddings = true
    }
    add("phi") {
      $0.norm = .layer(hasBias: true)
      $0.norms = 1
      $0.isGated = false
      $0.hasAttentionBias = true
      $0.hasFeedForwardBias = true
      $0.hasHeadBias = true
    }
    add("starcoder2") {
      $0.norm = .layer(hasBias: true)
      $0.isGated = false
      $0.hasAttentionBias = true
      $0.hasFeedForwardBias = true
      $0.tiesEmbeddings = true
    }
    add("cohere", "cohere2") {
      $0.norm = .layer(hasBias: false)
      $0.norms = 1
      $0.tiesEmbeddings = true
      $0.windowPattern = 4
    }
    add("olmo2") { $0.queryKeyNorm = .acrossHeads }
    add("olmoe") { $0.queryKeyNorm = .acrossHeads }
    add("glm", "glm4_moe") {
      $0.hasAttentionBias = true
      $0.biasesOutput = false
    }
    add("glm4") {
      $0.norms = 4
      $0.hasAttentionBias = true
      $0.biasesOutput = false
    }
    add("gpt_oss") {
      $0.hasAttentionBias = true
      $0.windowPattern = 2
      $0.hasSinks = true
      $0.hasRouterBias = true
      $0.hasExpertBias = true
    }
    add("llama4", "llama4_text") { $0.queryKeyNorm = .weightless }
    add("grok-1", "grok") { $0.norms = 4 }
    add("deepseek", "deepseek_v2", "deepseek_v3", "kimi_k2")
    add("bert", "roberta", "xlm-roberta") {
      $0.shape = .encoder
      $0.norm = .layer(hasBias: true)
    }
    add("mamba", "mamba2", "falcon_mamba") {
      $0.shape = .stateSpace
      $0.norms = 1
      $0.tiesEmbeddings = true
    }
    add("jamba") { $0.shape = .stateSpace }
    add("gpt2") {
      $0.shape = .gpt2
      $0.norm = .layer(hasBias: true)
      $0.tiesEmbeddings = true
    }
    add("opt") {
      $0.shape = .opt
      $0.norm = .layer(hasBias: true)
      $0.tiesEmbeddings = true
    }
    add("falcon", "RefinedWebModel", "RefinedWeb") {
      $0.shape = .falcon
      $0.norm = .layer(hasBias: true)
      $0.tiesEmbeddings = true
    }
    add("dbrx") {
      $0.shape = .dbrx
      $0.norm = .layer(hasBias: false)
    }
    add("chatglm") { $0.shape = .chatGLM }
    return families
  }()
}
