public import Operators
public import Replay
public import Validation

/// A replay in a few figures: counts, throughput, latencies.
public struct RunSummary: Sendable, Hashable {
  /// Requests of the log.
  public var requests = 0
  /// Those whose tokens were all generated.
  public var finished = 0
  /// Those that could never run.
  public var rejected = 0
  /// Those that a cut left behind.
  public var unfinished = 0
  /// Prompt tokens of finished requests.
  public var inputTokens = 0
  /// Tokens generated for finished requests.
  public var outputTokens = 0
  /// Prompt tokens of finished requests that the prefix cache held.
  public var cachedTokens = 0
  /// How often requests lost their memory and began again.
  public var preemptions = 0
  /// Engine steps; 0 where none were recorded.
  public var steps = 0
  /// From the first arrival to the last token.
  public var makespan = Nanoseconds.zero
  /// Time in which engines ran steps, all engines together; zero where none were recorded.
  public var busyTime = Nanoseconds.zero
  /// From arrival to the first step, of finished requests.
  public var queueTime: LatencyStatistics?
  /// Latencies of finished requests.
  public var latencies: [LatencyMetric: LatencyStatistics] = [:]

  /// Sums up outcomes and, if they were recorded, steps.
  public init(outcomes: [RequestOutcome], steps: [StepRecord] = []) {
    requests = outcomes.count
    var first = Nanoseconds(.max)
    var last = Nanoseconds(.min)
    for outcome in outcomes {
      first = min(first, outcome.arrival)
      preemptions += Int(outcome.preemptions)
      switch outcome.status {
      case .rejected: rejected += 1
      case .unfinished: unfinished += 1
      case .finished:
        finished += 1
        inputTokens += Int(outcome.inputTokens)
        outputTokens += Int(outcome.outputTokens)
        cachedTokens += Int(outcome.cachedTokens)
        last = max(last, outcome.lastToken)
      }
    }
    let done = outcomes.filter { $0.status == .finished }
    if last >= first { makespan = last - first }
    queueTime = LatencyStatistics(done.map(\.queueTime))
    latencies[.timeToFirstToken] = LatencyStatistics(done.map(\.timeToFirstToken))
    latencies[.timePerOutputToken] = LatencyStatistics(done.compactMap(\.timePerOutputToken))
    latencies[.endToEnd] = LatencyStatistics(done.map(\.endToEnd))
    for step in steps {
      self.steps += Int(step.steps)
      busyTime += step.duration
    }
  }

  /// Finished requests a second of the makespan; nil where that is no time.
  public var requestsPerSecond: Double? { rate(finished) }
  /// Prompt tokens a second.
  public var inputTokensPerSecond: Double? { rate(inputTokens) }
  /// Generated tokens a second.
  public var outputTokensPerSecond: Double? { rate(outputTokens) }

  private func rate(_ count: Int) -> Double? {
    makespan > .zero ? Double(count) / makespan.seconds : nil
  }
}

extension RunSummary {
  /// Tables of counts and of latencies, for a terminal.
  public var text: String {
    func perSecond(_ value: Double?) -> String {
      value.map { fixedText($0, decimals: 2) + "/s" } ?? "n/a"
    }
    var counts = TextTable([.init("", .left), .init("total"), .init("rate")])
    counts.add([
      "requests finished", "\(groupedText(finished)) of \(groupedText(requests))",
      perSecond(requestsPerSecond),
    ])
    if rejected > 0 { counts.add(["requests rejected", groupedText(rejected)]) }
    if unfinished > 0 { counts.add(["requests cut off", groupedText(unfinished)]) }
    counts.add(["input tokens", groupedText(inputTokens), perSecond(inputTokensPerSecond)])
    counts.add(["  of them cached", groupedText(cachedTokens)])
    counts.add(["output tokens", groupedText(outputTokens), perSecond(outputTokensPerSecond)])
    counts.add(["preemptions", groupedText(preemptions)])
    if steps > 0 { counts.add(["engine steps", groupedText(steps)]) }
    counts.add(["simulated time", fixedText(makespan.seconds, decimals: 3) + " s"])

    var table = TextTable(
      [.init("ms", .left)] + LatencyStatistic.allCases.map { .init($0.rawValue) } + [.init("max")])
    func add(_ title: String, _ statistics: LatencyStatistics?) {
      guard let statistics else { return }
      table.add(
        [title] + LatencyStatistic.allCases.map { millisecondsText(statistics[$0]) }
          + [millisecondsText(statistics.maximum)])
    }
    add("queue", queueTime)
    for metric in LatencyMetric.allCases { add(metric.title, latencies[metric]) }
    return counts.text + (finished > 0 ? "\n" + table.text : "")
  }
}

extension RunSummary: Encodable {
  private enum Key: String, CodingKey {
    case requests, finished, rejected, unfinished, preemptions, steps
    case inputTokens = "input_tokens"
    case outputTokens = "output_tokens"
    case cachedTokens = "cached_tokens"
    case makespan = "makespan_ns"
    case busyTime = "busy_ns"
    case requestsPerSecond = "requests_per_second"
    case inputTokensPerSecond = "input_tokens_per_second"
    case outputTokensPerSecond = "output_tokens_per_second"
    case percentileMethod = "percentile_method"
    case queueTime = "queue"
    case timeToFirstToken = "ttft"
    case timePerOutputToken = "tpot"
    case endToEnd = "end_to_end"
  }

  private enum StatisticKey: String, CodingKey {
    case count
    case mean = "mean_ns"
    case p50 = "p50_ns"
    case p90 = "p90_ns"
    case p95 = "p95_ns"
    case p99 = "p99_ns"
    case maximum = "max_ns"
  }

  /// Writes counts, rates a second, and latencies in whole nanoseconds.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(requests, forKey: .requests)
    try values.encode(finished, forKey: .finished)
    try values.encode(rejected, forKey: .rejected)
    try values.encode(unfinished, forKey: .unfinished)
    try values.encode(inputTokens, forKey: .inputTokens)
    try values.encode(outputTokens, forKey: .outputTokens)
    try values.encode(cachedTokens, forKey: .cachedTokens)
    try values.encode(preemptions, forKey: .preemptions)
    try values.encode(steps, forKey: .steps)
    try values.encode(makespan.rawValue, forKey: .makespan)
    try values.encode(busyTime.rawValue, forKey: .busyTime)
    try values.encodeIfPresent(requestsPerSecond, forKey: .requestsPerSecond)
    try values.encodeIfPresent(inputTokensPerSecond, forKey: .inputTokensPerSecond)
    try values.encodeIfPresent(outputTokensPerSecond, forKey: .outputTokensPerSecond)
    try values.encode(LatencyStatistics.percentileMethod, forKey: .percentileMethod)
    try encode(queueTime, .queueTime, &values)
    try encode(latencies[.timeToFirstToken], .timeToFirstToken, &values)
    try encode(latencies[.timePerOutputToken], .timePerOutputToken, &values)
    try encode(latencies[.endToEnd], .endToEnd, &values)
  }

  private func encode(
    _ statistics: LatencyStatistics?, _ key: Key, _ values: inout KeyedEncodingContainer<Key>
  ) throws {
    guard let statistics else { return }
    var nested = values.nestedContainer(keyedBy: StatisticKey.self, forKey: key)
    try nested.encode(statistics.count, forKey: .count)
    try nested.encode(statistics.mean.rawValue, forKey: .mean)
    try nested.encode(statistics.p50.rawValue, forKey: .p50)
    try nested.encode(statistics.p90.rawValue, forKey: .p90)
    try nested.encode(statistics.p95.rawValue, forKey: .p95)
    try nested.encode(statistics.p99.rawValue, forKey: .p99)
    try nested.encode(statistics.maximum.rawValue, forKey: .maximum)
  }
}
