public import Operators

/// One request of a log, as every reader yields it.
public struct RequestRecord: Sendable, Hashable {
  /// The log's own name for the request; the row's number where the log has none.
  public var id: String
  /// When it arrived, since the origin of the log's clock.
  public var arrival: Nanoseconds
  /// Prompt tokens; at least 1.
  public var inputTokens: Int
  /// Generated tokens; 0 where the log recorded a failure.
  public var outputTokens: Int
  /// Names of the prompt's content, in order: equal names at equal positions after equal
  /// beginnings are equal tokens. Empty where the log does not tell. Names of more pieces than the
  /// prompt fills are those of the generated tokens.
  public var content: [UInt64]
  /// How many tokens each name of ``content`` stands for: 1 for token ids, 512 for Mooncake.
  public var tokensPerContentName: Int
  /// What the log measured of this request, if it did.
  public var measured: MeasuredTimes?
  /// The conversation that it is a turn of; nil where the log does not tell.
  public var session: String?
  /// The pause between the end of the turn before it and its own sending, where the log tells.
  public var thinkTime: Nanoseconds?
  /// When its client gave up, since its arrival; nil where it did not.
  public var cancelled: Nanoseconds?
  /// The lower, the earlier it is served by an engine that looks at priorities; 0 where the log does
  /// not tell.
  public var priority = 0
  /// What kind of request it is, by which a scenario chooses what is done with it; nil where the log
  /// does not tell.
  public var requestClass: String?
  /// How many passages were retrieved for its prompt; nil where the log does not tell.
  public var passages: Int?
  /// Of its prompt's tokens those of its passages, fewer than the prompt has; nil where the log does not tell.
  public var passageTokens: Int?
  /// How difficult it is, from 0 to 1, by which a scenario routes between models; nil where the log does not tell.
  public var difficulty: Double?
  /// The names of the optional stages that it passes in a scenario's pipeline; nil where the log does not tell.
  public var stages: [String]?
  /// The session that this one's session was called from, as an agent calls a sub-agent: its first turn
  /// waits for the caller's turn before it, and the caller's next turn for its end. Nil where none is.
  public var parentSession: String?

  /// Creates a record.
  public init(
    id: String, arrival: Nanoseconds, inputTokens: Int, outputTokens: Int, content: [UInt64] = [],
    tokensPerContentName: Int = 1, measured: MeasuredTimes? = nil, session: String? = nil,
    thinkTime: Nanoseconds? = nil, cancelled: Nanoseconds? = nil
  ) {
    self.id = id
    self.arrival = arrival
    self.inputTokens = inputTokens
    self.outputTokens = outputTokens
    self.content = content
    self.tokensPerContentName = tokensPerContentName
    self.measured = measured
    self.session = session
    self.thinkTime = thinkTime
    self.cancelled = cancelled
  }
}

/// Measured times of one request, each since its arrival on the same clock.
public struct MeasuredTimes: Sendable, Hashable {
  /// Until the first step that worked on it.
  public var scheduled: Nanoseconds?
  /// Time to first token (TTFT); nil where the log tells the end alone.
  public var firstToken: Nanoseconds?
  /// Until its last token: end-to-end latency.
  public var lastToken: Nanoseconds

  /// Until each token, in order, where the log tells; then the first and the last are those above.
  public var tokens: [Nanoseconds]

  /// Creates measured times.
  public init(
    scheduled: Nanoseconds?, firstToken: Nanoseconds?, lastToken: Nanoseconds,
    tokens: [Nanoseconds] = []
  ) {
    self.scheduled = scheduled
    self.firstToken = firstToken
    self.lastToken = lastToken
    self.tokens = tokens
  }

  /// Mean time of each token after the first (TPOT); nil with fewer than two tokens, or without the first
  /// one's time.
  public func timePerOutputToken(outputTokens: Int) -> Nanoseconds? {
    guard outputTokens > 1, let firstToken else { return nil }
    let decode = (lastToken - firstToken).rawValue
    return Nanoseconds(rounding: Double(decode) / Double(outputTokens - 1))
  }
}
