public import Histogram
public import Operators

/// What a stage of a pipeline took, over all requests that it was done for.
public struct StageTotals: Sendable {
  /// Requests that it was done for.
  public var served = 0
  /// Requests that it was not for.
  public var skipped = 0
  /// Time that bytes were on their way, in nanoseconds, all requests together.
  public var transferTime = 0.0
  /// Time that requests waited on its engines, or for one.
  public var queueTime = 0.0
  /// Time of service.
  public var serviceTime = 0.0
  /// Requests whose blocks stores brought meanwhile.
  public var prefetched = 0
  /// Of these, time in which an engine would have begun, had the blocks been there.
  public var fetchWait = 0.0
  /// Of these, time that the blocks were on their way and the request waited for its engine, or for other stages, anyway.
  public var fetchHidden = 0.0
  /// The whole of each request, from the end of what was before to its own.
  public var durations = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

  init() { durations.autoResize = true }
}

/// What one engine of a scenario did.
public struct PipelineEngineTotals: Sendable, Hashable {
  /// Its pool's number.
  public var pool: Int
  /// Its number in the pool.
  public var number: Int
  /// Tasks that ended there.
  public var served: Int
  /// Time in which it worked; of hosts and externals with a bound, by the part of their places.
  public var busyTime: Nanoseconds
  /// Time in which it was up.
  public var upTime: Nanoseconds
  /// How often it failed.
  public var failures: Int
  /// Of an engine of a language model: its steps, memory and cache.
  public var model: EngineTotals?
}

/// What one instance of a store did.
public struct StoreTotals: Sendable, Hashable {
  /// Its pool's number.
  public var pool: Int
  /// Its number in the pool.
  public var number: Int
  /// Contexts that were looked for, and of these those of which anything was there.
  public var lookups: Int
  /// See ``lookups``.
  public var hits: Int
  /// Bytes that were read.
  public var bytesRead: Double
  /// Bytes that were written.
  public var bytesWritten: Double
  /// Blocks that it held at the end.
  public var blocks: Int
  /// Blocks that left to make room.
  public var evictions: Int
  /// Blocks that were not stored, as the buffers of those who wrote them were full.
  public var dropped: Int
}

/// The outcome of a replay of a scenario.
///
/// Bounded in memory: latencies are kept as histograms of three significant digits, whatever the number of
/// requests.
public struct PipelineResult: Sendable {
  /// Requests that arrived, or were to and waited for others.
  public internal(set) var arrivals = 0
  /// Requests that ended as they should.
  public internal(set) var finished = 0
  /// Requests that no engine could ever serve.
  public internal(set) var rejected = 0
  /// Of these, requests of a class for which there is no pipeline.
  public internal(set) var withoutPipeline = 0
  /// Requests whose clients gave up in the log, and which are served to their end all the same.
  public internal(set) var cancelledInLog = 0
  /// Requests that were turned away.
  public internal(set) var shed = 0
  /// Requests that had not ended when the replay was cut, or for which nothing ever came.
  public internal(set) var unfinished = 0
  /// Whether the replay was stopped before its end.
  public internal(set) var isCut = false
  /// Stages that began anew because an engine failed.
  public internal(set) var retries = 0
  /// The most requests under way at once.
  public internal(set) var mostUnderWay = 0
  /// Steps of language models, and passes of encoders.
  public internal(set) var steps = 0
  /// See ``steps``.
  public internal(set) var passes = 0
  /// When the first request arrived, and the last one arrived or ended.
  public internal(set) var firstArrival = Int64.max
  /// See ``firstArrival``.
  public internal(set) var lastEnd = Int64.min
  /// Tokens of finished requests: their prompts, contexts, answers.
  public internal(set) var promptTokens = 0
  /// See ``promptTokens``.
  public internal(set) var contextTokens = 0
  /// See ``promptTokens``.
  public internal(set) var outputTokens = 0
  /// Tokens of contexts that engines' memory or stores had, and of these those of stores.
  public internal(set) var cachedTokens = 0
  /// See ``cachedTokens``.
  public internal(set) var fetchedTokens = 0
  /// Sending to first token, time per output token, sending to end: of finished requests.
  public internal(set) var timeToFirstToken = LatencyRecord()
  /// See ``timeToFirstToken``.
  public internal(set) var timePerOutputToken = LatencyRecord()
  /// See ``timeToFirstToken``.
  public internal(set) var endToEnd = LatencyRecord()
  /// The same, by pipeline.
  public internal(set) var latencies: [PipelineLatencies]
  /// What became of requests, by class, in the order in which the first of each ended.
  public internal(set) var classes: [ClassTotals] = []
  /// Time between tokens, over all engines.
  public internal(set) var tokenGaps: Histogram<UInt64>
  /// Requests of pipelines that answer which did not finish, and of these those with two or more tokens to generate.
  public internal(set) var unanswered = 0
  /// See ``unanswered``.
  public internal(set) var unansweredGaps = 0
  /// Finished requests whose latencies are both within the objectives' last limits.
  public internal(set) var withinObjectives = 0
  /// By pipeline, by stage.
  public internal(set) var stages: [[StageTotals]]
  /// Whom requests waited for until their first token, and until their end.
  public internal(set) var firstTokenBlame: BlameTable
  /// See ``firstTokenBlame``.
  public internal(set) var endBlame: BlameTable
  /// What each engine did, in their order.
  public internal(set) var engines: [PipelineEngineTotals] = []
  /// What each store's instances did.
  public internal(set) var stores: [StoreTotals] = []
  /// What the network's links, hosts' memories and stores carried.
  public internal(set) var links: [LinkTotals] = []
  /// Requests of each pool that were turned away.
  public internal(set) var shedByPool: [Int] = []

  /// What pools and links did over time; nil where that was not recorded.
  public internal(set) var load: PipelineLoad?

  /// Requests under way now.
  var underWay = 0

  init(pipelines: [CompiledPipeline], pools: Int) {
    stages = pipelines.map { $0.parts.map { _ in StageTotals() } }
    latencies = pipelines.map { _ in PipelineLatencies() }
    firstTokenBlame = BlameTable(pools: pools)
    endBlame = BlameTable(pools: pools)
    tokenGaps = Histogram(numberOfSignificantValueDigits: .three)
    tokenGaps.autoResize = true
  }

  /// From the first arrival to the last one, or the last end.
  public var makespan: Nanoseconds {
    lastEnd > firstArrival ? Nanoseconds(lastEnd) - Nanoseconds(firstArrival) : .zero
  }
}

/// What became of the requests of one class.
public struct ClassTotals: Sendable {
  /// The most classes that are told apart, so that a log with a class for each request takes no memory for it.
  public static let most = 32

  /// Its name; nil of requests without a class, and of ``isLater``.
  public let name: String?
  /// Whether it is all classes that came after the first ``most``.
  public let isLater: Bool
  /// Requests that finished, were rejected or turned away.
  public internal(set) var ended = 0
  /// Requests that had not ended when the replay did.
  public internal(set) var unfinished = 0
  /// Of those that ended, requests that did as they should; what follows is of them.
  public internal(set) var finished = 0
  /// Tokens of their answers.
  public internal(set) var outputTokens = 0
  /// Those whose latencies are both within the objectives' last limits.
  public internal(set) var within = 0
  /// Their latencies.
  public internal(set) var latencies = PipelineLatencies()

  init(name: String?, isLater: Bool = false) { (self.name, self.isLater) = (name, isLater) }
}

/// Latencies of the requests of one pipeline or class.
public struct PipelineLatencies: Sendable {
  /// Sending to first token.
  public internal(set) var timeToFirstToken = LatencyRecord()
  /// Time per output token.
  public internal(set) var timePerOutputToken = LatencyRecord()
  /// Sending to end.
  public internal(set) var endToEnd = LatencyRecord()

  init() {}
}

/// Latencies of any number of requests, in a histogram of three significant digits with an exact mean and maximum.
public struct LatencyRecord: Sendable {
  private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
  private var sum = 0.0
  private var longest = Nanoseconds.zero

  init() { histogram.autoResize = true }

  mutating func add(_ latency: Nanoseconds) {
    histogram.recordLatency(UInt64(clamping: latency.rawValue))
    sum += Double(latency.rawValue)
    longest = max(longest, latency)
  }

  /// How many there are.
  public var count: Int { Int(clamping: histogram.totalCount) }

  /// The quantile between 0 and 1, to a thousandth; nil of none.
  ///
  /// - Parameter endless: how many more there are that no time is long enough for; nil is returned where the quantile
  ///   is theirs.
  public func quantile(_ quantile: Double, beside endless: Int = 0) -> Nanoseconds? {
    histogram.quantile(quantile, beside: endless)
  }

  /// Mean and percentiles; nil of none.
  public var statistics: LatencyStatistics? {
    guard count > 0, let p50 = quantile(0.5), let p90 = quantile(0.9), let p95 = quantile(0.95),
      let p99 = quantile(0.99)
    else { return nil }
    return LatencyStatistics(
      count: count, mean: Nanoseconds(rounding: sum / Double(count)), p50: p50, p90: p90, p95: p95,
      p99: p99, maximum: longest)
  }
}
