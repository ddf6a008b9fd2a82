import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// One engine by the same rules, written for plainness: objects, dictionaries of whole prefixes,
/// every request walked in every step. Shares no code with the engine that it is an oracle for, but for which
/// drafted tokens are accepted: that is held against its own law.
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
    /// Its latest token is still to come out of the pipeline.
    var isInFlight = false
    /// Its last step left drafts.
    var hasDrafts = false
    /// Who is served first, and keeps its memory longest.
    var rank: [Int] { [record.priority, Int(record.arrival.rawValue), number] }
    var isDone: Bool { present == record.inputTokens + record.outputTokens }

    init(number: Int, record: RequestRecord) {
      self.number = number
      self.record = record
      present = record.inputTokens
      var tokens: [Token] = []
      // Names of more pieces than the prompt fills tell what is generated.
      let size = record.tokensPerContentName
      let namesOutput = record.content.count > (record.inputTokens + size - 1) / size
      for position in 0..<(record.inputTokens + record.outputTokens) {
        let piece = position / size
        if namesOutput || position < record.inputTokens, piece < record.content.count {
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
    var sampled: [(request: Request, tokens: Int)] = []
    var preempted = 0
    var tookMemory = false
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
  /// Victims that were not the latest admitted.
  var middleVictims = 0
  /// Of SGLang's policy: the part of outputs for which memory is kept, and whether an admission
  /// failed when so many ran.
  var expectedPart = 0.7
  var isFull = false
  var fullCount = 0
  /// Of an engine that prefills for others: those whose keys and values are to travel.
  var held: [Request] = []
  /// Of an engine that decodes for others: places of those whose keys and values are on their way.
  var reserved = 0

  init(_ group: EngineGroup) {
    self.group = group
    let blocks = (group.blockCount ?? 1) - 1
    users = Array(repeating: 0, count: blocks)
    prefixes = Array(repeating: nil, count: blocks)
    free = Array(0..<blocks)
  }

  /// Replays the records.
  func run(_ records: [RequestRecord], pricing: some StepPricing) -> [RequestOutcome] {
    group.pipelineParallel > 1 ? runPipeline(records, pricing) : runSteps(records, pricing)
  }

  /// As many steps in flight as stages, each of which works on one at a time.
  private func runPipeline(
    _ records: [RequestRecord], _ pricing: some StepPricing
  ) -> [RequestOutcome] {
    let requests = records.enumerated().map { Request(number: $0.offset, record: $0.element) }
    var arriving = accepted(requests)
    var now: Int64 = 0
    var flying: [(plan: Plan, start: Int64, end: Int64)] = []
    var free = Array(repeating: Int64.min, count: group.pipelineParallel)
    while true {
      if let first = flying.first, first.end <= now {
        complete(first.plan, start: first.start, end: first.end)
        flying.removeFirst()
      }
      while let first = arriving.first, first.record.arrival.rawValue <= now {
        wait(arriving.removeFirst())
      }
      let plan = flying.count < free.count ? schedule() : Plan()
      if plan.shape.tokens > 0 {
        start(plan, at: now)
        let price = drafted(pricing.price(plan.shape))
        var clock = now
        for stage in free.indices {
          clock = max(clock, free[stage])
          let host = stage == 0 ? price.hostTime : 0
          clock += max(1, Int64((price.deviceTime.sum() / Double(free.count) + host).rounded()))
          free[stage] = clock
        }
        flying.append((plan, now, clock))
      } else if let first = flying.first {
        now = first.end
      } else if running.isEmpty, waiting.isEmpty {
        guard let first = arriving.first else { break }
        now = max(now, first.record.arrival.rawValue)
      }
    }
    return requests.map(\.outcome)
  }

  private func accepted(_ requests: [Request]) -> [Request] {
    requests.filter { request in
      request.outcome.rejection = obstacle(request.record)
      if request.outcome.rejection != nil { request.outcome.status = .rejected }
      return request.outcome.rejection == nil
    }
  }

  func start(_ plan: Plan, at now: Int64) {
    for request in plan.scheduled where !request.wasScheduled {
      request.wasScheduled = true
      request.outcome.scheduled = Nanoseconds(now)
    }
  }

  /// The price with the drafts'.
  private func drafted(_ price: StepPrice) -> StepPrice {
    guard let drafts = group.speculation else { return price }
    var price = price
    price.deviceTime *= 1 + drafts.cost
    price.hostTime = price.hostTime * (1 + drafts.cost) + drafts.microseconds * 1000
    return price
  }

  /// One step after the other.
  private func runSteps(
    _ records: [RequestRecord], _ pricing: some StepPricing
  ) -> [RequestOutcome] {
    let requests = records.enumerated().map { Request(number: $0.offset, record: $0.element) }
    var arriving = accepted(requests)
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
        wait(arriving.removeFirst())
      }
      let plan = next ?? schedule()
      next = nil
      guard plan.shape.tokens > 0 else {
        if !running.isEmpty || !waiting.isEmpty { continue }
        guard let first = arriving.first else { break }
        now = max(now, first.record.arrival.rawValue)
        continue
      }
      start(plan, at: now)
      let duration = max(1, Int64(drafted(pricing.price(plan.shape)).total.rounded()))
      flying = (plan, now, now + duration)
      if group.asyncScheduling {
        let following = schedule()
        if following.shape.tokens > 0 { next = following }
      }
    }
    return requests.map(\.outcome)
  }

  func canServe(_ record: RequestRecord) -> Bool { obstacle(record) == nil }

  func obstacle(_ record: RequestRecord) -> RequestOutcome.Rejection? {
    let length = record.inputTokens + record.outputTokens
    if record.inputTokens == 0 || record.outputTokens == 0 { return .noTokens }
    if length > group.maxModelLength { return .modelLength }
    if group.policy == .sglang, length + group.blockSize > users.count * group.blockSize {
      return .memory
    }
    let stored = min(length - 1 + (group.speculation?.tokens ?? 0), group.maxModelLength)
    return blocks(stored) <= users.count ? nil : .memory
  }

  /// A new or preempted request joins those that wait.
  func wait(_ request: Request, atFront: Bool = false) {
    if group.queueOrder == .priority {
      waiting.append(request)
      waiting.sort { $0.rank.lexicographicallyPrecedes($1.rank) }
    } else {
      waiting.insert(request, at: atFront && group.policy != .sglang ? 0 : waiting.count)
    }
  }

  private var sharesPrefixes: Bool {
    group.enablesPrefixCaching && group.policy != .orca && group.policy != .fixed
  }

  func blocks(_ tokens: Int) -> Int {
    tokens / group.blockSize + (tokens % group.blockSize > 0 ? 1 : 0)
  }

  // MARK: One step

  func planAsVLLM(_ plan: inout Plan) {
    var budget = group.maxBatchedTokens
    var index = 0
    var granted: [(request: Request, count: Int)] = []
    walk: while index < running.count, budget > 0 {
      let request = running[index]
      if request.isDone || request.isInFlight {
        index += 1
        continue
      }
      var wanted = request.present - request.computed
      if let drafts = group.speculation, request.hasDrafts {
        wanted = min(wanted + drafts.tokens, group.maxModelLength - 1 - request.computed)
      }
      let count = min(limited(wanted), budget)
      while blocks(request.computed + count) - request.blocks.count > free.count {
        var place = running.count - 1
        if group.queueOrder == .priority {
          for other in running.indices
          where running[place].rank.lexicographicallyPrecedes(running[other].rank) { place = other }
        }
        if place < running.count - 1 { middleVictims += 1 }
        let victim = running.remove(at: place)
        if place < index { index -= 1 }
        if let grant = granted.firstIndex(where: { $0.request === victim }) {
          budget += granted.remove(at: grant).count
        }
        preempt(victim, &plan)
        if victim === request { break walk }
      }
      budget -= count
      allocate(request, upTo: request.computed + count)
      granted.append((request, count))
      index += 1
    }
    for (request, count) in granted {
      if group.speculation != nil, request.hasDrafts {
        verify(request, count, &plan)
      } else {
        add(request, count, &plan)
      }
    }
    admit(&plan, budget: budget)
  }

  /// Admits waiting requests in their order, if nobody lost memory.
  func admit(_ plan: inout Plan, budget: Int) {
    var budget = budget
    while !plan.tookMemory, budget > 0, running.count + reserved < group.maxSequences,
      let request = waiting.first, !request.isInFlight
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
      take(request, found, plan)
      budget -= count
      add(request, count, &plan)
    }
  }

  /// Lets a request run, with the blocks that were found for it.
  func take(_ request: Request, _ found: [Int], _ plan: Plan) {
    for block in found {
      if users[block] == 0 { free.removeAll { $0 == block } }
      users[block] += 1
    }
    request.blocks = found
    request.computed = found.count * group.blockSize
    if !request.wasScheduled, !plan.scheduled.contains(where: { $0 === request }) {
      request.outcome.cachedTokens = Int32(request.computed)
    }
    running.append(request)
  }

  func limited(_ count: Int) -> Int {
    group.longPrefillTokenThreshold > 0 ? min(count, group.longPrefillTokenThreshold) : count
  }

  func lookUp(_ request: Request) -> [Int] {
    var found: [Int] = []
    guard sharesPrefixes else { return found }
    var end = group.blockSize
    while end <= request.present - 1, let block = cache[Array(request.tokens[..<end])]?.first {
      found.append(block)
      end += group.blockSize
    }
    return found
  }

  func allocate(_ request: Request, upTo end: Int) {
    while request.blocks.count < blocks(end) {
      let block = free.removeFirst()
      if let prefix = prefixes[block] {
        cache[prefix]?.removeAll { $0 == block }
        prefixes[block] = nil
      }
      users[block] = 1
      request.blocks.append(block)
    }
  }

  /// One token and its drafts: as many come as are accepted in a row, and one more.
  private func verify(_ request: Request, _ count: Int, _ plan: inout Plan) {
    let past = request.computed
    var brought = 1
    while brought < count, isAccepted(request, position: request.present + brought - 1) {
      brought += 1
    }
    request.computed = past + brought
    if count == 1 {
      plan.shape.addDecode(context: past + 1)
    } else {
      plan.shape.addPrefill(tokens: count, past: past, samples: true)
      plan.shape.sampledSequences += count - 1
      plan.shape.verifiedSequences += 1
      plan.shape.verifiedTokens += count
    }
    let missing = request.record.inputTokens + request.record.outputTokens - request.present
    plan.scheduled.append(request)
    plan.sampled.append((request, min(brought, missing)))
    request.present += min(brought, missing)
    nameFullBlocks(request)
    request.isInFlight = group.pipelineParallel > 1
  }

  /// Whether the draft of the token at this position of the whole sequence is accepted.
  private func isAccepted(_ request: Request, position: Int) -> Bool {
    let generated = Int32(position - request.record.inputTokens)
    guard let drafts = group.speculation else { return false }
    return drafts.accepted(of: 1, request: Int32(request.number), after: generated) == 1
  }

  func add(_ request: Request, _ count: Int, _ plan: inout Plan) {
    let past = request.computed
    allocate(request, upTo: past + count)
    request.computed += count
    nameFullBlocks(request)
    let completes = request.computed == request.present
    if completes, count == 1, request.present > request.record.inputTokens {
      plan.shape.addDecode(context: past + 1)
    } else {
      plan.shape.addPrefill(tokens: count, past: past, samples: true)
    }
    plan.scheduled.append(request)
    if completes {
      plan.sampled.append((request, 1))
      request.present += 1
      request.hasDrafts = true
      request.isInFlight = group.pipelineParallel > 1
    }
  }

  func nameFullBlocks(_ request: Request) {
    if sharesPrefixes {
      // A block is cached when a later step finds its tokens there, and after the last token there is no
      // step: not even where drafts beyond it were accepted, so that its keys and values are stored.
      let last = request.record.inputTokens + request.record.outputTokens - 1
      let end = min(request.computed, request.present, last)
      for index in 0..<(end / group.blockSize)
      where isKept(request, index) && prefixes[request.blocks[index]] == nil {
        let prefix = Array(request.tokens[..<((index + 1) * group.blockSize)])
        prefixes[request.blocks[index]] = prefix
        cache[prefix, default: []].append(request.blocks[index])
      }
    }
  }

  /// Whether anybody may find a full block: SGLang's tree has what prompts hold, and what the log
  /// names.
  private func isKept(_ request: Request, _ index: Int) -> Bool {
    let end = (index + 1) * group.blockSize
    return group.policy != .sglang || end <= request.record.inputTokens
      || request.tokens[..<end].allSatisfy { $0.request < 0 }
  }

  func preempt(_ request: Request, _ plan: inout Plan) {
    plan.tookMemory = true
    release(request)
    guard !request.isDone else { return }
    request.computed = 0
    request.hasDrafts = false
    request.outcome.preemptions += 1
    plan.preempted += 1
    wait(request, atFront: true)
  }

  func release(_ request: Request) {
    for block in request.blocks.reversed() {
      users[block] -= 1
      if users[block] == 0 { free.append(block) }
    }
    request.blocks = []
  }

  func complete(_ plan: Plan, start: Int64, end: Int64) {
    steps.append(
      StepRecord(
        engine: 0, steps: 1, start: Nanoseconds(start), duration: Nanoseconds(end - start),
        shape: plan.shape, waiting: Int32(plan.waiting), blocksInUse: Int32(plan.blocksInUse),
        preempted: Int32(plan.preempted)))
    for (request, tokens) in plan.sampled {
      request.isInFlight = false
      request.outcome.outputTokens += Int32(tokens)
      for _ in 1..<tokens { gaps.append(0) }
      if let last = request.gotToken { gaps.append(end - last) }
      if request.gotToken == nil { request.outcome.firstToken = Nanoseconds(end) }
      request.gotToken = end
      request.outcome.lastToken = Nanoseconds(end)
      guard Int(request.outcome.outputTokens) == request.record.outputTokens else { continue }
      request.outcome.status = .finished
      if group.role == .prefill { held.append(request) } else { release(request) }
      running.removeAll { $0 === request }
    }
  }
}
