import Analytical
import Foundation
import Operators
import Testing

@Suite struct ModelArchitectureTests {
  /// Parameter counts as published with the weights (the sum over their safetensors index).
  @Test(arguments: [
    ("Llama-2-7b-hf", 6_738_415_616),
    ("Llama-2-70b-hf", 68_976_648_192),
    ("Llama-3.1-8B", 8_030_261_248),
    ("Llama-3.1-70B", 70_553_706_496),
    ("Llama-3.2-1B", 1_235_814_400),
    ("Llama-3.2-3B", 3_212_749_824),
    ("Qwen1.5-0.5B-Chat", 463_987_712),
    ("Qwen2.5-7B", 7_615_616_512),
    ("Qwen2.5-72B", 72_706_203_648),
    ("Qwen3-8B", 8_190_735_360),
    ("Qwen3-32B", 32_762_123_264),
  ])
  func `Parameter counts equal the published ones`(name: String, published: Int) throws {
    let model = try #require(ModelArchitecture.builtIn(named: name))
    #expect(model.parameterCount == published)
  }

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
    #expect(model.weightBytes(.float32) == 4 * Double(model.parameterCount))
    #expect(model.keyValueBytesPerToken(.float32) == Double(1 << 38))
    for ranks in [1, 8] {
      for use in model.forwardPass(.float32, tensorParallel: ranks) {
        #expect(use.operator.attributes.values.allSatisfy { $0 > 0 && $0 < 1 << 40 })
        #expect(use.point(tokens: 1 << 40)[0] >= 0)
      }
    }
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
    ("[]", "wrong type"),
    ("{\"hidden_size\": 1}", "no field 'intermediate_size'"),
    (
      """
      {"hidden_size": 0, "intermediate_size": 1, "num_hidden_layers": 1,
       "num_attention_heads": 1, "vocab_size": 1}
      """, "'hidden_size' is 0"
    ),
    (
      """
      {"model_type": "mamba", "hidden_size": 8, "intermediate_size": 1, "num_hidden_layers": 1,
       "num_attention_heads": 1, "vocab_size": 1}
      """, "'mamba' is not known"
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

@Suite struct ForwardPassTests {
  /// Every multiply-add of a decoder's matrices happens once a token: 2 FLOPs a matrix parameter.
  @Test(arguments: ["Llama-3.1-8B", "Qwen3-8B", "Qwen2.5-72B"], [1, 2, 4, 8])
  func `Matrix products do two operations a parameter`(name: String, ranks: Int) throws {
    let model = try #require(ModelArchitecture.builtIn(named: name))
    guard model.kvHeads % ranks == 0, model.vocabularySize % ranks == 0 else { return }
    var flops = 0.0
    for use in model.forwardPass(.bfloat16, tensorParallel: ranks) where use.operator.kind == .gemm
    {
      let work = try #require(OperatorWork(use.operator, at: AxisPoint(1)))
      flops += work.flops * Double(use.count)
    }
    let layer =
      model.hiddenSize * (model.heads + 2 * model.kvHeads) * model.headDim
      + model.heads * model.headDim * model.hiddenSize
      + 3 * model.hiddenSize * model.intermediateSize
    let parameters = model.layers * layer + model.vocabularySize * model.hiddenSize
    #expect(flops * Double(ranks) == 2 * Double(parameters))
  }

  @Test func `Attention's work equals a sum over its query-key pairs`() throws {
    let op = Operator(.attention, dataType: .bfloat16, ["heads": 32, "kvHeads": 8, "headDim": 128])
    let work = try #require(OperatorWork(op, at: AxisPoint(3, 10, 2, 50)))
    let pairs = (11 + 12 + 13) + 2 * 50
    #expect(work.flops == Double(4 * 32 * 128 * pairs))
    let keysAndValues = 2 * 8 * 128 * (13 + 2 * 50)
    let queriesAndOutputs = 2 * 32 * 128 * (3 + 2)
    #expect(work.bytes == Double(2 * (keysAndValues + queriesAndOutputs)))
  }
}

@Suite struct DeviceTests {
  @Test(arguments: [
    ("NVIDIA GeForce RTX 4090", "rtx-4090"), ("RTX4090", "rtx-4090"),
    ("NVIDIA H100 80GB HBM3", "h100-sxm"), ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
    ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000"),
    ("AMD Instinct MI300X", "mi300x"), ("h200-sxm", "h200-sxm"),
  ])
  func `A device is found by what profilers call it`(reported: String, name: String) {
    #expect(Device.builtIn(named: reported)?.name == name)
  }

  @Test func `An unknown device is not guessed`() {
    #expect(Device.builtIn(named: "") == nil)
    #expect(Device.builtIn(named: "GTX 1080") == nil)
  }

  /// The roofline's two sides, by hand: 2·1·4096·4096 FLOPs are nothing, 33.6 MB at 3.35 TB/s
  /// are 10 µs; at 8192 tokens the arithmetic takes over.
  @Test func `The roofline is memory at one token and arithmetic at many`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    let one = try #require(OperatorWork(op, at: AxisPoint(1)))
    let many = try #require(OperatorWork(op, at: AxisPoint(8192)))
    #expect(abs(device.speedOfLight(one, .bfloat16) - 10_021) < 5)
    #expect(abs(device.speedOfLight(many, .bfloat16) - 277_800) < 100)
  }

  @Test(arguments: ModelArchitecture.builtIns, [1, 2])
  func `A forward pass asks for attributes that its kinds have, and for all that they need`(
    model: ModelArchitecture, ranks: Int
  ) throws {
    for use in model.forwardPass(.bfloat16, tensorParallel: ranks) {
      let names = try #require(use.operator.kind.attributeNames, "\(use.operator)")
      let given = Set(use.operator.attributes.keys)
      #expect(given.isSubset(of: names.all) && given.isSuperset(of: names.required))
    }
  }
}
