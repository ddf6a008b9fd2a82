import Operators
import TestSupport

/// Writes Protocol Buffers for tests, from the documented encoding.
struct ProtobufWriter {
  var bytes: [UInt8] = []

  static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, result): (UInt64, [UInt8]) = (value, [])
    while rest >= 0x80 {
      result.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return result + [UInt8(rest)]
  }

  mutating func number(_ field: UInt64, _ value: Int) {
    bytes += Self.varint(field << 3) + Self.varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func text(_ field: UInt64, _ text: String) { value(field, Array(text.utf8)) }

  mutating func value(_ field: UInt64, _ value: [UInt8]) {
    bytes += Self.varint(field << 3 | 2) + Self.varint(UInt64(value.count)) + value
  }

  mutating func message(_ field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    value(field, inner.bytes)
  }

  /// A message after its length.
  mutating func record(_ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    bytes += Self.varint(UInt64(inner.bytes.count)) + inner.bytes
  }

  /// An entry of a map from a number to a message.
  mutating func entry(_ field: UInt64, _ key: Int, _ body: (inout ProtobufWriter) -> Void) {
    message(field) { entry in
      entry.number(1, key)
      entry.message(2, body)
    }
  }
}

/// Imports every truncation and many mutations of `bytes`, none of which may trap.
func survive(_ bytes: [UInt8], step: Int = 1, mutations: Int = 500, read: ([UInt8]) throws -> Void)
{
  for length in stride(from: 0, to: bytes.count, by: step) {
    try? read(Array(bytes.prefix(length)))
  }
  var random = SplitMix64(seed: 7)
  for _ in 0..<mutations {
    var changed = bytes
    for _ in 0...random.below(4) { changed[random.below(changed.count)] = UInt8(random.below(256)) }
    try? read(changed)
  }
}
