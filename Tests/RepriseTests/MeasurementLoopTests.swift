import Foundation
import Operators
import Reprise
import TestSupport
import Testing

/// The loop that a plan is for, on our own capture: what is planned from a part of a sweep lowers the
/// doubt about a run, once it is measured, more than what is picked at random.
@Suite struct MeasurementLoopTests {
  /// What of the sweep is not measured yet.
  enum Dropped: CaseIterable {
    /// A fifth of the points of each curve.
    case points
    /// All points of several operators.
    case operators

    func holds(_ sample: OperatorSample, _ index: Int) -> Bool {
      switch self {
      case .points: index % 5 == 2
      case .operators:
        [.rmsNorm, .activation, .sample].contains(sample.operator.kind)
          || [2816, 768].contains(sample.operator.attributes["n"])
      }
    }
  }

  private let samples: [OperatorSample]
  private let architecture: ModelArchitecture
  private let device: Device
  private let shapes: [StepShape]

  init() throws {
    samples = try SweepReader.read(path: OwnCapture.path("samples.jsonl.zst")).samples
    architecture = try OwnCapture.architecture()
    device = try #require(Device.builtIn(named: OwnCapture.device))
    // One step in sixty: neighbours are alike, and each size costs a prediction of each model.
    let steps = try StepsReader.read(path: OwnCapture.path("serve-bursty-110/steps.jsonl.zst"))
    shapes = stride(from: 0, to: steps.measuredSteps.count, by: 60)
      .map { steps.measuredSteps[$0].shape }
  }

  /// The cost model of a part of the sweep.
  private func model(_ samples: [OperatorSample]) -> CostModel {
    CostModel(
      curves: Dictionary(grouping: samples, by: \.operator).map { op, samples in
        let sorted = samples.sorted { key($0).lexicographicallyPrecedes(key($1)) }
        return MeasuredCurve(
          op, device: device.name, runtime: "sweep",
          samples: sorted.map { MeasuredSample(at: $0.point, duration: $0.duration, source: 1) })
      }, on: device)
  }

  private func key(_ sample: OperatorSample) -> [Int] { (0..<5).map { sample.point[$0] } }

  /// What the measured steps ask of a model; nothing of it may be planned.
  private func demands(_ model: CostModel) -> [OperatorDemand] {
    let uses = architecture.forwardPass(.float32, tensorParallel: 1, fusesResiduals: false)
    var demands = StepDemands(uses, on: model)
    for shape in shapes { demands.add(shape) }
    return demands.demands { _ in false }
  }

  /// Their time by a part of the sweep in nanoseconds, and its standard error relative to it.
  private func predicted(_ samples: [OperatorSample]) -> (time: Double, error: Double) {
    let plan = MeasurementPlan(demands(model(samples)), count: 0)
    return (plan.nanoseconds, plan.standardError / plan.nanoseconds)
  }

  @Test(arguments: Dropped.allCases) func `Planned points lower the error more than random ones`(
    dropped: Dropped
  ) throws {
    let indexed = samples.enumerated()
    let kept = indexed.filter { !dropped.holds($0.element, $0.offset) }.map(\.element)
    let left = indexed.filter { dropped.holds($0.element, $0.offset) }.map(\.element)
    let known = model(kept)
    // What may be asked for is what was left out, whether the run visits it or not.
    let offered = left.compactMap { sample in
      known.predict(sample.operator, at: sample.point).map {
        OperatorDemand(
          sample.operator, at: sample.point, nanoseconds: 0, relativeError: $0.relativeError,
          evidence: $0.evidence)
      }
    }
    let plan = MeasurementPlan(demands(known) + offered, count: 10)
    #expect(plan.points.count == 10)
    let planned = left.filter { sample in
      plan.points.contains { $0.operator == sample.operator && $0.point == sample.point }
    }
    let (before, after) = (predicted(kept), predicted(kept + planned))
    // The seed is fixed: the draws are the same each time.
    var numbers = SplitMix64(seed: 7)
    let draws = (0..<4).map { _ in predicted(kept + left.shuffled(using: &numbers).prefix(10)) }
    let mean = draws.reduce(0) { $0 + $1.error } / 4
    #expect(after.error < before.error)
    #expect(after.error < mean)
    #expect(draws.count { after.error < $0.error } >= 3)
    // And in truth, which the whole sweep tells: the run's time comes nearer to it.
    let truth = predicted(samples).time
    func miss(_ time: Double) -> Double { abs(time / truth - 1) }
    let missed = draws.reduce(0) { $0 + miss($1.time) } / 4
    // Where what was left out is told by what was kept, there is nothing to win.
    if miss(before.time) > 0.01 { #expect(miss(after.time) < missed) }
    #expect((miss(before.time) > 0.01) == (dropped != .points))
  }

  @Test func `The command writes the points, the same each time, and names mistakes`() throws {
    let command = try CommandProcess()
    let (db, output) = (command.directory.path("a.sqlite"), command.directory.path("points.json"))
    #expect(
      try command.run([
        "import", OwnCapture.path("samples.jsonl.zst"), "--db", db, "--device", OwnCapture.device,
      ]).code == 0)
    let arguments = [
      "plan-measurements", "--db", db, "--deployment", OwnCapture.path("server.yaml"), "--points",
      "4",
    ]
    let log = ["--log", OwnCapture.path("serve-poisson-80/requests.jsonl.zst"), "--requests", "20"]
    var written: [Data] = []
    for more in [log, log, []] {
      let outcome = try command.run(arguments + more + ["-o", output])
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("with these 4 points measured"), "\(outcome.output)")
      written.append(try Data(contentsOf: URL(filePath: output)))
    }
    #expect(written[0] == written[1] && written[0] != written[2])
    let two = try command.file(
      "two.yaml",
      """
      version: 1
      model: llama-3.1-8b
      engines:
        - {name: a, device: h100-sxm, max_model_len: 4096}
        - {name: b, device: h100-sxm, max_model_len: 4096}
      """)
    for (mistaken, code, words) in [
      (arguments + ["--points", "0"], 64, "--points must be"),
      (arguments + ["--requests", "5"], 64, "are of a log"),
      (arguments + ["--group", "x"], 64, "no group is called 'x'; there are server"),
      (["plan-measurements", "--db", db, "--deployment", two], 64, "with --group: a, b"),
      (
        ["plan-measurements", "--db", "/nonexistent", "--deployment", two, "--group", "a"], 66, "no"
      ),
      (arguments + ["-o", "/nonexistent/p.json"], 73, "/nonexistent/p.json"),
    ] as [([String], Int32, String)] {
      let outcome = try command.run(mistaken)
      #expect(outcome.code == code, "\(mistaken): \(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
    #expect(try command.run(["plan-measurements", "--help"]).output.contains("capture.py points"))
  }
}
