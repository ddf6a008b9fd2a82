import Operators
import TraceIO

/// Reads a session of kv-cache-tester: the requests of a coding agent, and of the sub-agents it called.
///
/// What its files mean, as far as they do not say it themselves (measured on 710 of them):
/// - `t` counts seconds from the session's beginning; `think_time` is the pause between the end of the
///   request before (`t` + `api_time`) and this one.
/// - The `t` of a sub-agent is when it *ended*; it began `duration_ms` before, and its requests count from
///   there. The caller's next request waits for it, and has the whole of its run in its `think_time`; here
///   it has what is left after the end.
/// - `hash_ids` name whole blocks, the last partial one having none. They are local to the session, and mean
///   the same in its sub-agents.
enum AgentSession {
  /// A request, or a sub-agent with requests of its own.
  private struct Entry {
    var time: Int64?
    var isAgent = false
    var row = RawRow()
    var serviceTime: Int64?
    var firstToken: Int64?
    var agent = ""
    var duration: Int64?
    var entries: [Entry] = []
  }

  /// The members of a session, and of its requests.
  private static let sessionKeys = JSONKeys(["id", "block_size", "hash_id_scope", "requests"])
  private static let keys = JSONKeys([
    "t", "type", "in", "out", "hash_ids", "api_time", "think_time", "ttft", "agent_id",
    "duration_ms", "requests",
  ])
  /// How deep sub-agents may call others.
  private static let mostLevels = 8

  /// The rows of a session, in order of arrival.
  static func rows(_ scanner: inout JSONScanner) throws(RowProblem) -> [RawRow] {
    do {
      return try session(&scanner)
    } catch let problem as RowProblem {
      throw problem
    } catch {
      throw .notAnObject
    }
  }

  private static func session(_ scanner: inout JSONScanner) throws -> [RawRow] {
    var name: String?
    var blockSize: Int64?
    var isGlobal = false
    var entries: [Entry]?
    guard try scanner.next() == .objectStart else { throw RowProblem.notAnObject }
    while try scanner.next() == .key {
      let index = scanner.index(in: sessionKeys)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .string): name = scanner.string()
      case (1, .number): blockSize = try scanner.rowInteger()
      case (2, .string): isGlobal = scanner.tokenIs("global")
      case (3, .arrayStart): entries = try list(&scanner, level: 0)
      default: try scanner.skipValue(of: token)
      }
    }
    guard try scanner.next() == .end else { throw RowProblem.notAnObject }
    guard let name, let blockSize, let entries else { throw RowProblem.incompleteSession }
    var flat = Flattening(blockSize: blockSize, scope: isGlobal ? nil : scope(name))
    try flat.add(entries, session: name, parent: nil, start: 0, pause: nil)
    // As they arrived; those that came at once stand as in the file.
    let order = flat.rows.indices.sorted {
      (flat.rows[$0].arrival ?? 0, $0) < (flat.rows[$1].arrival ?? 0, $1)
    }
    return order.map { flat.rows[$0] }
  }

  /// What tells names of one session from those of another.
  private static func scope(_ name: String) -> UInt64 {
    var stream = RandomStream(seed: 0, name: name)
    return stream.next()
  }

  // MARK: Reading

  private static func list(_ scanner: inout JSONScanner, level: Int) throws -> [Entry] {
    var entries: [Entry] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return entries }
      guard token == .objectStart else { throw RowProblem.notAnObject }
      entries.append(try entry(&scanner, level: level))
    }
  }

  private static func entry(_ scanner: inout JSONScanner, level: Int) throws -> Entry {
    var entry = Entry()
    while try scanner.next() == .key {
      let index = scanner.index(in: keys)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .number): entry.time = try scanner.rowTime(decimals: 9)
      case (1, .string): entry.isAgent = scanner.tokenIs("subagent")
      case (2, .number): entry.row.inputTokens = try scanner.rowInteger()
      case (3, .number): entry.row.outputTokens = try scanner.rowInteger()
      case (4, .arrayStart): entry.row.content = try scanner.rowNames(token)
      case (5, .number): entry.serviceTime = try scanner.rowTime(decimals: 9)
      case (6, .number): entry.row.thinkTime = try scanner.rowTime(decimals: 9)
      case (7, .number): entry.firstToken = try scanner.rowTime(decimals: 9)
      case (8, .string): entry.agent = scanner.string()
      case (9, .number): entry.duration = try scanner.rowTime(decimals: 6)
      case (10, .arrayStart) where level < mostLevels:
        entry.entries = try list(&scanner, level: level + 1)
      default: try scanner.skipValue(of: token)
      }
    }
    return entry
  }

  // MARK: Flattening

  private struct Flattening {
    let blockSize: Int64
    let scope: UInt64?
    var rows: [RawRow] = []

    /// Adds a session's requests, and after each those of the sub-agents that it called.
    ///
    /// - Parameters:
    ///   - start: the instant from which the entries' times count.
    ///   - pause: between the caller's request and the first of these; nil for the session itself.
    mutating func add(
      _ entries: [Entry], session: String, parent: String?, start: Int64, pause: Int64?
    ) throws(RowProblem) {
      var count = 0
      var end: Int64?
      var agentsEnd: Int64?
      for entry in entries {
        guard let time = entry.time else { throw .missingArrival }
        let instant = try sum(start, time)
        if entry.isAgent {
          agentsEnd = max(agentsEnd ?? instant, instant)
          try addAgent(entry, session: session, until: instant, after: end)
          continue
        }
        var row = entry.row
        row.id = "\(session)/\(count)"
        row.arrival = instant
        row.session = session
        row.parentSession = parent
        row.requestClass = parent == nil ? "agent" : "subagent"
        row.tokensPerContentName = blockSize
        if count == 0 { row.thinkTime = pause }
        if let agentsEnd { row.thinkTime = max(0, try difference(instant, agentsEnd)) }
        if let scope { row.content = row.content.map { SplitMix64.mixed(scope, $0) } }
        end = nil
        if let service = entry.serviceTime {
          let last = try sum(instant, service)
          end = last
          if row.outputTokens != 0 {
            if let first = entry.firstToken { row.firstToken = try sum(instant, first) }
            row.lastToken = last
          }
        }
        rows.append(row)
        count += 1
        agentsEnd = nil
      }
    }

    private mutating func addAgent(
      _ entry: Entry, session: String, until end: Int64, after caller: Int64?
    ) throws(RowProblem) {
      var length = entry.duration ?? 0
      if entry.duration == nil, let last = entry.entries.last {
        length = try sum(last.time ?? 0, last.serviceTime ?? 0)
      }
      let start = try difference(end, max(0, length))
      var pause: Int64?
      if let caller { pause = max(0, try difference(start, caller)) }
      let name = entry.agent.isEmpty ? "agent at \(end / 1_000_000_000) s" : entry.agent
      try add(
        entry.entries, session: "\(session)/\(name)", parent: session, start: start, pause: pause)
    }

    private func sum(_ left: Int64, _ right: Int64) throws(RowProblem) -> Int64 {
      let (sum, overflow) = left.addingReportingOverflow(right)
      guard !overflow else { throw .timeOutOfRange }
      return sum
    }

    private func difference(_ left: Int64, _ right: Int64) throws(RowProblem) -> Int64 {
      let (difference, overflow) = left.subtractingReportingOverflow(right)
      guard !overflow else { throw .timeOutOfRange }
      return difference
    }
  }
}
