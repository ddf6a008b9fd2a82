import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// Floors held against the prices of random steps.
@Suite struct StepFloorTests {
  private func model(
    _ name: String, device: String, calibration: StoredCalibration? = nil, stages: Int = 1,
    graphs: [Int] = []
  ) throws -> StepModel {
    let architecture = try #require(ModelArchitecture.builtIn(named: name))
    let sheet = try #require(Device.builtIn(named: device))
    return StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 2, pipelineParallel: stages,
      on: CostModel(analytical: sheet), maximumTokens: 512, maximumSequences: 32,
      calibration: calibration
    ).padded(to: graphs)
  }

  @Test(arguments: [
    ("llama-3.1-8b", 1, [Int]()), ("llama-3.1-8b", 2, [8, 64]), ("mixtral-8x7b", 1, []),
    ("gemma-3-12b", 1, []), ("deepseek-v2-lite", 1, []),
  ])
  func `No batch of requests takes less than the floor says of each and of all`(
    name: String, stages: Int, graphs: [Int]
  ) throws {
    check(
      try model(name, device: "h100-sxm", stages: stages, graphs: graphs), stages, steps: 300,
      RandomStream(seed: 1, name: name))
  }

  /// Factors below and above one, for collectives besides; a host that is slower for each sequence, or, as fits
  /// may say, faster; and one that the device hides.
  @Test(
    arguments: [1, 2],
    [
      (1.2, 0.7, 2e4, false), (0.8, 1.5, -1e4, false), (1.1, 1, 2e4, true),
    ])
  func `Nor does any that is calibrated`(
    stages: Int, fit: (scale: Double, collectives: Double, perSequence: Double, hidesHost: Bool)
  ) throws {
    var calibration = StoredCalibration(
      deployment: .init(device: "toy", model: "toy", dataType: .bfloat16, tensorParallel: 2),
      fittedOn: "", steps: 1, deviceScale: fit.scale, perStep: 1e6, perSequence: fit.perSequence,
      perToken: 300, errorBefore: 0, errorHeldOut: 0)
    calibration.collectiveScale = fit.collectives
    calibration.hidesHost = fit.hidesHost
    check(
      try model("llama-3.1-8b", device: "h100-sxm", calibration: calibration, stages: stages),
      stages, steps: 100, RandomStream(seed: 3, name: "calibrated"))
  }

  /// Holds a model's floor to the prices of random steps.
  private func check(_ model: StepModel, _ stages: Int, steps: Int, _ stream: RandomStream) {
    let floor = model.floor(tokens: 544, sequences: 32, stages: stages)
    var random = stream
    for _ in 0..<steps {
      var shape = StepShape()
      var least = SIMD2<Double>.zero
      func draw(_ most: UInt64) -> Int { Int(random.next() % most) }
      for _ in 0..<draw(4) {
        let (tokens, past) = (1 + draw(120), draw(3000))
        shape.addPrefill(tokens: tokens, past: past, samples: draw(2) == 0)
        for attention in floor.attention { least += attention.prefill(tokens: tokens, past: past) }
      }
      for _ in 0..<draw(30) {
        let context = 1 + draw(6000)
        shape.addDecode(context: context)
        for attention in floor.attention { least += attention.decode(tokens: 1, context: context) }
      }
      guard shape.tokens > 0 else { continue }
      let whole = model.price(shape)
      let price = whole.total
      // Stages share device time; the host is needed for each step.
      let occupied = whole.deviceTime.sum() / Double(stages) + whole.hostTime
      let sampling = shape.sampledSequences > 0 ? floor.sampling : 0
      for line in floor.latency {
        let time = line.perStep + line.perToken * Double(shape.tokens)
        // Arithmetic and traffic are each a floor, whatever operator they are of.
        #expect(time + sampling + least.x <= price)
        #expect(time + sampling + least.y <= price)
      }
      for line in floor.occupancy {
        let time = line.perStep + line.perToken * Double(shape.tokens)
        #expect(time <= occupied)
      }
      #expect(floor.shortest <= price)
    }
  }

  @Test func `A prompt in chunks and tokens one by one take what the floor says in sum`() throws {
    let model = try model("gemma-3-12b", device: "l40s")
    for attention in model.floor(tokens: 512, sequences: 32).attention {
      var sum = SIMD2<Double>.zero
      for context in 900..<1200 { sum += attention.decode(tokens: 1, context: context) }
      let whole = attention.decode(tokens: 300, context: 900)
      #expect(abs(sum.x / whole.x - 1) < 1e-9 && abs(sum.y / whole.y - 1) < 1e-9)
      let halves =
        attention.prefill(tokens: 500, past: 0) + attention.prefill(tokens: 500, past: 500)
      let prompt = attention.prefill(tokens: 1000, past: 0)
      #expect(prompt.x <= halves.x * (1 + 1e-9) && prompt.y <= halves.y * (1 + 1e-9))
    }
  }

  @Test func `Lines lie below all times of a sawtooth, and touch it`() {
    var random = RandomStream(seed: 2, name: "teeth")
    for _ in 0..<50 {
      var times: [Double] = []
      for size in 1...200 { times.append(Double(size / 16) * 7 + Double(random.next() % 40) + 3) }
      let lines = StepModel.lines(below: times.enumerated().map { ($0.offset + 1, $0.element) })
      var gap = Double.infinity
      for line in lines {
        #expect(line.perStep >= 0 && line.perToken >= 0)
        for (index, time) in times.enumerated() {
          let below = time - line.perStep - line.perToken * Double(index + 1)
          #expect(below >= -1e-9)
          gap = min(gap, below)
        }
      }
      #expect(gap < 1e-6)
    }
  }
}
