import Analytical
import Calibration
import CostModel
import Foundation
import Operators
import Reports
import TestSupport
import Testing

@Suite struct MeasurementPlanFileTests {
  private let product = Operator(.gemm, dataType: .bfloat16, ["n": 64, "k": 32])
  private let attention = Operator(
    .attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 64])
  private let sum = Operator(.allReduce, dataType: .bfloat16, ["ranks": 2])

  private var plan: MeasurementPlan {
    MeasurementPlan(
      [
        OperatorDemand(
          product, at: AxisPoint(128), nanoseconds: 3e9, relativeError: 0.3, evidence: .borrowed),
        OperatorDemand(
          attention, at: AxisPoint(0, 0, 8, 500), nanoseconds: 1e9, relativeError: 0.1,
          evidence: .interpolated),
        OperatorDemand(
          sum, at: AxisPoint(4096), nanoseconds: 1e9, relativeError: 0.5, evidence: .analytical,
          isMeasurable: false),
      ], count: 5)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(arguments: [false, true]) func `A file keeps its contract`(hasModel: Bool) throws {
    let architecture = ModelArchitecture(
      name: "toy", hiddenSize: 512, intermediateSize: 1024, layers: 3, heads: 8, kvHeads: 2,
      vocabularySize: 1000)
    let model = CapturedModel(architecture.forwardPass(.bfloat16, tensorParallel: 2))
    let text = try MeasurementPlanFile(
      plan, device: "h100-sxm", model: hasModel ? model : nil
    ).text
    let value = try object(text)
    let schema = try SchemaCheck(file: "measurement-points.schema.json")
    #expect(schema.problems(in: value) == [])
    #expect(text.hasSuffix("}\n"))
    let points = try #require(value["points"] as? [[String: Any]])
    #expect(points.map { $0["kind"] as? String } == ["gemm", "attention"])
    #expect(points[0]["axes"] as? [String: Int] == ["tokens": 128])
    #expect((points[1]["axes"] as? [String: Int])?["decodeContext"] == 500)
    let sizes = value["model"] as? [String: Int]
    #expect(sizes?["intermediate_size"] == (hasModel ? 512 : nil))
    #expect(sizes?["num_hidden_layers"] == (hasModel ? 3 : nil))
    // What the schema is there to refuse.
    #expect(!schema.problems(in: value.merging(["version": 2]) { $1 }).isEmpty)
    #expect(!schema.problems(in: value.merging(["points": [["kind": "gemm"]]]) { $1 }).isEmpty)
  }

  @Test func `The table and its summary tell errors in percent of the device time`() {
    let lines = TextTable(plan).text.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[2].contains("gemm k=32 n=64 bf16") && lines[2].contains("tokens=128"))
    #expect(lines[3].contains("decodeSequences=8 decodeContext=500"))
    // √((3 · 0.3)² + (1 · 0.1)² + (1 · 0.5)²) of 5 seconds.
    #expect(plan.summary[0].hasPrefix("device time 5.000 s, standard error 20.69 % now, 10."))
    #expect(plan.summary[1].hasPrefix("of that 10.00 % stays: tools/capture cannot measure all"))
  }
}
