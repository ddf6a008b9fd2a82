#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Distinct byte strings, numbered in the order of their first appearance.
///
/// Names and shape signatures repeat thousands of times in a trace; here each is stored once and
/// stands as an `Int32`. The hash is keyed at random, so that no input can force collisions; the
/// numbers do not depend on the key.
public struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var hashes: [UInt64] = []
  /// Open addressing with linear probing: numbers, or -1 where free.
  private var slots = [Int32](repeating: -1, count: 256)
  private let key = UInt64.random(in: .min ... .max)
  /// The most distinct strings that are kept.
  public let capacity: Int

  /// The most bytes that are kept, all strings together.
  public let maximumBytes: Int

  /// Creates an empty table for at most `capacity` strings of together `maximumBytes`.
  public init(capacity: Int = 1 << 22, maximumBytes: Int = 1 << 30) {
    self.capacity = min(max(1, capacity), Int(Int32.max / 2))
    self.maximumBytes = maximumBytes
  }

  /// The number of distinct strings.
  public var count: Int { ends.count }

  /// The string with this number; bytes that are not UTF-8 are replaced.
  public subscript(number: Int32) -> String {
    let index = Int(number)
    guard index >= 0, index < ends.count else { return "" }
    return String(decoding: bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]], as: UTF8.self)
  }

  /// The number of the scanner's current token as written, or nil if the table is full.
  @inlinable
  public mutating func intern(tokenOf scanner: borrowing JSONScanner) -> Int32? {
    intern(scanner.tokenBytes)
  }

  /// The number of a string, or nil if the table is full.
  public mutating func intern(_ string: String) -> Int32? {
    var string = string
    return string.withUTF8 { intern($0) }
  }

  @usableFromInline
  mutating func intern(_ string: UnsafeBufferPointer<UInt8>) -> Int32? {
    let hash = hash(string)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] >= 0 {
      let number = slots[slot]
      if hashes[Int(number)] == hash, matches(Int(number), string) { return number }
      slot = (slot + 1) & mask
    }
    guard ends.count < capacity, maximumBytes - bytes.count >= string.count else { return nil }
    let number = Int32(ends.count)
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
    hashes.append(hash)
    slots[slot] = number
    if ends.count * 2 > slots.count { rehash() }
    return number
  }

  private mutating func rehash() {
    slots = [Int32](repeating: -1, count: slots.count * 4)
    let mask = slots.count - 1
    for number in ends.indices {
      var slot = Int(truncatingIfNeeded: hashes[number]) & mask
      while slots[slot] >= 0 { slot = (slot + 1) & mask }
      slots[slot] = Int32(number)
    }
  }

  private func matches(_ index: Int, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == string.count else { return false }
    guard let other = string.baseAddress else { return true }
    return bytes.withUnsafeBufferPointer { stored in
      stored.baseAddress.map { memcmp($0 + start, other, string.count) == 0 } ?? false
    }
  }

  /// Multiplies and folds eight bytes at a time into 128 bits, as wyhash does.
  private func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var state = key ^ UInt64(string.count)
    guard let start = string.baseAddress else { return state }
    let raw = UnsafeRawPointer(start)
    var index = 0
    while index + 8 < string.count {
      state = Self.fold(state ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    }
    // The last bytes; those before them may count twice.
    var tail: UInt64 = 0
    if string.count >= 8 {
      tail = raw.loadUnaligned(fromByteOffset: string.count - 8, as: UInt64.self)
    } else if string.count >= 4 {
      let first = raw.loadUnaligned(as: UInt32.self)
      let last = raw.loadUnaligned(fromByteOffset: string.count - 4, as: UInt32.self)
      tail = UInt64(first) << 32 | UInt64(last)
    } else {
      for byte in string { tail = tail << 8 | UInt64(byte) }
    }
    return Self.fold(Self.fold(state ^ tail) ^ key)
  }

  private static func fold(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
    return product.high ^ product.low
  }
}
