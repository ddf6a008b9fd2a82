/// What a coordinator may know of an engine before it sends a request there.
extension Scheduler {
  /// What the requests that are here still need.
  struct WorkLeft {
    var requests = 0
    /// Tokens of prompts that are not computed.
    var promptTokens = 0
    /// Tokens of answers that are not generated.
    var answerTokens = 0
    /// Tokens that the longest of those answers has left.
    var longestAnswer = 0
    /// Prompt and answer tokens of a request, on average.
    var meanContext = 0

    /// All of them.
    var tokens: Int { promptTokens + answerTokens }

    /// Counts a request more.
    mutating func add(prompt: Int, answer: Int) {
      requests += 1
      promptTokens += prompt
      answerTokens += answer
      longestAnswer = max(longestAnswer, answer)
    }

    /// Counts a request less; the longest answer may stay until none is left.
    mutating func remove(prompt: Int, answer: Int) {
      requests -= 1
      promptTokens -= prompt
      answerTokens -= answer
      if requests == 0 { longestAnswer = 0 }
    }

    /// Counts what others have left, too.
    mutating func add(_ other: WorkLeft) {
      requests += other.requests
      promptTokens += other.promptTokens
      answerTokens += other.answerTokens
      longestAnswer = max(longestAnswer, other.longestAnswer)
    }
  }

  /// What is left to do here.
  ///
  /// - Complexity: O(requests here).
  var workLeft: WorkLeft {
    var left = WorkLeft()
    var contexts = 0
    forEachUnfinished { resident in
      let isPrompt = resident.phase == .waiting || resident.phase == .prefilling
      left.add(
        prompt: isPrompt ? max(0, resident.tokens - Int(resident.computed)) : 0,
        answer: max(0, Int(resident.output - resident.generated)))
      contexts += resident.tokens
    }
    left.meanContext = left.requests > 0 ? contexts / left.requests : 0
    return left
  }

  /// How many leading tokens of a context are held by full blocks here.
  ///
  /// - Complexity: O(blocks found).
  func cachedTokens(_ content: BlockContent, input: Int, chain: [UInt64]) -> Int {
    guard limits.prefixCaching, content.chainCount > 0 else { return 0 }
    let most = min(
      (input - 1) / limits.blockSize,
      content.sharedBlocks(input: input, output: 1, blockSize: limits.blockSize))
    for index in 0..<max(0, most) {
      let name = content.shared(index, blockSize: limits.blockSize, chain: chain)
      if pool.block(holding: name) == nil { return index * limits.blockSize }
    }
    return max(0, most) * limits.blockSize
  }
}
