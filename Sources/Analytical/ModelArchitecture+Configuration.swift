internal import Foundation

extension ModelArchitecture {
  /// Reads a Hugging Face `config.json` of a Llama-like or Qwen-like dense model.
  ///
  /// - Parameters:
  ///   - configuration: the file's bytes.
  ///   - name: what to call it if the file does not say (`_name_or_path`).
  /// - Throws: ``AnalyticalError`` that names the missing or impossible field.
  public init(configuration: [UInt8], name: String) throws(AnalyticalError) {
    let fields: HuggingFaceConfiguration
    do {
      fields = try JSONDecoder().decode(HuggingFaceConfiguration.self, from: Data(configuration))
    } catch DecodingError.keyNotFound(let key, _) {
      throw .configuration(file: name, problem: "it has no field '\(key.stringValue)'")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
    {
      let field = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .configuration(file: name, problem: "its field '\(field)' has the wrong type")
    } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
      let field = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .configuration(file: name, problem: "its field '\(field)' is out of range")
    } catch {
      throw .configuration(file: name, problem: "it is not a JSON object")
    }
    let family = fields.model_type ?? "llama"
    let families = ["llama", "mistral", "qwen2", "qwen3"]
    guard families.contains(family) else {
      throw .configuration(
        file: name,
        problem: "model_type '\(family)' is not known yet; known: "
          + families.joined(separator: ", "))
    }
    // Twice what any model has, or more, and small enough that no product of them overflows.
    let sizes: [(String, Int, ClosedRange<Int>)] = [
      ("hidden_size", fields.hidden_size, 1...131_072),
      ("intermediate_size", fields.intermediate_size, 1...1_048_576),
      ("num_hidden_layers", fields.num_hidden_layers, 1...1024),
      ("num_attention_heads", fields.num_attention_heads, 1...4096),
      ("num_key_value_heads", fields.num_key_value_heads ?? fields.num_attention_heads, 1...4096),
      (
        "head_dim", fields.head_dim ?? fields.hidden_size / max(1, fields.num_attention_heads),
        1...8192
      ),
      ("vocab_size", fields.vocab_size, 1...16_777_216),
      ("max_position_embeddings", fields.max_position_embeddings ?? 4096, 1...1_000_000_000),
    ]
    for (field, value, range) in sizes where !range.contains(value) {
      throw .configuration(
        file: name, problem: "its field '\(field)' is \(value), outside \(range)")
    }
    if fields.num_local_experts ?? fields.num_experts ?? fields.n_routed_experts ?? 1 > 1 {
      throw .configuration(file: name, problem: "mixtures of experts are not priced yet")
    }
    let kvHeads = fields.num_key_value_heads ?? fields.num_attention_heads
    guard fields.num_attention_heads % kvHeads == 0 else {
      throw .configuration(
        file: name,
        problem: "\(fields.num_attention_heads) heads cannot share \(kvHeads) key-value heads")
    }
    guard fields.head_dim != nil || fields.hidden_size % fields.num_attention_heads == 0 else {
      throw .configuration(
        file: name,
        problem: "\(fields.num_attention_heads) heads do not divide hidden_size "
          + "\(fields.hidden_size), and it has no head_dim")
    }
    self.init(
      name: fields._name_or_path.flatMap { $0.isEmpty ? nil : $0 } ?? name,
      hiddenSize: fields.hidden_size, intermediateSize: fields.intermediate_size,
      layers: fields.num_hidden_layers, heads: fields.num_attention_heads,
      kvHeads: fields.num_key_value_heads ?? fields.num_attention_heads,
      headDim: fields.head_dim, vocabularySize: fields.vocab_size,
      tiesEmbeddings: fields.tie_word_embeddings ?? false,
      normalizesQueriesAndKeys: family == "qwen3",
      hasAttentionBias: fields.attention_bias ?? (family == "qwen2"),
      maximumPositions: fields.max_position_embeddings ?? 4096)
  }
}

/// The fields of a `config.json` that make the architecture, under the names they have there.
private struct HuggingFaceConfiguration: Decodable {
  var _name_or_path: String?
  var model_type: String?
  var hidden_size: Int
  var intermediate_size: Int
  var num_hidden_layers: Int
  var num_attention_heads: Int
  var num_key_value_heads: Int?
  var head_dim: Int?
  var num_local_experts: Int?
  var num_experts: Int?
  var n_routed_experts: Int?
  var vocab_size: Int
  var tie_word_embeddings: Bool?
  var attention_bias: Bool?
  var max_position_embeddings: Int?
}

/// What can be wrong with a description of a model or a device.
public enum AnalyticalError: Error, Hashable {
  /// A model's configuration cannot be used.
  case configuration(file: String, problem: String)
}

extension AnalyticalError: CustomStringConvertible {
  /// One sentence: which file, what is wrong.
  public var description: String {
    switch self {
    case .configuration(let file, let problem):
      "\(file): cannot use this model configuration: \(problem)"
    }
  }
}
