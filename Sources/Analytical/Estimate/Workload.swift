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
  /// Other requests of like size in each data-parallel group that decode in the same steps as the
  /// prompts: mixed batches.
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
}
