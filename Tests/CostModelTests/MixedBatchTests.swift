import Analytical
import Foundation
import OperatorStore
import Operators
import TestSupport
import Testing

@testable import CostModel

/// Steps that hold prefills and decodes, where only either was measured.
@Suite struct MixedBatchTests {
  private let op = Operator(
    .attention, dataType: .bfloat16, ["heads": 32, "kvHeads": 8, "headDim": 128])
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e10,
    launchFloor: 2000, source: "made up")

  private let prefills: [(AxisPoint, Double)] = [128, 512, 2048].map {
    (AxisPoint($0), 40 * Double($0))
  }
  private let decodes: [(AxisPoint, Double)] = [1, 8, 64].flatMap { batch in
    [256, 1024, 4096].map { context in
      (AxisPoint(0, 0, batch, context), 3000 + Double(batch * context) / 25)
    }
  }

  /// One kernel for all may take twice as long as two in turn: the doubt says so, unless the software is known to run
  /// them in turn.
  @Test(arguments: [("vLLM 0.19.0", true), ("TensorRT-LLM 1.3", false), ("PyTorch 2.13", false)])
  func `A batch of both is their sum, doubted where one call may hold it`(
    runtime: String, isDoubted: Bool
  ) throws {
    let model = CostModel(curves: [curve(op, prefills + decodes, runtime: runtime)], on: device)
    for (prefill, first) in prefills {
      for (decode, second) in decodes {
        let point = AxisPoint(prefill[0], 0, decode[2], decode[3])
        let found = try #require(model.predict(op, at: point, explains: true))
        #expect(abs(found.nanoseconds / (first + second) - 1) < 1e-9)
        let errors = try [prefill, decode].map {
          try #require(model.predict(op, at: $0)).relativeError
        }
        let share = second / (first + second)
        let own = (1 - share) * errors[0] + share * errors[1]
        let doubt = isDoubted ? 0.5625 * share : 0
        #expect(abs(found.relativeError - (own * own + doubt).squareRoot()) < 1e-9)
        #expect(found.evidence == (isDoubted ? Evidence.extrapolated : .interpolated))
        #expect(found.explanation.hasSuffix("measured apart: their sum"))
        // Each sample by its part of the sum.
        #expect(found.support.count == 2)
        let weight = found.support.first { $0.point == decode }?.weight
        #expect(abs((weight ?? 0) - share) < 1e-9)
      }
    }
  }

  @Test func `Where such batches were measured they price themselves`() throws {
    let both = (AxisPoint(128, 0, 8, 256), 77_000.0)
    let model = CostModel(
      curves: [curve(op, prefills + decodes + [both], runtime: "vLLM 0.19.0")], on: device)
    let found = try #require(model.predict(op, at: both.0))
    #expect(found.evidence == .measured && abs(found.nanoseconds / both.1 - 1) < 1e-9)
    #expect(!found.explanation.contains("apart"))
  }

  /// Oracle: batches that were measured, hidden from the model.
  @Test(
    .needsSharedData,
    arguments: [
      ("RTX4090", "NVIDIA GeForce RTX 4090"),
      ("RTXPRO6000", "NVIDIA RTX PRO 6000 Blackwell Server Edition"),
    ])
  func `Hidden mixed batches of public tables lie inside their intervals`(
    tables: String, name: String
  ) throws {
    let text = try String(
      contentsOf: SharedData.url(
        "operator-tables/layerwise/\(tables)/Llama-3.1-8B/tp1/attention.csv"), encoding: .utf8)
    let rows = text.split(whereSeparator: \.isNewline).dropFirst().map { line in
      let fields = line.split(separator: ",").compactMap { Double($0) }
      return (
        AxisPoint(Int(fields[0]), Int(fields[1]), Int(fields[2]), Int(fields[3])),
        1000 * fields[4]
      )
    }
    let device = try #require(Device.builtIn(named: name))
    let pure = rows.filter { ($0.0[0] > 0) != ($0.0[2] > 0) }
    let mixed = rows.filter { $0.0[0] > 0 && $0.0[2] > 0 }
    let model = CostModel(curves: [curve(op, pure, runtime: "vLLM 0.19.0")], on: device)
    var (inside, narrow, count) = (0, 0, 0)
    for index in stride(from: 0, to: mixed.count, by: 29) {
      let (point, time) = mixed[index]
      let found = try #require(model.predict(op, at: point))
      count += 1
      inside += found.interval90.contains(time) ? 1 : 0
      narrow += found.interval90.upperBound < 16 * found.interval90.lowerBound ? 1 : 0
    }
    let share = Double(inside) / Double(count)
    #expect(share > 0.82 && share < 0.98, "\(share) of \(count)")
    #expect(narrow == count)
  }
}
