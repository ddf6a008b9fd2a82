import CostModel
import Operators
import RequestLogs
import Scenarios

@testable import Replay

/// The policies of other engines than vLLM, as plainly.
extension NaiveEngine {
  func schedule() -> Plan {
    var plan = Plan()
    switch group.policy {
    case .vllm: planAsVLLM(&plan)
    case .sarathi: planStallFree(&plan)
    case .orca: planIteration(&plan)
    case .fixed: if running.isEmpty { planIteration(&plan) } else { decode(running, &plan) }
    case .sglang: planByPrefix(&plan)
    }
    plan.waiting = waiting.count
    plan.blocksInUse = users.count - free.count
    return plan
  }

  /// Decodes, then begun prompts, then new ones; the last of the running list pays for memory, and
  /// gives back what it was to compute.
  private func planStallFree(_ plan: inout Plan) {
    var chosen: [(request: Request, count: Int)] = []
    func left() -> Int { group.maxBatchedTokens - chosen.reduce(0) { $0 + $1.count } }
    for decodes in [true, false] {
      let candidates = running.filter { $0.hasDrafts == decodes }
      for request in candidates where running.contains(where: { $0 === request }) && left() > 0 {
        let count = min(limited(request.present - request.computed), left())
        let end = request.computed + count
        while running.contains(where: { $0 === request }),
          blocks(end) - request.blocks.count > free.count
        {
          let victim = running.removeLast()
          chosen.removeAll { $0.request === victim }
          preempt(victim, &plan)
        }
        guard running.contains(where: { $0 === request }) else { continue }
        allocate(request, upTo: end)
        chosen.append((request, count))
      }
    }
    for (request, count) in chosen { add(request, count, &plan) }
    admit(&plan, budget: left())
  }

  /// One token of all that run, and whole prompts, with memory for all that is to come.
  private func planIteration(_ plan: inout Plan) {
    decode(running, &plan)
    while let request = waiting.first, running.count < group.maxSequences,
      plan.shape.tokens + request.record.inputTokens <= group.maxBatchedTokens
    {
      let longest = request.record.inputTokens + request.record.outputTokens - 1
      guard blocks(longest) <= free.count else { return }
      running.append(waiting.removeFirst())
      allocate(request, upTo: longest)
      add(request, request.record.inputTokens, &plan)
    }
  }

  private func decode(_ requests: [Request], _ plan: inout Plan) {
    for request in requests { add(request, 1, &plan) }
  }

  /// Prompts alone while any can be admitted, the longest cached beginning first; else decodes.
  private func planByPrefix(_ plan: inout Plan) {
    if running.isEmpty { expectedPart = 0.7 }
    if running.count < fullCount { isFull = false }
    if let split = running.last, !split.hasDrafts {
      add(split, min(split.present - split.computed, group.maxBatchedTokens), &plan)
    }
    func toCome(_ request: Request) -> Int {
      min(4096, request.record.inputTokens + request.record.outputTokens - request.present)
    }
    var promised = running.reduce(0.0) { $0 + Double(toCome($1)) * expectedPart }
    var queue = isFull ? [] : waiting
    if waiting.count <= 128 {
      let found = queue.map { lookUp($0).count }
      queue = queue.indices.sorted { (-found[$0], $0) < (-found[$1], $1) }.map { queue[$0] }
    }
    for request in queue where plan.shape.tokens < group.maxBatchedTokens {
      let found = lookUp(request)
      let missing = request.present - found.count * group.blockSize
      let idle = found.filter { users[$0] == 0 }.count
      let room = Double((free.count - idle) * group.blockSize) - promised
      let need = blocks(missing) * group.blockSize + toCome(request)
      guard running.count < group.maxSequences, Double(need) < room else {
        (isFull, fullCount) = (true, running.count)
        break
      }
      promised += Double(toCome(request))
      waiting.removeAll { $0 === request }
      take(request, found, plan)
      add(request, min(missing, group.maxBatchedTokens - plan.shape.tokens), &plan)
    }
    guard plan.shape.tokens == 0 else { return }
    if needed() <= free.count {
      expectedPart = max(0.098, expectedPart - (0.7 - 0.098) / 600)
    } else {
      retract(&plan)
    }
    decode(running, &plan)
  }

  private func needed() -> Int {
    running.reduce(0) { $0 + blocks($1.computed + 1) - $1.blocks.count }
  }

  private func retract(_ plan: inout Plan) {
    isFull = false
    // The best first: those that generated most, then those of the shortest prompts.
    var order = running.sorted {
      ($0.outcome.outputTokens, -$0.record.inputTokens)
        > ($1.outcome.outputTokens, -$1.record.inputTokens)
    }
    while order.count > 1,
      needed() > free.count || order.count * 20 > free.count * group.blockSize
    {
      let victim = order.removeLast()
      running.removeAll { $0 === victim }
      preempt(victim, &plan)
    }
    let generated = running.reduce(0) { $0 + Int($1.outcome.outputTokens) }
    let longest = running.reduce(0) { $0 + $1.record.outputTokens }
    expectedPart = min(1, Double(generated + 20 * running.count) / Double(longest))
  }
}

extension NaiveEngine {
  /// Lets a request go before its end.
  func abort(_ request: Request) {
    waiting.removeAll { $0 === request }
    running.removeAll { $0 === request }
    release(request)
  }
}
