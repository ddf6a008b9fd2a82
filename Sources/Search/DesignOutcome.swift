public import Operators
import Replay

/// What a replay of one design came to.
public struct DesignOutcome: Sendable, Hashable {
  /// Whether all limits of the SLO hold.
  public let holds: Bool
  /// Requests that count: those with tokens to compute and to generate.
  public let requests: Int
  /// Of these, finished within the SLO's last limits of both latencies.
  public let within: Int
  /// Of these, rejected.
  public let rejected: Int
  /// P50, P90 and P99 of arrival to first token; nil where they are of requests without one. One that is rejected or
  /// cancelled is later than all others.
  public let timeToFirstToken: [Nanoseconds?]
  /// The same of the mean time per output token after the first, of requests with two or more.
  public let timePerOutputToken: [Nanoseconds?]
  /// First arrival to the end of the last step.
  public let makespan: Nanoseconds
  /// Generated tokens of finished requests.
  public let outputTokens: Int
  /// The part of the engines' time in which steps were in flight.
  public let busyShare: Double
  /// Times that a request lost its memory.
  public let preemptions: Int
  /// Engine steps.
  public let steps: Int

  /// ``within`` as a share of all requests.
  public var attainment: Double { requests > 0 ? Double(within) / Double(requests) : 0 }
  /// ``within`` for each second of the makespan.
  public var goodput: Double { makespan > .zero ? Double(within) / makespan.seconds : 0 }
  /// Generated tokens for each second of the makespan.
  public var outputTokensPerSecond: Double {
    makespan > .zero ? Double(outputTokens) / makespan.seconds : 0
  }

  /// A latency that is later than any limit.
  static let never = Nanoseconds(.max / 4)
  /// From here on, what is interpolated is no latency.
  static let endless = Nanoseconds(1 << 52)

  /// Holds a replay against the limits.
  init(_ result: ReplayResult, _ demand: Demand) {
    var (first, later): ([Nanoseconds], [Nanoseconds]) = ([], [])
    first.reserveCapacity(demand.count)
    later.reserveCapacity(demand.several)
    var (within, rejected, tokens) = (0, 0, 0)
    for (place, row) in demand.rows.enumerated() {
      let outcome = result.outcomes[row]
      let isFinished = outcome.status == .finished
      rejected += outcome.status == .rejected ? 1 : 0
      tokens += isFinished ? Int(outcome.outputTokens) : 0
      let toFirst = isFinished ? outcome.timeToFirstToken : Self.never
      let perToken = isFinished ? outcome.timePerOutputToken ?? .zero : Self.never
      first.append(toFirst)
      if demand.outputs[place] > 1 { later.append(perToken) }
      within +=
        toFirst <= demand.last.timeToFirstToken
          && (demand.outputs[place] == 1 || perToken <= demand.last.timePerOutputToken) ? 1 : 0
    }
    first.sort()
    later.sort()
    var holds = !first.isEmpty && first[0] < Self.endless && !result.isCut
    var (firsts, laters): ([Nanoseconds?], [Nanoseconds?]) = ([], [])
    for limit in demand.limits {
      let (toFirst, perToken) = (
        Self.quantile(limit.quantile, first), Self.quantile(limit.quantile, later)
      )
      holds =
        holds && toFirst.map { $0 <= limit.timeToFirstToken } ?? true
        && perToken.map { $0 <= limit.timePerOutputToken } ?? true
      firsts.append(toFirst.flatMap { $0 < Self.endless ? $0 : nil })
      laters.append(perToken.flatMap { $0 < Self.endless ? $0 : nil })
    }
    self.holds = holds
    requests = demand.count
    self.within = within
    self.rejected = rejected
    timeToFirstToken = firsts
    timePerOutputToken = laters
    makespan = result.makespan
    outputTokens = tokens
    let offered = Double(result.makespan.rawValue) * Double(result.engines.count)
    busyShare = offered > 0 ? Double(result.busyTime.rawValue) / offered : 0
    preemptions = result.engines.reduce(0) { $0 + $1.preemptions }
    steps = result.stepCount
  }

  /// A quantile of ascending values, as all reports take it; nil where there are none.
  static func quantile(_ q: Double, _ sorted: [Nanoseconds]) -> Nanoseconds? {
    sorted.isEmpty ? nil : LatencyStatistics.quantile(q, ofSorted: sorted)
  }
}
