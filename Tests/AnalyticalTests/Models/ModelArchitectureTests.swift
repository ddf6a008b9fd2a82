import Analytical
import Foundation
import Operators
import Testing

@Suite struct ModelArchitectureTests {
  @Test func `Llama 3.1 8B keeps 128 KiB of keys and values a token`() throws {
    let model = try #require(ModelArchitecture.builtIn(named: "meta-llama/Llama-3.1-8B"))
    #expect(model.keyValueBytesPerToken(.bfloat16) == 128 * 1024)
    #expect(model.keyValueBytesPerToken(.bfloat16, tensorParallel: 8) == 16 * 1024)
    #expect(model.keyValueBytesPerToken(.bfloat16, tensorParallel: 16) == 16 * 1024)
  }

  @Test func `A configuration file gives the built-in architecture`() throws {
    let configuration = """
      {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336,
       "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
       "vocab_size": 128256, "max_position_embeddings": 131072, "rope_theta": 5e5}
      """
    let read = try ModelArchitecture(
      configuration: Array(configuration.utf8), name: "meta-llama/Llama-3.1-8B")
    #expect(read == ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
  }

  private func configuration(_ sizes: [Int], type: String = "qwen3") -> [UInt8] {
    let names = [
      "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
      "num_key_value_heads", "head_dim", "vocab_size", "max_position_embeddings",
    ]
    let fields = zip(names, sizes).map { "\"\($0)\": \($1)" }
    return Array("{\"model_type\": \"\(type)\", \(fields.joined(separator: ", "))}".utf8)
  }

  /// The largest size of each field, in the order of ``configuration(_:type:)``.
  private static let largest = [
    131_072, 1_048_576, 1024, 4096, 4096, 8192, 16_777_216, 1_000_000_000,
  ]

  @Test(arguments: ["qwen3", "qwen2"]) func `The largest sizes overflow nothing`(type: String)
    throws
  {
    let model = try ModelArchitecture(
      configuration: configuration(Self.largest, type: type), name: "c.json")
    #expect(model.parameterCount < 1 << 55)
    #expect(model.parameterCount > 1 << 54)
    #expect(model.weightBytes(Precision(.float32), .single) == 4 * Double(model.parameterCount))
    #expect(model.keyValueBytesPerToken(.float32) == Double(1 << 38))
    for ranks in [1, 8] {
      for use in model.forwardPass(.float32, tensorParallel: ranks) {
        #expect(use.operator.attributes.values.allSatisfy { $0 > 0 && $0 < 1 << 40 })
        #expect(use.point(size: 1 << 40)[0] >= 0)
      }
    }
  }

  @Test(arguments: [
    ("chatglm", "ChatGLMModel", true), ("llama", "LlamaForCausalLM", true),
    ("mistral", "MistralModel", false),
  ])
  func `A model without a head is told by its class, but for ChatGLM`(
    type: String, name: String, generates: Bool
  ) throws {
    let text = """
      {"model_type": "\(type)", "architectures": ["\(name)"], "hidden_size": 64,
       "intermediate_size": 128, "ffn_hidden_size": 128, "num_hidden_layers": 2, "num_layers": 2,
       "num_attention_heads": 4, "vocab_size": 100}
      """
    let model = try ModelArchitecture(configuration: Array(text.utf8), name: "c.json")
    #expect(model.generates == generates)
  }

  @Test(arguments: 0..<8) func `One more than the largest size is refused`(field: Int) {
    var sizes = Self.largest
    sizes[field] += 1
    #expect(throws: AnalyticalError.self) {
      _ = try ModelArchitecture(configuration: configuration(sizes), name: "c.json")
    }
    sizes[field] = 0
    #expect(throws: AnalyticalError.self) {
      _ = try ModelArchitecture(configuration: configuration(sizes), name: "c.json")
    }
  }

  @Test func `More heads than values a token are refused`() {
    let text = """
      {"hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 1,
       "num_attention_heads": 8, "vocab_size": 9}
      """
    #expect(throws: AnalyticalError.self) {
      _ = try ModelArchitecture(configuration: Array(text.utf8), name: "c.json")
    }
  }

  @Test(arguments: [
    ("", "not a JSON object"),
    ("[]", "not a JSON object"),
    ("{\"hidden_size\": 1}", "no field 'num_hidden_layers'"),
    (
      """
      {"hidden_size": 0, "intermediate_size": 1, "num_hidden_layers": 1,
       "num_attention_heads": 1, "vocab_size": 1}
      """, "'hidden_size' is 0"
    ),
    (
      """
      {"model_type": "gpt2", "n_embd": 8, "n_positions": 9, "n_layer": 1, "n_head": 3,
       "vocab_size": 1}
      """, "3 heads do not divide hidden_size 8"
    ),
    (
      """
      {"hidden_size": 99999999999999999999, "intermediate_size": 1, "num_hidden_layers": 1,
       "num_attention_heads": 1, "vocab_size": 1}
      """, "c.json"
    ),
  ])
  func `A configuration that cannot be used says why`(text: String, reason: String) {
    do {
      _ = try ModelArchitecture(configuration: Array(text.utf8), name: "c.json")
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains(reason), "\(error)")
    }
  }
}
