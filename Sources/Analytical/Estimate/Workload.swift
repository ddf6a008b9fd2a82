internal import Operators

/// A batch of equal requests, as a person describes one.
public struct Workload: Hashable, Sendable {
  /// Requests at once, all data-parallel groups together.
  public var batch: Int
  /// Prompt tokens of each.
  public var inputTokens: Int
  /// Tokens that each generates, the first included.
  public var outputTokens: Int
  /// Candidates that a beam search keeps of each request; 1 without one.
  public var beams = 1
  /// Prompt tokens of each whose keys and values are in the cache already.
  public var cachedTokens = 0
  /// Prompt tokens that all requests begin with; kept once.
  public var sharedTokens = 0
  /// Prompt tokens computed in one step; nil for the whole prompt.
  public var chunk: Int?
  /// Other requests of like size that decode in the same steps as the prompts: mixed batches.
  public var decodesBeside = 0

  /// Creates a workload.
  public init(batch: Int, inputTokens: Int, outputTokens: Int) {
    self.batch = batch
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
  }

  /// The largest of any size.
  static let largest = 1 << 24
  /// The most pairs of queries and keys of a step: no sum of it overflows.
  private static let mostPairs = 0x1p60
  /// The most steps that compute the prompts.
  static let mostSteps = 1 << 20

  /// Why it is none, or nil.
  public var fault: String? {
    for (name, size) in [
      ("batch", batch), ("input tokens", inputTokens), ("output tokens", outputTokens),
      ("beams", beams),
    ] where !(1...Self.largest).contains(size) {
      return "\(name) must be from 1 to \(Self.largest), not \(size)"
    }
    guard (0..<inputTokens).contains(cachedTokens) else {
      return "cached tokens must be fewer than the \(inputTokens) input tokens"
    }
    guard (0...inputTokens).contains(sharedTokens) else {
      return "shared tokens must be at most the \(inputTokens) input tokens"
    }
    guard (0...Self.largest).contains(decodesBeside) else {
      return "decodes beside the prompts must be from 0 to \(Self.largest), not \(decodesBeside)"
    }
    let length = Double(inputTokens + outputTokens)
    guard Double(batch * beams) * length * length <= Self.mostPairs else {
      return "\(batch * beams) sequences of \(inputTokens + outputTokens) tokens are too many"
    }
    if let chunk, !(1...Self.largest).contains(chunk) {
      return "a chunk must be from 1 to \(Self.largest) tokens, not \(chunk)"
    }
    guard prefillStepCount(batch) <= Self.mostSteps else {
      return "chunks of \(chunk ?? 0) tokens make more than \(Self.mostSteps) steps of the prompts"
    }
    return nil
  }

  /// How many steps ``prefillSteps(_:)`` gives.
  private func prefillStepCount(_ sequences: Int) -> Int {
    let computed = inputTokens - cachedTokens
    guard let chunk, chunk < computed * sequences else { return 1 }
    return chunk < computed
      ? sequences * shared(computed, by: chunk) : shared(sequences, by: chunk / computed)
  }

  /// The steps that compute the prompts of `sequences` requests: whole prompts at once, or chunk by
  /// chunk.
  func prefillSteps(_ sequences: Int) -> [StepShape] {
    let computed = inputTokens - cachedTokens
    // With chunks a step holds so many tokens of all prompts together, one prompt after the other.
    guard let chunk, chunk < computed * sequences else {
      return [prefillStep(sequences, tokens: computed, past: cachedTokens, finishes: true)]
    }
    if chunk >= computed {
      let each = chunk / computed
      var steps: [StepShape] = []
      var left = sequences
      while left > 0 {
        steps.append(
          prefillStep(min(each, left), tokens: computed, past: cachedTokens, finishes: true))
        left -= min(each, left)
      }
      return steps
    }
    var prompt: [StepShape] = []
    var done = 0
    while done < computed {
      let tokens = min(chunk, computed - done)
      prompt.append(
        prefillStep(
          1, tokens: tokens, past: cachedTokens + done, finishes: done + tokens == computed))
      done += tokens
    }
    return (0..<sequences).flatMap { _ in prompt }
  }

  private func prefillStep(
    _ sequences: Int, tokens: Int, past: Int, finishes: Bool
  ) -> StepShape {
    var one = StepShape()
    one.addPrefill(tokens: tokens, past: past, finishes: finishes)
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
