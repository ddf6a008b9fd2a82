import Analytical
import CostModel
import OperatorStore
import Operators
import Testing

/// Steps of models that are not dense decoders.
@Suite struct OtherModelsTests {
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e12,
    source: "made up")

  private func step(_ name: String, _ curves: [MeasuredCurve] = []) throws -> StepModel {
    let model = try #require(ModelArchitecture.builtIn(named: name))
    return StepModel(
      model, Precision(.bfloat16), tensorParallel: 2, on: CostModel(curves: curves, on: device),
      maximumTokens: 128, maximumSequences: 128)
  }

  private func decodes(_ count: Int, context: Int) -> StepShape {
    var shape = StepShape()
    for _ in 0..<count { shape.addDecode(context: context) }
    return shape
  }

  @Test func `Measured experts and latent attention price a step of DeepSeek`() throws {
    let model = try #require(ModelArchitecture.builtIn(named: "DeepSeek-V3"))
    let uses = model.forwardPass(.bfloat16, tensorParallel: 2)
    let experts = try #require(uses.first { $0.role == "experts" }).operator
    let attention = try #require(uses.first { $0.role == "attention" }).operator
    // Public tables name latent attention by its heads alone where all else is DeepSeek's.
    #expect(attention == Operator(.latentAttention, dataType: .bfloat16, ["heads": 64]))
    func curve(_ op: Operator, _ point: AxisPoint, _ time: Double) -> MeasuredCurve {
      MeasuredCurve(
        op, device: "toy", runtime: "toy 1",
        samples: [
          MeasuredSample(at: point, duration: DurationStatistics(mean: time, count: 5), source: 1)
        ])
    }
    let shares = try step(
      "DeepSeek-V3",
      [
        curve(experts, AxisPoint(16), 700_000),
        curve(attention, AxisPoint(0, 0, 16, 1000), 50_000),
      ]
    ).shares(of: decodes(16, context: 1000))
    for (role, time) in [("experts", 700_000.0), ("attention", 50_000)] {
      let share = try #require(shares.first { $0.role == role })
      #expect(share.prediction.evidence == .measured)
      #expect(abs(share.prediction.nanoseconds / time - 1) < 1e-9)
    }
    #expect(shares.first { $0.role == "experts" }?.count == 58)
  }

  /// Several equal prompts are a curve of their own, over the tokens of each.
  @Test(arguments: [1, 8, 64])
  func `Latent attention of several prompts gives back what was measured`(sequences: Int) throws {
    var op = Operator(.latentAttention, dataType: .bfloat16, ["heads": 64])
    if sequences > 1 { op.attributes["sequences"] = sequences }
    let times = [64, 256, 1024].map { ($0, 3000.0 * Double(sequences * $0) / 64) }
    let curve = MeasuredCurve(
      op, device: "toy", runtime: "toy 1",
      samples: times.map {
        MeasuredSample(
          at: AxisPoint($0.0), duration: DurationStatistics(mean: $0.1, count: 5), source: 1)
      })
    let model = CostModel(curves: [curve], on: device)
    for (tokens, time) in times {
      let prediction = try #require(model.predict(op, at: AxisPoint(tokens)))
      #expect(abs(prediction.nanoseconds / time - 1) < 1e-9 && prediction.evidence == .measured)
      let work = try #require(OperatorWork(op, at: AxisPoint(tokens)))
      #expect(prediction.speedOfLight == device.speedOfLight(work, .bfloat16))
    }
    // Without a curve of its own: the same prompts as a step has them.
    var more = op
    more.attributes["sequences"] = 16
    #expect(model.predict(more, at: AxisPoint(64)) != nil)
  }

  /// A scan's states are read a sequence, so that its price is in no table over tokens.
  @Test(arguments: ["mamba-2.8b", "Jamba-v0.1", "gpt-oss-20b", "gemma-3-4b", "Mixtral-8x7B"])
  func `Compiled tables and operators one by one agree`(name: String) throws {
    let model = try step(name)
    for shape in [decodes(1, context: 10), decodes(100, context: 9000)] {
      let sum = model.shares(of: shape).reduce(0) {
        $0 + Double($1.count) * $1.prediction.nanoseconds
      }
      #expect(abs(model.price(shape).total / sum - 1) < 1e-9)
    }
  }

  @Test func `A window bounds what a decode's context costs`() throws {
    func growth(_ name: String) throws -> Double {
      let model = try step(name)
      return model.price(decodes(8, context: 100_000)).total
        - model.price(decodes(8, context: 50_000)).total
    }
    // Gemma 3 sees everything in one of six layers: of its growth a sixth is left.
    let windowed = try growth("gemma-3-27b")
    var dense = try #require(ModelArchitecture.builtIn(named: "gemma-3-27b"))
    for index in dense.layerGroups.indices {
      if case .attention(var attention) = dense.layerGroups[index].mixer {
        attention.window = nil
        dense.layerGroups[index].mixer = .attention(attention)
      }
    }
    let all = StepModel(
      dense, Precision(.bfloat16), tensorParallel: 2, on: CostModel(analytical: device),
      maximumTokens: 128,
      maximumSequences: 128)
    let full =
      all.price(decodes(8, context: 100_000)).total - all.price(decodes(8, context: 50_000)).total
    let share = Double(dense.layers / 6) / Double(dense.layers)
    #expect(abs(windowed / full - share) < 1e-6)
  }
}
