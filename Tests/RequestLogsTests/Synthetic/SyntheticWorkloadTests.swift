import Foundation
import Operators
import RequestLogs
import Testing

private func stream(_ name: String, rate: Double = 10) -> ClientStream {
  ClientStream(
    name: name, load: .arrivals(.poisson(rate: rate)),
    input: .uniform(minimum: 50, maximum: 150), output: .uniform(minimum: 1, maximum: 40))
}

/// Within five deviations of a binomial.
private func agrees(_ count: Int, of trials: Int, share: Double) -> Bool {
  let mean = Double(trials) * share
  return abs(Double(count) - mean) <= 5 * (mean * (1 - share)).squareRoot()
}

@Suite("A synthetic workload")
struct SyntheticWorkloadTests {
  @Test("comes in order of arrival, merged from its streams at their rates, and is the same again")
  func merge() throws {
    let workload = SyntheticWorkload(
      seed: 4, streams: [stream("a", rate: 3), stream("b", rate: 9)], count: 6_000)
    let records = try workload.records()
    #expect(records.count == 6_000)
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.arrival <= $1.arrival })
    #expect(records.map(\.id) == (0..<6_000).map(String.init))
    #expect(agrees(records.count { $0.requestClass == "a" }, of: 6_000, share: 0.25))
    #expect(workload.rate == 12)
    // Poisson streams together are one.
    let span = try #require(records.last).arrival.seconds
    #expect(abs(span - 500) < 5 * 6_000.0.squareRoot() / 12)
    #expect(records.allSatisfy { (50...150).contains($0.inputTokens) && $0.content.isEmpty })
    #expect(try workload.records() == records)
    var other = workload
    other.seed = 5
    #expect(try other.records().map(\.arrival) != records.map(\.arrival))
  }

  @Test("keeps a stream as it is when another comes or changes")
  func independence() throws {
    func requests(_ streams: [ClientStream]) throws -> [RequestRecord] {
      try SyntheticWorkload(seed: 9, streams: streams, duration: Nanoseconds(seconds: 20)).records()
        .filter { $0.requestClass == "a" }.map { record in
          var record = record
          record.id = ""
          return record
        }
    }
    var changed = stream("b")
    changed.input = .constant(3)
    let alone = try requests([stream("a")])
    #expect(alone.count > 100)
    #expect(try requests([changed, stream("a")]) == alone)
    var longer = stream("a")
    longer.output = .constant(7)
    let other = try requests([longer])
    #expect(other.map(\.arrival) == alone.map(\.arrival))
    #expect(other.map(\.inputTokens) == alone.map(\.inputTokens))
  }

  @Test("shares arrivals among streams by their shares")
  func shares() throws {
    var streams = [stream("a"), stream("b"), stream("c", rate: 2)]
    streams[0].load = .share(1)
    streams[1].load = .share(3)
    let workload = SyntheticWorkload(
      streams: streams, arrivals: .uniform(rate: 8), duration: Nanoseconds(seconds: 500))
    let records = try workload.records()
    let shared = records.filter { $0.requestClass != "c" }
    #expect(workload.rate == 10)
    #expect(shared.count == 3_999)
    #expect(shared.indices.allSatisfy { shared[$0].arrival.rawValue == ($0 + 1) * 125_000_000 })
    #expect(agrees(shared.count { $0.requestClass == "a" }, of: 3_999, share: 0.25))
  }

  @Test("has prompts that share beginnings, the most popular most often")
  func prefixes() throws {
    var chat = stream("chat")
    chat.prefixes = SharedPrefixes(count: 4, tokens: 100, exponent: 1)
    let records = try SyntheticWorkload(streams: [chat], count: 4_000).records()
    // 100 tokens are six whole pieces of 16; the rest of a prompt is its own.
    let beginnings = Dictionary(grouping: records) { Array($0.content.prefix(6)) }
    let counts = beginnings.values.map(\.count).sorted(by: >)
    #expect(counts.count == 4)
    for (rank, count) in counts.enumerated() {
      #expect(agrees(count, of: 4_000, share: 12.0 / 25 / Double(rank + 1)))
    }
    #expect(records.allSatisfy { $0.content.count == $0.inputTokens / 16 })
    #expect(records.allSatisfy { (150...250).contains($0.inputTokens) })
    let rest = records.flatMap { $0.content.dropFirst(6) }
    #expect(Set(rest).count == rest.count)
    #expect(LogSummary(RequestLog(records: records)).contentMisfits == 0)
  }

  @Test("has conversations whose prompts repeat what was said, after pauses")
  func sessions() throws {
    var agents = stream("agents", rate: 1)
    agents.prefixes = SharedPrefixes(count: 1, tokens: 64)
    agents.sessions = SessionShape(meanTurns: 4, meanThinkTime: 5)
    let workload = SyntheticWorkload(streams: [agents], duration: Nanoseconds(seconds: 3_000))
    #expect(workload.rate == 4)
    let records = try workload.records()
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.arrival <= $1.arrival })
    let sessions = Dictionary(grouping: records) { $0.session ?? "" }
    for turns in sessions.values {
      #expect(turns[0].thinkTime == nil)
      for (earlier, later) in zip(turns, turns.dropFirst()) {
        let context = earlier.inputTokens + earlier.outputTokens
        #expect(later.inputTokens - context >= 50 && later.inputTokens - context <= 150)
        #expect(later.arrival == earlier.arrival + (later.thinkTime ?? .zero))
        #expect(later.content.starts(with: earlier.content))
        #expect(earlier.content.count == context / 16)
      }
      #expect(turns[0].content.prefix(4) == records[0].content.prefix(4))
    }
    // Sessions that began long before the end have all their turns.
    let whole = sessions.values.filter { $0[0].arrival < Nanoseconds(seconds: 2_500) }
    let turns = whole.map { Double($0.count) }
    let mean = turns.reduce(0, +) / Double(turns.count)
    // A geometric of mean 4 has a deviation of √12.
    #expect(abs(mean - 4) < 5 * (12 / Double(turns.count)).squareRoot())
    let pauses = records.compactMap(\.thinkTime?.seconds)
    let pause = pauses.reduce(0, +) / Double(pauses.count)
    #expect(abs(pause - 5) < 5 * 5 / Double(pauses.count).squareRoot() + 0.05)
    let waits = try #require(SessionTurns(records))
    #expect(waits.predecessors.count { $0 < 0 } == sessions.count)
    #expect(LogSummary(RequestLog(records: records)).contentMisfits == 0)
  }

  @Test("ends sessions before their context is too long, and cuts none of the first turns' answers")
  func longestContext() throws {
    var agents = stream("agents", rate: 1)
    agents.sessions = SessionShape(meanTurns: 1e6, meanThinkTime: 0, maximumContext: 1_000)
    let records = try SyntheticWorkload(streams: [agents], count: 2_000).records()
    #expect(records.allSatisfy { $0.inputTokens + $0.outputTokens <= 1_000 })
    #expect(records.contains { $0.inputTokens + $0.outputTokens > 800 })
    agents.sessions?.growsContext = false
    let fresh = try SyntheticWorkload(streams: [agents], count: 100).records()
    #expect(Set(fresh.compactMap(\.session)).count == 1)
    #expect(fresh.allSatisfy { $0.inputTokens <= 150 && $0.content.isEmpty })
    agents.input = .constant(5_000)
    agents.sessions?.growsContext = true
    let cut = try SyntheticWorkload(streams: [agents], count: 100).records()
    #expect(cut.allSatisfy { $0.inputTokens + $0.outputTokens == 1_000 })
  }

  @Test("of many clients has their rates and lengths on the whole, and a few of them send most")
  func mixture() throws {
    var mixture = ClientMixture(name: "api", clients: 60, rate: 25)
    mixture.input = .init(mean: 800, variationOfClients: 0.6, variation: 0.5)
    mixture.output = .init(mean: 200, variationOfClients: 0.6, variation: 0.5)
    let streams = try mixture.streams(seed: 3)
    #expect(streams.count == 60)
    let rates = streams.map { stream -> Double in
      guard case .arrivals(let process) = stream.load else { return 0 }
      return process.rate
    }
    #expect(abs(rates.reduce(0, +) - 25) < 1e-9)
    #expect(rates == rates.sorted(by: >))
    #expect(rates.prefix(6).reduce(0, +) > 15)
    func mean(_ lengths: (ClientStream) -> LengthDistribution) -> Double {
      zip(streams, rates).map { lengths($0).mean * $1 / 25 }.reduce(0, +)
    }
    #expect(abs(mean(\.input) - 800) < 0.1)
    #expect(abs(mean(\.output) - 200) < 0.1)
    #expect(try mixture.streams(seed: 3) == streams)

    let workload = SyntheticWorkload(seed: 3, streams: streams, count: 20_000)
    let records = try workload.records()
    #expect(records.allSatisfy { $0.requestClass == "api" })
    // The count of a renewal process has a variance of its mean times its squared variation.
    let span = try #require(records.last).arrival.seconds
    let variance = streams.reduce(0.0) { sum, stream in
      guard case .arrivals(let process) = stream.load, let variation = process.variation else {
        return sum
      }
      return sum + process.rate * span * variation * variation
    }
    #expect(abs(20_000 - 25 * span) < 5 * variance.squareRoot() + 60)
    #expect(abs(workload.rate - 25) < 1e-9)
  }

  @Test("goes into a log of ours and comes back")
  func log() throws {
    var agents = stream("agents")
    agents.sessions = SessionShape(meanTurns: 3, meanThinkTime: 2)
    agents.priority = -2
    let records = try SyntheticWorkload(streams: [agents], count: 50).records()
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("reprise-log-\(UInt64.random(in: .min ... .max)).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try RequestLogWriter.write(records, to: path)
    #expect(try RequestLog(path: path).records == records)
  }
}

@Suite("Parameters of a synthetic workload")
struct SyntheticParameterTests {
  private func message(_ workload: SyntheticWorkload) -> String {
    do {
      _ = try workload.records()
      return ""
    } catch {
      return error.description
    }
  }

  @Test(
    "that cannot be are named with what may be",
    arguments: [
      (.poisson(rate: 0), "rate: 0.0 cannot be; give from 1e-09 to 1000000000"),
      (.poisson(rate: -1), "rate: -1.0 cannot be; give from 1e-09 to 1000000000"),
      (.poisson(rate: .nan), "rate: nan cannot be; give from 1e-09 to 1000000000"),
      (.poisson(rate: .infinity), "rate: inf cannot be; give from 1e-09 to 1000000000"),
      (.poisson(rate: 2e9), "rate: 2000000000.0 cannot be; give from 1e-09 to 1000000000"),
      (.gamma(rate: 1, variation: -1), "gaps.variation: -1.0 cannot be; give from 0 to 10000"),
      (.normal(rate: 1, variation: .nan), "gaps.variation: nan cannot be; give from 0 to 10000"),
      (
        .renewal(rate: 1, gaps: .weibull(shape: 0)),
        "gaps.shape: 0.0 cannot be; give from 0.1 to 100"
      ),
      (.markovModulated([]), "states: 0 cannot be; give from 1 to 64"),
      (
        .markovModulated([.init(rate: 1, meanDwell: 0)]),
        "states[0].meanDwell: 0.0 cannot be; give from 1e-09 to 1000000000"
      ),
      (
        .markovModulated([.init(rate: 0, meanDwell: 1), .init(rate: 0, meanDwell: 2)]),
        "rate: 0.0 cannot be; give from 1e-09 to 1000000000"
      ),
      (
        .markovModulated([
          .init(rate: 1, meanDwell: 0.0000152587890625),
          .init(rate: 1, meanDwell: 0.0000152587890625),
        ]),
        "states: 65536.0 cannot be; give changes of state an arrival from 0 to 10000"
      ),
      (
        .diurnal(rate: 1, amplitude: 1.1, period: 9),
        "amplitude: 1.1 cannot be; give from 0 to 1"
      ),
      (
        .diurnal(rate: 1e9, amplitude: 1, period: 1e9),
        "period: 1e+18 cannot be; give rate times period from 0 to 1000000000000"
      ),
      (.sineFourth(rate: 1, period: -.infinity), "period: -inf cannot be; give from 1e-09 to"),
      (.windows([], repeats: true), "windows: 0 cannot be; give from 1 to"),
      (
        .windows([.init(duration: 1, rate: 1), .init(duration: 1, rate: .nan)], repeats: true),
        "windows[1].rate: nan cannot be; give from 0 to 1000000000"
      ),
      (
        .windows([.init(duration: 1, rate: 0)], repeats: true),
        "rate: 0.0 cannot be; give from 1e-09 to 1000000000"
      ),
    ] as [(ArrivalProcess, String)])
  func arrivals(process: ArrivalProcess, expected: String) {
    var chat = stream("chat")
    chat.load = .arrivals(process)
    let message = message(SyntheticWorkload(streams: [chat], count: 1))
    #expect(message.hasPrefix("workload: streams[chat].arrivals.\(expected)"), "\(message)")
  }

  @Test(
    "of lengths, too",
    arguments: [
      (.constant(0), "tokens: 0 cannot be; give from 1 to 16777216"),
      (.constant(.max), "tokens: 9223372036854775807 cannot be"),
      (.uniform(minimum: 9, maximum: 8), "maximum: 8 cannot be; give from 9 to 16777216"),
      (.uniform(minimum: .min, maximum: .max), "minimum: -9223372036854775808 cannot be"),
      (.normal(mean: .nan, variation: 1), "mean: nan cannot be; give from 1 to 16777216"),
      (.logNormal(mean: 5, variation: 1e9), "variation: 1000000000.0 cannot be"),
      (.logNormal(mean: 5, variation: 1, maximum: 0), "maximum: 0 cannot be"),
      (.zipf(minimum: 1, maximum: 9, exponent: -1), "exponent: -1.0 cannot be"),
      (.pareto(minimum: 1, maximum: 9, shape: 0), "shape: 0.0 cannot be; give from 0.01 to 100"),
      (.empirical([]), "lengths: 0 cannot be; give from 1 to 1048576"),
      (.empirical([.init(tokens: 1, weight: -1)]), "lengths[0].weight: -1.0 cannot be"),
      (
        .empirical([.init(tokens: 1, weight: 0)]),
        "lengths: 0.0 cannot be; give weights that add up to a number"
      ),
    ] as [(LengthDistribution, String)])
  func lengths(distribution: LengthDistribution, expected: String) {
    var chat = stream("chat")
    chat.input = distribution
    let input = message(SyntheticWorkload(streams: [chat], count: 1))
    #expect(input.hasPrefix("workload: streams[chat].input.\(expected)"), "\(input)")
    chat.input = .constant(1)
    chat.output = distribution
    let output = message(SyntheticWorkload(streams: [chat], count: 1))
    #expect(output.hasPrefix("workload: streams[chat].output.\(expected)"), "\(output)")
  }

  @Test("of the whole, too")
  func whole() throws {
    let chat = stream("chat")
    var shared = chat
    shared.load = .share(1)
    var nothing = chat
    nothing.load = .share(.nan)
    var prefixes = chat
    prefixes.prefixes = SharedPrefixes(count: 0, tokens: 1)
    var sessions = chat
    sessions.sessions = SessionShape(meanTurns: 0.5, meanThinkTime: 1)
    let poisson = ArrivalProcess.poisson(rate: 1)
    let cases: [(SyntheticWorkload, String)] = [
      (.init(count: 1), "streams: 0 cannot be"),
      (.init(streams: [chat, chat], count: 1), "streams: a second stream 'chat' cannot be"),
      (.init(streams: [chat]), "count: a workload without end cannot be"),
      (.init(streams: [chat], count: 0), "count: 0 cannot be"),
      (.init(streams: [chat], duration: .zero), "duration: 0.0 s cannot be"),
      (
        .init(streams: [chat], count: 1, tokensPerContentName: 0),
        "tokensPerContentName: 0 cannot be"
      ),
      (.init(streams: [shared], count: 1), "arrivals: none cannot be"),
      (
        .init(streams: [chat], arrivals: poisson, count: 1), "arrivals: arrivals of which no stream"
      ),
      (
        .init(streams: [nothing], arrivals: poisson, count: 1), "streams[chat].share: nan cannot be"
      ),
      (.init(streams: [prefixes], count: 1), "streams[chat].prefixes.count: 0 cannot be"),
      (.init(streams: [sessions], count: 1), "streams[chat].sessions.meanTurns: 0.5 cannot be"),
    ]
    for (workload, expected) in cases {
      #expect(message(workload).hasPrefix("workload: \(expected)"), "\(message(workload))")
    }
    let error = #expect(throws: RequestLogError.self) {
      try ClientMixture(name: "api", clients: 0, rate: 1).streams(seed: 0)
    }
    #expect(error?.description.hasPrefix("workload: api.clients: 0 cannot be") == true)
  }

  @Test("at the ends of their ranges make requests, and neither trap nor hang")
  func extremes() throws {
    let processes: [ArrivalProcess] = [
      .poisson(rate: 1e9), .poisson(rate: 1e-9), .gamma(rate: 1e-9, variation: 100),
      .gamma(rate: 1, variation: 1e-300), .normal(rate: 1, variation: 1e-300),
      .renewal(rate: 1, gaps: .weibull(shape: 0.1)), .sineFourth(rate: 1e3, period: 1e9),
      .sineFourth(rate: 1e-9, period: 1e-9), .sineFourth(rate: 1e9, period: 1e-9),
      .diurnal(rate: 1e3, amplitude: 1, period: 1e9, phase: 0.75),
      .diurnal(rate: 1e9, amplitude: 1, period: 1e-6, phase: -1),
      .markovModulated([.init(rate: 1e9, meanDwell: 1e-9), .init(rate: 0, meanDwell: 1e9)]),
      .markovModulated([.init(rate: 5, meanDwell: 1e-3)]),
      .windows(
        [.init(duration: 1e-9, rate: 1e9), .init(duration: 1e8, rate: 0)], repeats: true),
    ]
    for process in processes {
      var chat = stream("chat")
      chat.load = .arrivals(process)
      chat.input = .constant(LengthDistribution.mostTokens)
      chat.output = .constant(LengthDistribution.mostTokens)
      let records = try SyntheticWorkload(streams: [chat], count: 40).records()
      #expect(records.allSatisfy { $0.arrival >= .zero && $0.inputTokens >= 1 })
      #expect(process.variation.map { $0 >= 0 && $0.isFinite } ?? true, "\(process)")
    }
  }
}
