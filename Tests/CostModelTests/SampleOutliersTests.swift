import Analytical
import CostModel
import Foundation
import OperatorStore
import Operators
import TestSupport
import Testing

@Suite struct SampleOutliersTests {
  private typealias Time = (point: AxisPoint, time: Double)

  private let device = Device(
    name: "toy", reportedNames: [], peakFlops: [.bfloat16: 100e12], memoryBandwidth: 1e12,
    memoryBytes: 1e10, launchFloor: 2000, source: "made up")
  /// Sizes as tables of products have them: dense, then edges of tiles.
  private let sizes =
    Array(1...16) + [24, 32, 48, 64] + (1...16).flatMap { [$0 * 256, $0 * 256 + 1] }

  private func curve(_ op: Operator, _ times: [Time]) -> MeasuredCurve {
    MeasuredCurve(
      op, device: "toy", runtime: "toy 1",
      samples: times.map {
        MeasuredSample(at: $0.point, duration: DurationStatistics(mean: $0.time), source: 1)
      })
  }

  private func light(_ op: Operator, _ point: AxisPoint) -> Double {
    OperatorWork(op, at: point).map { device.speedOfLight($0, op.dataType) } ?? 0
  }

  /// Products with tiles of 128 tokens, scattered by two percent: no outliers, but steps.
  private func products(_ random: inout SplitMix64) -> [(op: Operator, times: [Time])] {
    var curves: [(Operator, [Time])] = []
    for n in [1024, 2048, 4096, 8192] {
      for k in [1024, 4096, 8192] {
        let op = Operator(.gemm, dataType: .bfloat16, ["n": n, "k": k])
        curves.append(
          (
            op,
            sizes.map { m in
              let point = AxisPoint(m)
              let tiled = light(op, AxisPoint((m + 127) / 128 * 128))
              let time = (1.4 * max(light(op, point), 0.9 * tiled) + 3000)
              return (point, time * exp(0.02 * random.normal()))
            }
          ))
      }
    }
    return curves
  }

  /// Oracle: what was planted is found and nothing else, spikes by a rule written out again.
  @Test(arguments: 0..<20)
  func `Planted spikes, repetitions and rows faster than light are found`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var table = products(&random)
    var (fast, repeated): (Set<[Int]>, Set<[Int]>) = ([], [])
    var planted: Set<[Int]> = []
    for index in table.indices {
      // Each curve at sizes of its own: at the same size of several it would be a step.
      let place = 2 + index * 4 % (sizes.count - 4)
      let shift = Int(random.next() % 2)
      table[index].times[place + shift].time *= 3 + random.unit()
      planted.insert([index, sizes[place + shift]])
      if index % 3 == 0 {
        let other = (place + 20) % (sizes.count - 4) + 1
        let point = table[index].times[other].point
        table[index].times[other].time = 0.7 * light(table[index].op, point)
        fast.insert([index, sizes[other]])
      }
      if index % 2 == 1 {
        let other = (place + 10) % (sizes.count - 4) + 1
        let time = table[index].times[other]
        table[index].times.insert((time.point, time.time * 1.4), at: other)
        repeated.insert([index, sizes[other]])
      }
    }
    var spikes: Set<[Int]> = []
    for (index, curve) in table.enumerated() {
      let groups = Dictionary(grouping: curve.times) { $0.point[0] }
      let logs = groups.mapValues { $0.map { log($0.time) }.reduce(0, +) / Double($0.count) }
      func ratio(_ m: Int) -> Double { logs[m]! - log(light(curve.op, AxisPoint(m)) + 2000) }
      for place in 1..<(sizes.count - 1) {
        let m = sizes[place]
        let heights = [sizes[place - 1], sizes[place + 1]].flatMap {
          [logs[m]! - logs[$0]!, ratio(m) - ratio($0)]
        }
        if heights.min()! > log(1.3) { spikes.insert([index, m]) }
      }
    }
    let curves = table.map { curve($0.op, $0.times) }
    let outliers = SampleOutliers(curves, on: device)
    func found(_ reason: SampleOutliers.Reason) -> [[Int]] {
      outliers.findings.filter { $0.reason == reason }.map { [$0.curve, $0.point[0]] }
    }
    #expect(Set(found(.spike)) == spikes)
    #expect(planted.isSubset(of: spikes))
    #expect(Set(found(.fasterThanLight)) == fast)
    #expect(Set(found(.duplicates)) == repeated)
    #expect(outliers.findings.map(\.factor) == outliers.findings.map(\.factor).sorted(by: >))
    let gone =
      curves.map(\.samples.count).reduce(0, +)
      - outliers.excluding(from: curves).map(\.samples.count).reduce(0, +)
    #expect(gone == outliers.findings.map(\.excluded.count).reduce(0, +))
    #expect(gone >= spikes.count + fast.count)
  }

  @Test(arguments: 0..<20)
  func `The edges of tiles are no spikes, and a clean table is left as it is`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let curves = products(&random).map { curve($0.op, $0.times) }
    let outliers = SampleOutliers(curves, on: device)
    #expect(outliers.findings.isEmpty)
    #expect(outliers.sharedSteps == 0)
    #expect(outliers.excluding(from: curves) == curves)
  }

  @Test func `A bump that like curves have at the same size is a step of their kernels`() {
    var random = SplitMix64(seed: 7)
    var table = products(&random)
    for index in table.indices { table[index].times[14].time *= 2 }
    let outliers = SampleOutliers(table.map { curve($0.op, $0.times) }, on: device)
    #expect(outliers.findings.isEmpty)
    #expect(outliers.sharedSteps == table.count)
  }

  /// Decodes over batches and contexts.
  private func decodes(_ factor: (Int, Int) -> Double) -> MeasuredCurve {
    let op = Operator(.attention, dataType: .bfloat16, ["heads": 8, "kvHeads": 2, "headDim": 128])
    var times: [Time] = []
    for batch in 0..<7 {
      for context in 4..<12 {
        let point = AxisPoint(0, 0, 1 << batch, 1 << context)
        times.append((point, (2 * light(op, point) + 4000) * factor(batch, context)))
      }
    }
    return curve(op, times)
  }

  @Test func `On a grid a lone point is a spike, a step that runs through it is none`() throws {
    let lone = SampleOutliers([decodes { $0 == 3 && $1 == 8 ? 9 : 1 }], on: device)
    let finding = try #require(lone.findings.first)
    #expect(lone.findings.count == 1)
    #expect(finding.point == AxisPoint(0, 0, 8, 256))
    #expect(abs(finding.factor - 9) < 0.9)
    #expect(!finding.excluded.isEmpty)
    let step = SampleOutliers([decodes { $0 + $1 == 11 ? 2 : 1 }], on: device)
    #expect(step.findings.isEmpty)
    #expect(step.sharedSteps > 0)
  }

  @Test func `Rows in a row that beat the data sheet are told and kept, as are short curves`() {
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    let fast = sizes.map { m in
      (AxisPoint(m), (m > 2000 ? 0.9 : 1.5) * light(op, AxisPoint(m)) + (m > 2000 ? 0 : 3000))
    }
    let several = SampleOutliers([curve(op, fast)], on: device)
    #expect(several.findings.count == sizes.count { $0 > 2000 })
    #expect(several.findings.allSatisfy { $0.reason == .fasterThanLight && $0.excluded.isEmpty })
    let short = curve(
      op, [(AxisPoint(1), 40_000), (AxisPoint(64), 120_000), (AxisPoint(99), 50_000)])
    let outliers = SampleOutliers([short], on: device)
    #expect(outliers.findings.map(\.reason) == [.spike])
    #expect(outliers.excluding(from: [short]) == [short])
  }

  /// The last of a curve has one neighbour: a rate that was rounded down is no reason to leave it out.
  @Test(arguments: [(0.97, 0), (0.8, 1)])
  func `A lone time is wrong where it is faster than the data sheet by a twentieth`(
    share: Double, left: Int
  ) {
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    var times: [Time] = sizes.map { (AxisPoint($0), 1.1 * light(op, AxisPoint($0)) + 3000) }
    let last = times.count - 1
    times[last].time = share * light(op, times[last].point)
    let curves = [curve(op, times)]
    let outliers = SampleOutliers(curves, on: device)
    #expect(outliers.findings.map(\.reason) == [.fasterThanLight])
    #expect(outliers.excluding(from: curves)[0].samples.count == times.count - left)
  }

  @Test func `Of three repetitions the wild one goes, of two the one that neighbours contradict`() {
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    for extra in [[5.0, 1.02], [5.0]] {
      var times: [Time] = sizes.map { (AxisPoint($0), 2 * light(op, AxisPoint($0)) + 3000) }
      let time = times[8]
      for factor in extra { times.insert((time.point, time.time * factor), at: 8) }
      let curves = [curve(op, times)]
      let kept = SampleOutliers(curves, on: device).excluding(from: curves)[0].samples
      #expect(kept.count == times.count - 1)
      #expect(!kept.contains { $0.point == time.point && $0.duration.median > 2 * time.time })
    }
  }

  @Test(arguments: [0.01, 0.03, 0.1])
  func `A curve's noise is told from the curve, spikes or not`(noise: Double) throws {
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    var found: [Double] = []
    var repeats: [Double] = []
    for seed in 0..<30 {
      var random = SplitMix64(seed: UInt64(seed))
      var times: [Time] = []
      for m in sizes {
        let time = 1.5 * (light(op, AxisPoint(m)) + 2000)
        for _ in 0..<2 { times.append((AxisPoint(m), time * exp(noise * random.normal()))) }
      }
      let twice = CurveNoise(curve(op, times), on: device)
      repeats.append(try #require(twice.betweenRepeats))
      var once = stride(from: 0, to: times.count, by: 2).map { times[$0] }
      once[9].time *= 4
      let single = CurveNoise(curve(op, once), on: device)
      #expect(single.betweenRepeats == nil)
      found.append(try #require(single.alongAxes))
    }
    for estimates in [found, repeats] {
      let mean = estimates.reduce(0, +) / Double(estimates.count)
      #expect(abs(mean / noise - 1) < 0.2, "\(mean)")
    }
  }

  @Test func `Curves without shape, work or points are no trouble`() {
    let empty = curve(Operator(.gemm, dataType: nil), [])
    let unknown = curve(
      Operator(OperatorKind(rawValue: "moeDispatch"), dataType: nil),
      [(AxisPoint(1), 10), (AxisPoint(2), .nan), (AxisPoint(4), -1), (AxisPoint(8), 1e300)])
    let outliers = SampleOutliers([empty, unknown], on: device)
    #expect(outliers.findings.isEmpty)
    #expect(CurveNoise(empty, on: device).scale == 0.02)
  }

  /// Two and two have no majority: the neighbours, at 10,000 ns, tell which pair is wrong. Without neighbours
  /// neither is, and far from them both are.
  @Test(
    arguments: [
      ([10, 10, 14, 14], 8, []), ([10, 10, 80, 80], 8, [2, 3]), ([80, 10, 80, 10], 8, [0, 2]),
      ([10, 10, 90, 10], 8, [2]), ([10, 11, 90, 91, 92], 8, [0, 1]), ([10, 10, 80, 80], 0, []),
      ([40, 40, 80, 80], 8, [0, 1, 2, 3]), ([0.001, 10, 10], 8, [0]), ([0.001, 10], 8, [0]),
      ([10, 16], 8, [1]), ([10, 12], 8, []), ([10, 16], 0, []),
    ] as [([Double], Int, [Int])])
  func `Of repetitions those are left out that most others or the neighbours contradict`(
    microseconds: [Double], neighbours: Int, excluded: [Int]
  ) {
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 1024, "k": 1024])
    let around: [Time] = (1...20).map { (AxisPoint($0), 10_000.0) }
    let times: [Time] = microseconds.map { (AxisPoint(9), 1000 * $0) }
    let all = around.prefix(neighbours) + times + (neighbours > 0 ? around.suffix(11) : [])
    let curves = [curve(op, Array(all))]
    let kept = SampleOutliers(curves, on: device).excluding(from: curves)[0].samples
    let here = kept.filter { $0.point == AxisPoint(9) }.map(\.duration.median)
    let expected = times.indices.filter { !excluded.contains($0) }.map { times[$0].time }
    #expect(here == expected)
    #expect(kept.count == all.count - excluded.count)
  }

  /// Norms have no field: their own cells must not pass through a disturbed point.
  @Test(arguments: [1.0, 40]) func `A spike changes nothing of a kind without a field`(
    spike: Double
  )
    throws
  {
    let op = Operator(.rmsNorm, dataType: .bfloat16, ["width": 4096])
    let times = (1...30).map { step -> Time in
      let time = 4000 + 40 * Double(step)
      return (AxisPoint(16 * step), step == 14 ? spike * time : time)
    }
    let model = CostModel(curves: [curve(op, times)], on: device)
    for tokens in [14 * 16, 14 * 16 + 4] {
      let prediction = try #require(model.predict(op, at: AxisPoint(tokens)))
      let expected = 4000 + 2.5 * Double(tokens)
      #expect(abs(prediction.nanoseconds / expected - 1) < 0.01)
    }
  }
}

extension SplitMix64 {
  /// A normally distributed number (Box and Muller, 1958).
  fileprivate mutating func normal() -> Double {
    (-2 * log(max(unit(), 1e-300))).squareRoot() * cos(2 * .pi * unit())
  }
}
