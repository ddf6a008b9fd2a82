import HeapModule
import Operators
import RequestLogs

/// Turns of sessions that wait for each other: the next turn is sent at its recorded time, or its think time
/// after the end of the turn before it, whichever is later.
struct SessionGate {
  private struct Session {
    /// Turns that wait, in log order, from `first` on.
    var waiting: [RequestRecord] = []
    var first = 0
  }

  private struct Turn: Comparable {
    var time: Int64
    var sequence: Int
    var record: RequestRecord

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.sequence) < (right.time, right.sequence)
    }
    static func == (left: Self, right: Self) -> Bool {
      (left.time, left.sequence) == (right.time, right.sequence)
    }
  }

  /// Sessions of which a turn is under way, or due.
  private var sessions: [String: Session] = [:]
  private var turns = Heap<Turn>()
  private var sequence = 0
  /// Turns that were kept and have not been sent.
  private(set) var waitingCount = 0

  /// Keeps a request that must wait for the turn before it; false if it need not.
  mutating func holds(_ record: RequestRecord) -> Bool {
    guard let name = record.session, sessions[name] != nil else { return false }
    sessions[name]?.waiting.append(record)
    waitingCount += 1
    return true
  }

  /// Notes that a turn is under way.
  mutating func enter(_ name: String?) {
    if let name, sessions[name] == nil { sessions[name] = Session() }
  }

  /// Notes that a turn has ended; when the next one is due, if one waits.
  mutating func end(_ name: String?, at time: Int64) -> Int64? {
    guard let name, var session = sessions[name] else { return nil }
    guard session.first < session.waiting.count else {
      sessions[name] = nil
      return nil
    }
    let record = session.waiting[session.first]
    session.first += 1
    if session.first > 64, 2 * session.first > session.waiting.count {
      session.waiting.removeFirst(session.first)
      session.first = 0
    }
    sessions[name] = session
    let pause = max(.zero, record.thinkTime ?? .zero)
    let due = max(record.arrival.rawValue, (Nanoseconds(time) + pause).rawValue)
    turns.insert(Turn(time: due, sequence: sequence, record: record))
    sequence += 1
    return due
  }

  /// A number for a session's name, the same in every run; -1 without a session.
  static func number(of name: String?) -> Int { name.map { Int(nameHash($0) >> 1) } ?? -1 }

  /// The next turn that is due by a time, or nil.
  mutating func due(at time: Int64) -> RequestRecord? {
    guard let turn = turns.min, turn.time <= time else { return nil }
    turns.removeMin()
    waitingCount -= 1
    return turn.record
  }
}
