import TraceIO

/// The requests of logs that are one JSON document, or several that follow each other, whatever their
/// lines.
struct DocumentReader: ~Copyable {
  private var scanner: JSONScanner
  private let format: RequestLogFormat
  private var objects: NestedObjects
  private var hasEnded = false
  private var hasBegun = false
  /// Of runs of a benchmark: when the last one ended, and how many there were.
  private var runsEnd: Int64 = 0
  private var runs = 0

  init(_ source: consuming ByteSource, format: RequestLogFormat) throws(TraceIOError) {
    scanner = try JSONScanner(source)
    self.format = format
    objects = Self.objects(of: format)
  }

  /// The objects that are requests in documents of a format.
  static func objects(of format: RequestLogFormat) -> NestedObjects {
    format == .guidellm
      ? NestedObjects(
        through: ["benchmarks", "requests"], in: ["successful", "errored", "incomplete"])
      : NestedObjects(
        through: ["resourceSpans", "scopeSpans", "instrumentationLibrarySpans"], in: ["spans"])
  }

  /// The next requests; nil at the end.
  ///
  /// - Throws: a ``RowProblem``, after which reading goes on, or an error of the text, after which it is
  ///   at its end.
  mutating func next() throws -> [RawRow]? {
    guard !hasEnded else { return nil }
    do {
      let rows = format == .benchRun ? try nextRun() : try nextObject()
      if rows == nil { hasEnded = true }
      return rows
    } catch let problem as RowProblem {
      throw problem
    } catch {
      hasEnded = true
      throw error
    }
  }

  private mutating func nextObject() throws -> [RawRow]? {
    try Self.row(&scanner, &objects, format).map { [$0] }
  }

  /// The next request among the objects of a document; one that cannot be read bears its problem.
  static func row(
    _ scanner: inout JSONScanner, _ objects: inout NestedObjects, _ format: RequestLogFormat
  ) throws(TraceIOError) -> RawRow? {
    while let array = try objects.next(&scanner) {
      let depth = scanner.depth
      do {
        if format == .guidellm { return try guidellmRow(&scanner, array: array) }
        if let row = try SpanRow.read(&scanner, onlyServers: format == .vllmSpans) { return row }
      } catch let error as TraceIOError {
        throw error
      } catch {
        // The next begins behind the rest of this one.
        while scanner.depth >= depth { _ = try scanner.next() }
        var row = RawRow()
        row.problem = error as? RowProblem ?? .notAnObject
        return row
      }
    }
    return nil
  }

  private static func guidellmRow(_ scanner: inout JSONScanner, array: Int) throws -> RawRow {
    var row = RawRow()
    try RowLayout.guidellm.read(&scanner, &row)
    row.failed = array == 1
    // The benchmark ended before they did.
    row.wasCancelled = array == 2
    // Without streaming no token has a stamp.
    if array == 0, row.lastToken == nil { row.lastToken = row.end }
    try row.settle()
    return row
  }

  private mutating func nextRun() throws -> [RawRow]? {
    if hasBegun, try !scanner.nextDocument() { return nil }
    hasBegun = true
    let token = try scanner.next()
    if token == .end { return nil }
    guard token == .objectStart else {
      try scanner.skipValue(of: token)
      throw RowProblem.notAnObject
    }
    do {
      let rows = try BenchRun.rows(&scanner, from: runsEnd, number: runs)
      runs += 1
      runsEnd = BenchRun.end(of: rows)
      return rows
    } catch let problem as RowProblem {
      while scanner.depth > 0 { _ = try scanner.next() }
      throw problem
    }
  }

  /// Ends reading, and returns what is known about the input.
  mutating func finish() throws(TraceIOError) -> InputSummary { try scanner.finish() }
}
