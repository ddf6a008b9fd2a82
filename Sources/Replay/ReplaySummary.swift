import Histogram
public import Operators

/// The figures of a replay that people compare: latencies, throughput, load and memory.
///
/// Latencies are of finished requests, all of them but for a warm-up. Percentiles interpolate linearly between the
/// closest ranks (numpy's default), but for the time between tokens, which is kept as a histogram
/// of three significant digits and gives the value at the rank. Keys are encoded in snake case
/// and never renamed. Durations are in nanoseconds, rates in 1/s.
public struct ReplaySummary: Sendable, Hashable, Codable {
  /// Requests of the log.
  public var requests = 0
  /// Requests that finished.
  public var finished = 0
  /// Requests that could never run.
  public var rejected = 0
  /// Requests that a limit cut off.
  public var unfinished = 0
  /// Requests whose clients gave up.
  public var cancelled = 0
  /// Requests that arrived in the warm-up: simulated, and counted nowhere else.
  public var warmUp = 0
  /// Whether the replay was stopped before its end: the longest of all latencies are missing then.
  public var isCut = false
  /// Arrival to first token.
  public var timeToFirstToken: LatencyStatistics?
  /// Mean time per output token after the first, of each request with two or more.
  public var timePerOutputToken: LatencyStatistics?
  /// Time between tokens, over all tokens.
  public var interTokenLatency: LatencyStatistics?
  /// Arrival to last token.
  public var endToEnd: LatencyStatistics?
  /// Arrival to the first step that worked on it.
  public var queueTime: LatencyStatistics?
  /// How percentiles were taken.
  public var percentileMethod = LatencyStatistics.percentileMethod
  /// First arrival, or the end of the warm-up, to the end of the last step.
  public var makespan = Nanoseconds.zero
  /// Time in which steps were in flight, all engines together.
  public var busyTime = Nanoseconds.zero
  /// Prompt tokens of finished requests.
  public var inputTokens = 0
  /// Of these, tokens that the prefix cache held when the request was first scheduled.
  public var cachedTokens = 0
  /// Tokens generated for finished requests.
  public var outputTokens = 0
  /// Finished requests for each second of the makespan.
  public var requestsPerSecond: Double = 0
  /// Prompt tokens of finished requests for each second of the makespan.
  public var inputTokensPerSecond: Double = 0
  /// Generated tokens of finished requests for each second of the makespan.
  public var outputTokensPerSecond: Double = 0
  /// Engine steps.
  public var steps = 0
  /// Arrivals and ends of steps.
  public var events = 0
  /// Scheduled sequences, all engines together, averaged over the makespan.
  public var meanRunning: Double = 0
  /// The most sequences in one step of one engine.
  public var peakRunning = 0
  /// The part of key-value blocks in use, averaged over the time of steps.
  public var meanMemoryUse: Double = 0
  /// The largest part of one engine's key-value blocks in use.
  public var peakMemoryUse: Double = 0
  /// Times that a request lost its memory.
  public var preemptions = 0
  /// Tokens found in the prefix cache, as a part of those looked up.
  public var prefixHitRate: Double = 0
  /// Key-value blocks looked up in the prefix cache, of each admission the last one in part; nil where
  /// nothing was.
  public var queriedBlocks: Int?
  /// Of these, blocks found.
  public var hitBlocks: Int?
  /// What handing requests from prefill to decode engines cost, where engines have roles.
  public var handovers: HandoverTotals?

  /// Coding keys, written in snake case.
  enum CodingKeys: String, CodingKey {
    case requests, finished, rejected, unfinished, cancelled, steps, events, preemptions, handovers
    case warmUp = "warm_up_requests"
    case isCut = "cut"
    case timeToFirstToken = "ttft"
    case timePerOutputToken = "tpot"
    case interTokenLatency = "itl"
    case endToEnd = "end_to_end"
    case queueTime = "queue"
    case percentileMethod = "percentile_method"
    case makespan = "makespan_ns"
    case busyTime = "busy_ns"
    case inputTokens = "input_tokens"
    case cachedTokens = "cached_tokens"
    case outputTokens = "output_tokens"
    case requestsPerSecond = "requests_per_second"
    case inputTokensPerSecond = "input_tokens_per_second"
    case outputTokensPerSecond = "output_tokens_per_second"
    case meanRunning = "mean_running"
    case peakRunning = "peak_running"
    case meanMemoryUse = "mean_memory_use"
    case peakMemoryUse = "peak_memory_use"
    case prefixHitRate = "prefix_hit_rate"
    case queriedBlocks = "prefix_queried_blocks"
    case hitBlocks = "prefix_hit_blocks"
  }

  /// A summary of nothing.
  public init() {}

  /// Summarises a replay.
  ///
  /// - Parameter warmUp: Requests that arrive before are left out of counts, tokens, rates and
  ///   latencies. Steps, load and memory are of the whole replay.
  /// - Complexity: O(n log n) in requests.
  public init(_ result: ReplayResult, warmUp: Nanoseconds = .zero) {
    let counted =
      warmUp > .zero ? result.outcomes.filter { $0.arrival >= warmUp } : result.outcomes
    self.warmUp = result.outcomes.count - counted.count
    requests = counted.count
    for outcome in counted {
      switch outcome.status {
      case .finished: finished += 1
      case .rejected: rejected += 1
      case .unfinished: unfinished += 1
      case .cancelled: cancelled += 1
      }
    }
    isCut = result.isCut
    handovers = result.handovers
    setLatencies(result, of: counted.filter { $0.status == .finished })
    setThroughput(result, of: counted, from: warmUp)
    setLoad(result)
  }

  private mutating func setLatencies(_ result: ReplayResult, of done: [RequestOutcome]) {
    timeToFirstToken = LatencyStatistics(done.map(\.timeToFirstToken))
    timePerOutputToken = LatencyStatistics(done.compactMap(\.timePerOutputToken))
    endToEnd = LatencyStatistics(done.map(\.endToEnd))
    queueTime = LatencyStatistics(done.map(\.queueTime))
    let gaps = result.tokenGaps
    guard gaps.totalCount > 0 else { return }
    func percentile(_ percent: Double) -> Nanoseconds {
      Nanoseconds(Int64(clamping: gaps.valueAtPercentile(percent)))
    }
    interTokenLatency = LatencyStatistics(
      count: Int(clamping: gaps.totalCount),
      mean: Nanoseconds(
        rounding: result.engines.reduce(0) { $0 + $1.gapTime } / Double(gaps.totalCount)),
      p50: percentile(50), p90: percentile(90), p95: percentile(95), p99: percentile(99),
      maximum: Nanoseconds(Int64(clamping: gaps.max)))
  }

  private mutating func setThroughput(
    _ result: ReplayResult, of counted: [RequestOutcome], from warmUp: Nanoseconds
  ) {
    makespan = result.makespan
    if warmUp > .zero, let first = result.outcomes.lazy.map(\.arrival).min(), warmUp > first {
      makespan = max(.zero, makespan - (warmUp - first))
    }
    for outcome in counted where outcome.status == .finished {
      inputTokens += Int(outcome.inputTokens)
      cachedTokens += Int(outcome.cachedTokens)
      outputTokens += Int(outcome.outputTokens)
    }
    guard makespan > .zero else { return }
    requestsPerSecond = Double(finished) / makespan.seconds
    inputTokensPerSecond = Double(inputTokens) / makespan.seconds
    outputTokensPerSecond = Double(outputTokens) / makespan.seconds
  }

  private mutating func setLoad(_ result: ReplayResult) {
    busyTime = result.busyTime
    steps = result.stepCount
    events = result.eventCount
    var (running, used, offered) = (0.0, 0.0, 0.0)
    var (queried, hit) = (0, 0)
    var blocks = (queried: 0, hit: 0)
    for engine in result.engines {
      running += engine.runningTime
      used += engine.blockTime
      offered += Double(engine.blocks) * Double(engine.busyTime.rawValue)
      queried += engine.queriedTokens
      hit += engine.hitTokens
      blocks.queried += engine.queriedBlocks
      blocks.hit += engine.hitBlocks
      preemptions += engine.preemptions
      peakRunning = max(peakRunning, engine.peakRunning)
      peakMemoryUse = max(peakMemoryUse, Double(engine.peakBlocks) / Double(max(1, engine.blocks)))
    }
    let whole = result.makespan
    if whole > .zero { meanRunning = running / Double(whole.rawValue) }
    if offered > 0 { meanMemoryUse = used / offered }
    guard queried > 0 else { return }
    prefixHitRate = Double(hit) / Double(queried)
    (queriedBlocks, hitBlocks) = (blocks.queried, blocks.hit)
  }
}
