import Foundation
import TestSupport
import Testing
import TraceIO

@Suite struct ByteSourceTests {
  static let text = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  @Test("text comes back whole from every container", arguments: ["plain", "gzip", "zstd"])
  func roundTrip(kind: String) throws {
    let stored =
      switch kind {
      case "gzip": Container.gzip(Self.text)
      case "zstd": Container.zstd(Self.text)
      default: Self.text
      }
    for piece in [1 << 20, 65_537, 999] {
      #expect(try readAll(ByteSource(bytes: stored), piece: piece) == Self.text)
    }
  }

  @Test func `members and frames that follow each other are one text`() throws {
    let (a, b) = (Array("first,".utf8), Array("second".utf8))
    let gzip = Container.gzip(a) + Container.gzip([]) + Container.gzip(b) + [0, 0, 0]
    #expect(try readAll(ByteSource(bytes: gzip)) == a + b)
    #expect(try readAll(ByteSource(bytes: Container.zstd(a) + Container.zstd(b))) == a + b)
  }

  @Test func `a stream cut anywhere is an error and never shorter text`() throws {
    let text = Array("some text to be cut".utf8)
    for stored in [Container.gzip(text), Container.zstd(text)] {
      for length in 4..<stored.count {
        let error = #expect(throws: TraceIOError.self) {
          _ = try readAll(ByteSource(bytes: Array(stored.prefix(length))))
        }
        #expect(error?.reason == .truncatedStream)
        #expect(error?.position == .storedByte(length))
      }
    }
  }

  @Test func `damage is an error with its place`() throws {
    let garbage = Container.gzip(Array("some text".utf8)) + Array("tail".utf8)
    let error = #expect(throws: TraceIOError.self) { _ = try readAll(ByteSource(bytes: garbage)) }
    #expect(error?.reason == .corruptStream)
  }

  @Test func `a flipped bit of text, checksum or length is found in each member`() throws {
    let member = Container.gzip(Array("some text".utf8))
    for place in 15..<member.count {
      for damaged in 0..<2 {
        var stored = member + member
        stored[damaged * member.count + place] ^= 1 << UInt8(place % 8)
        let error = #expect(throws: TraceIOError.self) {
          _ = try readAll(ByteSource(bytes: stored))
        }
        #expect(error?.reason == .corruptStream)
        #expect(error?.position == .storedByte((damaged + 1) * member.count))
      }
    }
  }

  @Test func `expansion is bounded in size and ratio`() throws {
    let bomb = Container.zstdBomb(0x20, megabytes: 80)
    let error = #expect(throws: TraceIOError.self) {
      _ = try readAll(ByteSource(bytes: bomb), piece: 1 << 20)
    }
    #expect(error?.reason == .ratioLimit)
    let small = #expect(throws: TraceIOError.self) {
      let limits = InputLimits(maximumOutput: 1000)
      _ = try readAll(ByteSource(bytes: Self.text, limits: limits))
    }
    #expect(small?.reason == .outputLimit)
  }

  @Test func `the digest is that of the stored bytes even if reading ends early`() throws {
    var source = try ByteSource(bytes: Array("abc".utf8))
    let summary = try source.finish()
    #expect(
      summary.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(summary.storedBytes == 3)
    #expect(summary.textBytes == 0)
  }

  @Test func `files are read by path, and their faults named`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "reprise-\(UUID()).gz").path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(Container.gzip(Self.text)).write(to: URL(filePath: path))
    var source = try ByteSource(path: path)
    _ = try source.read(count: 10)
    #expect(source.compression == .gzip)
    #expect(try source.finish().storedBytes == Container.gzip(Self.text).count)
    let missing = #expect(throws: TraceIOError.self) { _ = try ByteSource(path: "/no/such/file") }
    #expect(missing?.description.contains("No such file") == true)
    let folder = #expect(throws: TraceIOError.self) { try readAll(ByteSource(path: "/")) }
    #expect(folder?.description == "/: is a folder; name a file in it")
  }

  /// The first bytes are those of files that the tools of these names wrote.
  @Test(
    arguments: [
      ("a zip archive", [0x50, 0x4B, 3, 4, 0]),
      ("an xz stream", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]),
      ("a bzip2 stream", [0x42, 0x5A, 0x68, 0x39, 0x31]),
    ] as [(String, [UInt8])])
  func `containers that are not read are named, and are to be unpacked`(
    name: String, bytes: [UInt8]
  ) {
    let error = #expect(throws: TraceIOError.self) { _ = try ByteSource(bytes: bytes, name: "f") }
    #expect(
      error?.description
        == "f: not a format that is read: \(name); unpack it first; plain, gzip and zstd are read")
  }

  @Test(.needsSharedData)
  func `the gigabyte bomb of the data set is refused early`() throws {
    let path = SharedData.path("traces/malformed/18_bomb_1GB.json.gz")
    let error = #expect(throws: TraceIOError.self) {
      var source = try ByteSource(path: path)
      while try !source.read(count: 1 << 20).isEmpty {}
    }
    #expect(error?.reason == .ratioLimit)
  }
}
