import Operators
import RequestLogs
import Testing

@testable import Scenarios

@Suite struct ScenarioWorkloadConflictTests {
  typealias Change = @Sendable (inout SyntheticWorkload) -> Void

  private static func stream(
    _ change: @escaping @Sendable (inout ClientStream) -> Void
  ) -> Change {
    { change(&$0.streams[0]) }
  }

  private static func input(_ lengths: LengthDistribution) -> Change {
    stream { $0.input = lengths }
  }

  private static func arrivals(_ process: ArrivalProcess) -> Change { { $0.arrivals = process } }

  private static func state(_ rate: Double, _ dwell: Double) -> ArrivalProcess.MarkovState {
    ArrivalProcess.MarkovState(rate: rate, meanDwell: dwell)
  }

  private static func weighted(_ tokens: Int, _ weight: Double) -> LengthDistribution {
    .empirical([LengthDistribution.WeightedLength(tokens: tokens, weight: weight)])
  }

  /// Changes of the whole example's workload, and where each is told; nil where nothing is wrong.
  static let changes: [(String?, Change)] = [
    (nil, { _ in }),
    (nil, { $0.count = nil }), (nil, { $0.duration = nil }),
    ("requests", { ($0.count, $0.duration) = (nil, nil) }),
    ("requests", { $0.count = 0 }), (nil, { $0.count = Int(Int32.max) }),
    ("requests", { $0.count = .max }),
    ("for_s", { $0.duration = .zero }), (nil, { $0.duration = Nanoseconds(1) }),
    ("tokens_per_content_name", { $0.tokensPerContentName = 0 }),
    ("streams", { $0.streams = [] }),
    ("streams[0].share", { $0.arrivals = nil }),
    ("streams[1].name", { $0.streams[1].name = "chat" }),
    ("arrivals", stream { $0.load = .arrivals(.poisson(rate: 1)) }),
    ("streams[0].share", stream { $0.load = .share(0) }),
    ("streams[0].share", stream { $0.load = .share(.infinity) }),
    ("streams[0].arrivals.rate", stream { $0.load = .arrivals(.poisson(rate: .nan)) }),
    ("streams[0].priority", stream { $0.priority = .max }),
    (nil, stream { $0.priority = Int(Int32.min) }),
    ("streams[0].prefixes.count", stream { $0.prefixes?.count = 0 }),
    (nil, stream { $0.prefixes?.count = 1 << 20 }),
    ("streams[0].prefixes.count", stream { $0.prefixes?.count = 1 + 1 << 20 }),
    ("streams[0].prefixes.tokens", stream { $0.prefixes?.tokens = .max }),
    ("streams[0].prefixes.exponent", stream { $0.prefixes?.exponent = -1 }),
    ("streams[0].sessions.mean_turns", stream { $0.sessions?.meanTurns = 0 }),
    ("streams[0].sessions.mean_turns", stream { $0.sessions?.meanTurns = 1_000_001 }),
    ("streams[0].sessions.mean_think_s", stream { $0.sessions?.meanThinkTime = -1 }),
    ("streams[0].sessions.max_context", stream { $0.sessions?.maximumContext = 0 }),
    (
      "streams[0].sessions.think.shape", stream { $0.sessions?.thinkTimes = .weibull(shape: 0.09) }
    ),
    (nil, stream { $0.sessions?.thinkTimes = .weibull(shape: 0.1) }),
    ("arrivals.rate", arrivals(.poisson(rate: 0))), (nil, arrivals(.poisson(rate: 1e-9))),
    (nil, arrivals(.uniform(rate: 1e9))), ("arrivals.rate", arrivals(.uniform(rate: 1.1e9))),
    ("arrivals.cv", arrivals(.normal(rate: 1, variation: -1))),
    ("arrivals.cv", arrivals(.gamma(rate: 1, variation: 10_001))),
    (nil, arrivals(.gamma(rate: 1, variation: 10_000))),
    ("arrivals.shape", arrivals(.renewal(rate: 1, gaps: .weibull(shape: 101)))),
    ("arrivals.states", arrivals(.markovModulated([]))),
    ("arrivals.states", arrivals(.markovModulated(.init(repeating: state(1, 1), count: 65)))),
    (nil, arrivals(.markovModulated(.init(repeating: state(1, 1), count: 64)))),
    ("arrivals.states[1].rate", arrivals(.markovModulated([state(1, 1), state(-1, 1)]))),
    ("arrivals.states[0].dwell_s", arrivals(.markovModulated([state(1, 0)]))),
    ("arrivals.kind", arrivals(.markovModulated([state(0, 1)]))),
    ("arrivals.kind", arrivals(.markovModulated([state(1, 1e-6), state(0, 1e-6)]))),
    ("arrivals.amplitude", arrivals(.diurnal(rate: 1, amplitude: 1.01, period: 1))),
    ("arrivals.phase", arrivals(.diurnal(rate: 1, amplitude: 1, period: 1, phase: 2))),
    (nil, arrivals(.diurnal(rate: 1, amplitude: 1, period: 1, phase: 1))),
    ("arrivals.kind", arrivals(.diurnal(rate: 1e9, amplitude: 1, period: 1e4))),
    ("arrivals.period_s", arrivals(.sineFourth(rate: 1, period: 0))),
    ("arrivals.kind", arrivals(.sineFourth(rate: 1e9, period: 1e4))),
    ("arrivals.windows", arrivals(.windows([], repeats: true))),
    (
      "arrivals.windows[0].for_s",
      arrivals(.windows([ArrivalProcess.RateWindow(duration: 0, rate: 1)], repeats: true))
    ),
    (
      "arrivals.windows[0].gaps.cv",
      arrivals(
        .windows(
          [ArrivalProcess.RateWindow(duration: 1, rate: 1, gaps: .gamma(variation: -1))],
          repeats: true))
    ),
    (
      "arrivals.kind",
      arrivals(.windows([ArrivalProcess.RateWindow(duration: 1, rate: 0)], repeats: false))
    ),
    ("streams[0].input.tokens", input(.constant(0))), (nil, input(.constant(1 << 24))),
    ("streams[0].input.tokens", input(.constant(1 + 1 << 24))),
    ("streams[0].input.min", input(.uniform(minimum: 0, maximum: 1))),
    ("streams[0].input.max", input(.uniform(minimum: 2, maximum: 1))),
    (nil, input(.uniform(minimum: 2, maximum: 2))),
    ("streams[0].input.mean", input(.normal(mean: 0.9, variation: 1))),
    ("streams[0].input.cv", input(.logNormal(mean: 1, variation: .nan))),
    ("streams[0].input.max", input(.logNormal(mean: 1, variation: 1, maximum: 0))),
    ("streams[0].input.exponent", input(.zipf(minimum: 1, maximum: 2, exponent: 20.1))),
    (nil, input(.zipf(minimum: 1, maximum: 2, exponent: 20))),
    ("streams[0].input.shape", input(.pareto(minimum: 1, maximum: 2, shape: 0))),
    (nil, input(.pareto(minimum: 1, maximum: 2, shape: 0.01))),
    ("streams[0].input.tokens", input(.empirical([]))),
    ("streams[0].input.tokens", input(weighted(0, 1))),
    ("streams[0].input.weights", input(weighted(1, -1))),
    ("streams[0].input.kind", input(weighted(1, 0))),
    ("streams[0].output.cv", stream { $0.output = .normal(mean: 1, variation: -1) }),
  ]

  @Test(
    "What is told of values made in code is what the workload itself says",
    arguments: changes.indices)
  func values(index: Int) {
    let (place, change) = Self.changes[index]
    var scenario = ScenarioReaderTests.expected
    guard var workload = scenario.workload else { return }
    change(&workload)
    scenario.workload = workload
    let conflict = scenario.firstConflict?.description
    if let place {
      #expect(conflict?.hasPrefix("workload.\(place): ") == true, "\(conflict ?? "none")")
      #expect(throws: RequestLogError.self) { try workload.validate() }
    } else {
      #expect(conflict == nil)
      #expect(throws: Never.self) { try workload.validate() }
    }
  }

  @Test("Only a scenario asks for names and for classes that a pipeline takes")
  func names() {
    var scenario = ScenarioReaderTests.expected
    scenario.workload?.streams[0].requestClass = ""
    #expect(scenario.firstConflict?.description.hasPrefix("workload.streams[0].class: ") == true)
    scenario.workload?.streams[0].requestClass = "any"
    #expect(scenario.firstConflict == nil)
    scenario.pipelines[1].requestClass = "rest"
    scenario.pipelines[1].stages[3].condition.requestClass = nil
    #expect(
      scenario.firstConflict?.description
        == "workload.streams[0].class: there is no pipeline for class 'any'; known are 'rag', 'rest'"
    )
    scenario.workload?.streams[0].name = ""
    #expect(scenario.firstConflict?.description.hasPrefix("workload.streams[0].name: ") == true)
  }
}
