/// Appends fields in the wire format of Protocol Buffers to bytes in memory.
///
///     var trace = ProtobufWriter()
///     trace.message(1) { packet in packet.add(8, 1_000) }
///
/// The counterpart of ``ProtobufReader``, written by hand for the same reason: a few fields of one schema.
public struct ProtobufWriter: Hashable, Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []

  /// Creates a writer that has written nothing.
  public init() {}

  /// Forgets what was written, and keeps the memory.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Adds a number of 1 to 10 bytes: `uint32`, `uint64`, `bool` or an enumeration.
  public mutating func add(_ field: Int, _ value: UInt64) {
    key(field, .varint)
    varint(value)
  }

  /// Adds an `int32` or `int64`; a negative one takes ten bytes.
  public mutating func add(_ field: Int, signed value: Int64) {
    add(field, UInt64(bitPattern: value))
  }

  /// Adds a `fixed64`.
  public mutating func add(_ field: Int, fixed value: UInt64) {
    key(field, .fixed64)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Adds text as UTF-8.
  public mutating func add(_ field: Int, _ text: String) {
    key(field, .bytes)
    varint(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// Adds bytes.
  public mutating func add(_ field: Int, _ value: [UInt8]) {
    key(field, .bytes)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// Adds a nested message, which `body` writes.
  public mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
    key(field, .bytes)
    let start = bytes.count
    // One byte is kept for the length: enough for nearly every message there is.
    bytes.append(0)
    body(&self)
    let length = bytes.count - start - 1
    if length < 0x80 {
      bytes[start] = UInt8(length)
    } else {
      var prefix = ProtobufWriter()
      prefix.varint(UInt64(length))
      bytes.replaceSubrange(start...start, with: prefix.bytes)
    }
  }

  private mutating func key(_ field: Int, _ type: ProtobufReader.WireType) {
    varint(UInt64(field) << 3 | UInt64(type.rawValue))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
