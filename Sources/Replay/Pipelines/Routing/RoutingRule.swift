import Scenarios

/// A request that looks for an engine.
struct RoutedRequest {
  /// Its number in the replay.
  var number: Int
  /// How often an engine failed under it.
  var attempt = 0
  /// Tokens of its context.
  var input: Int
  /// Tokens of its answer, which only a log knows.
  var output: Int
  /// The number of its session; -1 without one.
  var session: Int
}

/// An engine that may be chosen.
struct RoutingCandidate {
  /// Its number in the pool.
  var engine: Int
  /// What is there.
  var load: EngineLoad
  /// Tokens of the request's context that its memory holds, where the rule asks for that.
  var cachedTokens = 0
  /// Tokens that are still to compute there, where the rule asks for that.
  var tokensLeft = 0
  /// Nanoseconds that these take, where the rule asks for that.
  var timeLeft = 0.0
}

/// What was sent to an engine and has not ended there.
struct EngineLoad: Hashable {
  /// Requests.
  var requests = 0
  /// Tokens of their contexts.
  var inputTokens = 0
  /// Tokens of their answers.
  var outputTokens = 0

  /// Counts a request.
  mutating func add(input: Int, output: Int) {
    requests += 1
    inputTokens += input
    outputTokens += output
  }

  /// Counts a request no more.
  mutating func remove(input: Int, output: Int) {
    requests -= 1
    inputTokens -= input
    outputTokens -= output
  }

  /// Tokens whose keys and values they need in the end.
  var keyValueTokens: Int { inputTokens + outputTokens }
}

/// What a rule wants to know of each candidate, beyond its load.
enum RoutingKnowledge {
  case load
  case cache
  case progress
  case time
}

/// How an engine of a pool is chosen.
///
/// A rule sees the engines that are up and can serve the request, in the order of their numbers; at least
/// one.
protocol RoutingRule: Sendable {
  /// What is looked up before the rule is asked.
  var knowledge: RoutingKnowledge { get }

  /// The place in `candidates` of the one that serves the request.
  mutating func choose(_ request: RoutedRequest, among candidates: [RoutingCandidate]) -> Int
}

extension RoutingRule {
  var knowledge: RoutingKnowledge { .load }
}

extension PoolRouting {
  /// The rule that it describes.
  ///
  /// - Parameters:
  ///   - count: engines of the pool.
  ///   - seed: what decides draws.
  func rule(engines count: Int, seed: UInt64) -> any RoutingRule {
    switch policy {
    case .roundRobin: RoundRobin()
    case .shortestQueue: Fewest { Double($0.load.requests) }
    case .leastInput: Fewest { Double($0.load.inputTokens) }
    case .leastOutput: Fewest { Double($0.load.outputTokens) }
    case .leastKeyValues: Fewest { Double($0.load.keyValueTokens) }
    case .leastTokensLeft: Fewest(knowledge: .progress) { Double($0.tokensLeft) }
    case .oracle: Fewest(knowledge: .time) { $0.timeLeft }
    case .prefixAware:
      Fewest(knowledge: .cache) { [loadWeight] in
        loadWeight * Double($0.load.requests) - Double($0.cachedTokens)
      }
    case .heavyLight:
      HeavyLight(
        input: heavyInput, output: heavyOutput,
        heavyEngines: min(max(heavyEngines ?? (count + 1) / 2, 0), count))
    case .twoChoices: TwoChoices(seed: seed)
    case .session: SessionAffinity()
    }
  }
}
