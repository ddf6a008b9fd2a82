import Foundation
import Reprise
import TestSupport
import Testing

/// The whole, as a user runs it: import, calibrate, replay, validate.
@Suite struct EndToEndTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The differences of the means, replayed against measured, in percent.
  private func means(
    _ plan: EnginePlan, log path: String, content: String? = nil
  ) throws -> (replayed: [LatencyMetric: Double], roofline: [LatencyMetric: Double]) {
    var log = try RequestLog(path: path)
    if let content { try log.takeContent(from: RequestLog(path: content)) }
    let deployment = Deployment(model: plan.architecture.name, engines: [plan.group])
    let table = RequestTable(log.records)
    func outcomes(_ model: StepModel) throws -> [RequestOutcome] {
      try Simulation(deployment: deployment, pricings: [model]).run(table).outcomes
    }
    let measured = try outcomes(plan.measured)
    #expect(try outcomes(plan.measured) == measured, "two replays differ")
    let rows = RequestRow.rows(
      log: log.records, outcomes: measured, roofline: try outcomes(plan.roofline))
    let validation = try Validation(rows: rows)
    #expect(validation.counts.paired == log.records.count)
    var result: (replayed: [LatencyMetric: Double], roofline: [LatencyMetric: Double]) = ([:], [:])
    for metric in LatencyMetric.allCases {
      let mean = try #require(validation[metric]?[.mean])
      result.replayed[metric] = mean.differencePercent
      result.roofline[metric] = mean.rooflineDifferencePercent
    }
    return result
  }

  @Test(arguments: ["serve-poisson-80", "serve-bursty-110"])
  func `A run of our own server is replayed to ten percent, calibrated on another run`(
    run: String
  ) throws {
    let store = try OwnCapture.database(in: directory)
    let (group, model) = (try OwnCapture.deployment().engines[0], try OwnCapture.architecture())
    let device = try #require(Device.builtIn(named: OwnCapture.device))
    let curves = try store.curves(on: device)
    let plain = try EnginePlan(group, model, on: device, curves: curves, calibration: nil)
    let trace = try StepsReader.read(
      path: OwnCapture.path("serve-poisson-50/steps.jsonl.zst"))
    let fit = try StepCalibration(
      .init(device: group.device, model: model.name, dataType: .float32, tensorParallel: 1),
      on: trace.measuredSteps, with: plain.measured, fittedOn: "serve-poisson-50")
    #expect(fit.calibration.errorHeldOut < 0.1)
    let plan = try EnginePlan(
      group, model, on: device, curves: curves, calibration: fit.calibration)
    let found = try means(plan, log: OwnCapture.path("\(run)/requests.jsonl.zst"))
    for metric in [LatencyMetric.timeToFirstToken, .timePerOutputToken] {
      let replayed = try #require(found.replayed[metric])
      #expect(abs(replayed) <= 10, "\(metric.title) \(replayed) %")
      #expect(abs(replayed) < abs(try #require(found.roofline[metric])))
    }
  }

  @Test(
    .needsSharedData,
    arguments: [("RTX4090", "rtx4090"), ("RTXPRO6000", "rtxpro6000")])
  func `A public vLLM run is replayed to six percent from layer tables, nothing fitted`(
    tables: String, name: String
  ) throws {
    let store = try OperatorStore(path: directory.path("l.sqlite"), mode: .readWrite)
    let model = try #require(ModelArchitecture.builtIn(named: "Llama-3.1-8B"))
    let folder = SharedData.path("operator-tables/layerwise/\(tables)/Llama-3.1-8B/tp1")
    let trace = try LayerwiseReader.read(path: folder, architecture: model)
    let name = "\(name)-llama-3.1-8b"
    _ = try store.add(trace, device: try #require(trace.deviceName))
    if let skew = try SkewReader.read(
      besideTables: trace, directory: folder, architecture: model)
    {
      _ = try store.add(skew, device: try #require(skew.deviceName))
    }
    let file = Checkout.path("docs/examples/\(name).yaml")
    let deployment = try Deployment(
      yaml: String(contentsOfFile: file, encoding: .utf8), path: file)
    let device = try #require(Device.builtIn(named: deployment.engines[0].device))
    let plan = try EnginePlan(
      deployment.engines[0], model, on: device, curves: try store.curves(on: device),
      calibration: nil)
    let found = try means(
      plan, log: SharedData.path("serving-runs/\(name)-tp1/vllm_requests.jsonl"),
      content: SharedData.path("serving-runs/sharegpt-llama-3.1-8b-300-sps10.jsonl.zst"))
    for (metric, replayed) in found.replayed {
      #expect(abs(replayed) <= 6, "\(metric.title) \(replayed) %")
    }
  }

  @Test func `The same bytes imported twice change nothing`() throws {
    let store = try OwnCapture.database(in: directory)
    let before = try store.rows(ofView: .curves)
    let sweep = try SweepReader.read(path: OwnCapture.path("samples.jsonl.zst"))
    #expect(
      try store.add(sweep, device: OwnCapture.device) == .unchanged)
    #expect(try store.rows(ofView: .curves) == before)
  }

  /// The profiler's trace and the sweep measured the same products by different means.
  @Test func `Trace and sweep agree on matrix products`() throws {
    let store = try OwnCapture.database(in: directory)
    let products = try store.curves(device: OwnCapture.device).filter { $0.operator.kind == .gemm }
    var compared = 0
    for sweep in products where sweep.runtime.hasSuffix("sweep") {
      guard
        let trace = products.first(where: {
          $0.operator == sweep.operator && $0.runtime != sweep.runtime
        })
      else { continue }
      for sample in trace.samples where sample.duration.count >= 20 {
        guard let other = sweep.samples.first(where: { $0.point == sample.point }) else { continue }
        compared += 1
        #expect(
          abs(sample.duration.median / other.duration.median - 1) < 0.35,
          "\(sweep.operator) at \(sample.point[0]): \(sample.duration), \(other.duration)")
      }
    }
    #expect(compared >= 4)
  }
}
