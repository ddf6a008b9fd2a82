import TraceIO

/// Reads a round of TraceLab's sessions of coding agents: one call of a model, with the events around it.
///
/// A round is sent when its last input is there (a user's message, a tool's result), and ends with its last
/// other event. When its first token came nothing tells: events of output are of whole pieces. The pause
/// before a round is what lies between the end of the one before it in its session and its own sending: the
/// run of tools, and the user's.
enum TraceLabRow {
  private static let keys = JSONKeys([
    "session_id", "round_id", "input_tokens_total", "output_tokens", "timing_events",
  ])
  private static let eventKeys = JSONKeys(["event_type", "timestamp"])

  /// The row of the current line; its ``RawRow/end`` is that of the round.
  static func row(_ scanner: inout JSONScanner) throws(RowProblem) -> RawRow {
    do {
      return try read(&scanner)
    } catch let problem as RowProblem {
      throw problem
    } catch {
      throw .notAnObject
    }
  }

  private static func read(_ scanner: inout JSONScanner) throws -> RawRow {
    var row = RawRow()
    row.requestClass = "agent"
    guard try scanner.next() == .objectStart else { throw RowProblem.notAnObject }
    while try scanner.next() == .key {
      let index = scanner.index(in: keys)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .string): row.session = scanner.string()
      case (1, .string): row.id = scanner.string()
      case (2, .number): row.inputTokens = try scanner.rowInteger()
      case (3, .number): row.outputTokens = try scanner.rowInteger()
      case (4, .arrayStart):
        while try scanner.nextObject() { try takeEvent(&scanner, &row) }
      default: try scanner.skipValue(of: token)
      }
    }
    guard try scanner.next() == .end else { throw RowProblem.notAnObject }
    return row
  }

  private static func takeEvent(_ scanner: inout JSONScanner, _ row: inout RawRow) throws {
    var isInput = false
    var time: Int64?
    while try scanner.next() == .key {
      let index = scanner.index(in: eventKeys)
      let token = try scanner.next()
      switch (index, token) {
      case (0, .string): isInput = scanner.tokenIs("user_message") || scanner.tokenIs("tool_result")
      case (1, .string):
        guard let instant = Timestamp.nanoseconds(scanner.string()) else {
          throw RowProblem.badNumber
        }
        time = instant
      default: try scanner.skipValue(of: token)
      }
    }
    guard let time else { return }
    if isInput {
      row.arrival = max(row.arrival ?? time, time)
    } else {
      row.end = max(row.end ?? time, time)
    }
  }
}
