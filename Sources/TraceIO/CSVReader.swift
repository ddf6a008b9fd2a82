/// The rows of a CSV stream (RFC 4180) with a header, one at a time, in bounded memory.
///
///     var table = try CSVReader(ByteSource(path: "dense.csv"))
///     guard let tokens = table.column("tokens") else { ... }
///     while try table.next() { print(table.integer(tokens) ?? 0) }
///
/// Quoted fields may hold commas, doubled quotes and line ends. Blank lines are skipped.
public struct CSVReader: ~Copyable {
  private var lines: LineReader
  private let maximumRow: Int
  /// The fields of the current row one after the other, quotes resolved.
  private var text: [UInt8] = []
  /// Where each field ends in ``text``.
  private var ends: [Int] = []
  /// The names in the first row, white space trimmed.
  public private(set) var header: [String] = []
  /// The line at which the current row starts, from 1.
  public private(set) var rowLine = 0
  /// Whether damage behind a sound row ends the rows instead of being an error; false unless set.
  public var salvages = false
  /// Whether a last line without an end is damage: cut within a number it is another one; false
  /// unless set.
  public var needsLineEnds = false
  private var damagedAt: Int?
  private var hasRows = false

  /// Reads the header; an empty input has none.
  public init(
    _ source: consuming ByteSource, maximumLine: Int = 16 << 20
  ) throws(TraceIOError) {
    lines = LineReader(source, maximumLine: maximumLine)
    maximumRow = max(1, maximumLine)
    guard try next() else { return }
    for index in 0..<fieldCount { header.append(field(index).trimmed) }
  }

  /// Reads a stream without a header, whose columns have these names; all of its rows are data.
  public init(
    _ source: consuming ByteSource, header: [String], maximumLine: Int = 16 << 20
  ) {
    lines = LineReader(source, maximumLine: maximumLine)
    maximumRow = max(1, maximumLine)
    self.header = header
  }

  /// Skips the lines before the one that is the header; none if there is no such line.
  public init(
    _ source: consuming ByteSource, maximumLine: Int = 16 << 20, headerWhere: (String) -> Bool
  ) throws(TraceIOError) {
    lines = LineReader(source, maximumLine: maximumLine)
    maximumRow = max(1, maximumLine)
    while try lines.next() {
      guard headerWhere(lines.string()) else { continue }
      if split() { throw TraceIOError(.unclosedQuote, path: path, at: .line(lines.lineNumber)) }
      rowLine = lines.lineNumber
      for index in 0..<fieldCount { header.append(field(index).trimmed) }
      return
    }
  }

  /// The path of the input, for errors.
  public var path: String { lines.path }

  /// The index of the column with this name, without regard to case.
  public func column(_ name: String) -> Int? {
    let wanted = name.lowercased()
    return header.firstIndex { $0.lowercased() == wanted }
  }

  /// Moves to the next row.
  ///
  /// - Returns: Whether there was one.
  public mutating func next() throws(TraceIOError) -> Bool {
    guard damagedAt == nil else { return false }
    let start = lines.offset
    do throws(TraceIOError) {
      let isRow = try nextRow()
      if salvages { hasRows = true }
      return isRow
    } catch {
      guard salvages, hasRows, error.leavesStart else { throw error }
      damagedAt = start
      return false
    }
  }

  private mutating func nextRow() throws(TraceIOError) -> Bool {
    text.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    repeat {
      guard try lines.next() else { return false }
    } while lines.lineLength == 0
    rowLine = lines.lineNumber
    while split() {
      guard try lines.next() else {
        throw TraceIOError(.unclosedQuote, path: path, at: .line(rowLine))
      }
      guard text.count <= maximumRow else {
        throw TraceIOError(
          .lineTooLong, path: path, at: .line(rowLine), "a quoted field of \(text.count) bytes")
      }
      text.append(10)
    }
    guard lines.lineHasEnd || !needsLineEnds else {
      throw TraceIOError(.unendedRow, path: path, at: .line(rowLine))
    }
    return true
  }

  /// The number of fields of the current row; may differ from the header's.
  public var fieldCount: Int { ends.count }

  /// A field of the current row as text; empty where the row is too short.
  public func field(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  /// Whether a field of the current row is this text, without making a string of it.
  public func field(_ index: Int, is text: [UInt8]) -> Bool { bytes(index).elementsEqual(text) }

  /// A field of the current row as a whole number that fits, or nil.
  public func integer(_ index: Int) -> Int64? {
    if case .exact(let value) = fixedPoint(index, decimals: 0) { return value }
    return nil
  }

  /// A field of the current row in units of 10 to the minus `decimals`, without floating-point.
  public func fixedPoint(_ index: Int, decimals: Int) -> FixedPoint {
    bytes(index).withUnsafeBufferPointer { FixedPoint($0, decimals: decimals) }
  }

  /// A field of the current row as a finite number, or nil.
  public func double(_ index: Int) -> Double? {
    guard let value = Double(field(index)), value.isFinite else { return nil }
    return value
  }

  /// Ends reading, and returns what is known about the input.
  public mutating func finish() throws(TraceIOError) -> InputSummary {
    var summary = try lines.finish()
    summary.damagedAt = damagedAt
    return summary
  }

  private func bytes(_ index: Int) -> ArraySlice<UInt8> {
    guard index >= 0, index < ends.count else { return [] }
    return text[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  /// Whether the row is inside quotes at the end of the line before.
  private var isQuoted = false

  /// Adds the current line's fields, and says whether its last one goes on in the next line.
  private mutating func split() -> Bool {
    let line = lines.lineBytes
    var index = 0
    while index < line.count {
      let byte = line[index]
      index += 1
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          text.append(byte)
        } else if index < line.count, line[index] == UInt8(ascii: "\"") {
          text.append(byte)
          index += 1
        } else {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: ",") {
        ends.append(text.count)
      } else if byte == UInt8(ascii: "\""), text.count == (ends.last ?? 0) {
        isQuoted = true
      } else {
        text.append(byte)
      }
    }
    if !isQuoted { ends.append(text.count) }
    return isQuoted
  }
}

extension String {
  /// Without white space at either end.
  fileprivate var trimmed: String {
    let isSpace = { (character: Character) in character.isWhitespace }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
