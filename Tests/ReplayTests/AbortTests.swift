import CostModel
import Histogram
import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

@Suite struct AbortTests {
  /// All kinds of cases in which a request can be aborted.
  static func cases(_ seed: UInt64) -> [RandomCase] {
    [RandomCase(seed: seed)] + RandomCase.Feature.allCases.map { RandomCase(seed: seed, with: $0) }
      + SchedulingPolicy.allCases.map { RandomCase(seed: seed, policy: $0) }
  }

  @Test("Schedules with requests aborted between steps equal a plain engine's", arguments: 0..<4)
  func equalsNaive(batch: UInt64) throws {
    for seed in (batch * 5)..<(batch * 5 + 5) {
      for example in Self.cases(7_000_000 + seed) {
        var group = example.deployment.engines[0]
        group.pipelineParallel = 1
        group.asyncScheduling = false
        try compare(group, example.records, seed: seed)
      }
    }
  }

  func compare(_ group: EngineGroup, _ records: [RequestRecord], seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let limits = try EngineLimits(group)
    let table = RequestTable(records)
    let naive = NaiveEngine(group)
    var scheduler = Scheduler(limits: limits)
    var decision = Decision()
    var coming = records.indices.filter { naive.canServe(records[$0]) }
    var here: [NaiveEngine.Request] = []
    while !coming.isEmpty || scheduler.outstanding > 0 {
      for _ in 0..<min(coming.count, Int.random(in: 0...2, using: &random)) {
        let number = coming.removeFirst()
        here.append(NaiveEngine.Request(number: number, record: records[number]))
        naive.wait(here[here.count - 1])
        scheduler.enqueue(resident(number, table, limits))
      }
      if let victim = here.indices.randomElement(using: &random), seed % 3 > 0,
        Int.random(in: 0..<4, using: &random) == 0
      {
        let request = here.remove(at: victim)
        naive.abort(request)
        let resident = scheduler.abort(try #require(slot(of: request.number, in: scheduler)))
        #expect(resident.generated == request.outcome.outputTokens)
      }
      scheduler.schedule(into: &decision, chain: table.chain)
      let plan = naive.schedule()
      try #require(decision.shape == plan.shape, "seed \(seed), \(group)")
      try #require(decision.blocksInUse == plan.blocksInUse)
      naive.complete(plan, start: 0, end: 1)
      for slot in decision.finishing { scheduler.finish(slot) }
      here.removeAll { $0.outcome.status == .finished }
      try #require(here.count == scheduler.outstanding)
    }
    #expect(scheduler.pool.usedCount == 0)
  }

  func resident(_ number: Int, _ table: RequestTable, _ limits: EngineLimits) -> Resident {
    Resident(
      request: Int32(number), input: table.inputTokens[number], output: table.outputTokens[number],
      content: table.content(of: number), blockSize: limits.blockSize,
      priority: table.priorities[number], arrival: table.arrivals[number])
  }

  func slot(of request: Int, in scheduler: Scheduler) -> Int32? {
    let waiting = (0..<scheduler.waiting.count).map { scheduler.waiting[$0] }
    return (scheduler.running + waiting).first {
      scheduler.residents[Int($0)].request == Int32(request)
    }
  }

  @Test(
    "Aborted while steps are on their way, a request leaves no token, no block and no slot behind",
    arguments: 0..<4)
  func conservation(batch: UInt64) throws {
    for seed in (batch * 10)..<(batch * 10 + 10) {
      for example in Self.cases(8_000_000 + seed) {
        var random = SplitMix64(seed: seed)
        let limits = try EngineLimits(example.deployment.engines[0])
        let table = RequestTable(example.records)
        var engine = Engine(group: 0, index: 0, limits: limits, options: ReplayOptions())
        var coming = example.records.indices.filter {
          limits.canServe(
            input: example.records[$0].inputTokens, output: example.records[$0].outputTokens)
        }
        var gaps = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        gaps.autoResize = true
        var finished: [Resident] = []
        engine.boundary = 0
        while true {
          engine.endStep(gaps: &gaps, finished: &finished)
          for _ in 0..<min(coming.count, Int.random(in: 0...2, using: &random)) {
            engine.scheduler.enqueue(resident(coming.removeFirst(), table, limits))
          }
          let waiting = (0..<engine.scheduler.waiting.count).map { engine.scheduler.waiting[$0] }
          if Int.random(in: 0..<4, using: &random) == 0,
            let slot = (engine.scheduler.running + waiting).randomElement(using: &random)
          {
            finished.append(engine.abort(slot))
          }
          let now = engine.boundary
          if engine.beginStep(until: .max, chain: table.chain) {
            engine.start(
              price: TellingPrice().price(engine.current.shape), until: .max, chain: table.chain)
          } else if engine.boundary == .max {
            if coming.isEmpty, engine.scheduler.outstanding == 0 { break }
            engine.boundary = now
          }
        }
        let generated = finished.reduce(0) { $0 + Int($1.generated) }
        let begun = finished.count { $0.generated > 0 }
        #expect(Int(gaps.totalCount) + begun == generated, "seed \(seed), \(limits)")
        #expect(engine.scheduler.pool.usedCount == 0)
        #expect(engine.scheduler.running.isEmpty && engine.scheduler.prefilling.isEmpty)
        #expect(engine.scheduler.decodes.count == 0)
        let slots = engine.scheduler.residents.count
        #expect(Set(engine.scheduler.freeSlots).count == slots, "seed \(seed), \(limits)")
        #expect(engine.scheduler.freeSlots.count == slots)
      }
    }
  }
}
