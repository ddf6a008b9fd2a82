#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lines of a stream, one at a time, in bounded memory.
///
/// Lines end with LF or CR LF; the last one need not end. A byte-order mark is skipped.
public struct LineReader: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private var position = 0
  private var end = 0
  private var exhausted = false
  @usableFromInline var lineStart = 0
  @usableFromInline var lineEnd = 0
  private var source: ByteSource
  private let maximumLine: Int
  /// The offset in the text of the window's first byte.
  private var windowOffset = 0
  /// The number of the current line, from 1; 0 before the first.
  public private(set) var lineNumber = 0
  /// Whether the current line has an end; only the last may have none.
  public private(set) var lineHasEnd = true
  /// Whether damage behind a sound line ends the lines instead of being an error; false unless set.
  public var salvages = false
  private var damagedAt: Int?

  /// Reads the lines of a stream; a line of more than `maximumLine` bytes is an error.
  public init(_ source: consuming ByteSource, maximumLine: Int = 16 << 20) {
    self.maximumLine = max(1, maximumLine)
    capacity = 256 << 10
    base = .allocate(capacity: capacity)
    self.source = source
  }

  deinit { base.deallocate() }

  /// The path of the input, for errors.
  public var path: String { source.path }

  /// The offset in the text of the current line.
  var lineOffset: Int { windowOffset + lineStart }

  /// The offset in the text of the next line.
  var offset: Int { windowOffset + position }

  /// Moves to the next line.
  ///
  /// - Returns: Whether there was one.
  public mutating func next() throws(TraceIOError) -> Bool {
    guard damagedAt == nil else { return false }
    do throws(TraceIOError) {
      return try nextLine()
    } catch {
      guard salvages, lineNumber > 0, error.leavesStart else { throw error }
      damagedAt = offset
      return false
    }
  }

  private mutating func nextLine() throws(TraceIOError) -> Bool {
    var searched = 0
    while true {
      if let found = memchr(base + position + searched, 10, end - position - searched) {
        let newline = UnsafeRawPointer(found) - UnsafeRawPointer(base)
        try take(upTo: newline, then: newline + 1)
        return true
      }
      searched = end - position
      if searched > maximumLine { throw tooLong }
      if try !fill() { break }
    }
    guard position < end else { return false }
    lineHasEnd = false
    try take(upTo: end, then: end)
    return true
  }

  /// Lends the current line's bytes, without its end.
  @inlinable
  public borrowing func withLine<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(Span(_unsafeStart: base + lineStart, count: lineEnd - lineStart))
  }

  /// The number of bytes of the current line.
  public var lineLength: Int { lineEnd - lineStart }

  /// The current line as a string; bytes that are not UTF-8 are replaced.
  public func string() -> String { String(decoding: lineBytes, as: UTF8.self) }

  /// The current line's bytes, unsafe to keep; for the other files of this room.
  var lineBytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: base + lineStart, count: lineEnd - lineStart)
  }

  /// Ends reading, and returns what is known about the input.
  public mutating func finish() throws(TraceIOError) -> InputSummary {
    var summary = try source.finish()
    summary.damagedAt = damagedAt
    summary.lastLineHasEnd = lineHasEnd
    return summary
  }

  private var tooLong: TraceIOError {
    TraceIOError(
      .lineTooLong, path: path, at: .line(lineNumber + 1), "more than \(maximumLine) bytes")
  }

  private mutating func take(upTo newline: Int, then next: Int) throws(TraceIOError) {
    lineNumber += 1
    lineStart = position
    lineEnd = newline
    position = next
    if lineNumber == 1, lineEnd - lineStart >= 3, base[lineStart] == 0xEF,
      base[lineStart + 1] == 0xBB, base[lineStart + 2] == 0xBF
    {
      lineStart += 3
    }
    if lineEnd > lineStart, base[lineEnd - 1] == 13 { lineEnd -= 1 }
    if lineEnd - lineStart > maximumLine {
      lineNumber -= 1
      throw tooLong
    }
  }

  private mutating func fill() throws(TraceIOError) -> Bool {
    if exhausted { return false }
    if position > 0 {
      base.update(from: base + position, count: end - position)
      windowOffset += position
      end -= position
      position = 0
    }
    if end == capacity {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      larger.update(from: base, count: end)
      base.deallocate()
      base = larger
      capacity *= 2
    }
    let count = try source.read(
      into: UnsafeMutableRawBufferPointer(start: base + end, count: capacity - end))
    end += count
    exhausted = count == 0
    return count > 0
  }
}
