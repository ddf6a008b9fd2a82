import Foundation
import Operators
public import TraceIO

extension RequestLogReader {
  /// The next good row, or nil at the end.
  ///
  /// At the end it throws if too many rows were bad, or if none was good.
  public mutating func next() throws(RequestLogError) -> RequestRecord? {
    while true {
      if waiting.isEmpty {
        guard try advance() else {
          try judge()
          return nil
        }
        if format == .agentSessions || format.isDocument {
          if document == nil { takeLine() }
          if waiting.isEmpty { continue }
        }
      }
      rows += 1
      var name: String?
      do {
        let row = try rawRow()
        guard !row.isOther else {
          rows -= 1
          continue
        }
        // What failed before its prompt was counted is no load that could be replayed.
        guard !row.failed || row.inputTokens ?? 0 > 0 else {
          problems.addFailure()
          continue
        }
        name = row.id
        let record = try row.record(
          origin: &origin, row: rows, tokensPerContentName: tokensPerContentName)
        if record.arrival < lastArrival { outOfOrder += 1 }
        lastArrival = record.arrival
        return record
      } catch {
        problems.add(error, line: line(), name: name)
      }
    }
  }

  /// Ends reading, and returns what is known about the input: its digest among other things.
  public mutating func finish() throws(RequestLogError) -> InputSummary {
    if let buffered { return buffered }
    do {
      if let summary = try table?.finish() { return summary }
      if let summary = try lines?.finish() { return summary }
      if let summary = try document?.finish() { return summary }
    } catch {
      throw .input(error)
    }
    throw .empty(path: path)
  }

  /// The tokens for which a content name stands in rows that do not tell.
  private var tokensPerContentName: Int {
    options.tokensPerContentName.map { min(max($0, 1), Int(RawRow.mostTokens)) }
      ?? (format == .mooncake ? 512 : format == .bailian ? 16 : 1)
  }

  /// The line of the current row, from 1; in a document the row's number.
  private mutating func line() -> Int {
    if document != nil { return rows }
    if let line = table?.rowLine { return line }
    return lines?.lineNumber ?? 0
  }

  private mutating func advance() throws(RequestLogError) -> Bool {
    if document != nil { return try advanceDocument() }
    do {
      if let found = try table?.next() { return found }
      return try lines?.next() ?? false
    } catch {
      throw .input(error)
    }
  }

  /// Takes the next requests of a document; damage is one bad row, and ends it.
  private mutating func advanceDocument() throws(RequestLogError) -> Bool {
    do {
      guard let found = try document?.next() else { return false }
      waiting = found.reversed()
    } catch let problem as RowProblem {
      rows += 1
      problems.add(problem, line: line())
    } catch let error as TraceIOError {
      guard error.leavesStart else { throw .input(error) }
      rows += 1
      problems.add(.notAnObject, line: line())
    } catch {
      throw .unknownFormat(path: path)
    }
    return true
  }

  private mutating func rawRow() throws(RowProblem) -> RawRow {
    switch format {
    case .azure: return try azureRow()
    case .mooncake:
      var row = try jsonRow(rowLayout ?? .mooncake)
      guard let session = row.session else { return row }
      // A later turn may have a pause and no stamp: it comes no earlier than that.
      if row.arrival == nil, let pause = row.thinkTime, let previous = sessionTimes[session] {
        row.arrival = try RawRow.sum(previous, pause)
      }
      sessionTimes[session] = row.arrival ?? sessionTimes[session]
      return row
    case .traceLab:
      var row = try lines?.round() ?? RawRow()
      guard let session = row.session else { return row }
      if let arrival = row.arrival, let previous = sessionTimes[session] {
        let (pause, overflow) = arrival.subtractingReportingOverflow(previous)
        guard !overflow else { throw .timeOutOfRange }
        row.thinkTime = max(0, pause)
      }
      sessionTimes[session] = row.end ?? row.arrival ?? sessionTimes[session]
      return row
    case .vllmRun: return try jsonRow(.vllmRun)
    case .workload: return try jsonRow(.workload)
    case .ragPulse:
      var row = try jsonRow(rowLayout ?? .ragPulse)
      RAGPulseBlocks.describe(&row, blocks: blocks, number: rows)
      return row
    case .agentSessions, .vllmSpans, .genAISpans, .benchRun, .guidellm:
      guard let row = waiting.popLast() else { throw .notAnObject }
      return row
    case .aiperf: return try jsonRow(.aiperf)
    case .sglang: return try jsonRow(.sglang)
    case .mapped:
      var row: RawRow
      if let rowLayout { row = try jsonRow(rowLayout) } else { row = try tableRow() }
      row.dropUnstreamed()
      return row
    case .burstGPT: return try tableRow()
    case .blis:
      var row = try tableRow()
      if row.inputTokens == 0 { row.inputTokens = row.otherInputTokens }
      row.dropUnstreamed(forgives: true)
      return row
    case .liteLLMTable:
      var row = try tableRow()
      row.dropUnstreamed(forgives: true)
      return row
    case .liteLLM, .langfuse:
      var row = try jsonRow(format == .liteLLM ? .liteLLM : .langfuse)
      row.dropUnstreamed(forgives: true)
      return row
    case .envoy:
      var row = try jsonRow(.envoy)
      // The gateway logs what is no call of a model, too.
      if row.inputTokens == nil { row.isOther = true }
      return row
    case .dynamo:
      var row = try jsonRow(.dynamo)
      row.dropUnstreamed()
      return row
    case .bailian:
      var row = try jsonRow(rowLayout ?? .bailian)
      row.id = row.chat
      let parent = row.parentChat == "-1" ? nil : row.parentChat
      row.session = parent.map { roots[$0] ?? $0 } ?? row.chat
      if let chat = row.chat, let session = row.session { roots[chat] = session }
      return row
    case .reprise: return try jsonRow(.reprise)
    }
  }

  /// Reads the requests of the session, or of the document, that is the current line.
  private mutating func takeLine() {
    do {
      let found =
        format == .agentSessions
        ? try lines?.session() : try lines?.requests(in: objects, of: format)
      waiting = found?.reversed() ?? []
      // A session's clock is its own.
      if format == .agentSessions { lastArrival = Nanoseconds(.min) }
    } catch {
      rows += 1
      problems.add(error, line: line())
    }
  }

  private mutating func jsonRow(_ layout: RowLayout) throws(RowProblem) -> RawRow {
    guard let row = try lines?.row(layout) else { throw .notAnObject }
    return row
  }

  private mutating func tableRow() throws(RowProblem) -> RawRow {
    guard let layout, let row = try table?.row(layout) else { throw .missingArrival }
    return row
  }

  private mutating func azureRow() throws(RowProblem) -> RawRow {
    var row = RawRow()
    guard let time = table?.field(columns.time), !time.isEmpty else { throw .missingArrival }
    guard let input = table?.fixedPoint(columns.input, decimals: 0) else {
      throw .missingInputTokens
    }
    guard let output = table?.fixedPoint(columns.output, decimals: 0) else {
      throw .missingOutputTokens
    }
    guard let arrival = Timestamp.nanoseconds(time), case .exact(let inputTokens) = input,
      case .exact(let outputTokens) = output
    else { throw .badNumber }
    row.arrival = arrival
    row.inputTokens = inputTokens
    row.outputTokens = outputTokens
    return row
  }

  private func judge() throws(RequestLogError) {
    // A call that failed is neither good nor bad: it is no part of what is judged.
    let rows = rows - problems.failures
    guard problems.count > 0 else {
      if rows == 0 { throw .empty(path: path) }
      return
    }
    guard problems.count == rows || Double(problems.count) > options.badRowLimit * Double(rows)
    else { return }
    throw .tooManyBadRows(path: path, rows: rows, problems: problems)
  }
}

extension JSONLineReader {
  /// Reads the first line of our own format and refuses versions that are not known.
  mutating func readHeader() throws {
    guard try next() else { throw RequestLogError.empty(path: path) }
    guard let version = (try? header()) ?? nil else {
      throw RequestLogError.badHeader(path: path, reason: "the first line is not the log's header")
    }
    guard version == RequestLogWriter.version else {
      throw RequestLogError.badHeader(path: path, reason: "it is version \(version)")
    }
  }

  /// Reads the current line as a session of an agent.
  fileprivate mutating func session() throws(RowProblem) -> [RawRow] {
    try AgentSession.rows(&scanner)
  }

  /// Reads the current line as a round of an agent.
  fileprivate mutating func round() throws(RowProblem) -> RawRow { try TraceLabRow.row(&scanner) }

  /// Reads the current line as a document of requests; bad ones among them are the line's problem.
  fileprivate mutating func requests(
    in objects: NestedObjects, of format: RequestLogFormat
  ) throws(RowProblem) -> [RawRow] {
    var objects = objects
    var rows: [RawRow] = []
    do {
      while let row = try DocumentReader.row(&scanner, &objects, format) { rows.append(row) }
    } catch {
      throw .notAnObject
    }
    return rows
  }

  /// Reads the current line by a layout.
  fileprivate mutating func row(_ layout: RowLayout) throws(RowProblem) -> RawRow {
    try layout.row(&scanner)
  }

  /// The version that a header tells; nil if the line is no header of ours.
  fileprivate mutating func header() throws -> Int64? {
    var isOurs = false
    var version: Int64?
    guard try scanner.next() == .objectStart else { return nil }
    while try scanner.next() == .key {
      let isSchema = scanner.tokenIs("schema")
      let isVersion = scanner.tokenIs("version")
      let value = try scanner.next()
      if isSchema, value == .string { isOurs = scanner.tokenIs("reprise.request-log") }
      if isVersion, value == .number { version = scanner.integer() }
      try scanner.skipValue(of: value)
    }
    return isOurs ? version : nil
  }
}

/// Whether a path can be opened twice with the same content.
func isRegularFile(_ path: String) -> Bool {
  var status = stat()
  return path != "-" && stat(path, &status) == 0 && (status.st_mode & S_IFMT) == S_IFREG
}
