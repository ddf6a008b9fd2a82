import Operators
import Replay
import Validation

/// Whether a run's engines kept up with its arrivals.
struct Saturation {
  enum State {
    /// Too few requests to tell.
    case unknown
    /// All requests came before any of them ended: there is no rate to keep up with.
    case atOnce
    /// Clients gave up this share of what came in the second half of the arrivals, most of it.
    case abandoned(share: Double)
    /// The replay was stopped: what was under way would count as what engines do not keep up with.
    case stopped
    /// In the second half of the arrivals, requests came at one rate and ended at a lower one.
    case overloaded(arriving: Double, served: Double)
    /// It keeps up, but requests wait for this share of their time to first token, or to their end without one.
    case queueing(share: Double)
    case keepsUp
  }

  var state: State
  /// The most requests that waited at once on average over a bin of time; nil where nobody knows.
  var peakWaiting: Double?

  /// Runs with fewer requests say nothing about load.
  static let fewest = 50
  /// Served for each that arrives, below which a run is overloaded.
  static let leastServed = 0.95
  /// The share of requests that clients give up beyond which nothing else is said of the load.
  static let mostAbandoned = 0.5
  /// The share of the time to first token from which queueing is told.
  static let queueShare = 0.25
}

extension ReportedRun {
  /// Whether engines kept up, from the second half of the arrivals alone, when queues have formed.
  var saturation: Saturation {
    // Requests that gave up waited, too, and their rows do not say how long: engines know how many there were.
    let waiting =
      digest.tellsQueues
      ? [means(.waiting).max(), peakWaiting].compactMap(\.self).max() : peakWaiting
    return Saturation(state: loadState, peakWaiting: waiting)
  }

  private var loadState: Saturation.State {
    guard !result.summary.isCut else { return .stopped }
    guard digest.requests >= Saturation.fewest, let arrivals = digest.arrivals else {
      return .unknown
    }
    guard arrivals.upperBound > arrivals.lowerBound,
      digest.firstEnd.map({ $0 < arrivals.upperBound }) ?? true
    else { return .atOnce }
    if let backlog = backlog(of: arrivals) { return backlog }
    let share = waitingShare
    return share > Saturation.queueShare ? .queueing(share: share) : .keepsUp
  }

  /// The overload of the second half of the arrivals, if there is any.
  ///
  /// Arrivals of a Poisson process scatter by the root of their number; a shortfall within three times that
  /// is none. Nor is one of answers so long that they end behind the last arrival: engines that do not keep up let
  /// queues grow, or requests never end.
  private func backlog(of arrivals: ClosedRange<Nanoseconds>) -> Saturation.State? {
    let width = digest.load.width
    func bin(_ time: Double) -> Int { min(Int(time / width), digest.load.count - 1) }
    let first = Double(arrivals.lowerBound.rawValue)
    let last = Double(arrivals.upperBound.rawValue)
    let span = bin((first + last) / 2)...bin(last)
    func sum(_ channel: RequestDigest.Channel) -> Double {
      digest.load.amounts(channel.rawValue)[span].reduce(0, +)
    }
    // Who is not served does not wait for it.
    let came = sum(.arrivals) - sum(.gone)
    let ended = sum(.finished)
    let scatter = 3 * came.squareRoot()
    guard ended < Saturation.leastServed * came, came - ended > scatter else { return nil }
    if let before = waiting(at: (first + last) / 2), let after = waiting(at: last) {
      // Half of the shortfall at the least waits; the rest may run.
      guard after - before > scatter / 2 || Double(digest.underWay) > scatter else {
        // Who gives up leaves no queue behind; of whether they waited, rows do not tell.
        let left = sum(.cancelled) / came
        return left > Saturation.mostAbandoned ? .abandoned(share: left) : nil
      }
    }
    let seconds = Double(span.count) * width / 1e9
    return .overloaded(arriving: came / seconds, served: ended / seconds)
  }

  /// How many requests waited about a time on the replay's clock, in nanoseconds: by their rows, or as the engines of a
  /// scenario tell; nil where nobody does.
  private func waiting(at time: Double) -> Double? {
    guard !digest.tellsQueues else {
      let width = digest.load.width
      return means(.waiting)[min(Int(time / width), digest.load.count - 1)]
    }
    let known = scenarioLoad.compactMap { pool -> Double? in
      guard let bin = pool.times.lastIndex(where: { $0 * 1e9 <= time }) else { return nil }
      return pool.waiting[bin]
    }
    return known.isEmpty ? nil : known.reduce(0, +)
  }

  /// The most requests that waited at once on all engines of a replay, each at its worst.
  private var peakWaiting: Double? {
    guard case .replay(let file) = result, let engines = file.engines else { return nil }
    return Double(engines.reduce(0) { $0 + $1.peakWaiting })
  }

  /// The part of the time to first token that is waiting; of a scenario on the critical paths, and until the end where
  /// nothing has a first token.
  private var waitingShare: Double {
    if case .pipeline(let file) = result {
      let all = file.summary.blame.filter { $0.slowest == 1 }
      let first = all.first { $0.metric == .timeToFirstToken } ?? all.first
      return first?.shares.reduce(0) { $0 + ($1.part == .queue ? $1.share : 0) } ?? 0
    }
    let all = digest.spent[0]
    return all.queue / max(1, all.queue + all.prefill)
  }

  /// How many there were of something on average over each bin: requests that wait or run.
  func means(_ channel: RequestDigest.Channel) -> [Double] {
    digest.load.amounts(channel.rawValue).map { $0 / digest.load.width }
  }
}
