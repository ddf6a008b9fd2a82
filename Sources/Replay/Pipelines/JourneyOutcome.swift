public import Operators

/// What became of a request of a scenario.
public struct JourneyOutcome: Sendable, Hashable {
  /// How a request ended.
  public enum Status: String, Sendable, Hashable, CaseIterable {
    /// All of its stages have.
    case finished
    /// No engine could ever serve it.
    case rejected
    /// It was turned away, so that others are served in time.
    case shed
    /// It had not ended when the replay did, or had not even been sent, as a turn before it never ended.
    case unfinished
  }

  /// A stage that was served.
  public struct Stage: Sendable, Hashable {
    /// Its place in the pipeline.
    public var stage: Int
    /// Its engine, counted over all pools; -1 for lookups.
    public var engine: Int
    /// When all before it had ended.
    public var ready: Nanoseconds
    /// When what it needs had come to its engine.
    public var arrived: Nanoseconds
    /// When its service began.
    public var started: Nanoseconds
    /// When that ended.
    public var ended: Nanoseconds
  }

  /// Its number in the workload, from 0.
  public var number: Int
  /// The log's own name for it; the row's number where the log has none, and of drawn requests theirs.
  public var id: String
  /// Its pipeline's number.
  public var pipeline: Int
  /// The class that its log names; nil where it names none.
  public var requestClass: String?
  /// How it ended.
  public var status: Status
  /// When it was sent.
  public var arrival: Nanoseconds
  /// When the answer's first token was ready; nil without one.
  public var firstToken: Nanoseconds?
  /// When its last one was.
  public var lastToken: Nanoseconds?
  /// When its last stage ended; of one that never does, the replay.
  public var end: Nanoseconds
  /// Tokens of its prompt, of the context that the answer was made from, and of the answer.
  public var promptTokens: Int
  /// See ``promptTokens``.
  public var contextTokens: Int
  /// See ``promptTokens``.
  public var outputTokens: Int
  /// Tokens of contexts that engines' memory or stores had.
  public var cachedTokens: Int
  /// Of these, tokens that stores brought.
  public var fetchedTokens: Int
  /// How often a stage began anew because its engine had failed.
  public var retries: Int
  /// The stages that were served, in the pipeline's order.
  public var stages: [Stage]

  /// Time to first token.
  public var timeToFirstToken: Nanoseconds? { firstToken.map { $0 - arrival } }
  /// From its sending to the end of its last stage.
  public var endToEnd: Nanoseconds { end - arrival }
  /// Mean time per output token after the first; nil with fewer than two.
  public var timePerOutputToken: Nanoseconds? {
    guard let firstToken, let lastToken, outputTokens > 1 else { return nil }
    return Nanoseconds(
      rounding: Double((lastToken - firstToken).rawValue) / Double(outputTokens - 1))
  }
}
