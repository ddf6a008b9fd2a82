import Operators
import Scenarios

/// Blocks that stores bring while their request goes on.
///
/// The request waits on its engine; there it is passed over until its blocks have come, and then stands where it came,
/// as in vLLM's queue of requests that wait for remote key-values, or before SGLang's hierarchical cache. Bytes lie in
/// the engine's host meanwhile, and take none of its blocks. The time until the blocks have come is *hidden* as far as
/// the engine would not have begun before, and else *waited*.
extension PipelineFleet {
  /// Takes in that all has come that a task waited for.
  mutating func fetched(_ task: Int, at time: Int64) {
    tasks[task].fetchesLeft = 0
    guard tasks[task].fetchStart >= 0 else { return complete(task, at: time) }
    if tasks[task].turn >= 0 { tasks[task].fetchWait = time - tasks[task].turn }
    tasks[task].fetchHidden = time - tasks[task].fetchStart - tasks[task].fetchWait
    guard tasks[task].awaitsBlocks else { return }
    awaiting[engines[Int(tasks[task].engine)].place].removeAll { Int($0.task) == task }
    submit(task, at: time)
    tasks[task].awaitsBlocks = false
  }

  /// Has a task wait on its engine for its blocks.
  mutating func awaitBlocks(of task: Int, at time: Int64) {
    let engine = Int(tasks[task].engine)
    tasks[task].awaitsBlocks = true
    awaiting[engines[engine].place].append(
      TaskTry(task: Int32(task), attempt: tasks[task].attempt))
    // An engine that computes looks at its queue at the next boundary.
    if models[engines[engine].place].boundary == .max { noteTurns(on: engine, at: time) }
  }

  /// Forgets the blocks that come meanwhile.
  mutating func forgetPrefetch(of task: Int) {
    (tasks[task].fetchesLeft, tasks[task].fetchStart, tasks[task].turn) = (0, -1, -1)
    (tasks[task].fetchEnd, tasks[task].fetchWait, tasks[task].fetchHidden) = (0, 0, 0)
    (tasks[task].awaitsBlocks, tasks[task].store) = (false, -1)
  }

  /// Notes which tasks an engine would have begun by now, had their blocks been there: there are places and memory, and
  /// nobody waits who came before.
  ///
  /// - Parameter taken: tokens of the step that begins, which no other may have.
  mutating func noteTurns(on engine: Int, taken: Int = 0, at time: Int64) {
    let place = engines[engine].place
    guard !awaiting[place].isEmpty else { return }
    awaiting[place].removeAll { tasks[Int($0.task)].attempt != $0.attempt }
    let scheduler = models[place].scheduler
    let limits = scheduler.limits
    var places = limits.maxSequences - scheduler.running.count - scheduler.reservedCount
    var blocks = scheduler.pool.freeCount
    var tokens = limits.maxBatchedTokens - taken
    let next = scheduler.waiting.first.map { scheduler.residents[Int($0)] }
    for entry in awaiting[place] {
      let task = Int(entry.task)
      if let next, next.preemptions > 0 || next.arrival <= tasks[task].arrived { return }
      let context = journeys[journey(of: task)].context
      places -= 1
      blocks -= (context + limits.blockSize - 1) / limits.blockSize
      guard places >= 0, blocks >= 0, tokens > 0 else { return }
      tokens -= context - Int(tasks[task].fetched)
      if tasks[task].turn < 0 { tasks[task].turn = time }
    }
  }
}
