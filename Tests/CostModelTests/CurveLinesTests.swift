import Analytical
import OperatorStore
import Operators
import Testing

@testable import CostModel

/// A curve's lines against a look at all pairs of points.
@Suite struct CurveLinesTests {
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e10,
    launchFloor: 2000, source: "made up")

  private func curve(_ random: inout SplitMix64) -> MeasuredCurve {
    let isGrid = Bool.random(using: &random)
    let op =
      isGrid
      ? Operator(.attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 8, "headDim": 64])
      : Operator(.gemm, dataType: .bfloat16, ["n": 512, "k": 512])
    let samples = (0..<Int.random(in: 1...40, using: &random)).map { _ in
      let sizes = (0..<2).map { _ in 1 << Int.random(in: 0...5, using: &random) }
      let time = Double.random(in: -1000...9000, using: &random)
      return MeasuredSample(
        at: isGrid ? AxisPoint(0, 0, sizes[0], sizes[1]) : AxisPoint(sizes[0]),
        duration: DurationStatistics(mean: time), source: 1)
    }
    return MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples)
  }

  @Test(arguments: 0..<40)
  func `Neighbours and samples of a point are those of a look at all others`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let curve = curve(&random)
    let lines = CurveLines(curve, on: device)
    let usable = curve.samples.indices.filter { curve.samples[$0].duration.median > 0 }
    let points = Set(usable.map { curve.samples[$0].point })
    #expect(Set(lines.places.map(\.point)) == points && lines.places.count == points.count)
    for (place, members) in lines.places.enumerated() {
      let point = members.point
      #expect(
        Array(lines.samples(at: place)) == usable.filter { curve.samples[$0].point == point })
      for axis in 0..<4 {
        let line = points.filter { other in
          (0..<5).allSatisfy { $0 == axis || other[$0] == point[$0] }
        }
        let below = line.map { $0[axis] }.filter { $0 < point[axis] }.max()
        let above = line.map { $0[axis] }.filter { $0 > point[axis] }.min()
        let found = lines.neighbours(of: place).first { $0.axis == axis }
        #expect(found?.below.map { lines.places[$0].point[axis] } == below)
        #expect(found?.above.map { lines.places[$0].point[axis] } == above)
      }
    }
  }
}
