import Foundation
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite("The summary of a scenario's replay")
struct PipelineSummaryTests {
  typealias RandomScenario = PipelineInvariantTests.RandomScenario

  /// Two requests of 10 us on one of two cores, at 0 and 30 us.
  func hostPlan(busy: Double?, idle: Double?, price: Double?) -> ScenarioPlan {
    let work = ProcessorWork(source: .context, perRequest: 10)
    var plan = plan(
      [hostPool()], [Stage(name: "tokenize", action: .process(work), pool: "hosts")])
    plan.pools[0].busyWatts = busy
    plan.pools[0].idleWatts = idle
    plan.pools[0].pricePerHour = price
    return plan
  }

  let hostRequests = [request(0, input: 1, output: 1), request(30_000, input: 1, output: 3)]

  @Test("has energy, cost and utilisation as by hand")
  func hosts() throws {
    let plan = hostPlan(busy: 100, idle: 40, price: 3.6)
    let summary = PipelineSummary(try replay(plan, hostRequests).result, plan)
    let pool = summary.pools[0]
    // Half of the host for 20 of 40 us.
    #expect(pool.busyTime == Nanoseconds(10_000))
    #expect(pool.upTime == Nanoseconds(40_000))
    #expect(pool.utilisation == 0.25)
    #expect(pool.peakUtilisation == 0.25)
    #expect(abs((pool.joules ?? 0) - (10e-6 * 100 + 30e-6 * 40)) < 1e-15)
    #expect(abs((pool.cost ?? 0) - 40e-9) < 1e-20)
    #expect(abs((summary.resources.joulesPerOutputToken ?? 0) - 2.2e-3 / 4) < 1e-15)
    #expect(abs((summary.resources.costPerMillionOutputTokens ?? 0) - 0.01) < 1e-12)
    #expect(abs(summary.requestsPerSecond - 50_000) < 1e-6)
    #expect(abs(summary.outputTokensPerSecond - 100_000) < 1e-6)
    #expect(summary.busiestPool == pool)
    #expect(pool.preemptions == nil)
  }

  @Test(
    "knows what it does not know",
    arguments: [
      (nil, 40, nil), (100, nil, nil), (nil, nil, 1), (100, 40, nil), (0, 0, 0),
    ] as [(Double?, Double?, Double?)])
  func unknown(busy: Double?, idle: Double?, price: Double?) throws {
    let plan = hostPlan(busy: busy, idle: idle, price: price)
    let summary = PipelineSummary(try replay(plan, hostRequests).result, plan)
    let hasPower = busy != nil && idle != nil
    #expect((summary.pools[0].joules != nil) == hasPower)
    #expect((summary.resources.joules != nil) == hasPower)
    #expect(summary.resources.poolsWithoutPower == (hasPower ? [] : ["hosts"]))
    #expect((summary.resources.cost != nil) == (price != nil))
    #expect(summary.resources.poolsWithoutPrice == (price != nil ? [] : ["hosts"]))
  }

  @Test("takes powers of a scenario where the plan has none, and the plan's before them")
  func powers() throws {
    var plan = hostPlan(busy: nil, idle: nil, price: 7.2)
    plan.scenario.pools[0].busyWatts = 10
    plan.scenario.pools[0].idleWatts = 10
    plan.scenario.pools[0].pricePerHour = 3.6
    let pool = PipelineSummary(try replay(plan, hostRequests).result, plan).pools[0]
    #expect(abs((pool.joules ?? 0) - 40e-6 * 10) < 1e-15)
    #expect(abs((pool.cost ?? 0) - 80e-9) < 1e-20)
  }

  @Test("pays for no engine that is away")
  func outage() throws {
    var plan = hostPlan(busy: 100, idle: 40, price: 3.6)
    plan.scenario.pools[0].outages = [Outage(engine: 0, start: 20e-6, duration: 5e-6)]
    let pool = PipelineSummary(try replay(plan, hostRequests).result, plan).pools[0]
    #expect(pool.failures == 1)
    #expect(pool.upTime == Nanoseconds(35_000))
    #expect(abs((pool.joules ?? 0) - (10e-6 * 100 + 25e-6 * 40)) < 1e-15)
    #expect(abs((pool.cost ?? 0) - 35e-9) < 1e-20)
  }

  @Test("pays for no time before the first request, however late it comes")
  func lateOutage() throws {
    var plan = hostPlan(busy: 100, idle: 40, price: 3.6)
    plan.scenario.pools[0].outages = [Outage(engine: 0, start: 1020e-6, duration: 5e-6)]
    let late = hostRequests.map { request in
      var request = request
      request.arrival = request.arrival + Nanoseconds(1_000_000)
      return request
    }
    let pool = PipelineSummary(try replay(plan, late).result, plan).pools[0]
    #expect(pool.upTime == Nanoseconds(35_000))
    #expect(abs((pool.cost ?? 0) - 35e-9) < 1e-20)
  }

  /// A call of 10 us, half of the host, is lost after 7 us, and begun anew 5 us later; a pass of an encoder likewise.
  @Test("pays for no engine and no store after the last request, whatever would become of them")
  func afterTheEnd() throws {
    for change: (inout EnginePool) -> Void in [
      { $0.outages = [Outage(engine: 0, start: 1, duration: 5e-6)] },
      { $0.scaling = Scaling(minimum: 1, upper: 2, lower: 0.1, interval: 100e-6, startup: 0) },
    ] {
      var plan = hostPlan(busy: 100, idle: 40, price: 3.6)
      plan.scenario.pools[0].count = 1
      change(&plan.scenario.pools[0])
      let summary = PipelineSummary(try replay(plan, hostRequests).result, plan)
      #expect(summary.pools[0].upTime == Nanoseconds(40_000))
      #expect(summary.pools[0].failures == 0)
    }
    let store = StoreService(bandwidth: 1)
    let plan = plan(
      [modelPool(), EnginePool(name: "host", service: .store(store))],
      [
        Stage(name: "fetch", action: .fetch, pool: "host"),
        Stage(name: "generate", action: .generate, pool: "chat"),
      ])
    let result = try replay(plan, [request(1_000_000, input: 32, output: 1)]).result
    let summary = PipelineSummary(result, plan)
    #expect(summary.pools.map(\.upTime) == [summary.makespan, summary.makespan])
  }

  @Test("has answers' tokens of those alone who were answered")
  func unanswered() throws {
    let plan = plan(
      [hostPlan(busy: 1, idle: 1, price: 1).scenario.pools[0], modelPool()],
      [
        hostPlan(busy: 1, idle: 1, price: 1).scenario.pipelines[0].stages[0],
        Stage(
          name: "answer", action: .generate, pool: "chat",
          condition: StageCondition(difficultyBelow: 0.5)),
      ])
    let records = [0.1, 0.9, 0.1].enumerated().map { number, difficulty in
      var record = request(Int64(number) * 100_000, input: 10, output: 7)
      record.difficulty = difficulty
      return record
    }
    let summary = PipelineSummary(try replay(plan, records).result, plan)
    #expect(summary.finished == 3 && summary.outputTokens == 14)
    // What generates nothing takes requests without an answer.
    let host = hostPlan(busy: 1, idle: 1, price: 1)
    let silent = PipelineSummary(try replay(host, [request(0, input: 1, output: 0)]).result, host)
    #expect(silent.finished == 1 && silent.outputTokens == 0)
  }

  @Test("counts work that was lost as work")
  func lostWork() throws {
    var hosts = hostPlan(busy: 100, idle: 40, price: 3.6)
    hosts.scenario.pools[0].outages = [Outage(engine: 0, start: 7e-6, duration: 5e-6)]
    let (result, outcomes) = try replay(hosts, [request(0, input: 1, output: 1)])
    #expect(outcomes.map(\.end.rawValue) == [22_000])
    let pool = PipelineSummary(result, hosts).pools[0]
    #expect(pool.busyTime == Nanoseconds((7000 + 10_000) / 2))
    #expect(pool.upTime == Nanoseconds(17_000))

    var encoders = plan(
      [encoderPool()],
      [Stage(name: "embed", action: .encode(EncoderWork(source: .prompt)), pool: "embedder")])
    let whole = try replay(encoders, [request(0, input: 100, output: 1)]).result
    let pass = try #require(whole.engines.first).busyTime
    #expect(pass > Nanoseconds(500))
    encoders.scenario.pools[0].outages = [Outage(engine: 0, start: 500e-9, duration: 1e-6)]
    let broken = try replay(encoders, [request(0, input: 100, output: 1)]).result
    #expect(broken.engines.first?.busyTime == pass + Nanoseconds(500))
  }

  @Test("counts a language model's load over the time that it was up")
  func load() throws {
    let plan = plan(
      [modelPool(count: 2)], [Stage(name: "generate", action: .generate, pool: "chat")])
    // Each by itself: 1,000 + 200 ns, then 1,001; both on engines of their own.
    let (result, _) = try replay(
      plan, [request(0, input: 20, output: 2), request(10_000, input: 20, output: 2)])
    let pool = PipelineSummary(result, plan).pools[0]
    #expect(pool.engines == 2)
    #expect(pool.served == 2)
    #expect(pool.upTime == Nanoseconds(2 * 12_201))
    #expect(pool.busyTime == Nanoseconds(2 * 2201))
    #expect(pool.peakRunning == 1)
    #expect(pool.preemptions == 0)
    #expect(abs((pool.meanRunning ?? 0) - 2201.0 / 12_201) < 1e-12)
  }

  @Test("agrees with the outcomes that it is of", arguments: 0..<12)
  func outcomes(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let plan = plan(random.scenario)
    let (result, outcomes) = try replay(plan, random.records)
    let summary = PipelineSummary(result, plan)
    let finished = outcomes.filter { $0.status == .finished }
    #expect(summary.requests == random.records.count)
    #expect(summary.finished == finished.count)
    #expect(summary.outputTokens == finished.reduce(0) { $0 + $1.outputTokens })
    #expect(summary.endToEnd?.mean == LatencyStatistics(finished.map(\.endToEnd))?.mean)
    for (number, pipeline) in summary.pipelines.enumerated() {
      let own = finished.filter { $0.pipeline == number }
      #expect(pipeline.finished == own.count)
      for (place, stage) in pipeline.stages.enumerated() {
        let served = own.flatMap(\.stages).filter { $0.stage == place }
        #expect(stage.served == served.count)
        #expect(stage.served + stage.skipped == own.count)
        guard let transfer = stage.meanTransfer, let queue = stage.meanQueue,
          let service = stage.meanService
        else {
          #expect(served.isEmpty)
          continue
        }
        let mean =
          served.reduce(0.0) { $0 + Double(($1.ended - $1.ready).rawValue) }
          / Double(served.count)
        #expect(abs(Double((transfer + queue + service).rawValue) - mean) <= 2)
        #expect(stage.p50 ?? .zero <= stage.p99 ?? .zero)
      }
    }
    let engines = summary.pools.filter { $0.kind != "store" }.reduce(0) { $0 + $1.engines }
    #expect(engines == result.engines.count)
    for pool in summary.pools { #expect((0...1).contains(pool.utilisation ?? 0)) }
    #expect(
      summary.stores.reduce(0) { $0 + $1.bytesRead }
        == result.stores.reduce(0) { $0 + $1.bytesRead })
    #expect(summary.linkGroups.reduce(0) { $0 + $1.links } == result.links.count)
  }

  @Test(
    "tells the first 32 classes apart, those that came later together, and requests without one",
    arguments: [2, 50])
  func classes(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let records = (0..<160).map { number in
      var record = request(
        Int64(number) * 700, input: Int.random(in: 1...60, using: &random),
        output: Int.random(in: 1...9, using: &random))
      if number % (count + 1) > 0 { record.requestClass = "c\(number % (count + 1))" }
      return record
    }
    var plan = plan(
      [modelPool { $0.admission = Admission(maxOutstanding: 6) }],
      [Stage(name: "generate", action: .generate, pool: "chat")])
    plan.scenario.objectives = LatencyObjectives(
      timeToFirstToken: 0.001, timePerOutputToken: 0.001, firstTokenFactors: [1, 1, 2])
    let (result, outcomes) = try replay(plan, records)
    let summary = PipelineSummary(result, plan)
    let classes = try #require(summary.classes)
    #expect(result.shed > 0)
    #expect(classes.count == min(count, 32) + (count > 32 ? 2 : 1))
    #expect(classes.count { $0.later == true } == (count > 32 ? 1 : 0))
    let told = Set(classes.compactMap(\.name))
    for one in classes {
      let own = outcomes.filter { outcome in
        guard let name = outcome.requestClass else { return one.name == nil && one.later == nil }
        return told.contains(name) ? name == one.name : one.later == true
      }
      let finished = own.filter { $0.status == .finished }
      #expect(one.ended == own.count && one.finished == finished.count)
      #expect(one.outputTokens == finished.reduce(0) { $0 + $1.outputTokens })
      #expect(one.endToEnd?.mean == LatencyStatistics(finished.map(\.endToEnd))?.mean)
      let first = finished.compactMap { outcome in outcome.firstToken.map { $0 - outcome.arrival } }
      #expect(one.timeToFirstToken?.mean == LatencyStatistics(first)?.mean)
      #expect(one.timePerOutputToken?.count ?? 0 == finished.count { $0.outputTokens > 1 })
    }
    #expect(classes.reduce(0) { $0 + ($1.within ?? 0) } == summary.objectives?.within)
    var plain = records
    for index in plain.indices { plain[index].requestClass = nil }
    #expect(PipelineSummary(try replay(plan, plain).result, plan).classes == nil)
  }

  /// Turned away, and from a while on left with an engine that is gone: by hand, each as late as can be.
  @Test("holds whatever did not finish for later than all others", arguments: 0..<12)
  func unfinished(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let records = (0..<300).map { number in
      request(
        Int64(number) * 20_000 + Int64.random(in: 0..<20_000, using: &random),
        input: Int.random(in: 1...200, using: &random),
        output: Int.random(in: 1...40, using: &random))
    }
    let gone = 5e-6 * Double.random(in: 300...1000, using: &random)
    var plan = plan(
      [
        modelPool {
          $0.admission = Admission(maxOutstanding: seed % 2 == 0 ? 3 : 1000)
          $0.outages = [Outage(engine: 0, start: gone)]
        }
      ], [Stage(name: "generate", action: .generate, pool: "chat")])
    plan.scenario.objectives = LatencyObjectives(timeToFirstToken: 0.01, timePerOutputToken: 0.002)
    let (result, outcomes) = try replay(plan, records)
    let summary = PipelineSummary(result, plan)
    #expect(outcomes.map(\.number) == Array(records.indices))
    #expect(summary.requests == records.count)
    #expect(summary.unfinished == outcomes.count { $0.status == .unfinished })
    #expect(summary.unfinished > 0)
    #expect(summary.makespan >= records[299].arrival - records[0].arrival)
    func latest(_ metric: PipelineSummary.Metric, _ outcome: JourneyOutcome) -> Nanoseconds? {
      guard outcome.outputTokens > 1 || metric == .timeToFirstToken else { return nil }
      guard outcome.status == .finished else { return Nanoseconds(.max) }
      return metric == .timeToFirstToken ? outcome.timeToFirstToken : outcome.timePerOutputToken
    }
    let objectives = try #require(summary.objectives)
    for check in objectives.checks {
      let sorted = outcomes.compactMap { latest(check.metric, $0) }.sorted()
      let value = sorted[Int((check.quantile * Double(sorted.count)).rounded(.up)) - 1]
      #expect(check.holds == (value <= check.limit), "\(check)")
      #expect((check.value == nil) == (value == Nanoseconds(.max)), "\(check)")
      guard let told = check.value else { continue }
      #expect(abs(Double(told.rawValue) / Double(value.rawValue) - 1) < 2e-3, "\(check)")
    }
    #expect(objectives.holds == objectives.checks.allSatisfy(\.holds))
  }

  @Test("tells where all of the time goes", arguments: 0..<12)
  func blame(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let plan = plan(random.scenario)
    let (result, _) = try replay(plan, random.records)
    let blame = PipelineSummary(result, plan).blame
    #expect(blame.filter { $0.metric == .endToEnd }.count == (result.finished > 0 ? 3 : 0))
    for summary in blame {
      #expect(abs(summary.shares.reduce(summary.rest) { $0 + $1.share } - 1) < 1e-9)
      #expect(summary.shares.allSatisfy { $0.share >= BlameSummary.least })
      #expect(zip(summary.shares, summary.shares.dropFirst()).allSatisfy { $0.share >= $1.share })
    }
  }

  @Test("is the same after a way through JSON", arguments: 0..<4)
  func coding(seed: UInt64) throws {
    let random = RandomScenario(seed: seed)
    let plan = plan(random.scenario)
    let summary = PipelineSummary(try replay(plan, random.records).result, plan)
    let data = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(PipelineSummary.self, from: data) == summary)
  }

  @Test("puts links together whose names differ by a number, and names the busiest")
  func links() throws {
    let network = [
      NetworkLevel(name: "node", members: 4, bandwidth: 1e-3),
      NetworkLevel(name: "rack", members: 8, bandwidth: 1e-3),
    ]
    let plan = plan(
      [modelPool("prompts", count: 12), modelPool("answers", count: 12)],
      [
        Stage(name: "prefill", action: .prefill, pool: "prompts"),
        Stage(name: "decode", action: .decode, pool: "answers"),
      ], network: network)
    let records = (0..<24).map { request(Int64($0), input: 20, output: 4) }
    let (result, _) = try replay(plan, records)
    let summary = PipelineSummary(result, plan)
    let names = summary.linkGroups.map(\.name)
    #expect(Array(names.prefix(4)) == ["engine up", "engine down", "node up", "node down"])
    #expect(summary.linkGroups[0].links == 32)
    #expect(summary.linkGroups[2].links == 8)
    for (name, group) in zip(names, summary.linkGroups) {
      let words = name.split(separator: " ")
      let own = result.links.filter { link in
        link.name.split(separator: " ").filter { Int($0) == nil } == words
      }
      #expect(group.bytes == own.reduce(0) { $0 + $1.bytes })
      #expect(group.peakFlows == own.map(\.peakFlows).max())
    }
    let most = result.links.map { $0.bytes / ($0.capacity * result.makespan.seconds) }.max()
    #expect(summary.links.first?.utilisation == min(1, most ?? 0))
    #expect(summary.links.count == LinkSummary.most)
  }

  @Test("of nothing is a summary of nothing")
  func nothing() throws {
    var plan = hostPlan(busy: 1, idle: 1, price: 1)
    plan.scenario.objectives = LatencyObjectives(timeToFirstToken: 1, timePerOutputToken: 1)
    let summary = PipelineSummary(try replay(plan, []).result, plan)
    #expect(summary.requests == 0)
    #expect(summary.endToEnd == nil)
    #expect(summary.makespan == .zero)
    #expect(summary.blame.isEmpty)
    #expect(summary.pools[0].utilisation == nil)
    #expect(summary.resources.joules == 0)
    #expect(summary.resources.joulesPerOutputToken == nil)
    #expect(summary.objectives?.holds == false)
  }
}
