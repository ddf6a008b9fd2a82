import Analytical
import CostModel
import Foundation
import OperatorStore
import Operators
import TestSupport
import Testing

@testable import Calibration

/// What is held out, and that nothing of it is seen.
@Suite struct HoldOutTests {
  private let device = Device(
    name: "toy", peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12, memoryBytes: 1e10,
    source: "made up")

  /// A grid of products whose ratio to the roofline is a smooth law, with more or less noise.
  private func products(noise: Double = 0, runtime: String = "toy 1") -> [MeasuredCurve] {
    var random = SplitMix64(seed: 1)
    return [256, 512, 1024, 2048, 4096].flatMap { n in
      [256, 1024, 4096].map { k in
        let op = Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k])
        let samples = (0..<13).compactMap { power -> MeasuredSample? in
          let point = AxisPoint(1 << power)
          guard let work = OperatorWork(op, at: point) else { return nil }
          let rough = 1 + noise * (random.unit() - 0.5)
          let law = 1.2 + 0.05 * Double(power) + 0.1 * Double(n) / 4096
          let time = law * rough * (device.speedOfLight(work, .bfloat16) + 2000)
          return MeasuredSample(at: point, duration: DurationStatistics(mean: time), source: 1)
        }
        return MeasuredCurve(op, device: "toy", runtime: runtime, samples: samples)
      }
    }
  }

  @Test(arguments: HoldOutProtocol.withinDevice)
  func `Each sample is kept or held, the same ones each time`(way: HoldOutProtocol) {
    let curves = products()
    let divided = way.divide(curves, seed: 3)
    let all = curves.reduce(0) { $0 + $1.samples.count }
    let kept = divided.kept.reduce(0) { $0 + $1.samples.count }
    #expect(kept + divided.held.count == all)
    #expect(!divided.held.isEmpty && kept > all / 3)
    let again = way.divide(curves, seed: 3)
    #expect(again.kept == divided.kept && again.held.map(\.sample) == divided.held.map(\.sample))
    switch way {
    case .points:
      #expect(way.divide(curves, seed: 4).kept != divided.kept)
    case .sizes:
      // Six of thirteen sizes, neither end.
      #expect(divided.held.count == 6 * curves.count)
      #expect(!divided.held.contains { [1, 4096].contains($0.sample.point[0]) })
    case .curves:
      let operators = Set(divided.held.map(\.curve.operator))
      #expect(operators.isDisjoint(with: divided.kept.map(\.operator)))
      #expect(divided.held.count == 13 * operators.count)
    case .devices:
      Issue.record("divides nothing within a device")
    }
  }

  @Test(arguments: HoldOutProtocol.withinDevice)
  func `A smooth law is predicted well, and noise is told`(way: HoldOutProtocol) throws {
    let smooth = try #require(HoldOutCheck(products(), on: device, by: way).rows.first)
    #expect(smooth.errors.meanAbsolutePercent < 3)
    let rough = try #require(HoldOutCheck(products(noise: 0.3), on: device, by: way).rows.first)
    #expect(rough.errors.meanAbsolutePercent > 2 * smooth.errors.meanAbsolutePercent)
    #expect((75...100).contains(rough.errors.coveragePercent))
    // Not by being wide: noise of 30 % is doubted as such.
    #expect(rough.points.allSatisfy { (0.05...0.8).contains($0.prediction.relativeError) })
    #expect(rough.errors.percentile95 >= rough.errors.medianAbsolutePercent)
    #expect(rough.errors.points == rough.points.count)
  }

  /// Oracle: a model that never saw the kind.
  @Test func `A kind whose only curve is held out is priced as one that was never measured`() throws
  {
    let norm = MeasuredCurve(
      Operator(.rmsNorm, dataType: .bfloat16, ["width": 1024]), device: "toy", runtime: "toy 1",
      samples: products()[0].samples)
    let model = CostModel(curves: products(), on: device)
    let row = try #require(
      HoldOutCheck([norm], among: products() + [norm], on: device, by: .curves).rows.first)
    #expect(row.points.count == norm.samples.count)
    for point in row.points {
      #expect(point.prediction == model.predict(norm.operator, at: point.point))
      #expect(point.prediction.evidence == .borrowed)
    }
  }

  /// What was held out must not be found in another runtime's curve, nor in the data itself.
  @Test func `Runtimes are judged by themselves`() {
    let both = products() + products(noise: 0.3, runtime: "toy 2")
    let check = HoldOutCheck(both, on: device, by: .points)
    #expect(check.rows.map(\.group.runtime) == ["toy 1", "toy 2"])
    let alone = HoldOutCheck(products(noise: 0.3, runtime: "toy 2"), on: device, by: .points)
    #expect(check.rows.last == alone.rows.first)
    #expect(!check.rows.flatMap(\.points).contains { $0.prediction.evidence == .measured })
  }

  @Test func `A kind's errors are those of all its points, whatever the software and type`() {
    let other = products(noise: 0.3, runtime: "toy 2").map { curve in
      var curve = curve
      curve.operator = Operator(.gemm, dataType: .float16, curve.operator.attributes)
      return curve
    }
    let norms = products().prefix(1).map { curve in
      MeasuredCurve(
        Operator(.rmsNorm, dataType: .bfloat16, ["width": 1024]), device: "toy", runtime: "toy 1",
        samples: curve.samples)
    }
    let check = HoldOutCheck(products() + other + norms, on: device, by: .sizes)
    #expect(check.rows.count == 3)
    #expect(check.byKind.map(\.kind) == [.gemm, .rmsNorm])
    for row in check.byKind {
      let points = check.rows.filter { $0.group.kind == row.kind }.flatMap(\.points)
      #expect(row.errors == HoldOutCheck.Errors(points))
    }
  }

  /// Oracle: means added up point by point.
  @Test func `Curves are told with the one that errs most first, those of few points left out`() {
    let check = HoldOutCheck(products(noise: 0.3), on: device, by: .points)
    var sums: [Operators.Operator: (sum: Double, count: Int)] = [:]
    for point in check.rows.flatMap(\.points) {
      sums[point.operator, default: (0, 0)].sum += 100 * abs(point.error)
      sums[point.operator, default: (0, 0)].count += 1
    }
    let curves = check.byCurve
    #expect(curves.count == sums.count { $0.value.count >= 3 } && curves.count > 2)
    #expect(sums.contains { $0.value.count < 3 })
    for curve in curves {
      let (sum, count) = sums[curve.operator] ?? (0, 0)
      #expect(curve.errors.points == count)
      #expect(abs(curve.errors.meanAbsolutePercent - sum / Double(count)) < 1e-9)
    }
    for (worse, better) in zip(curves, curves.dropFirst()) {
      #expect(worse.errors.meanAbsolutePercent >= better.errors.meanAbsolutePercent)
    }
  }

  /// Oracle: a device twice as fast in all, whose kernels reach the same share of its peaks.
  @Test func `What was not measured on a device is borrowed from the one most like it`() throws {
    var faster = Device(
      name: "faster", peakFlops: [.bfloat16: 200e12], memoryBandwidth: 2e12, memoryBytes: 1e10,
      launchFloor: 1000, source: "made up")
    faster.multiprocessors = 100
    let model = CostModel(
      curves: [], on: faster, relatives: [RelativeCurves(device: device, curves: products())])
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 1024, "k": 1024])
    let own = CostModel(curves: products(), on: device)
    for tokens in [1024, 3000] {
      let borrowed = try #require(model.predict(op, at: AxisPoint(tokens)))
      let there = try #require(own.predict(op, at: AxisPoint(tokens)))
      #expect(borrowed.evidence == .borrowed && borrowed.explanation.contains("toy"))
      // The floor of a launch is not halved.
      #expect((0.5...0.6).contains(borrowed.nanoseconds / there.nanoseconds))
      #expect(borrowed.relativeError > 0.25)
    }
  }

  /// Oracle: the nearest kept sample by trying all of them.
  @Test(arguments: HoldOutProtocol.withinDevice)
  func `Distances are those to the nearest kept sample, and bands hold every point once`(
    way: HoldOutProtocol
  ) {
    let curves = products()
    let kept = way.divide(curves, seed: 1).kept
    let check = HoldOutCheck(curves, on: device, by: way)
    func octaves(_ left: Int, _ right: Int) -> Double { abs(log2(Double(left) / Double(right))) }
    let points = check.rows.flatMap(\.points)
    for point in points {
      var nearest = Double.infinity
      for curve in kept {
        let apart = ["n", "k"].reduce(0) {
          $0 + octaves(curve.operator.attributes[$1] ?? 0, point.operator.attributes[$1] ?? 0)
        }
        for sample in curve.samples {
          nearest = min(nearest, apart + octaves(sample.point[0], point.point[0]))
        }
      }
      #expect(abs((point.octaves ?? -1) - nearest) < 1e-4)
    }
    #expect(check.byDistance.reduce(0) { $0 + $1.errors.points } == points.count)
    for row in check.byDistance {
      let inside = points.filter {
        let distance = ($0.octaves ?? .infinity) - 1e-4
        let below = HoldOutCheck.DistanceBand(rawValue: row.band.rawValue - 1)?.limit ?? -1
        return distance <= row.band.limit && distance > below
      }
      #expect(row.errors == HoldOutCheck.Errors(inside))
    }
  }

  @Test(
    arguments: [
      (nil, .beyond), (0, .half), (0.5, .half), (0.6, .one), (1.00001, .one), (2, .two), (4, .four),
      (4.01, .beyond),
    ] as [(Double?, HoldOutCheck.DistanceBand)])
  func `A distance lies in one band`(octaves: Double?, band: HoldOutCheck.DistanceBand) {
    #expect(HoldOutCheck.DistanceBand(octaves: octaves) == band)
  }

  /// Oracle: kernels that reach the same share of two devices' peaks. What was measured of the kind on
  /// the device itself must not be seen, nor what a nearer one measured in another type alone.
  @Test(arguments: [false, true])
  func `A kind is judged from the device most like it that measured it`(hasNearer: Bool) throws {
    var faster = device
    faster.name = "faster"
    faster.peakFlops = [.bfloat16: 150e12]
    faster.memoryBandwidth = 1.5e12
    var unlike = device
    unlike.name = "unlike"
    unlike.peakFlops = [.bfloat16: 1000e12]
    let own = products().map { curve in
      var curve = curve
      for index in curve.samples.indices {
        curve.samples[index].duration = DurationStatistics(
          mean: curve.samples[index].duration.mean * 100)
      }
      return curve
    }
    var others = [
      RelativeCurves(device: unlike, curves: own),
      RelativeCurves(device: device, curves: products()),
    ]
    if hasNearer {
      var nearer = faster
      nearer.name = "nearer"
      others.append(
        RelativeCurves(
          device: nearer,
          curves: own.map { curve in
            var curve = curve
            curve.operator.dataType = .float8
            return curve
          }))
    }
    let check = HoldOutCheck(own, among: own, on: faster, from: others)
    let row = try #require(check.rows.first)
    #expect(check.rows.count == 1 && row.way == .devices)
    #expect(row.points.allSatisfy { $0.prediction.evidence == .borrowed })
    #expect(row.points.allSatisfy { (-0.996...(-0.985)).contains($0.error) })
    // Half as much again in both rates.
    #expect(row.points.allSatisfy { abs(($0.octaves ?? 0) - 2 * log2(1.5)) < 1e-9 })
    #expect(HoldOutCheck(own, among: own, on: faster, from: []).rows.isEmpty)
  }
}
