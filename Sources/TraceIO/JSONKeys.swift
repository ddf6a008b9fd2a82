/// A fixed list of member names, for telling a scanner's current key without making a string.
///
///     let keys = JSONKeys(["ph", "name", "dur"])
///     switch scanner.index(in: keys) { case 0: ...; case 1: ...; default: ... }
public struct JSONKeys: Sendable {
  struct Entry: Sendable {
    var length: Int
    /// The first eight bytes, little-endian, zeros after the end.
    var prefix: UInt64
    /// Where the other bytes start in ``JSONKeys/rest``.
    var restStart: Int
  }

  let entries: [Entry]
  let rest: [UInt8]

  /// Creates a list; the first of equal names wins.
  public init(_ names: [String]) {
    var entries: [Entry] = []
    var rest: [UInt8] = []
    for name in names {
      let bytes = Array(name.utf8)
      var prefix: UInt64 = 0
      for (index, byte) in bytes.prefix(8).enumerated() { prefix |= UInt64(byte) << (8 * index) }
      entries.append(Entry(length: bytes.count, prefix: prefix, restStart: rest.count))
      rest.append(contentsOf: bytes.dropFirst(8))
    }
    self.entries = entries
    self.rest = rest
  }
}

extension JSONScanner {
  /// The place of the current token in a list of names, or -1.
  public func index(in keys: JSONKeys) -> Int {
    let length = tokenLength
    guard length > 0 else { return -1 }
    var prefix = UInt64(
      littleEndian: UnsafeRawPointer(base + tokenStart).loadUnaligned(as: UInt64.self))
    if length < 8 { prefix &= (1 << UInt64(8 * length)) - 1 }
    for index in keys.entries.indices {
      let entry = keys.entries[index]
      guard entry.length == length, entry.prefix == prefix else { continue }
      var matches = true
      for offset in 8..<max(8, length) {
        matches = matches && base[tokenStart + offset] == keys.rest[entry.restStart + offset - 8]
      }
      if matches { return index }
    }
    return -1
  }
}
