/// A pull reader over the wire format of Protocol Buffers, in a sliding window of fixed size.
///
///     var reader = ProtobufReader(try ByteSource(path: "host.xplane.pb"))
///     while try reader.next() {
///       guard reader.field == 1, try reader.enter() else { continue }
///       while try reader.next() { ... }  // false at the end of the nested message, and leaves it
///     }
///
/// Nested messages are entered instead of loaded, so that a message of any size costs no memory.
/// What is not read of a field is skipped. Checked are the length of every value against the message
/// around it, the length of every number (10 bytes) and the depth; groups, which no current schema
/// uses, are refused. Written by hand because a generated reader loads whole messages, and costs a
/// package, generated code and a minute of building for a few fields of three messages.
public struct ProtobufReader: ~Copyable {
  /// How a field's value is stored.
  public enum WireType: UInt8, Hashable, Sendable {
    /// A number of 1 to 10 bytes.
    case varint = 0
    /// Eight bytes.
    case fixed64 = 1
    /// A length and that many bytes: text, a nested message or packed numbers.
    case bytes = 2
    /// Four bytes.
    case fixed32 = 5
  }

  private var source: ByteSource
  private let window: UnsafeMutableRawBufferPointer
  private var position = 0
  private var end = 0
  /// The offset in the input of the window's first byte.
  private var windowOffset = 0
  private var exhausted = false
  /// Where the open messages end, the innermost last.
  private var ends: [Int] = []
  /// The bytes of the current value that were not read yet.
  private var remaining = 0
  /// The current value, where it is no length.
  private var number: UInt64 = 0
  private let maximumDepth: Int

  /// The number of the current field.
  public private(set) var field = 0
  /// How the current field's value is stored.
  public private(set) var wireType = WireType.varint
  /// The offset in the input of the current field.
  public private(set) var fieldOffset = 0

  /// Reads a stream, whose top level is one message or a sequence of ``nextRecord()``s.
  public init(_ source: consuming ByteSource, maximumDepth: Int = 32, windowSize: Int = 256 << 10) {
    self.source = source
    self.maximumDepth = maximumDepth
    window = .allocate(byteCount: max(64, windowSize), alignment: 16)
  }

  deinit { window.deallocate() }

  /// The path of the input, for errors.
  public var path: String { source.path }

  /// The offset in the input of the next byte to be read.
  public var offset: Int { windowOffset + position }

  /// The number of messages that are open.
  public var depth: Int { ends.count }

  /// The number of bytes of the current value that were not read yet; 0 for a number.
  public var valueLength: Int { remaining }

  /// Ends reading, and returns what is known about the input.
  public mutating func finish() throws(TraceIOError) -> InputSummary { try source.finish() }

  // MARK: Moving

  /// Moves to the next field of the open message, or leaves the message at its end.
  ///
  /// - Returns: Whether there is a field.
  public mutating func next() throws(TraceIOError) -> Bool {
    try skip(remaining)
    remaining = 0
    if let last = ends.last {
      if offset == last {
        ends.removeLast()
        return false
      }
    } else if try !load(1) {
      return false
    }
    fieldOffset = offset
    let key = try varint()
    guard key >> 3 >= 1, key >> 3 < 1 << 29 else { throw malformed("field number \(key >> 3)") }
    guard let type = WireType(rawValue: UInt8(key & 7)) else {
      throw malformed("wire type \(key & 7)")
    }
    field = Int(key >> 3)
    wireType = type
    switch type {
    case .varint: number = try varint()
    case .fixed64: number = try fixed(8)
    case .fixed32: number = try fixed(4)
    case .bytes:
      let length = try varint()
      guard offset <= limit, length <= UInt64(limit - offset) else {
        throw malformed("\(length) bytes in a value")
      }
      remaining = Int(length)
    }
    guard offset <= limit else { throw malformed("a value beyond its message") }
    return true
  }

  /// Enters the current value as a nested message.
  ///
  /// - Returns: False if the value is a number, which cannot be entered.
  public mutating func enter() throws(TraceIOError) -> Bool {
    guard wireType == .bytes else { return false }
    try open(length: remaining)
    return true
  }

  /// Moves to the next of a sequence of messages that each follow their length, and enters it.
  ///
  /// - Returns: Whether there is one.
  public mutating func nextRecord() throws(TraceIOError) -> Bool {
    try skip(remaining)
    remaining = 0
    if let outermost = ends.first {
      try skip(outermost - offset)
      ends.removeAll(keepingCapacity: true)
    }
    guard try load(1) else { return false }
    fieldOffset = offset
    let length = try varint()
    guard length <= UInt64(Int.max / 2 - offset) else { throw malformed("\(length) bytes") }
    try open(length: Int(length))
    return true
  }

  /// Leaves damaged messages: those from the given depth on, where their stated length still tells
  /// the place to go on.
  ///
  /// - Returns: Whether reading can go on, with the field after them.
  public mutating func leave(_ depth: Int) throws(TraceIOError) -> Bool {
    guard depth >= 1, depth <= ends.count, offset <= ends[depth - 1] else { return false }
    remaining = 0
    try skip(ends[depth - 1] - offset)
    ends.removeSubrange((depth - 1)...)
    return true
  }

  private mutating func open(length: Int) throws(TraceIOError) {
    guard ends.count < maximumDepth else {
      throw TraceIOError(
        .tooDeep, path: path, at: .byte(offset), "more than \(maximumDepth) messages")
    }
    ends.append(offset + length)
    remaining = 0
  }

  // MARK: Values

  /// The current number; 0 where the value is no number.
  public var unsigned: UInt64 { wireType == .bytes ? 0 : number }

  /// The current number with a sign, as `int32`, `int64` and enumerations are stored.
  public var integer: Int64 { Int64(bitPattern: unsigned) }

  /// Takes the current value as bytes: at most `maximum`, the rest is skipped.
  public mutating func bytes(maximum: Int) throws(TraceIOError) -> [UInt8] {
    guard wireType == .bytes else { return [] }
    var wanted = min(remaining, maximum)
    var result: [UInt8] = []
    result.reserveCapacity(min(wanted, 64 << 10))
    while wanted > 0 {
      guard try load(1) else { throw truncated }
      let count = min(wanted, end - position)
      result.append(contentsOf: window[position..<position + count])
      position += count
      remaining -= count
      wanted -= count
    }
    return result
  }

  /// Takes the current value as text: at most `maximum` bytes; what is not UTF-8 is replaced.
  public mutating func string(maximum: Int = 64 << 10) throws(TraceIOError) -> String {
    String(decoding: try bytes(maximum: maximum), as: UTF8.self)
  }

  /// Takes the current value as numbers, packed or single; at most `maximum`, the rest is skipped.
  public mutating func integers(maximum: Int) throws(TraceIOError) -> [Int64] {
    guard wireType == .bytes else { return [integer] }
    let last = offset + remaining
    var result: [Int64] = []
    while offset < last, result.count < maximum {
      result.append(Int64(bitPattern: try varint()))
    }
    guard offset <= last else { throw malformed("a number beyond its list") }
    remaining = last - offset
    return result
  }

  // MARK: Bytes

  /// Where the open message ends; far beyond any input at the top.
  private var limit: Int { ends.last ?? Int.max / 2 }

  private mutating func varint() throws(TraceIOError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard try load(1) else { throw truncated }
      let byte = window[position]
      position += 1
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw malformed("a number of more than 64 bits")
  }

  private mutating func fixed(_ count: Int) throws(TraceIOError) -> UInt64 {
    guard try load(count) else { throw truncated }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(window[position + index]) << UInt64(8 * index) }
    position += count
    return value
  }

  private mutating func skip(_ count: Int) throws(TraceIOError) {
    var left = count
    while left > 0 {
      guard try load(1) else { throw truncated }
      let step = min(left, end - position)
      position += step
      left -= step
    }
  }

  /// Makes at least `count` bytes available, at most 64.
  ///
  /// - Returns: Whether the input has that many.
  private mutating func load(_ count: Int) throws(TraceIOError) -> Bool {
    if end - position >= count { return true }
    if position > 0 {
      let rest = end - position
      for index in 0..<rest { window[index] = window[position + index] }
      windowOffset += position
      position = 0
      end = rest
    }
    while end < count, !exhausted {
      let more = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: window[end...]))
      exhausted = more == 0
      end += more
    }
    return end >= count
  }

  private var truncated: TraceIOError {
    TraceIOError(.truncatedMessage, path: path, at: .byte(offset))
  }

  private func malformed(_ detail: String) -> TraceIOError {
    TraceIOError(.malformedMessage, path: path, at: .byte(fieldOffset), detail)
  }
}
