import HeapModule
import Operators
import RequestLogs

/// A request, and its place in the workload, from 0: what is drawn for it follows from that, whenever it is sent.
struct OfferedRequest {
  var record: RequestRecord
  var number: Int
}

/// Turns of sessions that wait for each other.
///
/// A turn waits for the one before it in its session. The first turn of a session that another called
/// (``RequestLogs/RequestRecord/parentSession``) waits for the caller's turn before it, and the caller's next turn for
/// all turns of sessions that it called since its own last one. It is sent at its recorded time, or its think time after
/// the last of these has ended, whichever is later. Where clients send sessions, the first turns of one wait for a
/// client, too.
struct SessionGate {
  /// A turn that was offered and has not ended.
  private struct Turn {
    /// What is sent when nothing is waited for any more; nil for what was sent at once.
    var offered: OfferedRequest?
    /// Turns that it waits for.
    var awaited = 0
    /// Turns that wait for it.
    var dependents: [Int] = []
    /// The session that called its own.
    var caller: String?
  }

  private struct Session {
    /// Its turns that have not ended, in log order, from `first` on.
    var turns: [Int] = []
    var first = 0
    /// Turns of sessions that it called since its last one, that have not ended.
    var called: [Int] = []

    /// Whether nothing can wait for it.
    var isIdle: Bool { first == turns.count && called.isEmpty }
  }

  /// A turn's record that is due.
  private struct DueTurn: Comparable {
    var time: Int64
    var sequence: Int
    var offered: OfferedRequest

    static func < (left: Self, right: Self) -> Bool {
      (left.time, left.sequence) < (right.time, right.sequence)
    }
    static func == (left: Self, right: Self) -> Bool {
      (left.time, left.sequence) == (right.time, right.sequence)
    }
  }

  /// When a turn is sent.
  enum Sending: Equatable {
    case now
    /// At a time that is known.
    case later(Int64)
    /// Some time after others have ended.
    case afterOthers
  }

  /// Sessions of which a turn has not ended.
  private var sessions: [String: Session] = [:]
  /// When the latest turn of each session ended, and the latest of those that it called.
  private var ends: [String: Int64] = [:]
  private var calledEnds: [String: Int64] = [:]
  private var turns: [Turn] = []
  private var freeTurns: [Int] = []
  private var dueTurns = Heap<DueTurn>()
  private var sequence = 0
  /// Turns that were kept and have not been sent.
  private(set) var waitingCount = 0
  /// Who sends sessions; nil where the times of their first turns decide.
  private var clients: SessionClients?
  /// Nanoseconds between two sessions of a client.
  private let clientPause: Nanoseconds

  /// A gate through which nothing has come.
  ///
  /// - Parameters:
  ///   - clients: how many send sessions; nil where the times of their first turns decide.
  ///   - clientPause: the time between two sessions of a client.
  init(clients: Int? = nil, clientPause: Nanoseconds = .zero) {
    self.clients = clients.map(SessionClients.init)
    self.clientPause = max(.zero, clientPause)
  }

  /// Takes a request in, and keeps it if it must wait: for others, or until its think time has passed.
  mutating func take(_ offered: OfferedRequest, at time: Int64) -> Sending {
    let record = offered.record
    guard let name = record.session else { return .now }
    let turn = freeTurns.popLast() ?? turns.count
    if turn == turns.count { turns.append(Turn()) }
    turns[turn] = Turn(caller: record.parentSession)
    var session = sessions[name] ?? Session()
    var awaited = session.called
    session.called = []
    if session.first < session.turns.count {
      awaited.append(session.turns[session.turns.count - 1])
    } else if let caller = record.parentSession, caller != name {
      awaited += sessions[caller]?.turns.suffix(1) ?? []
    }
    session.turns.append(turn)
    sessions[name] = session
    if let caller = record.parentSession, caller != name {
      sessions[caller, default: Session()].called.append(turn)
    }
    for other in awaited { turns[other].dependents.append(turn) }
    turns[turn].awaited = awaited.count
    let isTaken = clients?.add(record, of: name) ?? true
    if awaited.isEmpty, isTaken {
      guard let pause = record.thinkTime, pause > .zero,
        let end = lastEnd(before: record, of: name),
        (Nanoseconds(end) + pause).rawValue > time
      else { return .now }
      waitingCount += 1
      return .later(send(turn, offered, after: pause, at: end))
    }
    if awaited.isEmpty { clients?.hold(turn, of: name) }
    turns[turn].offered = offered
    waitingCount += 1
    return .afterOthers
  }

  /// When the last of what a turn waits for ended; nil where it is the first.
  private func lastEnd(before record: RequestRecord, of name: String) -> Int64? {
    let turn = ends[name] ?? record.parentSession.flatMap { ends[$0] }
    return [turn, calledEnds[name]].compactMap(\.self).max()
  }

  /// Notes that the turn of a session has ended that was under way.
  ///
  /// - Returns: when the next turns are due, if any waited for nothing else.
  mutating func end(_ name: String?, at time: Int64) -> [Int64] {
    guard let name, var session = sessions[name], session.first < session.turns.count else {
      return []
    }
    ends[name] = time
    let ended = session.turns[session.first]
    session.first += 1
    if session.first == session.turns.count
      || (session.first > 64 && 2 * session.first > session.turns.count)
    {
      session.turns.removeFirst(session.first)
      session.first = 0
    }
    sessions[name] = session.isIdle ? nil : session
    if let caller = turns[ended].caller { calledEnds[caller] = time }
    if let caller = turns[ended].caller, caller != name, var other = sessions[caller] {
      other.called.removeAll { $0 == ended }
      sessions[caller] = other.isIdle ? nil : other
    }
    var times: [Int64] = []
    for turn in turns[ended].dependents {
      turns[turn].awaited -= 1
      guard turns[turn].awaited == 0, let offered = turns[turn].offered else { continue }
      times.append(send(turn, offered, after: offered.record.thinkTime ?? .zero, at: time))
    }
    for turn in clients?.ended(name) ?? [] {
      guard let offered = turns[turn].offered else { continue }
      times.append(send(turn, offered, after: clientPause, at: time))
    }
    turns[ended] = Turn()
    freeTurns.append(ended)
    return times
  }

  /// Has a turn sent after a pause, or at its recorded time if that is later; when.
  private mutating func send(
    _ turn: Int, _ offered: OfferedRequest, after pause: Nanoseconds, at time: Int64
  ) -> Int64 {
    turns[turn].offered = nil
    let due = max(offered.record.arrival.rawValue, (Nanoseconds(time) + max(.zero, pause)).rawValue)
    dueTurns.insert(DueTurn(time: due, sequence: sequence, offered: offered))
    sequence += 1
    return due
  }

  /// Turns that were kept and have not been sent, in the workload's order.
  var unsent: [OfferedRequest] {
    (dueTurns.unordered.map(\.offered) + turns.compactMap(\.offered))
      .sorted { $0.number < $1.number }
  }

  /// A number for a session's name, the same in every run; -1 without a session.
  static func number(of name: String?) -> Int { name.map { Int(nameHash($0) >> 1) } ?? -1 }

  /// The next turn that is due by a time, or nil.
  mutating func due(at time: Int64) -> OfferedRequest? {
    guard let turn = dueTurns.min, turn.time <= time else { return nil }
    dueTurns.removeMin()
    waitingCount -= 1
    return turn.offered
  }
}
