import Operators
import TestSupport
import Testing

@testable import TraceIO

@Suite struct ProtobufReaderTests {
  /// Field 1 is the number 300, field 2 a message {1: "abc", 2: [1, 2, 300] packed}, field 3 eight
  /// bytes, field 5 four, by hand from the documented encoding.
  static let message: [UInt8] =
    [0x08, 0xAC, 0x02]
    + [0x12, 0x0B, 0x0A, 0x03, 0x61, 0x62, 0x63, 0x12, 0x04, 0x01, 0x02, 0xAC, 0x02]
    + [0x19, 1, 0, 0, 0, 0, 0, 0, 0x80] + [0x2D, 2, 0, 0, 1]

  private func reader(_ bytes: [UInt8], window: Int = 64) throws -> ProtobufReader {
    ProtobufReader(try ByteSource(bytes: bytes), maximumDepth: 4, windowSize: window)
  }

  @Test func `numbers, texts, nested messages and packed lists are read`() throws {
    var reader = try reader(Self.message)
    #expect(try reader.next())
    #expect(reader.field == 1)
    #expect(reader.integer == 300)
    #expect(try !reader.enter())
    #expect(try reader.next())
    #expect(reader.valueLength == 11)
    #expect(try reader.enter())
    #expect(try reader.next())
    #expect(try reader.string() == "abc")
    #expect(try reader.next())
    #expect(try reader.integers(maximum: 10) == [1, 2, 300])
    #expect(try !reader.next())
    #expect(try reader.next())
    #expect(reader.unsigned == 0x8000_0000_0000_0001)
    #expect(try reader.next())
    #expect(reader.field == 5)
    #expect(reader.unsigned == 0x0100_0002)
    #expect(try !reader.next())
  }

  @Test func `what is not read is skipped, also a part of a value`() throws {
    var reader = try reader(Self.message)
    var fields: [Int] = []
    while try reader.next() {
      fields.append(reader.field)
      if reader.field == 2 {
        #expect(try reader.bytes(maximum: 2) == [0x0A, 0x03])
        #expect(reader.valueLength == 9)
      }
    }
    #expect(fields == [1, 2, 3, 5])
  }

  @Test func `a value larger than the window is read whole`() throws {
    let text = [UInt8](repeating: 0x61, count: 1000)
    var reader = try reader([0x0A, 0xE8, 0x07] + text + [0x10, 0x05])
    #expect(try reader.next())
    #expect(try reader.bytes(maximum: 5000) == text)
    #expect(try reader.next())
    #expect(reader.integer == 5)
  }

  @Test func `records follow their lengths, and what is left of one is skipped`() throws {
    var reader = try reader([3, 0x08, 0xAC, 0x02, 0, 4, 0x08, 1, 0x10, 2])
    #expect(try reader.nextRecord())
    #expect(try reader.nextRecord())
    #expect(try !reader.next())
    #expect(try reader.nextRecord())
    #expect(try reader.next())
    #expect(reader.integer == 1)
    #expect(try !reader.nextRecord())
  }

  @Test(
    "broken bytes are an error",
    arguments: [
      ([0x08], .truncatedMessage),
      ([0x0A, 5, 1], .truncatedMessage),
      ([0x0D, 1, 2], .truncatedMessage),
      ([0x0B], .malformedMessage),
      ([0x0F, 1], .malformedMessage),
      ([0x00, 1], .malformedMessage),
      ([0x08] + [UInt8](repeating: 0xFF, count: 11), .malformedMessage),
      ([0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02], .malformedMessage),
      ([0x0A] + [UInt8](repeating: 0xFF, count: 9) + [0x01], .malformedMessage),
    ] as [([UInt8], TraceIOError.Reason)])
  func broken(bytes: [UInt8], reason: TraceIOError.Reason) throws {
    let error = #expect(throws: TraceIOError.self) {
      var reader = try reader(bytes)
      while try reader.next() {}
    }
    #expect(error?.reason == reason)
  }

  @Test func `a value beyond its message is an error, and the message can be left`() throws {
    var reader = try reader([0x0A, 3, 0x12, 9, 0x61, 0x10, 7])
    #expect(try reader.next())
    #expect(try reader.enter())
    let error = #expect(throws: TraceIOError.self) { _ = try reader.next() }
    #expect(error?.reason == .malformedMessage)
    #expect(try reader.leave(1))
    #expect(try reader.next())
    #expect(reader.integer == 7)
  }

  @Test func `messages within messages are counted`() throws {
    var bytes: [UInt8] = []
    for _ in 0..<9 { bytes = [0x0A, UInt8(bytes.count)] + bytes }
    let error = #expect(throws: TraceIOError.self) {
      var reader = try reader(bytes)
      while try reader.next() { _ = try reader.enter() }
    }
    #expect(error?.reason == .tooDeep)
  }

  @Test func `every truncation is an error or an end, never a trap`() throws {
    for length in 0..<Self.message.count {
      var reader = try reader(Array(Self.message.prefix(length)))
      do throws(TraceIOError) {
        while try reader.next() {
          if reader.field == 2, reader.depth == 0 { _ = try reader.enter() }
        }
      } catch {
        #expect(error.reason == .truncatedMessage)
      }
    }
  }

  @Test func `random bytes end`() throws {
    var random = SplitMix64(seed: 1)
    for _ in 0..<2000 {
      var bytes = Self.message
      for _ in 0..<4 {
        bytes[random.below(bytes.count)] = UInt8(random.below(256))
      }
      var reader = try reader(bytes)
      do throws(TraceIOError) {
        while try reader.next() {
          if reader.field & 1 == 0 { _ = try reader.enter() } else { _ = try reader.string() }
        }
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }
}
