internal import TraceIO

extension ModelArchitecture {
  /// Reads a Hugging Face `config.json`.
  ///
  /// Decoders with grouped-query or latent attention, sliding windows, dense networks or experts;
  /// encoders; Mamba and hybrids; see ``ModelFamily/known``. Of a multi-modal model the text part
  /// is read. A `model_type` that is not known is read as Llama's where it has the same fields, and
  /// ``isFamilyKnown`` of the result says so.
  ///
  /// - Parameters:
  ///   - configuration: the file's bytes, at most 1 MiB.
  ///   - name: what to call it if the file does not say (`_name_or_path`).
  /// - Throws: ``AnalyticalError`` that names the missing or impossible field.
  public init(configuration: [UInt8], name: String) throws(AnalyticalError) {
    let fields = try DescriptionFields(
      configuration, file: name, subject: Self.configurationSubject)
    let given = fields.text("_name_or_path") ?? ""
    try self.init(fields, name: given.isEmpty ? name : given)
  }

  /// What errors call a configuration.
  static let configurationSubject = "model configuration"

  /// Reads a configuration's fields.
  init(_ fields: DescriptionFields, name: String) throws(AnalyticalError) {
    var fields = fields
    let architectures = fields.texts("architectures")
    var type = fields.text("model_type")
    if let text = try fields.object("text_config") {
      type = text.text("model_type") ?? type
      fields = text
    }
    let family = ModelFamily.known[type ?? "llama"]
    // What mixes tokens otherwise would be priced as if it attended.
    let mixers = [
      "hybrid_override_pattern", "full_attention_interval", "mamba_num_heads", "mamba_d_state",
      "ssm_state_size", "linear_num_key_heads", "rwkv_version",
    ]
    if family == nil, let mixer = mixers.first(where: fields.has) {
      throw fields.error(
        "model_type '\(type ?? "")' is not known, and its field '\(mixer)' says that it mixes tokens "
          + "in a way of its own")
    }
    let reader = ConfigurationReader(fields, family ?? ModelFamily(), type ?? "llama")
    self = try reader.model(name)
    isFamilyKnown = family != nil
    // Embedding models are the same layers without a head; of ChatGLM the whole has that name.
    if let whole = architectures.first, whole.hasSuffix("Model"), !whole.hasSuffix("LMHeadModel"),
      reader.family.shape != .chatGLM, case .languageModel = head
    {
      head = .hidden()
      tiesEmbeddings = true
    }
  }
}
