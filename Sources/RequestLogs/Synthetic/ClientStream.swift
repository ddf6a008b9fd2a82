/// One kind of requests of a synthetic workload: when they come, how long they are, and what they share.
///
/// ```swift
/// var chat = ClientStream(
///   name: "chat", load: .arrivals(.gamma(rate: 4, variation: 2)),
///   input: .logNormal(mean: 900, variation: 1.2), output: .logNormal(mean: 250, variation: 1))
/// chat.prefixes = SharedPrefixes(count: 10, tokens: 2_000, exponent: 1)
/// ```
public struct ClientStream: Sendable, Hashable {
  /// Where a stream's requests come from.
  public enum Load: Sendable, Hashable {
    /// Arrivals of its own.
    case arrivals(ArrivalProcess)
    /// A share of ``SyntheticWorkload/arrivals``, against those of the other streams; above 0.
    case share(Double)
  }

  /// What tells its random numbers from those of other streams, and names its sessions.
  public var name: String
  /// The class that its requests bear; nil takes ``name``.
  public var requestClass: String?
  /// When requests arrive; with ``sessions``, when sessions begin.
  public var load: Load
  /// Tokens of a prompt, without a shared prefix; with ``sessions``, those that each turn adds.
  public var input: LengthDistribution
  /// Generated tokens.
  public var output: LengthDistribution
  /// Beginnings that prompts share; nil, the default, shares none.
  public var prefixes: SharedPrefixes?
  /// Requests come as turns of conversations; nil, the default, makes each alone.
  public var sessions: SessionShape?
  /// The lower, the earlier it is served by an engine that looks at priorities; 0 by default.
  public var priority = 0

  /// Creates a stream of single requests that share nothing.
  public init(
    name: String, requestClass: String? = nil, load: Load, input: LengthDistribution,
    output: LengthDistribution, prefixes: SharedPrefixes? = nil, sessions: SessionShape? = nil
  ) {
    self.name = name
    self.requestClass = requestClass
    self.load = load
    self.input = input
    self.output = output
    self.prefixes = prefixes
    self.sessions = sessions
  }

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    switch load {
    case .arrivals(let process):
      try ParameterCheck.part("arrivals") { () throws(RequestLogError) in try process.validate() }
    case .share(let share):
      guard share > 0, share <= 1e18 else {
        throw .badParameter(name: "share", value: "\(share)", expected: "above 0, up to 1e18")
      }
    }
    try ParameterCheck.part("input") { () throws(RequestLogError) in try input.validate() }
    try ParameterCheck.part("output") { () throws(RequestLogError) in try output.validate() }
    try ParameterCheck.part("prefixes") { () throws(RequestLogError) in try prefixes?.validate() }
    try ParameterCheck.part("sessions") { () throws(RequestLogError) in try sessions?.validate() }
    try ParameterCheck.require("priority", priority, in: Int(Int32.min)...Int(Int32.max))
  }

  /// Requests of one arrival: the turns of a session, on average.
  var requestsPerArrival: Double { sessions?.meanTurns ?? 1 }
}

/// Beginnings that prompts of a stream share: system prompts, tool descriptions.
public struct SharedPrefixes: Sendable, Hashable {
  /// How many there are, 1 to 1,048,576.
  public var count: Int
  /// How long each is, in tokens.
  public var tokens: Int
  /// The k-th is used as often as k to the power of minus this; 0, the default, uses all alike.
  public var exponent: Double

  /// Creates prefixes.
  public init(count: Int, tokens: Int, exponent: Double = 0) {
    self.count = count
    self.tokens = tokens
    self.exponent = exponent
  }

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    try ParameterCheck.require("count", count, in: 1...1 << 20)
    try ParameterCheck.require("tokens", tokens, in: 1...LengthDistribution.mostTokens)
    try ParameterCheck.require("exponent", exponent, in: 0...20)
  }
}

/// Conversations: each turn is sent some time after the answer to the one before it.
///
/// How long answers take is not known to a workload. Turns are given arrivals as though it were no time;
/// their ``RequestRecord/session`` and ``RequestRecord/thinkTime`` let a replay send them when it is.
public struct SessionShape: Sendable, Hashable {
  /// Turns of a session on average, at least 1; each is followed by another as likely (geometric).
  public var meanTurns: Double
  /// The pause between an answer and the next turn on average, in seconds.
  public var meanThinkTime: Double
  /// How pauses scatter; exponential by default.
  public var thinkTimes: GapDistribution
  /// Whether a turn's prompt repeats all that was said before; true by default.
  public var growsContext: Bool
  /// A session ends before a turn whose prompt and answer would be longer, in tokens.
  public var maximumContext: Int

  /// Creates a shape of sessions.
  public init(
    meanTurns: Double, meanThinkTime: Double, thinkTimes: GapDistribution = .exponential,
    growsContext: Bool = true, maximumContext: Int = LengthDistribution.mostTokens
  ) {
    self.meanTurns = meanTurns
    self.meanThinkTime = meanThinkTime
    self.thinkTimes = thinkTimes
    self.growsContext = growsContext
    self.maximumContext = maximumContext
  }

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    try ParameterCheck.require("meanTurns", meanTurns, in: 1...1e6)
    try ParameterCheck.require("meanThinkTime", meanThinkTime, in: 0...ParameterCheck.longestTime)
    try ParameterCheck.part("thinkTimes") { () throws(RequestLogError) in
      try thinkTimes.validate()
    }
    try ParameterCheck.require(
      "maximumContext", maximumContext, in: 1...LengthDistribution.mostTokens)
  }
}
