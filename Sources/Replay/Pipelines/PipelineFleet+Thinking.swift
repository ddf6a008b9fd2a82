import Scenarios

/// Paths of thought: requests of one task that share what came before them.
///
/// What the first path generates has the names of the request's own context, which later stages go on with;
/// other paths have names of their own from where they split.
extension PipelineFleet {
  /// Sends the paths of a task's first level.
  mutating func submitPaths(of task: Int, _ thinking: Thinking, at time: Int64) {
    let journey = journeys[journey(of: task)]
    tasks[task].partsLeft = Int32(
      min(max(1, thinking.keep ?? .max), max(1, min(thinking.paths, 1024))))
    let output = thinking.tokensOfLevel(0, answer: journey.output)
    let count = max(1, min(thinking.branches.first ?? 1, 1024))
    for number in 0..<count {
      // One path needs no names but the context's.
      if thinking.paths == 1 || number == 0 {
        send(
          ticket(task, input: journey.context, journey.chainStart, journey.chainCount),
          output: output, fetched: tasks[task].fetched, at: time)
      } else {
        let kept = (journey.chainStart, journey.context / journey.tokensPerName)
        send(
          path(of: task, input: journey.context, output: output, depth: 0, kept),
          output: output, fetched: tasks[task].fetched, at: time)
      }
    }
  }

  /// Splits a path that has come to the end of its level.
  mutating func split(_ resident: Resident, _ thinking: Thinking, at time: Int64) {
    let parent = tickets[Int(resident.request)]
    let task = Int(parent.task)
    let journey = journeys[journey(of: task)]
    let depth = Int(parent.depth) + 1
    let output = thinking.tokensOfLevel(depth, answer: journey.output)
    let input = Int(resident.input) + Int(resident.generated)
    for number in 0..<max(1, thinking.branches[depth]) {
      // The names of the first path reach to its end; others' go as far as they were sent.
      let child: Int32
      if number == 0, parent.path == 0 {
        child = ticket(
          task, input: input, depth: Int32(depth), journey.chainStart, journey.chainCount)
      } else {
        // What the parent's last piece holds beside its own end is of each child alone.
        let kept = (parent.chainStart, min(parent.chainCount, input / journey.tokensPerName))
        child = path(of: task, input: input, output: output, depth: depth, kept)
      }
      send(child, output: output, fetched: 0, at: time)
    }
  }

  /// A ticket of a path with names of its own, after so many pieces of another chain.
  private mutating func path(
    of task: Int, input: Int, output: Int, depth: Int, _ kept: (start: Int, count: Int)
  ) -> Int32 {
    let journey = journeys[journey(of: task)]
    pathNumber &+= 1
    let count = (input + output) / journey.tokensPerName + 1
    let start = chains.allocate(count)
    var hash = BlockContent.origin
    for piece in 0..<count {
      hash =
        piece < kept.count && kept.start >= 0
        ? chains[kept.start + piece] : BlockContent.mix(hash, ~pathNumber)
      chains[start + piece] = hash
    }
    let number = ticket(task, input: input, depth: Int32(depth), path: pathNumber, start, count)
    chains.release(start)
    return number
  }

  /// Gives the paths up that nobody waits for any more.
  mutating func dropOtherPaths(of task: Int) {
    var number = tasks[task].firstTicket
    while number >= 0 {
      let ticket = tickets[Int(number)]
      if ticket.attempt == tasks[task].attempt {
        _ = models[engines[Int(ticket.engine)].place].cancel(number)
      }
      number = ticket.next
    }
  }
}

extension Thinking {
  /// Tokens that each path generates between two splits.
  func tokensOfLevel(_ level: Int, answer: Int) -> Int {
    let (tokens, levels) = (tokensOfPath(answer: answer), max(1, branches.count))
    let share = tokens / levels
    return max(1, level == levels - 1 ? tokens - share * (levels - 1) : share)
  }
}
