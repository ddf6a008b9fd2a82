/// A fixed list of member names, for telling a scanner's current key without making a string.
///
///     let keys = JSONKeys(["ph", "name", "dur"])
///     switch scanner.index(in: keys) { case 0: ...; case 1: ...; default: ... }
public struct JSONKeys: Sendable {
  private struct Entry: Sendable {
    var length: Int
    /// The first eight bytes, little-endian, zeros after the end.
    var prefix: UInt64
    /// Where the other bytes start in ``JSONKeys/rest``.
    var restStart: Int
    /// The next name of the same slot, or -1.
    var next = -1
  }

  private var entries: [Entry] = []
  private var rest: [UInt8] = []
  /// For each slot of a small hash table its first name, or -1; their number is a power of two.
  private var slots: [Int] = []

  /// Creates a list; the first of equal names wins.
  public init(_ names: [String]) {
    var size = 16
    while size < 4 * names.count { size *= 2 }
    slots = [Int](repeating: -1, count: size)
    for name in names {
      let bytes = Array(name.utf8)
      var prefix: UInt64 = 0
      for (index, byte) in bytes.prefix(8).enumerated() { prefix |= UInt64(byte) << (8 * index) }
      entries.append(Entry(length: bytes.count, prefix: prefix, restStart: rest.count))
      rest.append(contentsOf: bytes.dropFirst(8))
    }
    // The last goes in first, so that the first is found first.
    for index in entries.indices.reversed() {
      let slot = slot(entries[index].prefix, entries[index].length)
      entries[index].next = slots[slot]
      slots[slot] = index
    }
  }

  private func slot(_ prefix: UInt64, _ length: Int) -> Int {
    let mixed = (prefix ^ UInt64(truncatingIfNeeded: length) << 56) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & (slots.count - 1)
  }

  /// The place of a name in the list, or -1; eight bytes from its start must be readable.
  @usableFromInline
  func index(of name: UnsafePointer<UInt8>, length: Int) -> Int {
    guard length > 0 else { return -1 }
    var prefix = UInt64(littleEndian: UnsafeRawPointer(name).loadUnaligned(as: UInt64.self))
    if length < 8 { prefix &= (1 << UInt64(8 * length)) - 1 }
    var index = slots[slot(prefix, length)]
    while index >= 0 {
      let entry = entries[index]
      if entry.length == length, entry.prefix == prefix {
        var offset = 8
        while offset < length, name[offset] == rest[entry.restStart + offset - 8] { offset += 1 }
        if offset >= length { return index }
      }
      index = entry.next
    }
    return -1
  }
}

extension JSONScanner {
  /// The place of the current token in a list of names, or -1.
  @inlinable
  public func index(in keys: JSONKeys) -> Int {
    keys.index(of: base + tokenStart, length: tokenEnd - tokenStart)
  }
}
