/// How an engine of a pool is chosen for a request.
public struct PoolRouting: Sendable, Hashable {
  /// The rule. Of equals the engine with the lowest number is taken.
  public enum Policy: String, Sendable, Hashable, CaseIterable {
    /// The next engine in turn.
    case roundRobin = "round-robin"
    /// The engine with the fewest requests.
    case shortestQueue = "shortest-queue"
    /// The engine with the fewest prompt tokens of requests that are there.
    case leastInput = "least-input"
    /// The engine with the fewest tokens to generate of requests that are there, as a log knows them.
    case leastOutput = "least-output"
    /// The engine with the least key-value memory in use or asked for.
    case leastKeyValues = "least-key-values"
    /// The engine with the fewest tokens still to compute, prompts and answers together.
    case leastTokensLeft = "least-tokens-left"
    /// Requests with more than ``PoolRouting/heavyInput`` prompt or ``PoolRouting/heavyOutput`` answer tokens go
    /// to the first ``PoolRouting/heavyEngines`` engines, others to the rest; by the shortest queue among them.
    case heavyLight = "heavy-light"
    /// The engine with the largest cached beginning, less ``PoolRouting/loadWeight`` prompt tokens for each
    /// request that is there.
    case prefixAware = "prefix-aware"
    /// Of two engines drawn at random the one with fewer requests.
    case twoChoices = "two-choices"
    /// The engine on which the request would begin first, by what all its requests still take: no server
    /// knows that.
    case oracle
    /// The engine that a request's session was on before; the first time the shortest queue.
    case session
  }

  /// `policy`: round robin by default.
  public var policy: Policy
  /// `heavy_input`: HERMES takes 2,048.
  public var heavyInput: Int
  /// `heavy_output`: HERMES takes 512.
  public var heavyOutput: Int
  /// `heavy_engines`: how many engines serve heavy requests; half by default.
  public var heavyEngines: Int?
  /// `load_weight`: prompt tokens that one request more on an engine counts for; 512 by default.
  public var loadWeight: Double

  /// Creates a rule.
  public init(
    policy: Policy = .roundRobin, heavyInput: Int = 2048, heavyOutput: Int = 512,
    heavyEngines: Int? = nil, loadWeight: Double = 512
  ) {
    self.policy = policy
    self.heavyInput = heavyInput
    self.heavyOutput = heavyOutput
    self.heavyEngines = heavyEngines
    self.loadWeight = loadWeight
  }
}
