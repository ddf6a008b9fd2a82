import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// Engines that prefill and engines that decode by the same rules, written for plainness: at each
/// instant at which anything happens, everything is looked at.
final class NaiveSplit {
  /// A request between two engines.
  struct Travel {
    var old: NaiveEngine.Request
    var new: NaiveEngine.Request
    var source: Int
    var target: Int
    var stepStart: Int64
    var stepEnd: Int64
    var end: Int64 = .max
  }

  let deployment: Deployment
  let engines: [NaiveEngine]
  var flying: [(plan: NaiveEngine.Plan, start: Int64, end: Int64)?]
  var queues: [[Travel]]
  var travels: [Travel] = []
  var outgoing: [Int64]
  var incoming: [Int64]
  var last = -1
  var outcomes: [RequestOutcome] = []
  var records: [RequestRecord] = []
  /// Engines of each role, in order.
  let prefills: [Int]
  let decodes: [Int]
  /// How many whole requests went to decode engines.
  var conversions = 0
  /// How often a request waited for memory, and for a link.
  var (memoryWaits, linkWaits) = (0, 0)

  init(_ deployment: Deployment) {
    self.deployment = deployment
    let engines = deployment.engines.flatMap { group in
      (0..<group.count).map { _ in NaiveEngine(group) }
    }
    self.engines = engines
    prefills = engines.indices.filter { engines[$0].group.role == .prefill }
    decodes = engines.indices.filter { engines[$0].group.role == .decode }
    flying = engines.map { _ in nil }
    queues = engines.map { _ in [] }
    outgoing = engines.map { _ in .min }
    incoming = outgoing
  }

  func load(_ engine: Int) -> Int {
    engines[engine].running.count + engines[engine].waiting.count + engines[engine].reserved
      + queues[engine].count
  }

  func target(_ record: RequestRecord, from source: Int) -> Int? {
    if deployment.decodePool == .local {
      let partner = decodes[(prefills.firstIndex(of: source) ?? 0) % decodes.count]
      return engines[partner].canServe(record) ? partner : nil
    }
    return decodes.filter { engines[$0].canServe(record) }.min { load($0) < load($1) }
  }

  func shortened(_ record: RequestRecord, on engine: Int) -> RequestRecord {
    var record = record
    if engines[engine].group.role == .prefill { record.outputTokens = min(1, record.outputTokens) }
    return record
  }

  func arrive(_ number: Int) {
    let record = records[number]
    let able = engines.indices.filter { engine in
      let role = engines[engine].group.role
      return role != .decode && engines[engine].canServe(shortened(record, on: engine))
        && (role == .both || record.outputTokens < 2 || target(record, from: engine) != nil)
    }
    let chosen =
      deployment.routing == .roundRobin
      ? able.first { $0 > last } ?? able.first : able.min { load($0) < load($1) }
    guard let chosen else {
      outcomes[number].status = .rejected
      outcomes[number].rejection =
        engines.indices.compactMap { engines[$0].obstacle(shortened(record, on: $0)) }.max()
      return
    }
    last = chosen
    let taker = converted(record, from: chosen)
    outcomes[number].engine = Int32(taker)
    let request = NaiveEngine.Request(number: number, record: shortened(record, on: taker))
    request.outcome.engine = Int32(taker)
    engines[taker].wait(request)
  }

  /// The decode engine that takes a whole request, or the prefill engine.
  func converted(_ record: RequestRecord, from chosen: Int) -> Int {
    guard let most = deployment.conversionQueue, engines[chosen].group.role == .prefill,
      engines[chosen].waiting.count >= most
    else { return chosen }
    let partner = decodes[(prefills.firstIndex(of: chosen) ?? 0) % decodes.count]
    let takers = decodes.filter { engine in
      engines[engine].canServe(record) && engines[engine].waiting.count < most
        && queues[engine].isEmpty && (deployment.decodePool == .global || engine == partner)
    }
    guard let taker = takers.min(by: { load($0) < load($1) }) else { return chosen }
    conversions += 1
    return taker
  }

  /// Hands over what a step prefilled.
  func handOver(from source: Int, _ start: Int64, _ end: Int64) {
    for old in engines[source].held {
      guard records[old.number].outputTokens > 1 else {
        engines[source].release(old)
        outcomes[old.number] = old.outcome
        continue
      }
      let new = NaiveEngine.Request(number: old.number, record: records[old.number])
      new.outcome = old.outcome
      new.outcome.status = .unfinished
      (new.wasScheduled, new.gotToken) = (true, end)
      (new.computed, new.present) = (new.record.inputTokens, new.record.inputTokens + 1)
      guard let target = target(new.record, from: source) else { continue }
      queues[target].append(
        Travel(
          old: old, new: new, source: source, target: target, stepStart: start, stepEnd: end))
      admit(to: target, at: end)
    }
    engines[source].held = []
  }

  func admit(to target: Int, at now: Int64) {
    let engine = engines[target]
    while var travel = queues[target].first, engine.waiting.isEmpty,
      engine.running.count + engine.reserved < engine.group.maxSequences,
      engine.blocks(travel.new.present) <= engine.free.count
    {
      queues[target].removeFirst()
      engine.reserved += 1
      engine.allocate(travel.new, upTo: travel.new.present)
      travel.end = send(travel, at: now)
      travels.append(travel)
    }
  }

  func send(_ travel: Travel, at now: Int64) -> Int64 {
    guard let links = deployment.transfer, let size = engines[travel.source].group.keyValues
    else { return now }
    let bytes = Double(travel.new.computed) * size.bytesPerToken
    func time(_ bytes: Double) -> Int64 {
      max(1, Int64((links.latency * 1000 + bytes / links.bandwidth).rounded()))
    }
    if now > travel.stepEnd { memoryWaits += 1 }
    var end: Int64
    if links.mode == .layerwise, now == travel.stepEnd {
      let first = travel.stepStart + (travel.stepEnd - travel.stepStart) / Int64(size.layers)
      let start = [first, outgoing[travel.source], incoming[travel.target]].max() ?? 0
      if start > first { linkWaits += 1 }
      end = max(start + time(bytes), travel.stepEnd + time(bytes / Double(size.layers)))
    } else {
      let start = [now, outgoing[travel.source], incoming[travel.target]].max() ?? 0
      if start > now { linkWaits += 1 }
      end = start + time(bytes)
    }
    outgoing[travel.source] = end
    incoming[travel.target] = end
    return end
  }

  func run(_ records: [RequestRecord], pricing: some StepPricing) -> [RequestOutcome] {
    self.records = records
    outcomes = records.map { record in
      var outcome = RequestOutcome()
      outcome.arrival = record.arrival
      outcome.inputTokens = Int32(record.inputTokens)
      return outcome
    }
    var arriving = Array(records.indices)
    while true {
      var times: [Int64] = travels.map(\.end)
      if let first = arriving.first { times.append(records[first].arrival.rawValue) }
      for step in flying { if let step { times.append(step.end) } }
      guard let now = times.min() else { break }
      while let first = arriving.first, records[first].arrival.rawValue <= now {
        arrive(arriving.removeFirst())
      }
      // By end; those of one instant in the order of their beginning.
      for travel in travels where travel.end == now {
        engines[travel.source].release(travel.old)
        engines[travel.target].reserved -= 1
        engines[travel.target].running.append(travel.new)
        engines[travel.target].nameFullBlocks(travel.new)
      }
      travels.removeAll { $0.end == now }
      for (index, engine) in engines.enumerated() {
        if let (plan, start, end) = flying[index] {
          guard end == now else { continue }
          flying[index] = nil
          engine.complete(plan, start: start, end: end)
          for (request, _) in plan.sampled where engine.group.role != .prefill {
            outcomes[request.number] = request.outcome
          }
          handOver(from: index, start, end)
        }
        var plan = engine.schedule()
        while plan.shape.tokens == 0, plan.tookMemory { plan = engine.schedule() }
        if plan.shape.tokens > 0 {
          engine.start(plan, at: now)
          flying[index] = (
            plan, now, now + max(1, Int64(pricing.price(plan.shape).total.rounded()))
          )
        }
        admit(to: index, at: now)
      }
    }
    return outcomes
  }
}
