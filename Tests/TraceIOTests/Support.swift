import TraceIO

/// Containers written by hand, so that the tests need no compressor.
enum Container {
  /// A gzip member of stored blocks.
  static func gzip(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
    var index = 0
    repeat {
      let count = min(0xFFFF, text.count - index)
      bytes.append(index + count == text.count ? 1 : 0)
      bytes += little(UInt32(count), 2) + little(~UInt32(count), 2)
      bytes += text[index..<(index + count)]
      index += count
    } while index < text.count
    return bytes + little(crc32(text), 4) + little(UInt32(truncatingIfNeeded: text.count), 4)
  }

  /// A zstd frame of raw blocks.
  static func zstd(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]
    var index = 0
    repeat {
      let count = min(100_000, text.count - index)
      let last: UInt32 = index + count == text.count ? 1 : 0
      bytes += little(UInt32(count) << 3 | last, 3) + text[index..<(index + count)]
      index += count
    } while index < text.count
    return bytes
  }

  /// A zstd frame that expands to `megabytes` of one byte, each of its blocks four bytes long.
  static func zstdBomb(_ byte: UInt8, megabytes: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]
    let size: UInt32 = 1 << 17
    for block in 0..<(megabytes * 8) {
      bytes += little(size << 3 | 1 << 1 | (block == megabytes * 8 - 1 ? 1 : 0), 3) + [byte]
    }
    return bytes
  }

  static func little(_ value: UInt32, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~crc
  }
}

/// Reads all of a source.
func readAll(_ source: consuming ByteSource, piece: Int = 1000) throws -> [UInt8] {
  var source = source
  var text: [UInt8] = []
  while true {
    let bytes = try source.read(count: piece)
    if bytes.isEmpty { return text }
    text += bytes
  }
}
