/// The records of a JSONL stream: one JSON value a line, each scanned with a ``JSONScanner``.
///
/// A damaged line does not end the stream: the next ``next()`` starts at the next line.
///
///     var records = try JSONLineReader(ByteSource(path: "requests.jsonl.zst"))
///     while try records.next() {
///       guard try records.scanner.next() == .objectStart else { continue }
///       ...
///     }
public struct JSONLineReader: ~Copyable {
  private var lines: LineReader
  /// The scanner, at the start of the current record.
  public var scanner: JSONScanner

  /// Reads the records of a stream; a line of more than `maximumLine` bytes is an error.
  public init(
    _ source: consuming ByteSource, maximumLine: Int = 16 << 20,
    limits: JSONLimits = JSONLimits(initialWindow: 64 << 10)
  ) throws(TraceIOError) {
    lines = LineReader(source, maximumLine: maximumLine)
    scanner = try JSONScanner(ByteSource(bytes: [], name: lines.path), limits: limits)
  }

  /// Whether damage behind a sound line ends the records instead of being an error; false unless
  /// set.
  public var salvages: Bool {
    get { lines.salvages }
    set { lines.salvages = newValue }
  }

  /// The number of the current line, from 1.
  public var lineNumber: Int { lines.lineNumber }

  /// The offset in the text of the current line.
  public var lineOffset: Int { lines.lineOffset }

  /// The path of the input, for errors.
  public var path: String { lines.path }

  /// Moves to the next line that is not blank.
  ///
  /// - Returns: Whether there was one.
  public mutating func next() throws(TraceIOError) -> Bool {
    while try lines.next() {
      let bytes = lines.lineBytes
      guard bytes.contains(where: { $0 > 0x20 }) else { continue }
      scanner.load(bytes, line: lines.lineNumber)
      return true
    }
    return false
  }

  /// Ends reading, and returns what is known about the input.
  public mutating func finish() throws(TraceIOError) -> InputSummary { try lines.finish() }
}
