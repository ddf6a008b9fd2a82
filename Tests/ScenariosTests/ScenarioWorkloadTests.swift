import Operators
import RequestLogs
import Testing

@testable import Scenarios

@Suite struct ScenarioWorkloadTests {
  /// The workload of the smallest scenario, with these lines of it.
  private func workload(_ lines: String) throws -> SyntheticWorkload {
    let yaml = """
      version: 1
      name: n
      seed: 3
      engines: [{name: x, kind: external}]
      pipelines: [{name: p, stages: [{do: call, on: x, seconds: 1}]}]
      workload:
        requests: 5
      \(lines)
      """
    return try #require(try Scenario(yaml: yaml, path: "w.yaml").workload)
  }

  @Test(
    "Every process can be asked for",
    arguments: [
      ("poisson, rate: 2", .poisson(rate: 2)), ("uniform, rate: 2", .uniform(rate: 2)),
      ("normal, rate: 2, cv: 0.5", .normal(rate: 2, variation: 0.5)),
      ("gamma, rate: 2, cv: 3", .gamma(rate: 2, variation: 3)),
      ("weibull, rate: 2, shape: 0.7", .renewal(rate: 2, gaps: .weibull(shape: 0.7))),
      (
        "markov, states: [{rate: 1, dwell_s: 9}, {rate: 0, dwell_s: 4}]",
        .markovModulated([
          ArrivalProcess.MarkovState(rate: 1, meanDwell: 9),
          ArrivalProcess.MarkovState(rate: 0, meanDwell: 4),
        ])
      ),
      (
        "diurnal, rate: 2, amplitude: 0.8, period_s: 86400",
        .diurnal(rate: 2, amplitude: 0.8, period: 86_400)
      ),
      (
        "diurnal, rate: 2, amplitude: 0, period_s: 1, phase: -0.25",
        .diurnal(rate: 2, amplitude: 0, period: 1, phase: -0.25)
      ),
      ("bursty, rate: 2, period_s: 60", .sineFourth(rate: 2, period: 60)),
      (
        "windows, windows: [{for_s: 1, rate: 2, gaps: {kind: weibull, shape: 3}}]",
        .windows(
          [ArrivalProcess.RateWindow(duration: 1, rate: 2, gaps: .weibull(shape: 3))],
          repeats: true)
      ),
    ] as [(String, ArrivalProcess)])
  func processes(text: String, expected: ArrivalProcess) throws {
    let shared = try workload(
      "  arrivals: {kind: \(text)}\n  streams: [{name: a, share: 1, input: 1, output: 1}]")
    #expect(shared.arrivals == expected)
    let own = try workload(
      "  streams: [{name: a, arrivals: {kind: \(text)}, input: 1, output: 1}]")
    #expect(own.streams.map(\.load) == [.arrivals(expected)])
    #expect(own.seed == 3)
    #expect(try own.records().count == 5)
  }

  @Test(
    "Every distribution of lengths can be asked for",
    arguments: [
      ("7", .constant(7)), ("{kind: constant, tokens: 7}", .constant(7)),
      ("{kind: uniform, min: 3, max: 9}", .uniform(minimum: 3, maximum: 9)),
      ("{kind: normal, mean: 30.5, cv: 0.5}", .normal(mean: 30.5, variation: 0.5)),
      ("{kind: normal, mean: 3, cv: 0, max: 9}", .normal(mean: 3, variation: 0, maximum: 9)),
      ("{kind: lognormal, mean: 30, cv: 2}", .logNormal(mean: 30, variation: 2)),
      (
        "{kind: lognormal, mean: 30, cv: 2, max: 99}",
        .logNormal(mean: 30, variation: 2, maximum: 99)
      ),
      (
        "{kind: zipf, min: 1, max: 9, exponent: 0}", .zipf(minimum: 1, maximum: 9, exponent: 0)
      ),
      ("{kind: pareto, min: 2, max: 9, shape: 1.5}", .pareto(minimum: 2, maximum: 9, shape: 1.5)),
      (
        "{kind: measured, tokens: [4, 2]}",
        .empirical([
          LengthDistribution.WeightedLength(tokens: 4),
          LengthDistribution.WeightedLength(tokens: 2),
        ])
      ),
    ] as [(String, LengthDistribution)])
  func lengths(text: String, expected: LengthDistribution) throws {
    let read = try workload(
      "  streams: [{name: a, arrivals: {kind: poisson, rate: 1}, input: \(text), output: \(text)}]")
    #expect(read.streams.map(\.input) == [expected])
    #expect(read.streams.map(\.output) == [expected])
  }

  @Test(
    "Every distribution of pauses can be asked for",
    arguments: [
      ("constant", .constant), ("exponential", .exponential),
      ("normal, cv: 0.5", .normal(variation: 0.5)), ("gamma, cv: 2", .gamma(variation: 2)),
      ("weibull, shape: 2", .weibull(shape: 2)),
    ] as [(String, GapDistribution)])
  func pauses(text: String, expected: GapDistribution) throws {
    let read = try workload(
      """
        streams:
          - name: a
            arrivals: {kind: poisson, rate: 1}
            input: 1
            output: 1
            sessions: {mean_turns: 2, mean_think_s: 5, think: {kind: \(text)}}
      """)
    let sessions = SessionShape(meanTurns: 2, meanThinkTime: 5, thinkTimes: expected)
    #expect(read.streams.map(\.sessions) == [sessions])
  }

  @Test("Clients of a mixture are drawn with the scenario's seed, after the streams")
  func mixture() throws {
    let read = try workload("  mixtures: [{name: m, clients: 5, rate: 2}]")
    #expect(read.streams == (try ClientMixture(name: "m", clients: 5, rate: 2).streams(seed: 3)))
    #expect(abs(read.rate - 2) < 1e-9)
  }

  /// What is written instead of what in the whole example, and what is said of it.
  static let errors: [(String, String, String)] = [
    ("requests: 10000", "requests: 0", "'requests' is a whole number, 1 to 2147483647, not '0'"),
    ("requests: 10000", "request: 10", "a workload has no key 'request'; did you mean 'requests'?"),
    ("for_s: 3600", "for_s: 0", "'for_s' is a number, 1e-09 to 1000000000.0, not '0'"),
    ("kind: gamma, rate: 12", "kind: gama, rate: 12", "'kind' is one of poisson, uniform, normal"),
    ("kind: gamma, rate: 12", "kind: gama, rate: 12", "not 'gama'; did you mean 'gamma'?"),
    ("kind: gamma, rate: 12", "rate: 12", "'arrivals' needs the key 'kind'"),
    ("kind: gamma, rate: 12, cv: 2", "kind: gamma, rate: 12", "'arrivals' needs the key 'cv'"),
    ("kind: gamma, rate: 12", "kind: poisson, rate: 12", "'cv' belongs to 'kind: normal|gamma'"),
    (
      "kind: gamma, rate: 12", "kind: gamma, rat: 1, rate: 12", "no key 'rat'; did you mean 'rate'?"
    ),
    ("rate: 12, cv: 2", "rate: -1, cv: 2", "'rate' is a number, 1e-09 to 1000000000.0, not '-1'"),
    ("rate: 12, cv: 2", "rate: 12, cv: nan", "'cv' is a number, 0.0 to 10000.0, not 'nan'"),
    ("{kind: gamma, rate: 12, cv: 2}", "12", "'arrivals' is written as 'key: value' lines"),
    ("share: 0.7", "share: 0", "'share' is a number above 0.0"),
    ("mean: 900", "mean: 0.5", "'mean' is a number, 1.0 to 16777216.0, not '0.5'"),
    ("kind: lognormal", "kind: log-normal", "not 'log-normal'; did you mean 'lognormal'?"),
    ("output: 250", "output: 0", "'output' is a whole number, 1 to 16777216, or has a 'kind', not"),
    ("output: 250", "output: 2.5", "or has a 'kind', not '2.5'"),
    ("output: 250", "output: [250]", "'output' is written as 'key: value' lines"),
    ("output: 250", "outputs: 250", "a stream has no key 'outputs'; did you mean 'output'?"),
    (
      "{count: 20, tokens: 800", "{count: 20, token: 800",
      "a 'prefixes' has no key 'token'; did you"
    ),
    ("mean_turns: 4", "mean_turns: 0.9", "'mean_turns' is a number, 1.0 to 1000000.0, not '0.9'"),
    ("think: {kind: gamma, cv: 1.5}", "think: gamma", "'think' is written as 'key: value' lines"),
    ("think: {kind: gamma, cv: 1.5}", "think: {kind: bursty}", "'kind' is one of constant, expon"),
    ("{for_s: 60, rate: 3}", "{for_s: 60}", "a window needs the key 'rate'"),
    ("rate: 0, gaps", "rate: 0, gap", "a window has no key 'gap'; did you mean 'gaps'?"),
    ("repeats: false", "repeats: 1", "'repeats' is true or false, not '1'"),
    ("tokens: [1, 7, 9]", "tokens: []", "'tokens' is a list of 1 to 1048576 whole numbers"),
    (
      "weights: [3, 0, 0.5]", "weights: [3, 0]", "'weights' has one number for each of 'tokens' (3)"
    ),
    ("weights: [3, 0, 0.5]", "weights: [3, 0, -1]", "'weights' is a list of 1 to 1048576 numbers"),
    ("clients: 3", "clients: 65537", "'clients' is a whole number, 1 to 65536, not '65537'"),
    ("{mean: 91}", "{means: 91}", "an 'output' has no key 'means'; did you mean 'mean'?"),
    // What parts say about each other.
    ("name: nightly", "name: chat", "'chat' is the name of an earlier one, too"),
    ("min: 16, max: 4097", "min: 16, max: 15", "'max' is at least 'min' (16)"),
    ("weights: [3, 0, 0.5]", "weights: [0, 0, 0]", "weights that add up to a number"),
  ]

  @Test("What is wrong has its line, and what to do is said", arguments: errors)
  func error(old: String, new: String, message: String) throws {
    try ScenarioErrorTests().check(old, new, message)
  }

  @Test(
    "A workload has an end, and shares are of something",
    arguments: [
      (
        [("  requests: 10000\n", ""), ("  for_s: 3600\n", "")], 99,
        "a workload needs 'requests', 'for_s' or both"
      ),
      ([("  arrivals: {kind: gamma, rate: 12, cv: 2}\n", "")], 105, "'share' is of the workload's"),
      (
        [("share: 0.7", "arrivals: {kind: poisson, rate: 1}")], 101,
        "no stream has a 'share' of the workload's"
      ),
      (
        [("      share: 0.7\n", "")], 104,
        "a stream needs 'share', of the workload's 'arrivals', or"
      ),
    ] as [([(String, String)], Int, String)])
  func missing(changes: [(String, String)], line: Int, message: String) {
    let yaml = changes.reduce(ScenarioReaderTests.whole) { $0.replacing($1.0, with: $1.1) }
    let error = #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "") }
    #expect(error?.message.contains(message) == true, "\(String(describing: error))")
    #expect(error?.line == line)
  }

  @Test("Clients of all mixtures are counted before they are drawn")
  func tooMany() {
    let clients = (0..<3).map { "{name: m\($0), clients: 65536, rate: 1}" }.joined(separator: ", ")
    let error = #expect(throws: ScenarioError.self) { try workload("  mixtures: [\(clients)]") }
    #expect(error?.message.contains("more than 131072 streams") == true)
  }
}
