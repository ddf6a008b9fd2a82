import HeapModule
import Histogram
import Operators
import Replay
import TraceIO
import Validation

/// What a page tells of a run's requests, gathered in one pass over its `requests.csv`.
///
/// Memory does not grow with the number of rows. Latencies are kept to three significant digits.
struct RequestDigest {
  /// Whose latencies they are.
  enum Side: Int, CaseIterable {
    case replayed, measured, roofline
  }

  /// What is counted over time; gone are arrivals that were not served.
  enum Channel: Int, CaseIterable {
    case arrivals, finished, gone, cancelled, waiting, running, tokens
  }

  /// Limits that a request must keep to count as good.
  struct Limits: Sendable, Hashable {
    var timeToFirstToken: Nanoseconds?
    var timePerOutputToken: Nanoseconds?

    /// Whether a finished request keeps them; what it has not it cannot break, as a single token no time per token.
    func hold(_ firstToken: Nanoseconds?, _ perToken: Nanoseconds?) -> Bool {
      (timeToFirstToken.flatMap { limit in firstToken.map { $0 <= limit } } ?? true)
        && (timePerOutputToken.flatMap { limit in perToken.map { $0 <= limit } } ?? true)
    }
  }

  /// A request, for the lists of the slowest.
  struct Request {
    var id: String
    var engine: Int64?
    var arrival: Nanoseconds
    /// Arrival to the first step that worked on it, where the file says.
    var queue: Nanoseconds?
    var firstToken: Nanoseconds?
    var perToken: Nanoseconds?
    var endToEnd: Nanoseconds
    var inputTokens: Int64
    var outputTokens: Int64
    var measuredFirstToken: Nanoseconds?
    var measuredEndToEnd: Nanoseconds?
  }

  /// Sums of what finished requests spent their time with, in nanoseconds.
  struct Spent {
    var requests = 0
    var queue = 0.0
    var prefill = 0.0
    var decode = 0.0
  }

  /// How many of the slowest requests are told.
  static let mostSlow = 20

  /// Rows.
  private(set) var rows = 0
  /// Rows of requests that count: all but those of a warm-up, and those that ask for nothing.
  private(set) var requests = 0
  /// Of these, requests that finished.
  private(set) var finished = 0
  /// Others: rejected, turned away, given up, or left under way.
  var unfinished: Int { requests - finished }
  /// Of these, requests that were under way when the run ended.
  private(set) var underWay = 0
  /// Finished requests that kept the limits.
  private(set) var good = 0
  /// The first and the last arrival.
  private(set) var arrivals: ClosedRange<Nanoseconds>?
  /// The end of the last request that finished.
  private(set) var lastEnd = Nanoseconds.zero
  /// The end of the first that did.
  private(set) var firstEnd: Nanoseconds?
  /// Whether rows say how long requests queued.
  let tellsQueues: Bool
  /// The finished requests with the longest time to first token, longest first.
  private(set) var slowestToStart: [Request] = []
  /// Those with the longest time to their end.
  private(set) var slowestToEnd: [Request] = []
  /// Sums over all requests, and over those at or above the 90th and 99th percentile of the end-to-end
  /// latency; the thresholds are the caller's.
  private(set) var spent = [Spent(), Spent(), Spent()]
  private(set) var load = TimeBins(channels: Channel.allCases.count)
  private var latencies: [Histogram<UInt32>]

  /// The latencies of a side; nil where no request has any.
  func latencies(_ side: Side, _ metric: LatencyMetric) -> Histogram<UInt32>? {
    let histogram = latencies[Self.place(side, metric)]
    return histogram.totalCount > 0 ? histogram : nil
  }

  /// A quantile of a side's latencies, to three significant digits; nil where no request has any.
  func quantile(_ quantile: Double, _ side: Side, _ metric: LatencyMetric) -> Nanoseconds? {
    latencies(side, metric)?.quantile(quantile)
  }

  /// The same of all replayed requests, those that did not finish later than all others; nil where it is theirs.
  func quantile(_ quantile: Double, ofAll metric: LatencyMetric) -> Nanoseconds? {
    latencies(.replayed, metric)?.quantile(quantile, beside: unfinished)
  }

  private static func place(_ side: Side, _ metric: LatencyMetric) -> Int {
    side.rawValue * LatencyMetric.allCases.count
      + (LatencyMetric.allCases.firstIndex(of: metric) ?? 0)
  }

  /// Reads a file that `replay` or `pipeline` wrote, plain or compressed.
  ///
  /// - Parameters:
  ///   - slow: the 90th and the 99th percentile of the end-to-end latency.
  ///   - warmUp: requests that arrive before are in the load alone.
  init(
    _ path: String, limits: Limits = Limits(), slow: (Nanoseconds, Nanoseconds)? = nil,
    warmUp: Nanoseconds = .zero
  ) throws(ReportError) {
    latencies = (0..<Side.allCases.count * LatencyMetric.allCases.count).map { _ in
      Self.emptyHistogram()
    }
    do {
      var rows = try RequestRows(path)
      tellsQueues = rows.tellsQueues
      var slowStart = Slowest(most: Self.mostSlow)
      var slowEnd = Slowest(most: Self.mostSlow)
      while try rows.next() {
        let row = try rows.row()
        addLoad(of: row)
        guard row.arrival >= warmUp, !row.asksNothing else { continue }
        add(row, limits, slow)
        guard row.isFinished else { continue }
        if let firstToken = row.firstToken {
          slowStart.offer(firstToken.rawValue, requests) { rows.request(row) }
        }
        slowEnd.offer(row.endToEnd.rawValue, requests) { rows.request(row) }
      }
      slowestToStart = slowStart.requests
      slowestToEnd = slowEnd.requests
    } catch {
      throw ReportError(error, reading: path)
    }
  }

  private static func emptyHistogram() -> Histogram<UInt32> {
    var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
    histogram.autoResize = true
    return histogram
  }

  private mutating func add(
    _ row: RequestRows.Row, _ limits: Limits, _ slow: (Nanoseconds, Nanoseconds)?
  ) {
    requests += 1
    underWay += row.isUnderWay ? 1 : 0
    guard row.isFinished else { return }
    finished += 1
    if limits.hold(row.firstToken, row.perToken) { good += 1 }
    for side in Side.allCases {
      guard let times = row.latencies(side) else { continue }
      for (metric, time) in zip(LatencyMetric.allCases, times) {
        guard let time, time >= .zero else { continue }
        latencies[Self.place(side, metric)].record(UInt64(time.rawValue))
      }
    }
    let queue = Double((row.queue ?? .zero).rawValue)
    let firstToken = Double((row.firstToken ?? row.endToEnd).rawValue)
    let end = Double(row.endToEnd.rawValue)
    for (index, least) in [Nanoseconds.zero, slow?.0, slow?.1].enumerated() {
      guard let least, row.endToEnd >= least else { continue }
      spent[index].requests += 1
      spent[index].queue += queue
      spent[index].prefill += max(0, firstToken - queue)
      spent[index].decode += max(0, end - firstToken)
    }
  }

  /// Notes what a row was to engines over time, in a warm-up, too.
  private mutating func addLoad(of row: RequestRows.Row) {
    rows += 1
    arrivals =
      arrivals.map { min($0.lowerBound, row.arrival)...max($0.upperBound, row.arrival) }
      ?? row.arrival...row.arrival
    count(.arrivals, at: row.arrival)
    if row.isGone { count(.gone, at: row.arrival) }
    if row.isCancelled { count(.cancelled, at: row.arrival) }
    guard row.isFinished else { return }
    let finish = row.arrival + row.endToEnd
    lastEnd = max(lastEnd, finish)
    firstEnd = min(firstEnd ?? finish, finish)
    let arrival = Double(row.arrival.rawValue)
    let end = arrival + Double(row.endToEnd.rawValue)
    let firstToken = arrival + Double((row.firstToken ?? row.endToEnd).rawValue)
    count(.finished, at: row.arrival + row.endToEnd)
    let began = arrival + Double((row.queue ?? .zero).rawValue)
    load.add(began - arrival, to: Channel.waiting.rawValue, from: arrival, to: began)
    load.add(end - began, to: Channel.running.rawValue, from: began, to: end)
    guard row.outputTokens > 0 else { return }
    load.add(1, to: Channel.tokens.rawValue, at: firstToken)
    load.add(
      Double(row.outputTokens - 1), to: Channel.tokens.rawValue, from: firstToken,
      to: max(firstToken, end))
  }

  private mutating func count(_ channel: Channel, at time: Nanoseconds) {
    load.add(1, to: channel.rawValue, at: Double(time.rawValue))
  }
}

/// The requests with the largest of some latency.
private struct Slowest {
  private struct Entry: Comparable {
    var key: Int64
    /// Of equals the first row is told.
    var row: Int
    var request: RequestDigest.Request

    static func < (left: Self, right: Self) -> Bool {
      (left.key, right.row) < (right.key, left.row)
    }
    static func == (left: Self, right: Self) -> Bool {
      (left.key, left.row) == (right.key, right.row)
    }
  }

  let most: Int
  private var heap = Heap<Entry>()

  init(most: Int) { self.most = most }

  /// Longest first.
  var requests: [RequestDigest.Request] { heap.unordered.sorted(by: >).map(\.request) }

  mutating func offer(_ key: Int64, _ row: Int, _ request: () -> RequestDigest.Request) {
    if heap.count >= most {
      guard let least = heap.min, least.key < key else { return }
      heap.removeMin()
    }
    heap.insert(Entry(key: key, row: row, request: request()))
  }
}
