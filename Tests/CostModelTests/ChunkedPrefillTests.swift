import Analytical
import CostModel
import OperatorStore
import Operators
import Testing

/// Chunks with a past, predicted from whole prompts alone.
@Suite struct ChunkedPrefillTests {
  private static let units = 100
  private static let (heads, width, block) = (32, 128, 64)
  private let op = Operator(
    .attention, dataType: .bfloat16, ["heads": heads, "kvHeads": 8, "headDim": width])

  private var device: Device {
    var device = Device(
      name: "toy", peakFlops: [.bfloat16: 400e12], memoryBandwidth: 2e12, memoryBytes: 1e10,
      launchFloor: 2000, source: "made up")
    device.multiprocessors = Self.units
    return device
  }

  /// Oracle: a device played through block by block. Each of its multiprocessors takes the next block of 64 queries of
  /// a head as soon as it is free, and reaches two thirds of its share of the peak.
  private func played(_ length: Int, past: Int) -> Double {
    var free = [Double](repeating: 0, count: Self.units)
    let rate = 400e3 / Double(Self.units) * 2 / 3
    for first in stride(from: 0, to: length, by: Self.block) {
      let keys = past + min(length, first + Self.block)
      let time = 4 * Double(Self.block * keys * Self.width) / rate
      for _ in 0..<Self.heads {
        let next = free.indices.min { free[$0] < free[$1] } ?? 0
        free[next] += time
      }
    }
    return 2000 + (free.max() ?? 0)
  }

  private func model() -> CostModel {
    let lengths = (6...15).map { 1 << $0 }
    let curve = MeasuredCurve(
      op, device: "toy", runtime: "toy 1",
      samples: lengths.map {
        MeasuredSample(
          at: AxisPoint($0), duration: DurationStatistics(mean: played($0, past: 0)), source: 1)
      })
    return CostModel(curves: [curve], on: device)
  }

  private func step(_ length: Int, past: Int) -> StepShape {
    var shape = StepShape()
    shape.addPrefill(tokens: length, past: past, samples: true)
    return shape
  }

  /// A chunk of 16 tokens keeps 32 of 100 multiprocessors busy, with a whole block each.
  @Test(arguments: [16, 64, 100, 128, 256, 500, 512, 2048], [512, 4096, 16_384])
  func `A chunk waits for its own waves of blocks`(length: Int, past: Int) throws {
    let found = try #require(model().predict(op, step(length, past: past)))
    let ratio = found.nanoseconds / played(length, past: past)
    #expect(ratio > 0.7 && ratio < 1.4, "\(ratio)")
    #expect(found.interval90.contains(played(length, past: past)))
  }

  @Test(arguments: [16, 64, 130, 512, 3000])
  func `Time and doubt grow with the past, from none on without a jump`(length: Int) throws {
    let model = model()
    var last = try #require(model.predict(op, step(length, past: 0)))
    for past in [1, 16, 64, 256, 1024, 4096, 16_384] {
      let found = try #require(model.predict(op, step(length, past: past)))
      #expect(found.nanoseconds > 0.97 * last.nanoseconds)
      if past == 1 {
        #expect(found.nanoseconds < 1.03 * last.nanoseconds)
        #expect(found.relativeError < last.relativeError + 0.02)
      }
      // A chunk shorter than all prompts is doubted as such, until its past makes it as long as one.
      if length >= 64 { #expect(found.relativeError >= last.relativeError - 1e-9) }
      last = found
    }
    #expect(last.relativeError > 0.2)
    #expect(last.explanation.contains("no prompt with cached tokens"))
  }
}
