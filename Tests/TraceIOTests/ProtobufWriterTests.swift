import Foundation
import Operators
import Testing

@testable import TraceIO

@Suite struct ProtobufWriterTests {
  @Test func `fields have the documented bytes`() {
    var writer = ProtobufWriter()
    writer.add(1, 300)
    writer.message(2) { message in
      message.add(1, "abc")
      message.add(2, [1, 2, 0xAC, 0x02])
    }
    writer.add(3, fixed: 0x8000_0000_0000_0001)
    #expect(writer.bytes == Array(ProtobufReaderTests.message.dropLast(5)))
    writer.removeAll()
    #expect(writer.bytes.isEmpty)
  }

  @Test(
    arguments: [
      (0, [0x08, 0]), (127, [0x08, 0x7F]), (128, [0x08, 0x80, 1]),
      (.max, [0x08] + [UInt8](repeating: 0xFF, count: 9) + [1]),
    ] as [(UInt64, [UInt8])])
  func `numbers take a byte for seven bits`(value: UInt64, bytes: [UInt8]) {
    var writer = ProtobufWriter()
    writer.add(1, value)
    #expect(writer.bytes == bytes)
  }

  @Test func `what is written is read again, whatever its length and depth`() throws {
    var random = SplitMix64(seed: 5)
    for length in [0, 1, 126, 127, 128, 129, 16_383, 16_384, 70_000] {
      let text = String(repeating: "é", count: length / 2) + (length % 2 == 1 ? "x" : "")
      let number = random.next()
      var writer = ProtobufWriter()
      writer.message(536_870_911) { outer in
        outer.message(15) { inner in
          inner.add(16, text)
          inner.add(1, signed: Int64(bitPattern: number))
        }
        outer.add(2, signed: -1)
      }
      var reader = ProtobufReader(try ByteSource(bytes: writer.bytes))
      #expect(try reader.next() && reader.field == 536_870_911)
      #expect(try reader.enter() && reader.next() && reader.field == 15)
      #expect(try reader.enter() && reader.next() && reader.field == 16)
      #expect(try reader.string(maximum: 1 << 20) == text)
      #expect(try reader.next() && reader.unsigned == number)
      #expect(try !reader.next())
      #expect(try reader.next() && reader.integer == -1)
      #expect(try !reader.next())
      #expect(try !reader.next())
    }
  }

  @Test(arguments: [1, 100, 300_000])
  func `blocks are compressed so that another decoder reads them`(length: Int) throws {
    var random = SplitMix64(seed: 1)
    let text = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() & 7) }
    let compressed = ZlibEncoder().compress(text)
    let block = try #require(compressed)
    // RFC 1950: two bytes, deflated data, and the sum of the text; RFC 1952 frames the same data.
    #expect(block[0] & 0x0F == 8)
    #expect((Int(block[0]) << 8 + Int(block[1])) % 31 == 0)
    let member =
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + Array(block[2..<(block.count - 4)])
      + Container.little(Container.crc32(text), 4) + Container.little(UInt32(length), 4)
    var source = try ByteSource(bytes: member)
    #expect(try source.read(count: length + 1) == text)
    if length > 1_000 { #expect(block.count < length / 2) }
  }
}
