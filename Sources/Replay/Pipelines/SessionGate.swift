import HeapModule
import Operators
import RequestLogs

/// Turns of sessions that wait for each other: the next turn is sent at its recorded time, or its think time
/// after the end of the turn before it, whichever is later.
struct SessionGate {
  private struct Session {
    var isUnderWay = false
    /// Turns that wait, in log order.
    var waiting: [RequestRecord] = []
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

  private var numbers: [String: Int] = [:]
  private var sessions: [Session] = []
  private var turns = Heap<Turn>()
  private var sequence = 0

  /// Keeps a request that must wait for the turn before it; false if it need not.
  mutating func holds(_ record: RequestRecord) -> Bool {
    guard let name = record.session else { return false }
    let number = number(of: name)
    guard sessions[number].isUnderWay else { return false }
    sessions[number].waiting.append(record)
    return true
  }

  /// Notes that a turn is under way; the number of its session, -1 without one.
  mutating func enter(_ name: String?) -> Int {
    guard let name else { return -1 }
    let number = number(of: name)
    sessions[number].isUnderWay = true
    return number
  }

  /// Notes that a turn has ended; when the next one is due, if one waits.
  mutating func end(_ number: Int, at time: Int64) -> Int64? {
    guard number >= 0 else { return nil }
    guard !sessions[number].waiting.isEmpty else {
      sessions[number].isUnderWay = false
      return nil
    }
    let record = sessions[number].waiting.removeFirst()
    let pause = max(.zero, record.thinkTime ?? .zero)
    let due = max(record.arrival.rawValue, (Nanoseconds(time) + pause).rawValue)
    turns.insert(Turn(time: due, sequence: sequence, record: record))
    sequence += 1
    return due
  }

  /// The next turn that is due by a time, or nil.
  mutating func due(at time: Int64) -> RequestRecord? {
    guard let turn = turns.min, turn.time <= time else { return nil }
    turns.removeMin()
    return turn.record
  }

  /// Turns that were kept and have not been sent.
  var waitingCount: Int { turns.count + sessions.reduce(0) { $0 + $1.waiting.count } }

  private mutating func number(of name: String) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = sessions.count
    sessions.append(Session())
    return sessions.count - 1
  }
}
