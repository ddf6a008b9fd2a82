internal import Operators

extension Workload {
  /// The steps that compute the prompts of `sequences` requests: whole prompts at once, or chunk by
  /// chunk. What all requests begin with is computed for the first, and found by the others.
  func prefillSteps(_ sequences: Int) -> [StepShape] {
    groups(sequences).flatMap { steps(of: $0.sequences, past: $0.past) }
  }

  /// How many steps ``prefillSteps(_:)`` gives.
  func prefillStepCount(_ sequences: Int) -> Int {
    groups(sequences).reduce(0) { count, group in
      let computed = inputTokens - group.past
      guard let chunk, chunk < computed * group.sequences else { return count + 1 }
      return count
        + (chunk < computed
          ? group.sequences * shared(computed, by: chunk)
          : shared(group.sequences, by: chunk / computed))
    }
  }

  /// Requests by how much of their prompt is in the cache when they come.
  private func groups(_ sequences: Int) -> [(sequences: Int, past: Int)] {
    // The last token is always computed: it gives the first output.
    let found = min(max(cachedTokens, sharedTokens), inputTokens - 1)
    guard sequences > 1, found > cachedTokens else { return [(sequences, cachedTokens)] }
    return [(1, cachedTokens), (sequences - 1, found)]
  }

  private func steps(of sequences: Int, past: Int) -> [StepShape] {
    let computed = inputTokens - past
    // With chunks a step holds so many tokens of all prompts together, one prompt after the other.
    guard let chunk, chunk < computed * sequences else {
      return [prefillStep(sequences, tokens: computed, past: past)]
    }
    if chunk >= computed {
      let each = chunk / computed
      return stride(from: 0, to: sequences, by: each).map {
        prefillStep(min(each, sequences - $0), tokens: computed, past: past)
      }
    }
    let prompt = stride(from: 0, to: computed, by: chunk).map { done in
      let tokens = min(chunk, computed - done)
      return prefillStep(1, tokens: tokens, past: past + done)
    }
    return (0..<sequences).flatMap { _ in prompt }
  }

  private func prefillStep(_ sequences: Int, tokens: Int, past: Int) -> StepShape {
    var one = StepShape()
    one.addPrefill(tokens: tokens, past: past, samples: true)
    var step = one
    step.prefillSequences = sequences
    step.prefillTokens = one.prefillTokens * sequences
    step.prefillPairs = one.prefillPairs * sequences
    step.prefillContext = one.prefillContext * sequences
    step.sampledSequences = one.sampledSequences * sequences
    step.decodeSequences = decodesBeside
    step.longestDecodeContext = decodesBeside > 0 ? inputTokens + generatedOnAverage : 0
    step.decodeContext = decodesBeside * step.longestDecodeContext
    step.sampledSequences += decodesBeside
    return step
  }

  /// Tokens that a request has generated halfway.
  var generatedOnAverage: Int { (outputTokens + 1) / 2 }

  /// The step that generates one more token of `sequences` requests, `generated` tokens each so far.
  func decodeStep(_ sequences: Int, generated: Int) -> StepShape {
    let rows = sequences * beams
    var step = StepShape()
    step.decodeSequences = rows
    step.decodeContext = rows * (inputTokens + generated)
    step.longestDecodeContext = inputTokens + generated
    step.sampledSequences = rows
    return step
  }
}
