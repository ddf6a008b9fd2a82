import Operators
import Replay
import Scenarios

/// The requests that designs are judged by, and the limits.
///
/// Requests without a token to compute or to generate are in no statistic: every design rejects them. Any other that a
/// design rejects, or whose client gives up, counts as later than any limit.
struct Demand: Sendable {
  /// A quantile's limits.
  struct Limit: Sendable {
    var quantile: Double
    var timeToFirstToken: Nanoseconds
    var timePerOutputToken: Nanoseconds
  }

  /// The rows of the log that count.
  let rows: [Int]
  let arrivals: [Int64]
  /// Prompt tokens, generated tokens, and prompt tokens that a cache may hold before the request is computed.
  let inputs, outputs, shared: [Int]
  /// How many generate more than one token.
  let several: Int
  /// The limits, of P50, P90 and P99.
  let limits: [Limit]
  /// Whether requests arrive at known times.
  let isOpen: Bool
  /// What must be done by when; empty where arrivals are not known.
  let deadlines: [Deadlines]

  /// Takes the requests of a table.
  init(_ table: RequestTable, _ objectives: LatencyObjectives) {
    let shared = table.sharedTokens
    let rows = (0..<table.count).filter {
      table.inputTokens[$0] > 0 && table.outputTokens[$0] > 0
    }
    self.rows = rows
    arrivals = rows.map { table.arrivals[$0] }
    inputs = rows.map { Int(table.inputTokens[$0]) }
    outputs = rows.map { Int(table.outputTokens[$0]) }
    self.shared = rows.map { Int(shared[$0]) }
    several = outputs.count { $0 > 1 }
    limits = LatencyObjectives.quantiles.enumerated().map { place, quantile in
      func limit(_ base: Double, _ factors: [Double]) -> Nanoseconds {
        Nanoseconds(rounding: 1e6 * base * factors[place])
      }
      return Limit(
        quantile: quantile,
        timeToFirstToken: limit(objectives.timeToFirstToken, objectives.firstTokenFactors),
        timePerOutputToken: limit(objectives.timePerOutputToken, objectives.outputTokenFactors))
    }
    isOpen = !table.isCoupled
    deadlines = isOpen && !rows.isEmpty ? Deadlines.all(arrivals, outputs, several, limits) : []
  }

  /// How many requests there are.
  var count: Int { rows.count }

  /// The limits within which a request is a good one.
  var last: Limit { limits[limits.count - 1] }

  /// How many of so many values may exceed what their quantile is held to: the others do not, if it is within.
  static func violators(of count: Int, quantile: Double) -> Int {
    guard count > 0 else { return 0 }
    return count - 1 - Int(quantile * Double(count - 1))
  }
}

/// Until when requests must have had their first tokens, or all, so that a quantile's limit holds.
struct Deadlines: Sendable {
  /// What must be done.
  enum Part: Sendable {
    /// Prompts.
    case prompts
    /// Prompts and what is generated.
    case all
  }

  let part: Part
  /// Of each request.
  let times: [Int64]
  /// How many may be later.
  let violators: Int
  /// Spans in which the work of requests that arrive after the beginning and must be done by the end is added up.
  let windows: [Range<Int64>]

  /// The deadlines of each quantile's prompts, and those of whole requests by the last limits.
  static func all(
    _ arrivals: [Int64], _ outputs: [Int], _ several: Int, _ limits: [Demand.Limit]
  ) -> [Self] {
    func sum(_ time: Int64, _ limit: Int64) -> Int64 {
      let (sum, overflow) = time.addingReportingOverflow(limit)
      return overflow ? .max : sum
    }
    var found = limits.map { limit in
      Deadlines(
        .prompts, arrivals, arrivals.map { sum($0, limit.timeToFirstToken.rawValue) },
        violators: Demand.violators(of: arrivals.count, quantile: limit.quantile))
    }
    if let last = limits.last {
      let times = zip(arrivals, outputs).map { arrival, output in
        let (decoding, overflow) = last.timePerOutputToken.rawValue.multipliedReportingOverflow(
          by: Int64(output - 1))
        // A mean is rounded to a nanosecond.
        return sum(
          sum(arrival, last.timeToFirstToken.rawValue),
          overflow ? .max : sum(decoding, Int64(output)))
      }
      found.append(
        Deadlines(
          .all, arrivals, times,
          violators: Demand.violators(of: arrivals.count, quantile: last.quantile)
            + Demand.violators(of: several, quantile: last.quantile)))
    }
    return found
  }

  private init(_ part: Part, _ arrivals: [Int64], _ times: [Int64], violators: Int) {
    self.part = part
    self.times = times
    self.violators = violators
    let (starts, ends) = (arrivals.sorted(), times.sorted())
    let pieces = 6
    var windows: [Range<Int64>] = []
    for first in 0..<pieces {
      for last in 1...pieces {
        let start = starts[first * (starts.count - 1) / pieces]
        let end = ends[last * (ends.count - 1) / pieces]
        if start < end { windows.append(start..<end) }
      }
    }
    self.windows = windows
  }

  /// How many engines the work takes at least, in whatever order they do it: the most of all windows, each without the
  /// requests with the most work, as many as may be late.
  ///
  /// - Parameter work: nanoseconds of an engine for each request.
  func enginesNeeded(_ work: [Double], _ arrivals: [Int64]) -> Double {
    let order = work.indices.sorted { (work[$1], $0) < (work[$0], $1) }
    var most = 0.0
    for window in windows {
      var (sum, left) = (0.0, violators)
      for row in order where arrivals[row] >= window.lowerBound && times[row] <= window.upperBound {
        if left > 0 {
          left -= 1
        } else {
          sum += work[row]
        }
      }
      most = max(most, sum / Double(window.upperBound - window.lowerBound))
    }
    return most
  }
}
