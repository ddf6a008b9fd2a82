import Analytical
import CostModel
import Foundation
import Operators
import Replay
import RequestLogs
import Scenarios
import TestSupport
import Testing

@testable import Search

/// A search held against the replay of everything, by a plain loop of its own.
@Suite struct DesignSearchTests {
  /// How many random spaces each of the two tests searches.
  static let asked = randomCases(5)

  /// A random small space, and a log that some of its designs can serve.
  private struct Case {
    var space: SearchSpace
    var records: [RequestRecord] = []

    init(seed: UInt64) {
      var random = RandomStream(seed: seed, name: "search")
      func one<Value>(_ values: [Value], _ random: inout RandomStream) -> Value {
        values[Int(random.next() % UInt64(values.count))]
      }
      func some<Value>(_ values: [Value], _ random: inout RandomStream) -> [Value] {
        let kept = values.filter { _ in random.next() % 2 == 0 }
        return kept.isEmpty ? [values[0]] : kept
      }
      func engines(_ role: EngineRole, _ random: inout RandomStream) -> [EngineChoice] {
        let isWhole = role == .both
        let most = isWhole ? 3 : 2
        var found: [EngineChoice] = []
        let caching = random.next() % 2 == 0
        let threshold = one([0, 0, 64], &random)
        let policy = isWhole ? one(SchedulingPolicy.allCases, &random) : .vllm
        for tensor in some([1, 2, 4], &random) {
          for stages in isWhole ? some([1, 2], &random) : [1] {
            for sequences in some([4, 32], &random) {
              for budget in some([128, 512], &random) {
                var group = EngineGroup(
                  name: "", device: "", tensorParallel: tensor, maxSequences: sequences,
                  maxBatchedTokens: policy.computesWholePrompts ? 600 : budget, maxModelLength: 600,
                  blockCount: one([nil, 100], &random),
                  enablesPrefixCaching: caching, longPrefillTokenThreshold: threshold,
                  policy: policy, pipelineParallel: stages)
                group.role = role
                found.append(EngineChoice(group, fault: group.conflict?.message))
              }
            }
          }
        }
        while found.count > most { found.remove(at: Int(random.next() % UInt64(found.count))) }
        return found
      }
      space = SearchSpace(
        name: "case \(seed)", model: "llama-3.1-8b",
        devices: [
          SearchDevice(device: "h100-sxm", count: 8, pricePerHour: 3),
          SearchDevice(device: "l40s", count: 6, pricePerHour: 1.3, perNode: 2),
        ], engines: engines(.both, &random), replicas: some([1, 2, 3], &random),
        routings: some(Routing.allCases, &random),
        objectives: LatencyObjectives(
          timeToFirstToken: one([10, 25, 100], &random),
          timePerOutputToken: one([5, 10, 30], &random)))
      if random.next() % 2 == 0 {
        var split = SplitSpace(
          prefill: .init(engines: engines(.prefill, &random), replicas: [1, 2]),
          decode: .init(engines: engines(.decode, &random), replicas: [1]),
          transfer: KeyValueTransfer(
            bandwidth: one([5, 50], &random), latency: 10, mode: one([.whole, .layerwise], &random))
        )
        split.conversionQueue = one([nil, 2], &random)
        space.split = split
      }
      space.mixesDevices = random.next() % 2 == 0
      space.objective = one(SearchObjective.allCases, &random)
      if random.next() % 3 == 0 { space.budget.pricePerHour = 12 }
      let pace = one([3.0, 10, 40], &random)
      var clock = 0.0
      for number in 0..<30 {
        clock += pace * Double(random.next() % 1000) / 500
        let input = 20 + Int(random.next() % 520)
        let group = random.next() % 4
        records.append(
          RequestRecord(
            id: "\(number)", arrival: Nanoseconds(rounding: 1e6 * clock), inputTokens: input,
            outputTokens: 1 + Int(random.next() % 30),
            content: (0..<UInt64(input / 64)).map {
              $0 < 4 ? 1000 * group + $0 : 1 << 20 | UInt64(number) << 8 | $0
            },
            tokensPerContentName: 64))
      }
    }

    /// A random small space of a mixture of experts, dealt out among engines in lockstep or not.
    init(expertsSeed seed: UInt64) {
      self.init(seed: seed)
      var random = RandomStream(seed: seed, name: "experts")
      func draw(_ most: UInt64) -> UInt64 { random.next() % most }
      space.model = "qwen3-30b-a3b"
      space.split = nil
      space.devices[0].count = 16
      space.replicas = [1, 2, 4]
      space.objectives.timeToFirstToken = [30, 100][Int(draw(2))]
      space.objectives.timePerOutputToken = [8, 20][Int(draw(2))]
      space.engines = []
      for (tensor, expert) in [(1, 1), (1, 2), (1, 4), (2, 1), (2, 2), (2, 4)] where draw(3) > 0 {
        for lockstep in [false, true] {
          let group = EngineGroup(
            name: "", device: "", tensorParallel: tensor, expertParallel: expert, maxSequences: 16,
            maxBatchedTokens: 256, maxModelLength: 600, graphSizes: draw(2) == 0 ? [] : [4, 16],
            lockstep: lockstep)
          space.engines.append(EngineChoice(group, fault: group.conflict?.message))
        }
      }
      if space.engines.isEmpty {
        space.engines = [
          EngineChoice(EngineGroup(name: "", device: "", maxModelLength: 600))
        ]
      }
    }

    func search() throws -> DesignSearch {
      let sheets = try space.devices.map { try #require(Device.builtIn(named: $0.device)) }
      return try DesignSearch(
        space, try #require(ModelArchitecture.builtIn(named: space.model)), devices: sheets
      ) { _, _ in .init() }
    }
  }

  /// What the plain loop finds of a design.
  private struct Plain {
    var number: Int
    var cost: Double
    var holds: Bool
    var within: Int
    var first: Double
    var later: Double
  }

  /// A percentile with what never came as infinite.
  private func percentile(_ q: Double, _ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let rank = q * Double(sorted.count - 1)
    let low = Int(rank)
    guard low + 1 < sorted.count, rank > Double(low) else { return sorted[low] }
    return sorted[low + 1].isFinite
      ? (sorted[low] + (sorted[low + 1] - sorted[low]) * (rank - Double(low))).rounded() : .infinity
  }

  /// Replays every design that can be had, each with prices of its own.
  private func replayAll(_ search: DesignSearch, _ records: [RequestRecord]) throws -> [Plain] {
    let table = RequestTable(records)
    let slo = search.space.objectives
    var found: [Plain] = []
    let priced = search.kinds.map { kind in
      guard kind.choice.fault == nil else { return nil as StepModel? }
      var group = kind.choice.group
      group.device = kind.group.device
      return EnginePlan.steps(
        of: group, search.architecture, on: CostModel(analytical: search.devices[kind.device]), nil)
    }
    for (number, design) in search.designs.enumerated() {
      let kinds = search.combinations[design.combination].kinds.map { search.kinds[$0] }
      guard kinds.allSatisfy({ $0.choice.fault == nil }) else { continue }
      var deployment = search.deployment(of: design)
      var taken = search.space.devices.map { _ in 0 }
      var pricings: [StepModel] = []
      do {
        for (place, kind) in kinds.enumerated() {
          taken[kind.device] +=
            design.counts[place] * kind.group.tensorParallel * kind.group.pipelineParallel
          if let node = search.space.devices[kind.device].perNode, kind.group.tensorParallel > node
          {
            throw ReplayError.roles("")
          }
          let group = try EnginePlan.resolved(
            deployment.engines[place], search.architecture, on: search.devices[kind.device])
          if EnginePlan.excessBytes(of: group, search.architecture, on: search.devices[kind.device])
            > 0
          {
            throw ReplayError.roles("")
          }
          deployment.engines[place] = group
          pricings += [priced[search.combinations[design.combination].kinds[place]]].compactMap(
            \.self)
        }
      } catch { continue }
      guard zip(taken, search.space.devices).allSatisfy({ $0.0 <= $0.1.count }) else { continue }
      let price = zip(taken, search.space.devices).reduce(0) {
        $0 + Double($1.0) * ($1.1.pricePerHour ?? 0)
      }
      if let most = search.space.budget.pricePerHour, price > most { continue }
      let outcomes = try Simulation(deployment: deployment, pricings: pricings).run(table).outcomes
      let first = outcomes.map {
        $0.status == .finished ? Double($0.timeToFirstToken.rawValue) : .infinity
      }
      let later = zip(outcomes, records).compactMap { outcome, record -> Double? in
        guard record.outputTokens > 1 else { return nil }
        return outcome.status == .finished
          ? (Double((outcome.lastToken - outcome.firstToken).rawValue)
            / Double(record.outputTokens - 1)).rounded() : .infinity
      }
      var holds = true
      for (place, q) in [0.5, 0.9, 0.99].enumerated() {
        holds =
          holds && percentile(q, first) <= 1e6 * slo.timeToFirstToken * slo.firstTokenFactors[place]
          && percentile(q, later) <= 1e6 * slo.timePerOutputToken * slo.outputTokenFactors[place]
      }
      let perToken = outcomes.map {
        $0.outputTokens > 1
          ? Double(($0.lastToken - $0.firstToken).rawValue) / Double($0.outputTokens - 1) : 0
      }
      let within = zip(first, perToken).count {
        $0 <= 1e6 * slo.timeToFirstToken * slo.firstTokenFactors[2]
          && $1.rounded() <= 1e6 * slo.timePerOutputToken * slo.outputTokenFactors[2]
      }
      found.append(
        Plain(
          number: number,
          cost: search.space.objective == .devices ? Double(taken.reduce(0, +)) : price,
          holds: holds, within: within, first: percentile(0.99, first),
          later: percentile(0.99, later)))
    }
    return found
  }

  @Test(arguments: 0..<DesignSearchTests.asked)
  func `The best design and the front are those of replaying everything`(seed: UInt64) throws {
    try compare(Case(seed: seed))
  }

  @Test(arguments: 0..<DesignSearchTests.asked)
  func `So are they where experts are dealt out`(seed: UInt64) throws {
    try compare(Case(expertsSeed: 100 + seed))
  }

  @Test func `Experts that are dealt out among engines are laid out for each number of these`()
    throws
  {
    var space = Case(seed: 0).space
    (space.model, space.split, space.mixesDevices) = ("qwen3-30b-a3b", nil, false)
    space.devices = [SearchDevice(device: "h100-sxm", count: 16)]
    space.replicas = [1, 2, 4]
    space.routings = [.roundRobin]
    space.engines = [1, 4].map { ways in
      EngineChoice(
        EngineGroup(
          name: "", device: "", tensorParallel: 2, expertParallel: ways, maxModelLength: 600,
          lockstep: true))
    }
    let sheet = try #require(Device.builtIn(named: "h100-sxm"))
    let search = try DesignSearch(
      space, try #require(ModelArchitecture.builtIn(named: space.model)), devices: [sheet]
    ) { _, _ in .init() }
    let faults = search.designs.map { design in
      search.kinds[search.combinations[design.combination].kinds[0]].fault?.text ?? "fits"
    }
    // In four ways on one engine of two devices: no. On two or four engines: yes.
    #expect(search.designs.map(\.counts) == [[1], [2], [4], [1], [2], [4]])
    #expect(faults.enumerated().allSatisfy { ($0.element == "fits") == ($0.offset != 3) })
    #expect(faults[3].contains("more than an engine's 2 tensor-parallel devices"))
    let blocks = search.designs.map { design in
      search.deployment(of: design).engines[0].blockCount ?? 0
    }
    #expect(blocks[0] == blocks[1] && blocks[1] == blocks[2])
    // On four engines two devices share each expert's width besides.
    #expect(blocks[4] > blocks[0] && blocks[5] > blocks[4])
  }

  private func compare(_ example: Case) throws {
    let search = try example.search()
    let plain = try replayAll(search, example.records)
    let result = try search.run(RequestTable(example.records))
    let objective = example.space.objective
    func key(_ design: Plain) -> [Double] {
      let rest = [
        design.cost, -Double(design.within), design.first, design.later, Double(design.number),
      ]
      return switch objective {
      case .cost, .devices: rest
      case .goodput: [-Double(design.within)] + rest
      case .ttft: [design.first] + rest
      case .tpot: [design.later] + rest
      }
    }
    let good = plain.filter { $0.holds || objective == .goodput }
    let best = good.min { key($0).lexicographicallyPrecedes(key($1)) }
    #expect(result.best == best?.number)
    // No design of the front is beaten, and each that none beats is there, but for its equals.
    func merit(_ design: Plain) -> Double {
      switch objective {
      case .cost, .devices, .goodput: -Double(design.within)
      case .ttft: design.first
      case .tpot: design.later
      }
    }
    let shown = plain.filter { objective == .goodput ? $0.within > 0 : $0.holds }
    let front = shown.filter { one in
      !shown.contains { other in
        other.cost <= one.cost && merit(other) <= merit(one)
          && (other.cost < one.cost || merit(other) < merit(one))
      }
    }
    let expected = Set(front.map { [$0.cost, merit($0)] })
    let byNumber = Dictionary(uniqueKeysWithValues: plain.map { ($0.number, $0) })
    let found = try result.front.map { number in
      let design = try #require(byNumber[number])
      return [design.cost, merit(design)]
    }
    #expect(Set(found) == expected && found.count == expected.count)
    // What was replayed is what the plain loop saw, and what cannot be had was not.
    for (number, verdict) in result.verdicts.enumerated() {
      switch verdict {
      case .replayed(let outcome):
        let design = try #require(byNumber[number])
        #expect(outcome.holds == design.holds && outcome.within == design.within)
      case .pruned(let pruning):
        switch pruning.reason {
        case .settings, .layout, .memory, .devices, .price: #expect(byNumber[number] == nil)
        case .rejections, .ttft, .tpot, .throughput:
          #expect(byNumber[number]?.holds == false, "\(number): \(pruning)")
        case .dominated: #expect(byNumber[number] != nil)
        case .stopped: Issue.record("nothing was stopped")
        }
      }
    }
  }
}
