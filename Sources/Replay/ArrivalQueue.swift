import HeapModule
import Operators
import RequestLogs

/// Requests on their way to the engines: recorded arrivals, turns that wait for the one before them,
/// and clients that send when their last request has ended.
///
/// A value that knows no engine: ``take(at:from:)`` yields arrivals by (time, row), and ``ended(_:at:in:)``
/// tells it what an end releases. Memory goes with the requests in flight; a log without sessions costs
/// a cursor.
struct ArrivalQueue {
  /// A request whose arrival an end decided.
  private struct Release: Comparable {
    var time: Int64
    var row: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.row) < (right.time, right.row)
    }
  }

  /// Whether ends of requests cause arrivals, so that engines must advance together.
  let isCoupled: Bool
  /// Requests that wait for no other, by arrival; empty where that is all rows as they stand.
  private let order: [Int32]
  /// The next of these.
  private var cursor = 0
  private var released = Heap<Release>()
  /// The first turn that waits for each request; -1 if there is none. Empty without sessions.
  private var firstFollower: [Int32] = []
  /// The next turn that waits for the same request.
  private var nextFollower: [Int32] = []
  /// Whether clients decide when requests arrive.
  private let isClosed: Bool
  /// Turns in flight beyond one a client.
  private var surplus = 0

  /// Creates the queue of all requests of a table.
  init(_ requests: RequestTable) {
    isCoupled = requests.isCoupled
    isClosed = requests.clients != nil
    guard isCoupled else {
      order = requests.isInOrder ? [] : requests.arrivalOrder
      return
    }
    let turns = requests.turns
    order = requests.arrivalOrder.filter { (turns?.predecessors[Int($0)] ?? -1) < 0 }
    if let turns {
      firstFollower = Array(repeating: -1, count: requests.count)
      nextFollower = firstFollower
      // Backwards, so that lists are in the order of rows.
      for row in turns.predecessors.indices.reversed() where turns.predecessors[row] >= 0 {
        let earlier = Int(turns.predecessors[row])
        nextFollower[row] = firstFollower[earlier]
        firstFollower[earlier] = Int32(truncatingIfNeeded: row)
      }
    }
    for _ in 0..<max(0, min(requests.clients ?? 0, order.count)) { sendNext(at: 0) }
  }

  /// When the next request arrives; `.max` if none does, or an end decides.
  func nextTime(in requests: RequestTable) -> Int64 {
    min(released.min?.time ?? .max, recordedTime(in: requests))
  }

  /// Takes a request that arrives at this time, of several the first in the log.
  mutating func take(at time: Int64, from requests: RequestTable) -> Int? {
    let recorded = recordedTime(in: requests) == time ? recordedRow(in: requests) : .max
    let release = released.min
    if let release, release.time == time, release.row < recorded {
      released.removeMin()
      return release.row
    }
    guard recorded < .max else { return nil }
    cursor += 1
    return recorded
  }

  /// Notes that a request has ended, in whatever way, and sends who waited for that.
  mutating func ended(_ row: Int, at time: Int64, in requests: RequestTable) {
    guard isCoupled else { return }
    var followers = 0
    var follower = firstFollower.isEmpty ? -1 : Int(firstFollower[row])
    while follower >= 0 {
      let think = requests.turns?.thinkTimes[follower] ?? .zero
      let ready = (Nanoseconds(time) + think).rawValue
      released.insert(
        Release(time: isClosed ? ready : max(ready, requests.arrivals[follower]), row: follower))
      followers += 1
      follower = Int(nextFollower[follower])
    }
    guard isClosed else { return }
    surplus += followers - 1
    guard surplus < 0 else { return }
    surplus = 0
    sendNext(at: (Nanoseconds(time) + requests.clientThinkTime).rawValue)
  }

  /// Lets a client send the next session of the log.
  private mutating func sendNext(at time: Int64) {
    guard cursor < order.count else { return }
    released.insert(Release(time: time, row: Int(order[cursor])))
    cursor += 1
  }

  private func recordedRow(in requests: RequestTable) -> Int {
    if order.isEmpty, !isCoupled {
      return cursor < requests.endRow ? cursor : .max
    }
    return cursor < order.count ? Int(order[cursor]) : .max
  }

  private func recordedTime(in requests: RequestTable) -> Int64 {
    guard !isClosed else { return .max }
    let row = recordedRow(in: requests)
    return row < .max ? requests.arrivals[row - requests.firstRow] : .max
  }
}
