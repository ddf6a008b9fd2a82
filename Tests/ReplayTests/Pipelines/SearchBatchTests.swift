import Operators
import RequestLogs
import Scenarios
import Testing

@testable import Replay

/// Searches that share a batch, against a plain list and by hand.
@Suite struct SearchBatchTests {
  /// A batch in the naive simulation.
  private struct Batch {
    let search: Int
    var members: [Int]
    let due: Int64
    var isQueued = false
    var end: Int64?
  }

  /// When each search began and ended, instant after instant: searches come, batches that are full are queued, servers
  /// become free, batches that gathered long enough are queued.
  private static func naive(
    _ arrivals: [(time: Int64, search: Int)], servers: Int, most: Int, wait: Int64,
    cost: (Int) -> Int64
  ) -> [(start: Int64, end: Int64)] {
    var times = arrivals.map { _ in (start: Int64(-1), end: Int64(-1)) }
    var gathering: [Batch] = []
    var queue: [Batch] = []
    var running: [Batch] = []
    func start(_ time: Int64) {
      while running.count < servers, !queue.isEmpty {
        var batch = queue.removeFirst()
        batch.end = time + cost(batch.members.count)
        for member in batch.members { times[member] = (time, time + cost(batch.members.count)) }
        running.append(batch)
      }
    }
    var instants = Set(arrivals.map(\.time))
    while let time = instants.min() {
      instants.remove(time)
      for (number, arrival) in arrivals.enumerated() where arrival.time == time {
        func takes(_ batch: Batch) -> Bool {
          batch.search == arrival.search && batch.members.count < most
        }
        if let index = queue.firstIndex(where: takes) {
          queue[index].members.append(number)
        } else if let index = gathering.firstIndex(where: takes) {
          gathering[index].members.append(number)
          if gathering[index].members.count == most { queue.append(gathering.remove(at: index)) }
        } else {
          gathering.append(Batch(search: arrival.search, members: [number], due: time + wait))
          if wait > 0 { instants.insert(time + wait) }
        }
        start(time)
      }
      running.removeAll { $0.end == time }
      start(time)
      while let index = gathering.firstIndex(where: { $0.due <= time }) {
        queue.append(gathering.remove(at: index))
        start(time)
      }
      instants.formUnion(running.compactMap(\.end).filter { $0 > time })
    }
    return times
  }

  /// Searches of two kinds, of which requests of each class do one.
  private func scenario(
    _ pool: EnginePool, most: Int, wait: Double, threads: Int = 1
  ) -> ScenarioPlan {
    let pipelines = ["0", "1"].enumerated().map { number, name in
      StagePipeline(
        name: name, requestClass: name,
        stages: [
          Stage(
            name: "retrieve",
            action: .retrieve(
              Retrieval(
                index: "i", probes: 1 + number, documents: 1, threads: threads, maxBatch: most,
                maxWait: wait)), pool: pool.name)
        ])
    }
    var made = plan(Scenario(name: "t", pools: [pool], pipelines: pipelines))
    for search in made.searches.keys {
      for batch in 0..<most { made.searches[search]?[batch].bytes = 0 }
    }
    return made
  }

  private func requests(_ arrivals: [(time: Int64, search: Int)]) -> [RequestRecord] {
    arrivals.map {
      var record = request($0.time, input: 5, output: 1)
      record.requestClass = "\($0.search)"
      return record
    }
  }

  @Test("are served as a list of batches is, on cores and on a device", arguments: 0..<60)
  func random(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let most = Int.random(in: 2...5, using: &random)
    let wait = Int64.random(in: 0...40, using: &random)
    var time: Int64 = 0
    // Whole microseconds, so that much happens at one instant.
    let arrivals = (0..<80).map { _ in
      time += 1000 * Int64.random(in: 0...(seed % 2 == 0 ? 8 : 30), using: &random)
      return (time: time, search: Int.random(in: 0...1, using: &random))
    }
    let isDevice = seed % 3 == 0
    let cores = Int.random(in: 1...3, using: &random)
    let pool =
      isDevice
      ? EnginePool(name: "s", service: .searcher(SearchService(device: "none")))
      : hostPool("s", cores: cores)
    let whole = try replayWhole(
      scenario(pool, most: most, wait: Double(wait)), requests(arrivals))
    let expected = Self.naive(
      arrivals, servers: isDevice ? 1 : cores, most: most, wait: 1000 * wait
    ) { 10_000 * Int64(1 + $0) }
    #expect(whole.leftovers == [])
    #expect(whole.result.finished == arrivals.count)
    for (outcome, times) in zip(whole.outcomes, expected) {
      #expect(outcome.stages[0].started.rawValue == times.start, "\(outcome.number)")
      #expect(outcome.end.rawValue == times.end, "\(outcome.number)")
    }
  }

  @Test(
    "wait for each other until the batch is full or the first has waited long enough",
    arguments: [
      // Every 10 us one; a batch of b takes 10 (1 + b) us.
      (4, 100.0, [80, 70, 60, 50, 80, 70, 60, 50]),  // Full after 30 us, the next after 40 more.
      (8, 15.0, [45, 35, 45, 35, 45, 35, 45, 35]),  // Two in 15 us.
      (2, 0.0, [20, 20, 20, 20, 20, 20, 20, 20]),  // Nobody waits.
      (1, 0.0, [20, 20, 20, 20, 20, 20, 20, 20]),  // No batches at all.
    ])
  func gathering(most: Int, wait: Double, latencies: [Int64]) throws {
    let arrivals = (0..<8).map { (time: 10_000 * Int64($0), search: 0) }
    let (_, outcomes) = try replay(
      scenario(hostPool(cores: 16), most: most, wait: wait), requests(arrivals))
    #expect(outcomes.map { ($0.end - $0.arrival).rawValue / 1000 } == latencies)
    // Waiting for a batch is waiting in a queue.
    for outcome in outcomes {
      let stage = outcome.stages[0]
      #expect(stage.arrived == outcome.arrival && stage.started <= stage.ended)
    }
  }

  @Test("fill the batch that waits for the device, as long as it waits")
  func joining() throws {
    // The first alone until 20 us; meanwhile the others make one batch of three, and one more.
    let arrivals = [0, 1, 2, 3, 4].map { (time: 1000 * Int64($0), search: 0) }
    let pool = EnginePool(name: "s", service: .searcher(SearchService(device: "none")))
    let (result, outcomes) = try replay(scenario(pool, most: 3, wait: 0), requests(arrivals))
    #expect(outcomes.map(\.end.rawValue) == [20_000, 60_000, 60_000, 60_000, 80_000])
    #expect(result.engines[0].busyTime == Nanoseconds(80_000))
    #expect(result.engines[0].served == 5)
  }

  @Test("begin anew together when their engine fails, whether they gather, wait or are served")
  func failure() throws {
    for outage in stride(from: 0.5, to: 70, by: 3) {
      var pool = EnginePool(name: "s", service: .searcher(SearchService(device: "none")))
      pool.outages = [Outage(engine: 0, start: outage / 1e6, duration: 5e-6)]
      let arrivals = [0, 1, 2, 3, 12, 30].map { (time: 1000 * Int64($0), search: $0 == 3 ? 1 : 0) }
      let whole = try replayWhole(scenario(pool, most: 3, wait: 10), requests(arrivals))
      #expect(whole.leftovers == [])
      #expect(whole.result.finished == arrivals.count, "\(outage)")
    }
  }
}
