import Analytical
import Foundation
import Operators
import TestSupport
import Testing

@testable import Reports

@Suite("Reports of estimates")
struct EstimateReportTests {
  private let model: ModelArchitecture
  private let platform: Platform

  init() throws {
    model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    platform = try #require(Platform.builtIn(named: "dgx-h100"))
  }

  private func report(_ precision: Precision = Precision(.bfloat16)) throws -> EstimateReport {
    let steps = try StepEstimator(model, precision, Parallelism(tensor: 2), on: platform)
    let estimator = RequestEstimator(steps)
    let workload = Workload(batch: 4, inputTokens: 1000, outputTokens: 50)
    var report = EstimateReport(steps, try estimator.estimate(workload))
    report.prefillOperators = steps.operators(estimator.firstPrefillStep(workload))
    report.decodeOperators = steps.operators(estimator.meanDecodeStep(workload))
    return report
  }

  private func problems(in json: String, _ schema: String) throws -> [String] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
    return try SchemaCheck(file: schema).problems(in: value)
  }

  @Test("keep to their schema, with everything in it")
  func schema() throws {
    var report = try report()
    var estimator = RequestEstimator(report.steps)
    estimator.draft = (report.steps, Speculation(proposed: 3, acceptance: 0.5))
    report.estimate = try estimator.estimate(report.estimate.workload)
    #expect(report.estimate.speculation != nil)
    #expect(try problems(in: EstimateFile.json(report), "estimate.schema.json") == [])
    let search = PlanSearch(model: model, platform: platform)
    let plans = try search.plans(
      devices: 4, Workload(batch: 4, inputTokens: 100, outputTokens: 10))
    let json = try EstimateFile.json(plans, search, front: PlanSearch.front(of: plans))
    #expect(try problems(in: json, "plans.schema.json") == [])
  }

  @Test("have parts that add up to the whole")
  func sums() throws {
    let report = try report()
    for (step, operators) in [
      (report.estimate.prefill, report.prefillOperators),
      (report.estimate.decode, report.decodeOperators),
    ] {
      let total = operators.reduce(0) { $0 + $1.total }
      #expect(abs(total / step.time - 1) < 1e-9)
      let flops = operators.reduce(0) { $0 + $1.flops * Double($1.count) }
      #expect(abs(flops / step.flops - 1) < 1e-9)
    }
  }

  @Test("name the types of weights and key-values where they differ, and a lack of memory")
  func text() throws {
    let text = try report(
      Precision(activations: .bfloat16, weights: .int4, keyValues: .float8)
    ).text
    #expect(text.contains("bf16, weights int4, experts int4, key-values fp8"))
    #expect(text.contains("fits"))
    let large = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-405B"))
    let steps = try StepEstimator(large, on: platform)
    let estimate = try RequestEstimator(steps).estimate(
      Workload(batch: 1, inputTokens: 10, outputTokens: 10))
    #expect(EstimateReport(steps, estimate).text.contains("DOES NOT FIT"))
  }

  @Test("are drawn under a roof that no operator pierces")
  func figure() throws {
    let report = try report()
    let figure = RooflineFigure(
      title: "a <model> & more", device: platform.device, precision: Precision(.bfloat16),
      steps: [
        .init(name: "prefill", operators: report.prefillOperators),
        .init(name: "decode", operators: report.decodeOperators),
      ])
    let svg = figure.svg
    #expect(svg.contains("a &lt;model&gt; &amp; more"))
    #expect(svg == figure.svg)
    // Every drawn coordinate lies within the picture.
    for match in svg.matches(of: /c[xy]="([-0-9.]+)"/) {
      let place = try #require(Double(match.1))
      #expect(place >= 0 && place <= 900)
    }
    let device = platform.device
    for op in report.prefillOperators + report.decodeOperators where op.bytes > 0 {
      let roof = min(device.peakFlops(.bfloat16), op.intensity * device.memoryBandwidth)
      #expect(op.flops / op.time * 1e9 <= roof * (1 + 1e-9), "\(op.role)")
    }
    let empty = RooflineFigure(
      title: "nothing", device: device, precision: Precision(.bfloat16), steps: [])
    #expect(empty.svg.hasSuffix("</svg>\n"))
  }

  @Test("list the catalogue with a source in every line")
  func catalogue() {
    let models = TextTable(models: CatalogueModel.builtIns)
    #expect(models.rows.count == CatalogueModel.builtIns.count)
    #expect(models.rows.allSatisfy { $0.last?.isEmpty == false })
    #expect(TextTable(devices: Device.builtIns).rows.allSatisfy { $0.last?.isEmpty == false })
    #expect(TextTable(platforms: Platform.builtIns).rows.allSatisfy { $0[2].contains("GB/s") })
  }

  @Test("print GenZ's golden numbers under GenZ's own names")
  func genZ() throws {
    let system = try #require(GenZSystem.builtIn(named: "H100_GPU"))
    let estimator = try GenZEstimator(model: GenZModel(model), system: system, efficiency: 0.8)
    var report = GenZReport(model: model.name, estimator, batch: 1)
    report.add("prefill", .prefill(batch: 1, inputTokens: 1024))
    report.add("decode", .decode(batch: 1, inputTokens: 1024, outputTokens: 128))
    report.listsOperators = true
    // Case g04 of GenZ's own outputs.
    #expect(report.text.contains("21.480265"))
    #expect(report.text.contains("5.191612"))
    let value = try JSONSerialization.jsonObject(with: Data(try report.json().utf8))
    let members = try #require(value as? [String: Any])
    let prefill = try #require(members["prefill"] as? [String: Any])
    let latency = try #require(prefill["latency_ms"] as? Double)
    #expect(abs(latency / 21.48026490175935 - 1) < 1e-9)
    #expect((members["decode_operators"] as? [Any])?.isEmpty == false)
  }
}
