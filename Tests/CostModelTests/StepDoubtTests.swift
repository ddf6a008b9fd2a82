import Analytical
import Foundation
import OperatorStore
import Operators
import TestSupport
import Testing

@testable import CostModel

/// How the doubt about operators becomes that about steps, and what is doubted between devices.
@Suite struct StepDoubtTests {
  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  private let architecture = ModelArchitecture(
    name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
    vocabularySize: 1000)

  /// Sixty tokens and three that sample: sizes that were measured.
  private var shape: StepShape {
    var shape = StepShape()
    shape.addPrefill(tokens: 58, past: 0, samples: true)
    shape.addDecode(context: 300)
    shape.addDecode(context: 300)
    return shape
  }

  private func compiled(
    _ curves: [MeasuredCurve], _ calibration: StoredCalibration? = nil
  ) -> StepModel {
    StepModel(
      architecture, Precision(.bfloat16), tensorParallel: 1,
      on: CostModel(curves: curves, on: device),
      maximumTokens: 64, maximumSequences: 4, calibration: calibration)
  }

  /// Products of all sizes of the model, so that something is measured.
  private var products: [MeasuredCurve] {
    architecture.forwardPass(.bfloat16, tensorParallel: 1).map(\.operator)
      .filter { $0.kind == .gemm }.enumerated().map { index, op in
        MeasuredCurve(
          op, device: "toy", runtime: "toy 1",
          samples: [1, 3, 16, 60, 256, 1000].map {
            MeasuredSample(
              at: AxisPoint($0),
              duration: DurationStatistics(mean: 5000 + 10 * Double($0 * (1 + index % 3))),
              source: 1)
          })
      }
  }

  /// Oracle: the shares of the same step, added up by hand.
  @Test func `Errors add up within a family and as squares over families`() {
    let model = compiled(products)
    let uses = architecture.forwardPass(.bfloat16, tensorParallel: 1)
    let shares = model.shares(of: shape)
    #expect(shares.map(\.role) == uses.map(\.role))
    var errors = [Int: Double]()
    for (share, use) in zip(shares, uses) {
      let family = PartialPrice.family(of: use.operator.kind)
      errors[family, default: 0] +=
        Double(share.count) * share.prediction.nanoseconds * share.prediction.relativeError
    }
    let expected = errors.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(errors.count > 3)
    #expect(abs(model.price(shape).standardError / expected - 1) < 1e-3)
    for kind in OperatorKind.known { #expect((0..<8).contains(PartialPrice.family(of: kind))) }
  }

  @Test func `Two operators of one family err together, of two apart`() {
    func error(_ kinds: [OperatorKind]) -> Double {
      var parts = PartialPrice()
      for (kind, error) in zip(kinds, [0.3, 0.4]) {
        parts.add(.init(nanoseconds: 10, error: error, evidence: .measured), count: 10, of: kind)
      }
      return parts.price().standardError
    }
    #expect(abs(error([.gemm, .gemm]) - 70) < 1e-9)
    #expect(abs(error([.gemm, .attention]) - 50) < 1e-9)
  }

  @Test(arguments: [-1.645, -0.5, 0, 1.645])
  func `A shifted step is longer by its own error, its host time as fitted`(shift: Double) {
    let calibration = StoredCalibration(
      deployment: .init(device: "toy", model: "toy", dataType: .bfloat16, tensorParallel: 1),
      fittedOn: "", steps: 1, deviceScale: 1, perStep: 1000, perSequence: 0, perToken: 0,
      errorBefore: 0, errorHeldOut: 0)
    let model = compiled(products, calibration)
    let (plain, shifted) = (model.price(shape), model.shifted(by: shift).price(shape))
    let time = plain.deviceTime.sum()
    let factor = shifted.deviceTime.sum() / time
    #expect(shifted.hostTime == plain.hostTime)
    // What rests on the roofline alone may be longer and not shorter.
    let most = exp(shift * plain.standardError / time)
    if shift > 0 { #expect(abs(factor / most - 1) < 1e-9) }
    if shift < 0 { #expect(factor >= most && factor < 1) }
    if shift == 0 { #expect(shifted == plain) }
  }

  @Test func `Nothing is faster than the roofline`() {
    let model = compiled([])
    #expect(model.shifted(by: -1.645).price(shape).total == model.price(shape).total)
    #expect(model.shifted(by: 1.645).price(shape).total > model.price(shape).total)
  }

  @Test(arguments: [OperatorKind.gemm, .attention, .moe, .allReduce])
  func `What is borrowed is doubted the more the less alike the devices are`(
    kind: OperatorKind
  ) {
    let isCollective = kind == .allReduce
    let errors = [1.0, 1.5, 3, 10, 1000].map { factor -> Double in
      var other = device
      if isCollective {
        other.link = Device.Link(
          name: "x", bandwidth: device.linkBandwidth * factor, latency: 0, devices: 2)
      } else {
        other.memoryBandwidth *= factor
      }
      return device.transferError(of: kind, to: other)
    }
    #expect(errors[0] == 0.1)
    #expect(zip(errors, errors.dropFirst()).allSatisfy { $0 < $1 })
    #expect(errors.allSatisfy { $0 <= 1.6 })
    // The link is nothing to a product, and memory nothing to a collective.
    var unlike = device
    unlike.memoryBandwidth *= 8
    #expect((device.transferError(of: kind, to: unlike) > 0.1) == !isCollective)
  }

  /// A curve of single durations whose noise is known by construction.
  @Test func `A noisier curve is doubted more`() throws {
    func doubt(_ noise: Double) throws -> Double {
      let op = Operator(.rmsNorm, dataType: .bfloat16, ["width": 512])
      var random = SplitMix64(seed: 3)
      let curve = MeasuredCurve(
        op, device: "toy", runtime: "toy 1",
        samples: (1...40).map { step in
          let rough = 1 + noise * (random.unit() - 0.5)
          return MeasuredSample(
            at: AxisPoint(step * 8), duration: DurationStatistics(mean: 5000 * rough), source: 1)
        })
      #expect((CurveNoise(curve, on: device).known ?? 0) >= 0.005)
      let model = CostModel(curves: [curve], on: device)
      return try #require(model.predict(op, at: AxisPoint(100))).relativeError
    }
    let (quiet, loud) = (try doubt(0.01), try doubt(0.2))
    #expect(quiet < 0.02 && loud > 5 * quiet)
  }
}
