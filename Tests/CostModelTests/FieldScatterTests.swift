import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// Intervals on made-up products, of which it is known what differs between sizes and what is noise.
@Suite struct FieldScatterTests {
  private static let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e11,
    launchFloor: 2000, source: "made up")

  /// Twelve curves over half octaves: 1 % is noise, and what a size adds is the same for all of them.
  private func curves(size: Double, seed: UInt64) -> [MeasuredCurve] {
    var random = SplitMix64(seed: seed)
    let sizes = (8...30).map {
      (Int(exponential(Double($0) / 2 * logarithm(2))), random.bell())
    }
    return [512, 1024, 4096].flatMap { n in
      [512, 1024, 2048, 4096].map { k in
        let op = Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k])
        let samples = sizes.compactMap { tokens, effect -> MeasuredSample? in
          OperatorWork(op, at: AxisPoint(tokens)).map { work in
            let anchor = Self.device.speedOfLight(work, .bfloat16) + 2000
            let ratio = exponential(0.7 + size * effect + 0.01 * random.bell())
            return MeasuredSample(
              at: AxisPoint(tokens), duration: DurationStatistics(mean: anchor * ratio), source: 1)
          }
        }
        return MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples)
      }
    }
  }

  /// How many of the points that are left out lie in their intervals, and their mean doubt.
  private func check(
    _ curves: [MeasuredCurve], leavingOut isLeft: (_ curve: Int, _ size: Int) -> Bool
  ) throws -> (share: Double, doubt: Double) {
    var kept = curves
    for index in kept.indices {
      kept[index].samples = kept[index].samples.enumerated()
        .filter { !isLeft(index, $0.offset) }.map(\.element)
    }
    let model = CostModel(curves: kept.filter { !$0.samples.isEmpty }, on: Self.device)
    var (inside, count, doubt) = (0.0, 0.0, 0.0)
    for (index, curve) in curves.enumerated() {
      for (size, sample) in curve.samples.enumerated() where isLeft(index, size) {
        let found = try #require(model.predict(curve.operator, at: sample.point))
        inside += found.interval90.contains(sample.duration.median) ? 1 : 0
        doubt += found.relativeError
        count += 1
      }
    }
    return (inside / count, doubt / count)
  }

  @Test(arguments: [1, 2])
  func `A size that no curve measured is doubted by what sizes differ, a point by its noise`(
    seed: UInt64
  ) throws {
    let curves = curves(size: 0.1, seed: seed)
    let sizes = try check(curves) { $1 % 2 == 1 && $1 < 22 }
    let points = try check(curves) { ($0 * 7 + $1) % 5 == 0 && (1..<22).contains($1) }
    // Eleven sizes are few draws.
    #expect(sizes.share > 0.75)
    #expect(points.share > 0.8)
    #expect(points.doubt < 0.5 * sizes.doubt)
  }
}
