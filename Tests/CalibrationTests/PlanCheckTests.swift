import Analytical
import OperatorStore
import Operators
import Testing

@testable import Calibration

/// What plans promise, on products that are known everywhere.
@Suite struct PlanCheckTests {
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e10,
    source: "made up")

  /// Products whose ratio to the roofline differs from curve to curve and from point to point.
  private func products(noise: Double) -> [MeasuredCurve] {
    var random = SplitMix64(seed: 5)
    return [256, 1024].flatMap { n in
      [256, 1024, 4096].map { k in
        let op = Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k])
        let level = 1.5 + noise * Double.random(in: -1..<1, using: &random)
        let samples = (0..<13).compactMap { power -> MeasuredSample? in
          let point = AxisPoint(1 << power)
          return OperatorWork(op, at: point).map { work in
            let rough = 1 + noise * Double.random(in: -1..<1, using: &random)
            let time = level * rough * (device.speedOfLight(work, .bfloat16) + 2000)
            return MeasuredSample(at: point, duration: DurationStatistics(mean: time), source: 1)
          }
        }
        return MeasuredCurve(op, device: "toy", runtime: "toy 1", samples: samples)
      }
    }
  }

  @Test func `Once everything that was hidden is measured, nothing is off`() throws {
    let check = PlanCheck(products(noise: 0.1), on: device, points: 1000, runs: 2)
    #expect(check.rows.map(\.hidden) == [.most, .all])
    for row in check.rows {
      #expect(row.curves == 6 && row.runs == 2 && row.group.dataType == .bfloat16)
      #expect(row.errorBefore > 0.003 && row.errorAfter < 1e-5)
      #expect(row.doubtBefore > row.promised && row.promised > 0)
    }
  }

  @Test func `More points promise more, and keep it; the same curves give the same figures`() {
    let curves = products(noise: 0.15)
    let few = PlanCheck(curves, on: device, points: 2, runs: 3)
    let many = PlanCheck(curves, on: device, points: 20, runs: 3)
    for (few, many) in zip(few.rows, many.rows) {
      #expect(few.doubtBefore == many.doubtBefore && few.errorBefore == many.errorBefore)
      #expect(many.promised < few.promised && few.promised < few.doubtBefore)
      #expect(many.doubtAfter < few.doubtAfter)
    }
    #expect(PlanCheck(curves, on: device, points: 2, runs: 3).rows == few.rows)
  }

  @Test(arguments: [0, 2])
  func `What is hidden whole needs others to be told from`(others: Int) {
    let curves = Array(products(noise: 0.1).prefix(4 + others))
    let rows = PlanCheck(curves, on: device, points: 3, runs: 2).rows
    #expect(rows.map(\.hidden) == (others > 0 ? [.most, .all] : [.most]))
    // Curves of few points make no run.
    let short = curves.map { curve in
      var curve = curve
      curve.samples = Array(curve.samples.prefix(PlanCheck.fewestPoints - 1))
      return curve
    }
    #expect(PlanCheck(short, on: device, points: 3, runs: 2).rows.isEmpty)
  }
}
