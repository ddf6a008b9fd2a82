import CostModel
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct ReplayPartsTests {
  /// Groups of engines with limits of their own, some in lockstep, and requests of which some give up.
  static func example(_ seed: UInt64) -> (Deployment, [RequestRecord]) {
    var random = SplitMix64(seed: seed)
    let first = RandomCase(seed: seed, with: RandomCase.Feature.allCases[Int(seed % 4)])
    var deployment = first.deployment
    var records = first.records
    deployment.engines[0].count = Int.random(in: 1...4, using: &random)
    for number in 1...Int.random(in: 1...3, using: &random) {
      let other =
        number == 2
        ? RandomCase(seed: seed &* 31 &+ 2, policy: SchedulingPolicy.allCases[Int(seed % 5)])
        : RandomCase(seed: seed &* 31 &+ UInt64(number))
      var group = other.deployment.engines[0]
      group.name = "group \(number)"
      group.count = Int.random(in: 1...3, using: &random)
      group.maxModelLength = [20, 50, 80].randomElement(using: &random) ?? 80
      group.lockstep = number == 3
      if group.lockstep { group.asyncScheduling = false }
      deployment.engines.append(group)
      // Later and earlier ones among the first, so that rows are not in the order of arrival.
      records += other.records
    }
    if seed % 3 == 0 {
      for index in records.indices where Bool.random(using: &random) {
        records[index].cancelled = Nanoseconds(Int64.random(in: 0...60_000, using: &random))
      }
    }
    return (deployment, records)
  }

  @Test("However many parts a replay is run in, its result is the whole's", arguments: 0..<8)
  func equalsWhole(batch: UInt64) throws {
    var (split, cancelled, rejected) = (0, 0, 0)
    for seed in (batch * 15)..<(batch * 15 + 15) {
      let (deployment, records) = Self.example(9_000_000 + seed)
      var options = ReplayOptions()
      options.recordsSteps = true
      options.mergesSteps = seed % 2 == 0
      if seed % 5 == 0 { options.limit = Nanoseconds(4_000) }
      if seed % 7 == 0 { options.warmUp = Nanoseconds(2_000) }
      let prices = [TellingPrice](repeating: TellingPrice(), count: deployment.engines.count)
      let simulation = try Simulation(
        deployment: deployment, pricings: prices, options: options)
      let table = RequestTable(records)
      let whole = simulation.run(table)
      cancelled += whole.count(of: .cancelled)
      rejected += whole.count(of: .rejected)
      for count in 1...5 {
        let parts = simulation.parts(of: table, atMost: count)
        try #require((1...count).contains(parts.count))
        split += parts.count > 1 ? 1 : 0
        // Backwards: parts may end in any order.
        let results = (0..<parts.count).reversed().map { simulation.run(parts[$0]) }
        let joined = parts.join(results.reversed())
        try #require(joined == whole, "seed \(seed), \(count) parts")
        #expect(ReplaySummary(joined) == ReplaySummary(whole))
      }
    }
    #expect(split > 40 && cancelled > 0 && rejected > 0)
  }

  @Test("Names of content, shared or not, are those of the whole log")
  func content() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(count: 4, length: 64, block: 2), pricings: [TellingPrice()])
    // Of eight requests of one beginning every second one has something of its own behind it.
    let records = (0..<32).map { number in
      request(
        Int64(number) * 50, input: 12, output: 3, content: number % 2 == 0 ? [1, 2, 3] : [1, 2],
        tokensPerName: 4)
    }
    let table = RequestTable(records)
    let parts = simulation.parts(of: table, atMost: 2)
    #expect(parts.count == 2)
    let whole = simulation.run(table)
    #expect(whole.outcomes.contains { $0.cachedTokens > 0 })
    #expect(parts.join([simulation.run(parts[0]), simulation.run(parts[1])]) == whole)
    for part in [parts[0], parts[1]] {
      for (index, row) in (part.rows ?? []).enumerated() {
        #expect(part.requests.content(of: index).request == row)
        #expect(part.requests.content(of: index).own(0) == table.content(of: Int(row)).own(0))
      }
    }
  }

  @Test("Parts have about equally many requests, and ranks in lockstep stay together")
  func balance() throws {
    var deployment = makeDeployment(count: 3) { $0.lockstep = true }
    deployment.engines.append(makeDeployment(count: 5).engines[0])
    let simulation = try Simulation(
      deployment: deployment, pricings: [TellingPrice(), TellingPrice()])
    let table = RequestTable((0..<80).map { request(Int64($0), input: 4, output: 2) })
    let parts = simulation.parts(of: table, atMost: 2)
    #expect((0..<parts.count).map { parts[$0].engines } == [0..<4, 4..<8])
    #expect((0..<parts.count).map { parts[$0].requests.count } == [40, 40])
    let more = simulation.parts(of: table, atMost: 100)
    #expect((0..<more.count).map { more[$0].engines }.first == 0..<3)
    #expect(more.count == 6)
  }

  @Test("Where engines depend on each other there is one part: the whole")
  func coupled() throws {
    let table = RequestTable((0..<8).map { request(Int64($0), input: 4, output: 2) })
    func count(_ deployment: Deployment, _ table: RequestTable) throws -> Int {
      let simulation = try Simulation(
        deployment: deployment,
        pricings: [TellingPrice](repeating: TellingPrice(), count: deployment.engines.count))
      let parts = simulation.parts(of: table, atMost: 4)
      #expect(
        parts.join((0..<parts.count).map { simulation.run(parts[$0]) }) == simulation.run(table))
      return parts.count
    }
    #expect(try count(makeDeployment(count: 4), table) == 4)
    #expect(try count(makeDeployment(count: 1), table) == 1)
    #expect(try count(makeDeployment(count: 4, routing: .leastLoaded), table) == 1)
    #expect(try count(makeDeployment(count: 4) { $0.lockstep = true }, table) == 1)
    #expect(try count(makeDeployment(count: 4), RequestTable()) >= 1)
    var options = WorkloadOptions()
    options.clients = 2
    let records = (0..<8).map { request(Int64($0), input: 4, output: 2) }
    let closed = RequestTable(options.workload(of: records))
    #expect(try count(makeDeployment(count: 4), closed) == 1)
  }

  @Test("A part that is stopped makes the whole cut")
  func cut() throws {
    let simulation = try Simulation(
      deployment: makeDeployment(count: 2, length: 1 << 20, blocks: 1 << 20),
      pricings: [TellingPrice()])
    let table = RequestTable([
      request(0, input: 4, output: 100_000), request(1, input: 4, output: 2),
      request(2, input: 4, output: 2), request(1 << 60, input: 4, output: 2),
    ])
    let parts = simulation.parts(of: table, atMost: 2)
    #expect(parts.count == 2)
    let results = [simulation.run(parts[0], shouldStop: { true }), simulation.run(parts[1])]
    let joined = parts.join(results)
    #expect(joined.isCut && !results[1].isCut)
    #expect(joined.outcomes.map(\.status) == [.unfinished, .finished, .finished, .finished])
  }
}
