public import Operators

/// Which request waits for the end of which: the turns of conversations.
///
/// A turn waits for the turn of its session whose recorded end came last before its own recorded
/// arrival. Where the log knows no end, that is the turn before it. A turn that the log saw arrive
/// before another's end waits for that one no more than it did: agents send several at once.
///
/// The first turn of a session that another called (``RequestRecord/parentSession``) waits for the caller's
/// turn before it, and the caller's next turn for whatever of those that it called ended last.
///
/// - Complexity: O(n log n) in requests.
public struct SessionTurns: Sendable, Hashable {
  /// For each request the position of the one that it waits for; -1 where it waits for none.
  public private(set) var predecessors: [Int32]
  /// For each request the pause between that one's end and its own sending.
  public private(set) var thinkTimes: [Nanoseconds]

  /// Finds the turns of some requests; nil where none waits for another.
  ///
  /// - Parameters:
  ///   - records: requests in any order, with their recorded arrivals.
  ///   - thinkTime: the pause before turns whose pause the log does not tell.
  ///   - speed: what recorded pauses are divided by.
  public init?(_ records: [RequestRecord], thinkTime: Nanoseconds = .zero, speed: Double = 1) {
    guard records.count <= Int(Int32.max), records.contains(where: { $0.session != nil }) else {
      return nil
    }
    predecessors = Array(repeating: -1, count: records.count)
    thinkTimes = Array(repeating: .zero, count: records.count)
    var sessions: [String: Int] = [:]
    var places: [Session] = []
    func place(_ name: String) -> Int {
      if let place = sessions[name] { return place }
      sessions[name] = places.count
      places.append(Session())
      return places.count - 1
    }
    var waits = false
    for event in Self.events(records) {
      let record = records[Int(event.row)]
      guard let name = record.session else { continue }
      let session = place(name)
      let parent = record.parentSession.map(place)
      if event.isArrival {
        var awaited = places[session].called ?? places[session].latest
        if awaited == nil, let parent { awaited = places[parent].latest }
        places[session].called = nil
        if let awaited {
          waits = true
          predecessors[Int(event.row)] = awaited
          thinkTimes[Int(event.row)] =
            record.pause(after: records[Int(awaited)]).map { $0.divided(by: speed) }
            ?? max(.zero, thinkTime)
        }
      }
      if !event.isArrival || record.recordedEnd == nil {
        places[session].latest = event.row
        if let parent { places[parent].called = event.row }
      }
    }
    guard waits else { return nil }
  }

  /// What is known of a session so far.
  private struct Session {
    /// The turn whose end came last.
    var latest: Int32?
    /// The turn whose end came last of the sessions that it called since its own last turn.
    var called: Int32?
  }

  /// An arrival or a recorded end; at one instant ends come first.
  private struct Event: Comparable {
    var time: Nanoseconds
    var isArrival: Bool
    var row: Int32

    static func < (left: Self, right: Self) -> Bool {
      if left.time != right.time { return left.time < right.time }
      if left.isArrival != right.isArrival { return right.isArrival }
      return left.row < right.row
    }
  }

  private static func events(_ records: [RequestRecord]) -> [Event] {
    var events: [Event] = []
    for (index, record) in records.enumerated() where record.session != nil {
      let row = Int32(truncatingIfNeeded: index)
      events.append(Event(time: record.arrival, isArrival: true, row: row))
      if let end = record.recordedEnd {
        events.append(Event(time: end, isArrival: false, row: row))
      }
    }
    return events.sorted()
  }
}

extension RequestRecord {
  /// When its last token came, or when its client gave up, where the log tells; after its arrival.
  fileprivate var recordedEnd: Nanoseconds? {
    guard let duration = measured?.lastToken ?? cancelled, duration > .zero else { return nil }
    return arrival + duration
  }

  /// The recorded pause between the end of an earlier turn and this one.
  fileprivate func pause(after earlier: RequestRecord) -> Nanoseconds? {
    thinkTime ?? earlier.recordedEnd.map { max(.zero, arrival - $0) }
  }
}

extension Nanoseconds {
  /// The duration at another speed; exact where that is 1.
  func divided(by speed: Double) -> Nanoseconds {
    speed == 1 ? self : Nanoseconds(rounding: Double(rawValue) / speed)
  }
}
