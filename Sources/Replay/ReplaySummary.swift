import Histogram
import Operators

/// The figures of a replay that people compare: latencies, throughput, load and memory.
///
/// Latencies are of finished requests, all of them. Percentiles interpolate linearly between the
/// closest ranks (numpy's default), but for the time between tokens, which is kept as a histogram
/// of three significant digits and gives the value at the rank. Keys are encoded in snake case
/// and never renamed. Durations are in nanoseconds, rates in 1/s.
public struct ReplaySummary: Sendable, Hashable, Codable {
  /// How a latency is distributed, in nanoseconds; all zero if there is none.
  public struct Distribution: Sendable, Hashable, Codable {
    /// How many values.
    public var count: Int = 0
    /// The arithmetic mean.
    public var mean: Double = 0
    /// The median.
    public var p50: Double = 0
    /// The 90th percentile.
    public var p90: Double = 0
    /// The 95th percentile.
    public var p95: Double = 0
    /// The 99th percentile.
    public var p99: Double = 0

    /// A distribution of nothing.
    public init() {}

    /// The distribution of these values.
    public init(_ values: [Int64]) {
      guard !values.isEmpty else { return }
      let sorted = values.sorted()
      count = sorted.count
      mean = sorted.reduce(0) { $0 + Double($1) } / Double(sorted.count)
      p50 = percentile(0.50, of: sorted)
      p90 = percentile(0.90, of: sorted)
      p95 = percentile(0.95, of: sorted)
      p99 = percentile(0.99, of: sorted)
    }
  }

  /// Requests of the log.
  public var requests = 0
  /// Requests that finished.
  public var finished = 0
  /// Requests that could never run.
  public var rejected = 0
  /// Requests that a limit cut off.
  public var unfinished = 0
  /// Arrival to first token.
  public var timeToFirstToken = Distribution()
  /// Mean time per output token after the first, of each request with two or more.
  public var timePerOutputToken = Distribution()
  /// Time between tokens, over all tokens.
  public var interTokenLatency = Distribution()
  /// Arrival to last token.
  public var endToEnd = Distribution()
  /// Arrival to the first step that worked on it.
  public var queueTime = Distribution()
  /// First arrival to the end of the last step.
  public var makespanNanoseconds: Int64 = 0
  /// Time in which steps were in flight, all engines together.
  public var busyNanoseconds: Int64 = 0
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

  /// Coding keys, written in snake case.
  enum CodingKeys: String, CodingKey {
    case requests, finished, rejected, unfinished, steps, events, preemptions
    case timeToFirstToken = "time_to_first_token_ns"
    case timePerOutputToken = "time_per_output_token_ns"
    case interTokenLatency = "inter_token_latency_ns"
    case endToEnd = "end_to_end_ns"
    case queueTime = "queue_time_ns"
    case makespanNanoseconds = "makespan_ns"
    case busyNanoseconds = "busy_ns"
    case requestsPerSecond = "requests_per_second"
    case inputTokensPerSecond = "input_tokens_per_second"
    case outputTokensPerSecond = "output_tokens_per_second"
    case meanRunning = "mean_running"
    case peakRunning = "peak_running"
    case meanMemoryUse = "mean_memory_use"
    case peakMemoryUse = "peak_memory_use"
    case prefixHitRate = "prefix_hit_rate"
  }

  /// Summarises a replay.
  ///
  /// - Complexity: O(n log n) in requests.
  public init(_ result: ReplayResult) {
    requests = result.outcomes.count
    finished = result.count(of: .finished)
    rejected = result.count(of: .rejected)
    unfinished = result.count(of: .unfinished)
    setLatencies(result)
    setThroughput(result)
    setLoad(result)
  }

  private mutating func setLatencies(_ result: ReplayResult) {
    let done = result.outcomes.filter { $0.status == .finished }
    timeToFirstToken = Distribution(done.map(\.timeToFirstToken.rawValue))
    timePerOutputToken = Distribution(done.compactMap { $0.timePerOutputToken?.rawValue })
    endToEnd = Distribution(done.map(\.endToEnd.rawValue))
    queueTime = Distribution(done.map(\.queueTime.rawValue))
    let gaps = result.tokenGaps
    guard gaps.totalCount > 0 else { return }
    interTokenLatency.count = Int(clamping: gaps.totalCount)
    interTokenLatency.mean = gaps.mean
    interTokenLatency.p50 = Double(gaps.valueAtPercentile(50))
    interTokenLatency.p90 = Double(gaps.valueAtPercentile(90))
    interTokenLatency.p95 = Double(gaps.valueAtPercentile(95))
    interTokenLatency.p99 = Double(gaps.valueAtPercentile(99))
  }

  private mutating func setThroughput(_ result: ReplayResult) {
    makespanNanoseconds = result.makespan.rawValue
    guard makespanNanoseconds > 0 else { return }
    var (inputs, outputs) = (0, 0)
    for outcome in result.outcomes where outcome.status == .finished {
      inputs += Int(outcome.inputTokens)
      outputs += Int(outcome.outputTokens)
    }
    let seconds = result.makespan.seconds
    requestsPerSecond = Double(finished) / seconds
    inputTokensPerSecond = Double(inputs) / seconds
    outputTokensPerSecond = Double(outputs) / seconds
  }

  private mutating func setLoad(_ result: ReplayResult) {
    busyNanoseconds = result.busyTime.rawValue
    steps = result.stepCount
    events = result.eventCount
    var (running, used, offered) = (0.0, 0.0, 0.0)
    var (queried, hit) = (0, 0)
    for engine in result.engines {
      running += engine.runningTime
      used += engine.blockTime
      offered += Double(engine.blocks) * Double(engine.busyTime.rawValue)
      queried += engine.queriedTokens
      hit += engine.hitTokens
      preemptions += engine.preemptions
      peakRunning = max(peakRunning, engine.peakRunning)
      peakMemoryUse = max(peakMemoryUse, Double(engine.peakBlocks) / Double(max(1, engine.blocks)))
    }
    if makespanNanoseconds > 0 { meanRunning = running / Double(makespanNanoseconds) }
    if offered > 0 { meanMemoryUse = used / offered }
    if queried > 0 { prefixHitRate = Double(hit) / Double(queried) }
  }
}

/// The value at a fraction of sorted values, interpolated linearly between the closest ranks.
///
/// - Precondition: There is at least one value.
func percentile(_ fraction: Double, of sorted: [Int64]) -> Double {
  let rank = fraction * Double(sorted.count - 1)
  let below = Int(rank.rounded(.down))
  let above = min(below + 1, sorted.count - 1)
  let (low, high) = (Double(sorted[below]), Double(sorted[above]))
  return low + (high - low) * (rank - Double(below))
}
