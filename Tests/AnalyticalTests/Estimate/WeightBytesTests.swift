import Analytical
import Operators
import Testing

/// The weights of the fullest device.
@Suite struct WeightBytesTests {
  @Test(arguments: ModelArchitecture.builtIns)
  func `One device holds every weight once`(model: ModelArchitecture) {
    for type in [DataType.float32, .bfloat16, .int4] {
      expectClose(
        model.weightBytes(Precision(type), .single),
        Double(model.parameterCount) * type.bytesPerElement, 1e-12, model.name)
    }
  }

  @Test(arguments: ModelArchitecture.builtIns)
  func `Devices together hold every weight at least once, and none all of them`(
    model: ModelArchitecture
  ) {
    let all = Double(2 * model.parameterCount)
    for layout in layouts(of: model) where layout != .single {
      let each = model.weightBytes(Precision(.bfloat16), layout)
      // Groups and parts hold dense weights of their own.
      let copies = model.hasExperts ? 1 : layout.data * layout.sequence
      #expect(
        each * Double(layout.devices / copies) >= all * (1 - 1e-12), "\(model.name) on \(layout)")
      if layout.tensor * layout.pipeline * layout.expert > 1 {
        #expect(each < all, "\(model.name) on \(layout)")
      }
    }
  }

  /// A model in which everything can be divided: no norms, and sizes that are powers of two.
  private func divisible(ties: Bool) -> ModelArchitecture {
    var model = ModelArchitecture(
      name: "m", hiddenSize: 64, intermediateSize: 256, layers: 8, heads: 16, kvHeads: 16,
      vocabularySize: 1024)
    model.layerGroups[0].norms = 0
    model.hasFinalNorm = false
    model.tiesEmbeddings = ties
    return model
  }

  @Test(arguments: [1, 2, 4, 8, 16], [1, 2, 4, 8])
  func `Where nothing is replicated the parts are equal`(tensor: Int, pipeline: Int) {
    for ties in [true, false] {
      let model = divisible(ties: ties)
      let each = model.weightBytes(
        Precision(.int8), Parallelism(tensor: tensor, pipeline: pipeline, data: 3))
      let table = 1024 * 64
      let layers = model.parameterCount - (ties ? 1 : 2) * table
      // An end stage has a table; with one stage both are on it.
      let tables = pipeline == 1 && !ties ? 2 : 1
      #expect(each == Double((layers / pipeline + tables * table) / tensor))
    }
  }

  @Test(arguments: [3, 5, 6, 7]) func `The fullest stage holds the most layers`(pipeline: Int) {
    let model = divisible(ties: true)
    let each = model.weightBytes(Precision(.int8), Parallelism(pipeline: pipeline))
    var stages = [Int](repeating: 0, count: pipeline)
    for layer in 0..<8 { stages[layer % pipeline] += 1 }
    let layer = (model.parameterCount - 1024 * 64) / 8
    expectClose(each, Double((stages.max() ?? 0) * layer + 1024 * 64))
  }

  /// Every device of a stage has the norms, the routers and what leads down to the small vectors.
  @Test(arguments: [2, 4, 8, 16]) func `What cannot be divided lies on every device`(ranks: Int)
    throws
  {
    let deepSeek = try model("DeepSeek-V3")
    let down = 7168 * (1536 + 576) + 1536 + 512
    let replicated = 61 * (2 * 7168 + down) + 58 * 256 * 7168 + 7168
    let each = deepSeek.weightBytes(Precision(.bfloat16), Parallelism(tensor: ranks))
    expectClose(
      each * Double(ranks),
      Double(2 * (deepSeek.parameterCount + (ranks - 1) * replicated)), 1e-12)
    // Of 8 key-value heads 16 devices have 16.
    let llama = try model("Llama-3.1-8B")
    let norms = 65 * 4096
    let heads = max(0, ranks - 8) * 2 * 128 * 4096 * 32
    expectClose(
      llama.weightBytes(Precision(.bfloat16), Parallelism(tensor: ranks)) * Double(ranks),
      Double(2 * (llama.parameterCount + (ranks - 1) * norms + heads)), 1e-12)
  }

  @Test func `Each part has its own type`() throws {
    let model = try model("Mixtral-8x7B-v0.1")
    let precision = Precision(
      activations: .float32, weights: .int8, experts: .int4, head: .bfloat16)
    let experts = Double(32 * 8 * 3 * 4096 * 14_336)
    let router = Double(32 * 8 * 4096)
    let ends = Double(2 * 32_000 * 4096 + 4096)
    let rest = Double(model.parameterCount) - experts - router - ends
    expectClose(
      model.weightBytes(precision, .single), experts / 2 + 4 * router + 2 * ends + rest, 1e-12)
    // Dealt out over all devices of four groups, experts are an eighth each, the rest a half.
    let layout = Parallelism(tensor: 2, expert: 8, data: 4)
    let norms = Double(32 * 2 * 4096)
    let table = Double(2 * 32_000 * 4096)
    expectClose(
      model.weightBytes(precision, layout),
      experts / 2 / 8 + 4 * router + 2 * (table / 2 + 4096) + (rest - norms) / 2 + norms, 1e-12)
  }
}
