public import Operators

/// A request log in figures, with what a user should know before replaying it.
public struct LogSummary: Sendable, Hashable {
  /// Good rows.
  public var requests = 0
  /// Bad rows that were skipped.
  public var badRows = 0
  /// From the first arrival to the last.
  public var span = Nanoseconds.zero
  /// All prompt tokens.
  public var inputTokens = 0
  /// All generated tokens.
  public var outputTokens = 0
  /// The longest prompt and answer together.
  public var longestRequest = 0
  /// Requests without a generated token: failures.
  public var withoutOutput = 0
  /// Instants at which anything arrived.
  public var distinctArrivals = 0
  /// Requests that arrived together with another.
  public var tiedArrivals = 0
  /// The most requests that arrived at one instant.
  public var largestTie = 0
  /// Rows that stood behind a later one in the file.
  public var outOfOrder = 0
  /// Requests with measured latencies.
  public var measured = 0
  /// Of these, requests of which the end alone was measured.
  public var measuredEnds = 0
  /// Requests whose prompt content has names.
  public var withContent = 0
  /// Requests whose content names do not cover the prompt, or more than it.
  public var contentMisfits = 0
  /// Requests that bear the name of an earlier one.
  public var duplicateIDs = 0
  /// In which unit its times are, where only the user knows; it is among ``warnings``, too.
  public var unitDoubt: UnitDoubt?
  /// What the user should know, a sentence each.
  public var warnings: [String] = []
  /// Of ``warnings`` those about the instants at which requests arrived.
  private var clockWarnings: [String] = []

  private var names: Set<String> = []
  private var arrivals: [Nanoseconds] = []
  private var firstArrival: Nanoseconds?
  private var latestArrival: Nanoseconds?
  private var isInWholeMilliseconds = true
  private var tokensPerMisfit = 1

  /// A summary of nothing, to be filled by ``add(_:)`` and ended by ``finish(_:problems:outOfOrder:)``.
  public init() {}

  /// Sums up a log, whose records are in order of arrival.
  ///
  /// - Complexity: O(n).
  public init(_ log: RequestLog) {
    for record in log.records { add(record) }
    finish(log.format, problems: log.problems, outOfOrder: log.outOfOrder, unit: log.unit)
  }

  /// Adds the next record.
  public mutating func add(_ record: RequestRecord) {
    requests += 1
    inputTokens += record.inputTokens
    outputTokens += record.outputTokens
    longestRequest = max(longestRequest, record.inputTokens + record.outputTokens)
    if record.outputTokens == 0 { withoutOutput += 1 }
    if let times = record.measured {
      measured += 1
      if times.firstToken == nil { measuredEnds += 1 }
    }
    if !names.insert(record.id).inserted { duplicateIDs += 1 }
    if record.arrival.rawValue % 1_000_000 != 0 { isInWholeMilliseconds = false }
    if !record.content.isEmpty {
      withContent += 1
      let size = max(1, record.tokensPerContentName)
      let whole = record.inputTokens / size
      // A partial last block may have a name or none; generated tokens may be named, too.
      let all = record.inputTokens + record.outputTokens
      let fits =
        record.content.count >= whole && record.content.count <= (all - 1) / size + 1
      if !fits {
        contentMisfits += 1
        tokensPerMisfit = size
      }
    }
    arrivals.append(record.arrival)
    let first = min(firstArrival ?? record.arrival, record.arrival)
    let latest = max(latestArrival ?? record.arrival, record.arrival)
    span = latest - first
    (firstArrival, latestArrival) = (first, latest)
  }

  /// Ends the summary with what the reader knows.
  ///
  /// - Parameter unit: of arrivals, as the user gave it; nil leaves its doubt open.
  public mutating func finish(
    _ format: RequestLogFormat, problems: RowProblems, outOfOrder: Int, unit: LogTimeUnit? = nil
  ) {
    countTies()
    badRows = problems.count
    self.outOfOrder = outOfOrder
    names = []
    unitDoubt =
      unit == nil
      ? UnitDoubt(
        format, requests: requests, span: span, hasFractions: !isInWholeMilliseconds) : nil
    clockWarnings = makeClockWarnings(format)
    warnings = problems.sentences + orderWarnings + clockWarnings + figureWarnings(format)
  }

  /// Takes those ``warnings`` back that are about the instants at which requests arrived: where clients send
  /// them, these do not matter.
  public mutating func leaveToClients() { warnings.removeAll(where: clockWarnings.contains) }

  /// Counts the instants of arrivals, whose rows may stand in any order.
  private mutating func countTies() {
    arrivals.sort()
    var begin = 0
    for index in arrivals.indices
    where index + 1 == arrivals.count || arrivals[index + 1] != arrivals[index] {
      let tie = index + 1 - begin
      begin = index + 1
      distinctArrivals += 1
      largestTie = max(largestTie, tie)
      if tie > 1 { tiedArrivals += tie }
    }
    arrivals = []
  }

  /// Requests a second over the span; nil where that is no time.
  public var requestsPerSecond: Double? {
    span > .zero ? Double(requests) / span.seconds : nil
  }
  /// Prompt tokens of a request on average.
  public var meanInputTokens: Double { requests > 0 ? Double(inputTokens) / Double(requests) : 0 }
  /// Generated tokens of a request on average.
  public var meanOutputTokens: Double { requests > 0 ? Double(outputTokens) / Double(requests) : 0 }

  private var orderWarnings: [String] {
    outOfOrder > 0
      ? [
        "\(outOfOrder) of \(requests) rows \(noun(of: outOfOrder, "is", "are")) out of order; "
          + "requests arrive by their times"
      ] : []
  }

  private func makeClockWarnings(_ format: RequestLogFormat) -> [String] {
    var warnings: [String] = []
    // Sessions of agents have a clock each, which begins at zero.
    if tiedArrivals * 10 > requests, requests > 1, format != .agentSessions {
      warnings.append(
        "\(tiedArrivals) of \(requests) requests arrive together with another "
          + "(\(distinctArrivals) distinct instants, up to \(largestTie) at one): "
          + "the log's clock is coarse, and replays as bursts")
    }
    if format == .agentSessions {
      warnings.append(
        "each session's times count from its own beginning, so that all begin at once: "
          + "let a number of clients send them")
    }
    return warnings
  }

  private func figureWarnings(_ format: RequestLogFormat) -> [String] {
    var warnings: [String] = []
    if format == .ragPulse, withContent < requests {
      warnings.append(
        "the contents of \(requests - withContent) of \(requests) prompts are not known: RAGPulse's files "
          + "of blocks (1_sys_prompt to 5_web_search) must lie beside the log")
    }
    if let unitDoubt { warnings.append(unitDoubt.question(format)) }
    if withoutOutput > 0 {
      warnings.append(
        "\(withoutOutput) of \(requests) requests generated nothing: failures in the log"
      )
    }
    if contentMisfits > 0 {
      warnings.append(
        "the content names of \(contentMisfits) of \(requests) requests do not cover their prompts at "
          + "\(tokensPerMisfit) tokens a name: "
          + "the log may use another block size")
    }
    if duplicateIDs > 0 {
      warnings.append(
        "\(duplicateIDs) of \(requests) requests bear the name of an earlier one")
    }
    if measuredEnds > 0 {
      warnings.append(
        "of \(measuredEnds) of \(requests) requests the log tells the end alone: they are compared by "
          + "end-to-end latency")
    }
    if measured > 0, measured < requests {
      warnings.append(
        "\(requests - measured) of \(requests) requests have no measured "
          + "latency")
    }
    return warnings
  }
}
