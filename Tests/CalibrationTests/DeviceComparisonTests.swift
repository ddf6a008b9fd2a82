import Analytical
import Calibration
import OperatorStore
import Operators
import Testing

@Suite struct DeviceComparisonTests {
  private typealias Time = (tokens: Int, time: Double)

  private func device(_ name: String, bandwidth: Double) -> Device {
    Device(
      name: name, reportedNames: [], peakFlops: [.bfloat16: 1e15], memoryBandwidth: bandwidth,
      memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  }

  private func curve(
    _ op: Operator, _ runtime: String, _ times: [Time]
  ) -> MeasuredCurve {
    MeasuredCurve(
      op, device: "", runtime: runtime,
      samples: times.map {
        MeasuredSample(
          at: AxisPoint($0.tokens), duration: DurationStatistics(mean: $0.time), source: 1)
      })
  }

  private let norm = Operator(.rmsNorm, dataType: .bfloat16, ["width": 1024])

  @Test func `Ratios, what the sheets allow and shares of light are those of the shared points`()
    throws
  {
    let (first, second) = (device("a", bandwidth: 1e12), device("b", bandwidth: 2e12))
    // 4096 bytes a token: 4.096 ns on the first, 2.048 ns on the second.
    var (mine, theirs): ([Time], [Time]) = ([(7, 1)], [])
    for step in 1...9 {
      let time = 4096 * Double(step)
      mine.append((step * 100, time))
      theirs.append((step * 100, time * (0.5 + 0.1 * Double(step))))
    }
    let comparison = DeviceComparison(
      [curve(norm, "x 1", mine)], on: first, [curve(norm, "x 1", theirs)], on: second)
    let row = try #require(comparison.rows.first)
    #expect(comparison.rows.count == 1)
    #expect(row.points.count == 9)
    #expect(abs(row.ratio.median - 1) < 1e-12)
    #expect(abs(row.ratio.tenth - 0.6) < 1e-12 && abs(row.ratio.ninetieth - 1.4) < 1e-12)
    #expect(abs(try #require(row.lightRatio) - 0.5) < 1e-12)
    #expect(abs(try #require(row.firstShare) - 0.1) < 1e-9)
    #expect(abs(try #require(row.secondShare) - 0.05) < 1e-9)
    // 0.6 is farther from 1 than 1.4 is.
    #expect(row.points.first?.point == AxisPoint(100))
  }

  /// Which pairs of runtimes are compared, and how many points each shares.
  @Test(
    arguments: [
      (["x"], ["x"], ["x:x"]), (["x", "y"], ["x", "z"], ["x:x"]),
      (["y"], ["x", "z"], ["y:x", "y:z"]), (["x", "y"], ["x", "y"], ["x:x", "y:y"]),
      ([], ["x"], []),
    ])
  func `A runtime is compared with itself, with others only where it must be`(
    first: [String], second: [String], pairs: [String]
  ) {
    func curves(_ runtimes: [String]) -> [MeasuredCurve] {
      runtimes.map { curve(norm, $0, [(1, 1000), (2, 2000)]) }
    }
    let comparison = DeviceComparison(
      curves(first), on: device("a", bandwidth: 1e12), curves(second),
      on: device("b", bandwidth: 1e12))
    #expect(comparison.rows.map { "\($0.firstRuntime):\($0.secondRuntime)" } == pairs)
  }

  @Test func `Unknown work, points without time and points of one alone are no trouble`() throws {
    let opaque = Operator(OperatorKind(rawValue: "moeDispatch"), dataType: nil, ["width": 8])
    let other = Operator(.rmsNorm, dataType: .bfloat16, ["width": 7])
    let comparison = DeviceComparison(
      [curve(opaque, "x", [(1, 100), (2, 0), (3, .nan), (4, 50)]), curve(norm, "x", [(1, 5)])],
      on: device("a", bandwidth: 1e12),
      [curve(opaque, "x", [(1, 200), (2, 9), (3, 9)]), curve(other, "x", [(1, 5)])],
      on: device("b", bandwidth: 1e12))
    let row = try #require(comparison.rows.first)
    #expect(comparison.rows.count == 1)
    #expect(row.points.map(\.ratio) == [2])
    #expect(row.lightRatio == nil && row.firstShare == nil)
  }
}
