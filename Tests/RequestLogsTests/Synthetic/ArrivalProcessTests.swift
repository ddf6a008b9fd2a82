import Foundation
import Operators
import Testing

@testable import RequestLogs

/// Means of long samples against theory, with the doubt that the sample itself shows: the means of
/// successive batches scatter as the mean of all does, also where gaps depend on each other.
private struct BatchMean {
  let mean: Double
  let deviation: Double

  init(_ values: [Double], batches: Int = 40) {
    let size = values.count / batches
    let means = (0..<batches).map { batch in
      values[batch * size..<(batch + 1) * size].reduce(0, +) / Double(size)
    }
    let mean = means.reduce(0, +) / Double(batches)
    let squares = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    deviation = (squares / Double(batches - 1) / Double(batches)).squareRoot()
  }

  /// Within five deviations, or as near as nanoseconds allow.
  func agrees(with expected: Double) -> Bool {
    abs(mean - expected) <= 5 * deviation + 1e-7 * expected
  }
}

private func gaps(_ process: ArrivalProcess, count: Int, seed: UInt64 = 1) -> [Double] {
  var clock = ArrivalClock(process, random: RandomStream(seed: seed, name: "test"))
  var last = Nanoseconds.zero
  return (0..<count).compactMap { _ in
    guard let next = clock.next() else { return nil }
    defer { last = next }
    return (next - last).seconds
  }
}

private let processes: [ArrivalProcess] = [
  .poisson(rate: 7), .poisson(rate: 1e5), .uniform(rate: 3), .normal(rate: 20, variation: 0.3),
  .normal(rate: 20, variation: 1.5), .gamma(rate: 5, variation: 0.5),
  .gamma(rate: 5, variation: 2.5),
  .renewal(rate: 0.01, gaps: .weibull(shape: 0.7)), .renewal(rate: 4, gaps: .weibull(shape: 2)),
  .markovModulated([
    .init(rate: 2, meanDwell: 8), .init(rate: 40, meanDwell: 1),
  ]),
  .markovModulated([
    .init(rate: 0, meanDwell: 0.3), .init(rate: 9, meanDwell: 0.5), .init(rate: 30, meanDwell: 0.1),
  ]),
  .diurnal(rate: 10, amplitude: 0.8, period: 20), .diurnal(rate: 2, amplitude: 1, period: 1),
  .sineFourth(rate: 10, period: 20), .sineFourth(rate: 3, period: 0.5),
  .windows([.init(duration: 600, rate: 2, gaps: .gamma(variation: 2))], repeats: true),
]

@Suite("Arrivals of a synthetic workload")
struct ArrivalProcessTests {
  @Test("come at the rate, and with the variation, that theory tells", arguments: processes)
  func theory(process: ArrivalProcess) throws {
    try process.validate()
    let gaps = gaps(process, count: 40_000)
    let mean = 1 / process.rate
    #expect(BatchMean(gaps).agrees(with: mean))
    let variation = try #require(process.variation)
    let square = (1 + variation * variation) * mean * mean
    #expect(BatchMean(gaps.map { $0 * $0 }).agrees(with: square))
  }

  @Test("with independent gaps have a mean within the deviation that their variation gives")
  func renewal() throws {
    for process in processes {
      guard case .renewal(let rate, let distribution) = process else { continue }
      let count = 40_000
      let gaps = gaps(process, count: count, seed: 2)
      let deviation = distribution.variation / rate / Double(count).squareRoot()
      #expect(abs(gaps.reduce(0, +) / Double(count) - 1 / rate) <= 5 * deviation + 1e-9)
    }
  }

  @Test(
    "with periodic rates follow them: each eighth of the period has its Poisson share",
    arguments: [
      ArrivalProcess.diurnal(rate: 40, amplitude: 0.9, period: 10, phase: 0.2),
      .diurnal(rate: 40, amplitude: 0.9, period: 1), .sineFourth(rate: 40, period: 10),
    ])
  func periodic(process: ArrivalProcess) {
    let period: Double
    let rate: (Double) -> Double
    switch process {
    case .diurnal(let mean, let amplitude, let length, let phase):
      period = length
      rate = { mean * (1 + amplitude * sin(2 * .pi * ($0 / length + phase))) }
    case .sineFourth(let mean, let length):
      period = length
      rate = { mean * 8 / 3 * pow(sin(.pi * $0 / length), 4) }
    default: return
    }
    let periods = 40_000 / (40 * period)
    var counts = [Double](repeating: 0, count: 8)
    var clock = ArrivalClock(process, random: RandomStream(seed: 5, name: "test"))
    while let time = clock.next()?.seconds, time < periods * period {
      counts[min(7, Int(time.truncatingRemainder(dividingBy: period) / period * 8))] += 1
    }
    for eighth in 0..<8 {
      let steps = 1_000
      let expected = (0..<steps).reduce(0.0) { sum, step in
        let place = (Double(eighth) + (Double(step) + 0.5) / Double(steps)) / 8
        return sum + rate(place * period) * period / 8 / Double(steps)
      }
      let mean = expected * periods
      #expect(abs(counts[eighth] - mean) <= 5 * mean.squareRoot() + 1)
    }
  }

  @Test("of windows come at each one's rate, over silence, and end or begin again")
  func windows() {
    let windows: [ArrivalProcess.RateWindow] = [
      .init(duration: 2, rate: 2, gaps: .constant), .init(duration: 3, rate: 0),
      .init(duration: 1, rate: 4, gaps: .constant),
    ]
    let once = gaps(.windows(windows, repeats: false), count: 100)
    // The gap from 2 s on is used up from 5 s on at the rate there.
    #expect(once == [0.5, 0.5, 0.5, 0.5, 3.25, 0.25, 0.25, 0.25])
    let again = gaps(.windows(windows, repeats: true), count: 16)
    #expect(again == [0.5, 0.5, 0.5, 0.5, 3.25, 0.25, 0.25, 0.25] + again.suffix(8))
    #expect(Array(again.suffix(8)) == [0.5, 0.5, 0.5, 0.5, 3.25, 0.25, 0.25, 0.25])
    // A rate so low that whole rounds pass without an arrival.
    let rare = ArrivalProcess.windows(
      [.init(duration: 1, rate: 1e-4, gaps: .constant), .init(duration: 1, rate: 0)], repeats: true)
    #expect(gaps(rare, count: 3).allSatisfy { abs($0 - 20_000) <= 1 })
    #expect(ArrivalProcess.windows(windows, repeats: true).variation == nil)
    #expect(abs(ArrivalProcess.windows(windows, repeats: true).rate - 8.0 / 6) < 1e-12)
  }

  @Test("have variations that agree with closed forms of special cases")
  func closedForms() throws {
    func near(_ process: ArrivalProcess, _ expected: Double, _ tolerance: Double = 1e-9) throws {
      let variation = try #require(process.variation)
      #expect(abs(variation - expected) <= tolerance * max(1, expected), "\(process)")
    }
    // Interrupted Poisson processes have hyperexponential gaps (Kuczura, 1973).
    for (rate, on, off) in [(5.0, 2.0, 3.0), (100, 0.1, 60), (1, 50, 0.5)] {
      let (leave, enter) = (1 / on, 1 / off)
      let square = 1 + 2 * rate * leave / ((leave + enter) * (leave + enter))
      try near(
        .markovModulated([.init(rate: rate, meanDwell: on), .init(rate: 0, meanDwell: off)]),
        square.squareRoot())
    }
    // States of one rate are no states.
    try near(
      .markovModulated((0..<5).map { .init(rate: 3, meanDwell: Double($0) + 0.1) }), 1)
    // A slow period: exponential gaps at each instant's rate. A fast one: its mean.
    for amplitude in [0, 0.5, 0.9] {
      let slow = (2 / (1 - amplitude * amplitude).squareRoot() - 1).squareRoot()
      try near(.diurnal(rate: 100, amplitude: amplitude, period: 1e5), slow, 1e-3)
      try near(.diurnal(rate: 1e-6, amplitude: amplitude, period: 1), 1, 1e-3)
    }
    try near(.sineFourth(rate: 1e-6, period: 1), 1, 1e-3)
    try near(.renewal(rate: 1, gaps: .weibull(shape: 1)), 1)
    try near(.renewal(rate: 1, gaps: .weibull(shape: 2)), (4 / Double.pi - 1).squareRoot())
    // Hardly cut, and cut to nearly a half: the half-normal.
    try near(.normal(rate: 1, variation: 0.1), 0.1)
    try near(.normal(rate: 1, variation: 100), (Double.pi / 2 - 1).squareRoot(), 0.01)
  }

  @Test("lose no time to rounding: constant gaps of ten thirds of a nanosecond")
  func rounding() {
    var clock = ArrivalClock(.uniform(rate: 3e8), random: RandomStream(seed: 0, name: ""))
    var last: Nanoseconds?
    for _ in 0..<30_000 { last = clock.next() }
    #expect(abs((last?.rawValue ?? 0) - 100_000) <= 1)
  }
}
