/// A pull scanner over JSON text of any length, in a sliding window of bounded size.
///
///     var scanner = try JSONScanner(ByteSource(path: "trace.json.gz"))
///     while true {
///       switch try scanner.next() {
///       case .key where scanner.tokenIs("traceEvents"): ...
///       case .end: return
///       default: continue
///       }
///     }
///
/// The whole grammar is checked, without recursion: brackets, commas, colons, numbers, escapes and
/// control characters. Three things are taken more kindly, because profilers write them. A word
/// that is no JSON value (`NaN`, `-Infinity`, `N/A`, `-1.-500`) and a member without a value are
/// ``Token/invalidLiteral``, for the caller to count and skip. A byte-order mark is skipped.
/// Bytes that are not UTF-8 pass, and are replaced when a `String` is made.
///
/// The current token stays in the window until the next call, and is borrowed from there.
public struct JSONScanner: ~Copyable {
  /// What ``next()`` found.
  public enum Token: UInt8, Sendable, Hashable {
    case objectStart
    case objectEnd
    case arrayStart
    case arrayEnd
    /// The name of a member; its value comes next.
    case key
    case string
    case number
    case `true`
    case `false`
    case null
    /// A word that is not JSON, or (with no bytes) a member that has no value.
    case invalidLiteral
    /// The end of the document.
    case end
  }

  /// What may come next.
  enum Expectation: UInt8 {
    case value, firstValueOrEnd, firstKeyOrEnd, colon, memberValue, commaOrEnd, end
  }

  // The window: bytes `0..<end` of `base` are loaded, `position` is the next one to look at.
  // Eight zero bytes always follow `end`, so that loops stop there without counting.
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  var capacity: Int
  var position = 0
  var end = 0
  /// The offset in the text of `base[0]`.
  var windowOffset = 0
  var exhausted = false
  /// Where a captured value starts in the window, or -1.
  var pin = -1

  @usableFromInline var tokenStart = 0
  @usableFromInline var tokenEnd = 0
  /// Whether the current string holds escapes.
  public internal(set) var tokenHasEscapes = false
  /// Whether the current string was longer than the limit, and only its start is kept.
  public internal(set) var tokenIsTruncated = false
  /// The offset in the text of the current token.
  public internal(set) var tokenOffset = 0

  var expectation = Expectation.value
  /// The number of open brackets.
  public internal(set) var depth = 0
  /// One bit for each open bracket, the innermost lowest: 1 for an object.
  var containers: UInt64 = 0

  /// The line whose bytes are scanned, or 0 in a stream.
  var line = 0

  var source: ByteSource
  let limits: JSONLimits

  /// Scans a stream.
  public init(
    _ source: consuming ByteSource, limits: JSONLimits = .standard
  ) throws(TraceIOError) {
    self.limits = limits
    capacity = limits.initialWindow
    base = .allocate(capacity: capacity + 16)
    base.initialize(repeating: 0, count: 16)
    self.source = source
    while end < 3, try refill(keeping: position) {}
    if end >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { position = 3 }
  }

  deinit { base.deallocate() }

  /// The path of the input, for errors.
  public var path: String { source.path }

  /// The offset in the text of the next byte to be looked at.
  public var offset: Int { windowOffset + position }

  /// Ends reading, and returns what is known about the input.
  public mutating func finish() throws(TraceIOError) -> InputSummary { try source.finish() }

  /// Starts anew on the given bytes, which become one document; for records held in lines.
  ///
  /// - Parameter line: The number of the line, for errors.
  mutating func load(_ bytes: UnsafeBufferPointer<UInt8>, line: Int) {
    if bytes.count > capacity { grow(to: bytes.count) }
    if let start = bytes.baseAddress { base.update(from: start, count: bytes.count) }
    end = bytes.count
    (base + end).update(repeating: 0, count: 8)
    position = 0
    windowOffset = 0
    self.line = line
    exhausted = true
    pin = -1
    expectation = .value
    depth = 0
    containers = 0
    tokenStart = 0
    tokenEnd = 0
  }

  // MARK: Tokens

  /// Moves to the next token.
  ///
  /// After an error the scanner must not be used again but through ``resume(at:names:members:)``.
  public mutating func next() throws(TraceIOError) -> Token {
    if let token = nextPlain() { return token }
    return try nextOfAnyKind()
  }

  private mutating func nextOfAnyKind() throws(TraceIOError) -> Token {
    let byte = try peek()
    switch expectation {
    case .commaOrEnd:
      guard byte == UInt8(ascii: ",") else { return try close(byte, "a comma or closing bracket") }
      position += 1
      let following = try peek()
      return containers & 1 == 1 ? try scanKey(following) : try scanValue(following)
    case .memberValue: return try scanValue(byte)
    case .colon:
      try takeColon(byte)
      return try scanValue(try peek())
    case .firstKeyOrEnd:
      if byte == UInt8(ascii: "}") { return try close(byte, "") }
      return try scanKey(byte)
    case .firstValueOrEnd:
      if byte == UInt8(ascii: "]") { return try close(byte, "") }
      return try scanValue(byte)
    case .value: return try scanValue(byte)
    case .end:
      guard byte == 0 else { throw syntax("more text after the document") }
      tokenOffset = offset
      tokenStart = position
      tokenEnd = position
      return .end
    }
  }

  /// Skips the value of the current key, or what is left of the current object or array.
  ///
  /// The skipped text is checked as any other. After a scalar it does nothing.
  public mutating func skipValue(of token: Token) throws(TraceIOError) {
    let target: Int
    switch token {
    case .objectStart, .arrayStart: target = depth - 1
    case .key:
      target = depth
      let first = try next()
      guard first == .objectStart || first == .arrayStart else { return }
    default: return
    }
    skipPlain(downTo: target)
    while depth > target {
      _ = try nextOfAnyKind()
      skipPlain(downTo: target)
    }
  }

  /// Skips the value of the current key and makes its text, as written, the current token.
  ///
  /// A value longer than ``JSONLimits/maximumCapture`` leaves an empty token and sets
  /// ``tokenIsTruncated``.
  ///
  /// - Returns: The first token of the value.
  public mutating func captureValue() throws(TraceIOError) -> Token {
    try takeColon(try peek())
    _ = try peek()
    pin = position
    let start = offset
    let first = try next()
    try skipValue(of: first)
    tokenOffset = start
    tokenHasEscapes = false
    tokenIsTruncated = pin < 0
    tokenStart = pin < 0 ? position : pin
    tokenEnd = position
    pin = -1
    return first
  }

  private mutating func takeColon(_ byte: UInt8) throws(TraceIOError) {
    guard expectation == .colon, byte == UInt8(ascii: ":") else {
      throw syntax("expected a colon")
    }
    position += 1
    expectation = .memberValue
  }

  private mutating func scanKey(_ byte: UInt8) throws(TraceIOError) -> Token {
    guard byte == UInt8(ascii: "\"") else { throw syntax("expected a name in quotes") }
    try scanString()
    expectation = .colon
    return .key
  }

  private mutating func scanValue(_ byte: UInt8) throws(TraceIOError) -> Token {
    switch byte {
    case UInt8(ascii: "\""):
      try scanString()
      expectation = depth == 0 ? .end : .commaOrEnd
      return .string
    case UInt8(ascii: "{"):
      try open(1)
      expectation = .firstKeyOrEnd
      return .objectStart
    case UInt8(ascii: "["):
      try open(0)
      expectation = .firstValueOrEnd
      return .arrayStart
    case UInt8(ascii: ","), UInt8(ascii: "}"):
      guard expectation == .memberValue || expectation == .colon else { break }
      tokenOffset = offset
      tokenStart = position
      tokenEnd = position
      expectation = .commaOrEnd
      return .invalidLiteral
    default:
      if isWord(byte) {
        let token = try scanWord()
        expectation = depth == 0 ? .end : .commaOrEnd
        return token
      }
    }
    throw syntax("expected a value")
  }

  private mutating func open(_ bit: UInt64) throws(TraceIOError) {
    guard depth < limits.maximumDepth else {
      throw TraceIOError(
        .tooDeep, path: path, at: place, "more than \(limits.maximumDepth) levels")
    }
    tokenOffset = offset
    tokenStart = position
    position += 1
    tokenEnd = position
    depth += 1
    containers = containers << 1 | bit
  }

  private mutating func close(
    _ byte: UInt8, _ expected: String
  ) throws(TraceIOError) -> Token {
    let isObject = containers & 1 == 1
    guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
      throw syntax("expected \(expected)")
    }
    tokenOffset = offset
    tokenStart = position
    position += 1
    tokenEnd = position
    depth -= 1
    containers >>= 1
    if depth == 0 { containers = 0 }
    expectation = depth == 0 ? .end : .commaOrEnd
    return isObject ? .objectEnd : .arrayEnd
  }
}
