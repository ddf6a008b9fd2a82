import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// What is priced by measurements of another device.
@Suite struct BorrowedTests {
  private static func device(_ name: String, speed: Double) -> Device {
    var device = Device(
      name: name, peakFlops: [.bfloat16: 100e12 * speed], memoryBandwidth: 1e12 * speed,
      memoryBytes: 1e11, launchFloor: 2000 / speed, source: "made up")
    device.multiprocessors = 132
    device.link = Device.Link(
      name: "link", bandwidth: 100e9 * speed, latency: 1e-6 / speed, devices: 8)
    return device
  }

  private let here = device("here", speed: 3)
  private let there = device("there", speed: 1)
  private let architecture = ModelArchitecture(
    name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
    vocabularySize: 1000)

  /// A curve measured on the other device: so many times what its data sheet allows, launch and all.
  private func curve(_ op: Operator, _ factor: () -> Double) -> MeasuredCurve {
    let sizes = [1, 16, 128, 1024]
    let points =
      op.kind.isStepAttention
      ? sizes.map { AxisPoint($0) }
        + [1, 8, 64].flatMap { batch in
          sizes.map { AxisPoint(0, 0, batch, $0) }
        } : sizes.map { AxisPoint($0) }
    return MeasuredCurve(
      op, device: there.name, runtime: "toy 1",
      samples: points.compactMap { point in
        OperatorWork(op, at: point).map { work in
          let anchor = there.speedOfLight(work, op.dataType) + there.launchFloor
          return MeasuredSample(
            at: point, duration: DurationStatistics(mean: factor() * anchor, count: 5), source: 1)
        }
      })
  }

  /// Oracle: a kind that no field holds keeps its ratio to what the data sheet allows.
  @Test(arguments: [
    Operator(.rmsNorm, dataType: .bfloat16, ["width": 512]),
    Operator(.elementwise, dataType: .bfloat16, ["width": 512]),
    Operator(.rmsNorm, dataType: .float32, ["width": 8192]),
  ])
  func `A kind without a field is as far from its roofline as on the other device`(
    op: Operator
  ) throws {
    #expect(FieldShape.shape(of: op.kind, .single) == nil)
    let relatives = [RelativeCurves(device: there, curves: [curve(op) { 1.7 }])]
    let model = CostModel(curves: [], on: here, relatives: relatives)
    let compiled = try #require(CompiledOperator(op, on: model))
    for tokens in [1, 16, 300, 1024] {
      let work = try #require(OperatorWork(op, at: AxisPoint(tokens)))
      let expected = 1.7 * (here.speedOfLight(work, op.dataType) + here.launchFloor)
      let found = try #require(model.predict(op, at: AxisPoint(tokens)))
      #expect(abs(found.nanoseconds / expected - 1) < 1e-6)
      #expect(abs(compiled.estimate(at: AxisPoint(tokens)).nanoseconds / expected - 1) < 1e-6)
      #expect(found.evidence == .borrowed && found.relativeError > 0.2)
      #expect(found.explanation.hasPrefix("not measured on this device: on there"))
    }
  }

  /// Some of what was measured is faster than its data sheet allows, as sheets and clocks are wrong.
  @Test(arguments: 0..<4 as Range<UInt64>)
  func `No compiled step of borrowed prices is faster than light`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var operators: [Operator] = []
    for use in architecture.forwardPass(.bfloat16, tensorParallel: 2)
    where !operators.contains(use.operator) {
      operators.append(use.operator)
    }
    let curves = operators.map {
      curve($0) { 0.3 * exponential(2.5 * Double.random(in: 0..<1, using: &random)) }
    }
    let step = StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 2,
      on: CostModel(
        curves: [], on: here, relatives: [RelativeCurves(device: there, curves: curves)]),
      maximumTokens: 512, maximumSequences: 64)
    for _ in 0..<40 {
      var shape = StepShape()
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        shape.addPrefill(
          tokens: 1 + Int.random(in: 0..<120, using: &random),
          past: Int.random(in: 0..<2, using: &random) * Int.random(in: 0..<900, using: &random),
          samples: Int.random(in: 0..<2, using: &random) == 0)
      }
      for _ in 0..<1 + Int.random(in: 0..<40, using: &random) {
        shape.addDecode(context: 1 + Int.random(in: 0..<4000, using: &random))
      }
      var light = 0.0
      for share in step.shares(of: shape) {
        let (time, least) = (share.prediction.nanoseconds, share.prediction.speedOfLight)
        #expect(time >= least * (1 - 1e-9), "\(share.role): \(time), light \(least)")
        light += Double(share.count) * least
      }
      let price = step.price(shape)
      #expect(price[.borrowed] > 0)
      #expect(price.total >= light * (1 - 1e-9), "\(price.total), light \(light)")
    }
  }
}
