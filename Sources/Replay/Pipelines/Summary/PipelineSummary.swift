import Histogram
public import Operators
import Scenarios

/// A replay of a scenario reduced to counts, latencies, what each stage, pool, store and link did, and what
/// requests waited for.
///
/// Latencies, tokens and rates are of finished requests; durations are in nanoseconds, rates in 1/s, shares
/// between 0 and 1. Members of which nothing is known are nil, and left out of files.
public struct PipelineSummary: Sendable, Hashable, Codable {
  /// How percentiles are taken, in the words that files carry.
  public static let percentileMethod = "nearest rank, rounded up by at most a thousandth"

  /// The scenario's name.
  public var scenario: String
  /// Requests that arrived, or were to and waited for others.
  public var requests = 0
  /// Requests that ended as they should.
  public var finished = 0
  /// Requests that no engine could ever serve.
  public var rejected = 0
  /// Requests that were turned away.
  public var shed = 0
  /// Requests that had not ended when the replay was cut, or for which nothing ever came.
  public var unfinished = 0
  /// Stages that began anew because an engine failed.
  public var retries = 0
  /// Whether the replay was stopped before its end: the longest of all latencies are missing then.
  public var isCut = false
  /// The most requests under way at once.
  public var mostUnderWay = 0
  /// Sending to first token.
  public var timeToFirstToken: LatencyStatistics?
  /// Mean time per output token after the first, of each request with two or more.
  public var timePerOutputToken: LatencyStatistics?
  /// Time between tokens, over all tokens of all engines.
  public var interTokenLatency: LatencyStatistics?
  /// Sending to the end of the last stage.
  public var endToEnd: LatencyStatistics?
  /// How percentiles were taken.
  public var percentileMethod = PipelineSummary.percentileMethod
  /// First arrival to the last one, or to the end of the last request.
  public var makespan = Nanoseconds.zero
  /// Finished requests for each second of the makespan.
  public var requestsPerSecond = 0.0
  /// Their generated tokens for each second of the makespan.
  public var outputTokensPerSecond = 0.0
  /// Tokens of prompts.
  public var promptTokens = 0
  /// Tokens of contexts that answers were made from: prompts, and what stages added to them.
  public var contextTokens = 0
  /// Tokens of answers.
  public var outputTokens = 0
  /// Tokens of contexts that engines' memory or stores had.
  public var cachedTokens = 0
  /// Of these, tokens that stores brought.
  public var fetchedTokens = 0
  /// Steps of language models.
  public var steps = 0
  /// Passes of encoders.
  public var passes = 0
  /// Whether the latencies are within the scenario's objectives, if it has any.
  public var objectives: ObjectiveSummary?
  /// What finished requests waited for: until their first token and until their end, each of all requests, of
  /// the slowest tenth and of the slowest hundredth. Metrics without any request are left out.
  public var blame: [BlameSummary] = []
  /// Requests by their class, in the order in which the first of each ended; nil where none bears one.
  public var classes: [ClassSummary]?
  /// The pipelines' stages.
  public var pipelines: [PipelineStages] = []
  /// The pools of engines, in the scenario's order.
  public var pools: [PoolSummary] = []
  /// Energy and cost of all pools together.
  public var resources = ResourceTotals()
  /// What stores held and moved, in the order of their pools.
  public var stores: [StoreSummary] = []
  /// The links with the largest utilisation, the busiest first; at most ``LinkSummary/most``.
  public var links: [LinkSummary] = []
  /// All links, those with like names together.
  public var linkGroups: [LinkGroupSummary] = []

  /// Coding keys, written in snake case.
  enum CodingKeys: String, CodingKey {
    case scenario, requests, finished, rejected, shed, unfinished, retries, steps, passes
    case objectives, blame, classes, pipelines, pools, resources, stores, links
    case isCut = "cut"
    case mostUnderWay = "most_under_way"
    case timeToFirstToken = "ttft"
    case timePerOutputToken = "tpot"
    case interTokenLatency = "itl"
    case endToEnd = "end_to_end"
    case percentileMethod = "percentile_method"
    case makespan = "makespan_ns"
    case requestsPerSecond = "requests_per_second"
    case outputTokensPerSecond = "output_tokens_per_second"
    case promptTokens = "prompt_tokens"
    case contextTokens = "context_tokens"
    case outputTokens = "output_tokens"
    case cachedTokens = "cached_tokens"
    case fetchedTokens = "fetched_tokens"
    case linkGroups = "link_groups"
  }

  /// Summarises a replay of a plan.
  ///
  /// - Complexity: O(n) in engines and links, O(n log n) in links that carried anything.
  public init(_ result: PipelineResult, _ plan: ScenarioPlan) {
    scenario = plan.scenario.name
    setCounts(result)
    timeToFirstToken = result.timeToFirstToken.statistics
    timePerOutputToken = result.timePerOutputToken.statistics
    endToEnd = result.endToEnd.statistics
    setTokenGaps(result)
    objectives = plan.scenario.objectives.map { ObjectiveSummary($0, result) }
    let names = plan.scenario.pools.map(\.name)
    blame =
      BlameSummary.of(result.firstTokenBlame, .timeToFirstToken, pools: names)
      + BlameSummary.of(result.endBlame, .endToEnd, pools: names)
    if result.classes.contains(where: { $0.name != nil }) {
      classes = result.classes.map {
        ClassSummary($0, over: result.makespan, hasObjectives: objectives != nil)
      }
    }
    pipelines = zip(plan.scenario.pipelines, zip(result.stages, result.latencies)).map {
      PipelineStages($0, $1.0, $1.1)
    }
    pools = plan.scenario.pools.indices.map { PoolSummary(pool: $0, result, plan) }
    resources = ResourceTotals(pools, outputTokens: outputTokens)
    stores = plan.scenario.pools.indices.compactMap { StoreSummary(pool: $0, result, plan) }
    links = LinkSummary.busiest(result.links, over: makespan)
    linkGroups = LinkGroupSummary.groups(result.links, over: makespan)
  }

  private mutating func setCounts(_ result: PipelineResult) {
    (requests, finished, rejected) = (result.arrivals, result.finished, result.rejected)
    (shed, unfinished, retries) = (result.shed, result.unfinished, result.retries)
    (isCut, mostUnderWay) = (result.isCut, result.mostUnderWay)
    (steps, passes) = (result.steps, result.passes)
    (promptTokens, contextTokens) = (result.promptTokens, result.contextTokens)
    outputTokens = result.outputTokens
    (cachedTokens, fetchedTokens) = (result.cachedTokens, result.fetchedTokens)
    makespan = result.makespan
    guard makespan > .zero else { return }
    requestsPerSecond = Double(finished) / makespan.seconds
    outputTokensPerSecond = Double(outputTokens) / makespan.seconds
  }

  private mutating func setTokenGaps(_ result: PipelineResult) {
    let gaps = result.tokenGaps
    guard gaps.totalCount > 0 else { return }
    func percentile(_ percent: Double) -> Nanoseconds {
      Nanoseconds(Int64(clamping: gaps.valueAtPercentile(percent)))
    }
    let sum = result.engines.reduce(0) { $0 + ($1.model?.gapTime ?? 0) }
    interTokenLatency = LatencyStatistics(
      count: Int(clamping: gaps.totalCount),
      mean: Nanoseconds(rounding: sum / Double(gaps.totalCount)), p50: percentile(50),
      p90: percentile(90), p95: percentile(95), p99: percentile(99),
      maximum: Nanoseconds(Int64(clamping: gaps.max)))
  }

  /// The latencies that objectives and critical paths speak of. Raw values are the names in files.
  public enum Metric: String, Sendable, Hashable, Codable, CaseIterable {
    /// Sending to first token.
    case timeToFirstToken = "ttft"
    /// Mean time per output token after the first.
    case timePerOutputToken = "tpot"
    /// Sending to the end of the last stage.
    case endToEnd = "end_to_end"
  }

  /// The pool with the largest utilisation; of equals the first. Nil where no pool's is known.
  ///
  /// An engine of a language model counts as busy whenever it steps, however few requests share the step.
  public var busiestPool: PoolSummary? {
    var busiest: PoolSummary?
    for pool in pools where (pool.utilisation ?? -1) > (busiest?.utilisation ?? -1) {
      busiest = pool
    }
    return busiest
  }
}
