import Operators
public import TraceIO

/// The requests of a log, one at a time, in the log's own order.
///
/// ```swift
/// var reader = try RequestLogReader(path: "conversation_trace.jsonl.zst")
/// while let request = try reader.next() { ... }
/// ```
///
/// The format is told by the content, and so is the compression. Bad rows are counted in
/// ``problems`` and skipped; at the end of the log their share must not exceed the limit. Rows come
/// as they stand: a log that is not in order of arrival is counted in ``outOfOrder`` and put in
/// order by ``RequestLog``.
///
/// Arrivals count from the first row in formats whose clock is absolute (Azure, spans, exports of
/// load generators), and from the log's own zero in the others; agents' sessions count each from its own.
/// All numbers are read as decimals and kept exactly.
public struct RequestLogReader: ~Copyable {
  /// How a log is read.
  public struct Options: Sendable, Hashable {
    /// The largest share of bad rows that is skipped; 0.01 unless set. 0 allows none.
    public var badRowLimit: Double
    /// The tokens for which a content name stands in a log that does not tell; nil takes the
    /// format's usual number: 512 for Mooncake, 1 for token ids.
    public var tokensPerContentName: Int?
    /// What the columns or members of the log mean, where it is of no known format; nil tells the
    /// format by the content.
    public var mapping: RequestLogMapping?
    /// The unit of arrivals, where the format's rows do not tell it and it is not the customary one; see
    /// ``RequestLogFormat/customaryUnit``. Pauses between turns keep theirs.
    public var unit: LogTimeUnit?
    /// How far an input may expand.
    public var limits: InputLimits

    /// Creates options.
    public init(
      badRowLimit: Double = 0.01, tokensPerContentName: Int? = nil, limits: InputLimits = .standard
    ) {
      self.badRowLimit = badRowLimit
      self.tokensPerContentName = tokensPerContentName
      self.limits = limits
    }
  }

  /// The format that was found.
  public let format: RequestLogFormat
  /// The bad rows so far.
  public internal(set) var problems: RowProblems
  /// Rows so far that arrived before the row in front of them.
  public internal(set) var outOfOrder: Int
  /// Rows so far, good and bad.
  public internal(set) var rows: Int
  /// The path as given, for errors.
  public let path: String

  let options: Options
  // One of the three reads, as the format wants; an enumeration could not lend its payload.
  var table: Optional<CSVReader>
  var lines: Optional<JSONLineReader>
  var document: Optional<DocumentReader>
  private(set) var columns: (time: Int, input: Int, output: Int)
  /// The columns of tables other than Azure's.
  private(set) var layout: Optional<TableLayout>
  /// The members of rows that a mapping names.
  private(set) var rowLayout: Optional<RowLayout>
  /// The first turn of each turn's conversation, in logs that name the turn before only.
  var roots: [String: String]
  /// The last instant of each session, in logs whose rows count from the one before.
  var sessionTimes: [String: Int64]
  /// Finds the requests of a line that holds a document.
  var objects: NestedObjects
  /// The instant on the log's clock that becomes zero; the first row sets it if it is nil.
  var origin: Optional<Int64>
  var lastArrival: Nanoseconds
  /// Requests of the current line that were not given yet, the last first; lines of other formats than
  /// sessions hold one request each.
  var waiting: [RawRow]
  /// How long RAGPulse's blocks are, where its files of blocks lie beside the log.
  let blocks: RAGPulseBlocks?
  /// What is known of an input that had to be held in memory.
  let buffered: InputSummary?

  /// The longest line: a prompt of a million token ids takes some 7 MB.
  private static let maximumLine = 64 << 20
  /// The most text of a pipe that is held in memory.
  private static let mostHeldBytes = 2 << 30
  /// How much text is looked at to tell the format.
  private static let detectionBytes = 1 << 20

  /// The format of a file, by its content; nil if it is no request log, or cannot be read.
  public static func format(ofFile path: String) -> RequestLogFormat? {
    start(ofFile: path).flatMap(RequestLogFormat.detect)
  }

  /// Finds what log a file that is none comes near; nil where it is nothing like one, or cannot be read.
  public static func nearest(toFile path: String) -> RequestLogFormat.Nearest? {
    start(ofFile: path).flatMap(RequestLogFormat.nearest)
  }

  /// Finds what a file is that people give in place of the log beside it; nil where it is no such file, or cannot be
  /// read.
  public static func companion(ofFile path: String) -> LogCompanion? {
    start(ofFile: path).flatMap { LogCompanion($0) }
  }

  /// The first bytes of a file that can be read more than once.
  private static func start(ofFile path: String) -> [UInt8]? {
    guard isRegularFile(path), var source = try? ByteSource(path: path) else { return nil }
    var start: [UInt8] = []
    // What is cut or damaged further on is told by who reads it, where it is known what it is.
    while start.count < detectionBytes, let more = try? source.read(count: 4096), !more.isEmpty {
      start += more
    }
    return start.isEmpty ? nil : start
  }

  /// The unit of arrivals that the user gave; nil where the format's is taken.
  public var unit: LogTimeUnit? { options.unit }

  /// The instant on the log's own clock that is zero here, in nanoseconds: for an absolute clock since 1970.
  /// Nil before the first good row.
  public var clockOrigin: Int64? { origin }

  /// Opens a log, or standard input where `path` is `-`.
  ///
  /// What can be read only once, such as standard input, is held in memory, 2 GiB at most.
  public init(path: String, options: Options = Options()) throws(RequestLogError) {
    self = try Self.opened(path: path, options: options)
  }

  /// Reads a log that is in memory; `name` stands for the path in errors.
  public init(bytes: [UInt8], name: String = "memory", options: Options = Options())
    throws(RequestLogError)
  {
    self = try Self.opened(bytes: bytes, name: name, options: options, buffered: nil)
  }

  private static func opened(path: String, options: Options) throws(RequestLogError) -> Self {
    do {
      var source = try ByteSource(path: path, limits: options.limits)
      var start = try source.read(count: detectionBytes)
      if isRegularFile(path) {
        let format = RequestLogFormat.detect(start, rest: &source)
        let again = try ByteSource(path: path, limits: options.limits)
        return try opened(
          again, format, start: start, options: options, buffered: nil,
          blocks: RAGPulseBlocks.beside(path, start: start, limits: options.limits))
      }
      while true {
        let more = try source.read(count: 8 << 20)
        if more.isEmpty { break }
        start += more
        guard start.count <= mostHeldBytes else {
          throw TraceIOError(
            .outputLimit, path: path, at: .whole, "2 GiB from a pipe; save it as a file")
        }
      }
      let summary = try source.finish()
      return try opened(bytes: start, name: path, options: options, buffered: summary)
    } catch {
      throw asLogError(error, path: path)
    }
  }

  private static func opened(
    bytes: [UInt8], name: String, options: Options, buffered: InputSummary?
  ) throws(RequestLogError) -> Self {
    do {
      var probe = try ByteSource(bytes: bytes, name: name, limits: options.limits)
      let start = try probe.read(count: detectionBytes)
      let format = RequestLogFormat.detect(start, rest: &probe)
      let source = try ByteSource(bytes: bytes, name: name, limits: options.limits)
      return try opened(source, format, start: start, options: options, buffered: buffered)
    } catch {
      throw asLogError(error, path: name)
    }
  }

  private static func opened(
    _ source: consuming ByteSource, _ found: RequestLogFormat?, start: [UInt8], options: Options,
    buffered: InputSummary?,
    blocks: RAGPulseBlocks? = nil
  ) throws -> Self {
    let path = source.path
    guard let format = options.mapping.map({ _ in .mapped }) ?? found
    else {
      if let companion = LogCompanion(start) {
        throw RequestLogError.companion(path: path, companion)
      }
      throw start.contains { $0 > 0x20 }
        ? RequestLogError.unknownFormat(path: path, nearest: RequestLogFormat.nearest(to: start))
        : RequestLogError.empty(path: path)
    }
    guard options.unit == nil || format.customaryUnit != nil else {
      throw RequestLogError.unitIsKnown(path: path, format: format)
    }
    var reader = Self(
      format: format, path: path, options: options, buffered: buffered, blocks: blocks)
    if let unit = options.unit {
      switch format {
      case .mooncake: reader.rowLayout = RowLayout.mooncake.withArrivals(in: unit)
      case .ragPulse: reader.rowLayout = RowLayout.ragPulse.withArrivals(in: unit)
      case .bailian: reader.rowLayout = RowLayout.bailian.withArrivals(in: unit)
      default: break
      }
    }
    switch format {
    case .azure:
      let table = try CSVReader(source, maximumLine: maximumLine)
      guard let time = table.column("TIMESTAMP"), let input = table.column("ContextTokens"),
        let output = table.column("GeneratedTokens")
      else { throw RequestLogError.unknownFormat(path: path) }
      reader.columns = (time, input, output)
      reader.table = consume table
    case .burstGPT, .blis, .liteLLMTable:
      let table = try CSVReader(source, maximumLine: maximumLine)
      reader.layout =
        switch format {
        case .blis: TableLayout.blis(table.header)
        case .liteLLMTable: TableLayout.liteLLM(table.header)
        default: TableLayout.burstGPT(table.header)
        }
      if let unit = options.unit { reader.layout?.readArrivals(in: unit) }
      reader.table = consume table
    case .mapped:
      guard let mapping = options.mapping else { throw RequestLogError.unknownFormat(path: path) }
      if start.first(where: { $0 > 0x20 && $0 < 0x80 }) == UInt8(ascii: "{") {
        reader.rowLayout = mapping.rowLayout
        reader.lines = try JSONLineReader(source, maximumLine: maximumLine)
      } else if let header = mapping.header {
        reader.layout = try mapping.tableLayout(header)
        reader.table = CSVReader(source, header: header, maximumLine: maximumLine)
      } else {
        let table = try CSVReader(source, maximumLine: maximumLine)
        reader.layout = try mapping.tableLayout(table.header)
        reader.table = consume table
      }
    case .vllmSpans, .genAISpans, .benchRun, .guidellm:
      let hasLines = format != .benchRun && RequestLogFormat.hasDocumentALine(start)
      if hasLines {
        reader.lines = try JSONLineReader(source, maximumLine: maximumLine)
      } else {
        reader.document = try DocumentReader(source, format: format)
        reader.problems.countsRows = true
      }
    default:
      var lines = try JSONLineReader(source, maximumLine: maximumLine)
      if format == .reprise { try lines.readHeader() }
      reader.lines = consume lines
    }
    return reader
  }

  private init(
    format: RequestLogFormat, path: String, options: Options, buffered: InputSummary?,
    blocks: RAGPulseBlocks?
  ) {
    // No property has a value by its declaration, not even the nil of `?`: with one, the public
    // initialisers could not replace `self`.
    problems = RowProblems()
    outOfOrder = 0
    rows = 0
    lastArrival = Nanoseconds(.min)
    waiting = []
    self.format = format
    self.path = path
    self.options = options
    table = nil
    lines = nil
    document = nil
    columns = (0, 0, 0)
    layout = nil
    rowLayout = nil
    roots = [:]
    sessionTimes = [:]
    objects = DocumentReader.objects(of: format)
    self.buffered = buffered
    self.blocks = blocks
    // Only clocks that do not count from the log's own beginning are set to zero at the first row.
    origin = format.countsFromFirst ? nil : 0
  }

  private static func asLogError(_ error: any Error, path: String) -> RequestLogError {
    switch error {
    case let error as RequestLogError: error
    case let error as TraceIOError: .input(error)
    default: .unknownFormat(path: path)
    }
  }
}
