import RequestLogs

/// Clients that send a log's sessions, each the next one when its last has ended: a closed loop.
///
/// A session and those that it called, directly or through others, are one *conversation*, which one client
/// sends. Conversations are taken in the order of their first turns. All turns must be known before the first
/// ends; one of a conversation that has ended begins another.
struct SessionClients {
  private struct Conversation {
    /// Turns that have not ended.
    var left = 0
    /// Whether a client has taken it.
    var isTaken = false
    /// Turns that wait for nothing but a client.
    var held: [Int] = []
  }

  /// How many there are.
  private let count: Int
  /// Clients that are at work.
  private var busy = 0
  private var conversations: [Conversation] = []
  /// Conversations by the session that called the others.
  private var places: [String: Int] = [:]
  /// For each session that another called the one that called in the first place.
  private var origins: [String: String] = [:]
  /// The next conversation to be taken.
  private var next = 0

  /// So many clients, at least one, that have sent nothing.
  init(count: Int) { self.count = max(1, count) }

  /// Counts a turn of a session; whether a client sends its conversation now.
  mutating func add(_ record: RequestRecord, of session: String) -> Bool {
    if let caller = record.parentSession, caller != session {
      origins[session] = origins[caller] ?? caller
    }
    let name = origins[session] ?? session
    let place = places[name] ?? conversations.count
    if place == conversations.count {
      places[name] = place
      conversations.append(Conversation())
      takeNext()
    }
    conversations[place].left += 1
    return conversations[place].isTaken
  }

  /// Keeps a turn that was added until a client takes its conversation.
  mutating func hold(_ turn: Int, of session: String) {
    guard let place = places[origins[session] ?? session] else { return }
    conversations[place].held.append(turn)
  }

  /// Notes that a turn of a session has ended; the turns that a client sends in place of its conversation.
  mutating func ended(_ session: String) -> [Int] {
    let name = origins[session] ?? session
    guard let place = places[name] else { return [] }
    conversations[place].left -= 1
    guard conversations[place].left == 0 else { return [] }
    places[name] = nil
    busy -= 1
    guard takeNext() else { return [] }
    defer { conversations[next - 1].held = [] }
    return conversations[next - 1].held
  }

  /// Has a client take the next conversation, if there is one, and a client that is idle.
  @discardableResult
  private mutating func takeNext() -> Bool {
    guard busy < count, next < conversations.count else { return false }
    conversations[next].isTaken = true
    next += 1
    busy += 1
    return true
  }
}
