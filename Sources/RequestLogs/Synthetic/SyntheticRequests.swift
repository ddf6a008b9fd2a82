import HeapModule
import Operators

/// The requests of a synthetic workload, one at a time, in order of arrival.
///
/// Memory holds the streams, their next arrivals and the sessions that are going on; not the requests.
///
/// - Complexity: O(log n) a request, in streams and sessions.
public struct SyntheticRequests: Sendable {
  /// Where arrivals come from: a stream's own process, or the one that streams share.
  private struct Source {
    var clock: ArrivalClock
    /// The stream whose arrivals they are; nil for those that are shared.
    var stream: Int?
  }

  /// An arrival to come: the next of a source, or the next turn of a session.
  private struct Pending: Comparable {
    var time: Nanoseconds
    /// Orders what comes at one instant, so that every run is the same.
    var number: UInt64
    var source: Int
    var session: SyntheticSession?

    static func < (left: Self, right: Self) -> Bool {
      left.time != right.time ? left.time < right.time : left.number < right.number
    }

    static func == (left: Self, right: Self) -> Bool {
      left.time == right.time && left.number == right.number
    }
  }

  private var sources: [Source] = []
  private var streams: [StreamState]
  private var pending = Heap<Pending>()
  /// The streams that share arrivals, and the shares up to each.
  private var sharing: (streams: [Int], sums: [Double]) = ([], [])
  private var choice: RandomStream
  private var left: Int
  private let end: Nanoseconds
  private var numbers: UInt64 = 0
  private var made = 0

  /// Begins a workload, if its parameters are valid.
  public init(_ workload: SyntheticWorkload) throws(RequestLogError) {
    try workload.validate()
    choice = RandomStream(seed: workload.seed, name: "shares")
    left = workload.count ?? .max
    end = workload.duration ?? Nanoseconds(.max)
    streams = workload.streams.map {
      StreamState($0, seed: workload.seed, tokensPerContentName: workload.tokensPerContentName)
    }
    for (index, stream) in workload.streams.enumerated() {
      switch stream.load {
      case .arrivals(let process):
        let random = RandomStream(seed: workload.seed, name: "arrivals of \(stream.name)")
        sources.append(Source(clock: ArrivalClock(process, random: random), stream: index))
      case .share(let share):
        sharing.streams.append(index)
        sharing.sums.append((sharing.sums.last ?? 0) + share)
      }
    }
    if let arrivals = workload.arrivals {
      let random = RandomStream(seed: workload.seed, name: "arrivals")
      sources.append(Source(clock: ArrivalClock(arrivals, random: random), stream: nil))
    }
    for source in sources.indices { expect(source) }
  }

  /// The next request; nil after the last.
  public mutating func next() -> RequestRecord? {
    while left > 0, let arrival = pending.popMin() {
      if arrival.session == nil { expect(arrival.source) }
      var session = arrival.session ?? begin(arrival.source)
      let request = streams[session.stream].turn(&session)
      guard var record = request.record else { continue }
      record.id = String(made)
      record.arrival = arrival.time
      made += 1
      left -= 1
      if request.continues {
        let time = arrival.time + (session.pause ?? .zero)
        add(Pending(time: time, number: 0, source: arrival.source, session: session))
      }
      return record
    }
    return nil
  }

  private mutating func expect(_ source: Int) {
    guard let time = sources[source].clock.next() else { return }
    add(Pending(time: time, number: 0, source: source, session: nil))
  }

  private mutating func add(_ arrival: Pending) {
    guard arrival.time < end else { return }
    var arrival = arrival
    arrival.number = numbers
    numbers += 1
    pending.insert(arrival)
  }

  private mutating func begin(_ source: Int) -> SyntheticSession {
    let stream =
      sources[source].stream
      ?? sharing.streams[place(of: choice.uniform() * (sharing.sums.last ?? 0), in: sharing.sums)]
    return streams[stream].begin(stream)
  }
}
