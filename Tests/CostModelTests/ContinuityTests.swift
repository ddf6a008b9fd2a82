import Analytical
import OperatorStore
import Operators
import TestSupport
import Testing

@testable import CostModel

/// A size more changes a time by little, wherever it lies between or beyond the samples.
@Suite struct ContinuityTests {
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e10,
    launchFloor: 2000, source: "made up")

  private static let attention = Operator(
    .attention, dataType: .bfloat16, ["heads": 32, "kvHeads": 8, "headDim": 128])
  private static let norm = Operator(.rmsNorm, dataType: .bfloat16, ["width": 4096])
  private static let exchange = Operator(.allReduce, dataType: .bfloat16, ["ranks": 8])

  /// Sizes, one to two octaves apart, along the axis that is looked at.
  private static let lines: [(Operators.Operator, [Int], Int, Int)] = [
    (norm, [16, 64, 128, 512, 2048, 4096], 0, 200), (exchange, (10...26).map { 1 << $0 }, 0, 5000),
    (attention, [64, 128, 512, 1024, 4096], 0, 200),
    (attention, [128, 512, 1024, 4096, 8192], 3, 200),
  ]

  private func point(_ op: Operators.Operator, _ size: Int, along axis: Int) -> AxisPoint {
    axis == 3 ? AxisPoint(0, 0, 16, size) : AxisPoint(size)
  }

  /// Ratios to the roofline that change by up to a third from one sample to the next.
  private func model(_ random: inout SplitMix64) throws -> CostModel {
    func time(_ op: Operators.Operator, _ point: AxisPoint) throws -> Double {
      let light = device.speedOfLight(try #require(OperatorWork(op, at: point)), op.dataType)
      return (light + 2000) * (1.2 + 0.4 * Double.random(in: 0..<1, using: &random))
    }
    let batches = [1, 4, 16, 64]
    var curves: [MeasuredCurve] = []
    for op in [Self.norm, Self.exchange, Self.attention] {
      var points: [AxisPoint] = []
      for (own, sizes, axis, _) in Self.lines where own == op {
        points +=
          axis == 3
          ? batches.flatMap { batch in sizes.map { AxisPoint(0, 0, batch, $0) } }
          : sizes.map { AxisPoint($0) }
      }
      let samples = try points.sorted { $0.precedes($1) }.map {
        MeasuredSample(at: $0, duration: DurationStatistics(mean: try time(op, $0)), source: 1)
      }
      curves.append(MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples))
    }
    return CostModel(curves: curves, on: device)
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `The next size takes next to the same time`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let model = try model(&random)
    for (op, sizes, axis, least) in Self.lines {
      let compiled = try #require(CompiledOperator(op, on: model))
      // At every sample, and at random sizes up to twice the last.
      let tried =
        sizes.filter { $0 >= least }
        + (0..<40).map { _ in Int.random(in: least...(2 * sizes[sizes.count - 1]), using: &random) }
      for size in tried {
        let times = try [size - 1, size, size + 1].map {
          try #require(model.predict(op, at: point(op, $0, along: axis))).nanoseconds
        }
        let steps = [size - 1, size, size + 1].map {
          compiled.estimate(at: point(op, $0, along: axis)).nanoseconds
        }
        for found in [times, steps] {
          for (one, next) in zip(found, found.dropFirst()) {
            #expect(abs(next / one - 1) < 0.02, "\(op) at \(size): \(found)")
          }
        }
      }
    }
  }
}
