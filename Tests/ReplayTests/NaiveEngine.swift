import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// One engine by the same rules, written for plainness: objects, dictionaries of whole prefixes,
/// every request walked in every step. Shares no code with the engine that it is an oracle for.
final class NaiveEngine {
  /// One token: named by the log, or its request's own.
  struct Token: Hashable {
    var request: Int
    var name: UInt64
    var position: Int
  }

  final class Request {
    let number: Int
    let record: RequestRecord
    /// All that it will ever have.
    let tokens: [Token]
    /// How many of them there are so far, with those on their way.
    var present: Int
    var computed = 0
    var blocks: [Int] = []
    var outcome = RequestOutcome()
    var wasScheduled = false
    var gotToken: Int64?
    var isDone: Bool { present == record.inputTokens + record.outputTokens }

    init(number: Int, record: RequestRecord) {
      self.number = number
      self.record = record
      present = record.inputTokens
      var tokens: [Token] = []
      for position in 0..<(record.inputTokens + record.outputTokens) {
        let piece = position / record.tokensPerContentName
        if position < record.inputTokens, piece < record.content.count {
          tokens.append(Token(request: -1, name: record.content[piece], position: position))
        } else {
          tokens.append(Token(request: number, name: 0, position: position))
        }
      }
      self.tokens = tokens
      outcome.arrival = record.arrival
      outcome.inputTokens = Int32(record.inputTokens)
    }
  }

  struct Plan {
    var shape = StepShape()
    var scheduled: [Request] = []
    var sampled: [Request] = []
    var preempted = 0
    var waiting = 0
    var blocksInUse = 0
  }

  let group: EngineGroup
  var users: [Int]
  var prefixes: [[Token]?]
  var free: [Int]
  var cache: [[Token]: [Int]] = [:]
  var waiting: [Request] = []
  var running: [Request] = []
  var steps: [StepRecord] = []
  var gaps: [Int64] = []

  init(_ group: EngineGroup) {
    self.group = group
    let blocks = (group.blockCount ?? 1) - 1
    users = Array(repeating: 0, count: blocks)
    prefixes = Array(repeating: nil, count: blocks)
    free = Array(0..<blocks)
  }

  /// Replays the records.
  func run(_ records: [RequestRecord], pricing: some StepPricing) -> [RequestOutcome] {
    let requests = records.enumerated().map { Request(number: $0.offset, record: $0.element) }
    var arriving = requests.filter { request in
      let possible = canServe(request.record)
      if !possible { request.outcome.status = .rejected }
      return possible
    }
    var now: Int64 = 0
    var flying: (plan: Plan, start: Int64, end: Int64)?
    var next: Plan?
    while true {
      if let (plan, start, end) = flying {
        now = end
        complete(plan, start: start, end: end)
        flying = nil
      }
      while let first = arriving.first, first.record.arrival.rawValue <= now {
        waiting.append(arriving.removeFirst())
      }
      let plan = next ?? schedule()
      next = nil
      guard plan.shape.tokens > 0 else {
        if !running.isEmpty || !waiting.isEmpty { continue }
        guard let first = arriving.first else { break }
        now = max(now, first.record.arrival.rawValue)
        continue
      }
      for request in plan.scheduled where !request.wasScheduled {
        request.wasScheduled = true
        request.outcome.scheduled = Nanoseconds(now)
      }
      let duration = max(1, Int64(pricing.price(plan.shape).total.rounded()))
      flying = (plan, now, now + duration)
      if group.asyncScheduling {
        let following = schedule()
        if following.shape.tokens > 0 { next = following }
      }
    }
    return requests.map(\.outcome)
  }

  private func canServe(_ record: RequestRecord) -> Bool {
    let length = record.inputTokens + record.outputTokens
    return record.inputTokens > 0 && record.outputTokens > 0 && length <= group.maxModelLength
      && blocks(length - 1) <= users.count
  }

  private func blocks(_ tokens: Int) -> Int {
    tokens / group.blockSize + (tokens % group.blockSize > 0 ? 1 : 0)
  }

  // MARK: One step

  private func schedule() -> Plan {
    var plan = Plan()
    var budget = group.maxBatchedTokens
    var index = 0
    walk: while index < running.count, budget > 0 {
      let request = running[index]
      if request.isDone {
        index += 1
        continue
      }
      let count = min(limited(request.present - request.computed), budget)
      while blocks(request.computed + count) - request.blocks.count > free.count {
        let victim = running.removeLast()
        preempt(victim, &plan)
        if victim === request { break walk }
      }
      budget -= count
      add(request, count, &plan)
      index += 1
    }
    while plan.preempted == 0, budget > 0, running.count < group.maxSequences,
      let request = waiting.first
    {
      let found = lookUp(request)
      let cached = found.count * group.blockSize
      var count = limited(request.present - cached)
      if !group.enablesChunkedPrefill, count > budget { break }
      count = min(count, budget)
      let unused = found.filter { users[$0] == 0 }.count
      let goal = group.fullSequenceAdmission ? request.present : cached + count
      guard blocks(goal) - found.count + unused <= free.count else { break }
      waiting.removeFirst()
      for block in found {
        if users[block] == 0 { free.removeAll { $0 == block } }
        users[block] += 1
      }
      request.blocks = found
      request.computed = cached
      if !request.wasScheduled, !plan.scheduled.contains(where: { $0 === request }) {
        request.outcome.cachedTokens = Int32(cached)
      }
      running.append(request)
      budget -= count
      add(request, count, &plan)
    }
    plan.waiting = waiting.count
    plan.blocksInUse = users.count - free.count
    return plan
  }

  private func limited(_ count: Int) -> Int {
    group.longPrefillTokenThreshold > 0 ? min(count, group.longPrefillTokenThreshold) : count
  }

  private func lookUp(_ request: Request) -> [Int] {
    var found: [Int] = []
    guard group.enablesPrefixCaching else { return found }
    var end = group.blockSize
    while end <= request.present - 1, let block = cache[Array(request.tokens[..<end])]?.first {
      found.append(block)
      end += group.blockSize
    }
    return found
  }

  private func add(_ request: Request, _ count: Int, _ plan: inout Plan) {
    let past = request.computed
    while request.blocks.count < blocks(past + count) {
      let block = free.removeFirst()
      if let prefix = prefixes[block] {
        cache[prefix]?.removeAll { $0 == block }
        prefixes[block] = nil
      }
      users[block] = 1
      request.blocks.append(block)
    }
    request.computed += count
    if group.enablesPrefixCaching {
      for index in 0..<(request.computed / group.blockSize)
      where prefixes[request.blocks[index]] == nil {
        let prefix = Array(request.tokens[..<((index + 1) * group.blockSize)])
        prefixes[request.blocks[index]] = prefix
        cache[prefix, default: []].append(request.blocks[index])
      }
    }
    let completes = request.computed == request.present
    if completes, count == 1, request.present > request.record.inputTokens {
      plan.shape.addDecode(context: past + 1)
    } else {
      plan.shape.addPrefill(tokens: count, past: past, finishes: completes)
    }
    plan.scheduled.append(request)
    if completes {
      plan.sampled.append(request)
      request.present += 1
    }
  }

  private func preempt(_ request: Request, _ plan: inout Plan) {
    release(request)
    guard !request.isDone else { return }
    request.computed = 0
    request.outcome.preemptions += 1
    plan.preempted += 1
    waiting.insert(request, at: 0)
  }

  private func release(_ request: Request) {
    for block in request.blocks.reversed() {
      users[block] -= 1
      if users[block] == 0 { free.append(block) }
    }
    request.blocks = []
  }

  private func complete(_ plan: Plan, start: Int64, end: Int64) {
    steps.append(
      StepRecord(
        engine: 0, steps: 1, start: Nanoseconds(start), duration: Nanoseconds(end - start),
        shape: plan.shape, waiting: Int32(plan.waiting), blocksInUse: Int32(plan.blocksInUse),
        preempted: Int32(plan.preempted)))
    for request in plan.sampled {
      request.outcome.outputTokens += 1
      if let last = request.gotToken { gaps.append(end - last) }
      if request.gotToken == nil { request.outcome.firstToken = Nanoseconds(end) }
      request.gotToken = end
      request.outcome.lastToken = Nanoseconds(end)
      guard Int(request.outcome.outputTokens) == request.record.outputTokens else { continue }
      request.outcome.status = .finished
      release(request)
      running.removeAll { $0 === request }
    }
  }
}
