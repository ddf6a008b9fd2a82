import Foundation
import Operators
import TestSupport
import Testing

@testable import TraceIO

@Suite struct JSONScannerTests {
  static let sample = """
    {"name":"a \\"b\\" \\u00e9\\ud83d\\ude00","list":[1,-2.5e3,[],{}],"t":true,"f":false,"n":null,
     "deep":{"x":[{"y":"\\\\"}]}, "empty":""}
    """

  @Test func `tokens come in order with their text`() throws {
    let text = #" {"a": [1, "x\n"], "b" : NaN } "#
    var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)))
    var seen: [String] = []
    while true {
      let token = try scanner.next()
      if token == .end { break }
      seen.append("\(token) \(scanner.string()) \(scanner.tokenOffset) \(scanner.depth)")
    }
    #expect(
      seen == [
        "objectStart { 1 1", "key a 2 1", "arrayStart [ 7 2", "number 1 8 2", "string x\n 11 2",
        "arrayEnd ] 16 1", "key b 19 1", "invalidLiteral NaN 25 1", "objectEnd } 29 0",
      ])
    #expect(try scanner.next() == .end)
  }

  @Test func `values are captured as written and skipped`() throws {
    let text = #"{"dims": [[1, 2], []], "skip": {"a": [1]}, "s": "x", "n": 12, "big": [123456789]}"#
    let limits = JSONLimits(maximumCapture: 16, initialWindow: 64)
    var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)), limits: limits)
    _ = try scanner.next()
    _ = try scanner.next()
    #expect(try scanner.captureValue() == .arrayStart)
    #expect(scanner.string() == "[[1, 2], []]")
    #expect(scanner.withToken { $0.count } == 12)
    try scanner.skipValue(of: scanner.next())
    _ = try scanner.next()
    #expect(scanner.tokenIs("s") == true)
    #expect(try scanner.captureValue() == .string)
    #expect(scanner.string() == "\"x\"")
    _ = try scanner.next()
    #expect(scanner.index(in: JSONKeys(["name", "n"])) == 1)
    #expect(try scanner.next() == .number)
    #expect(scanner.integer() == 12)
    #expect(scanner.double() == 12)
    _ = try scanner.next()
    #expect(try scanner.captureValue() == .arrayStart)
    #expect(try scanner.next() == .objectEnd)
  }

  @Test func `names are found in a list by all their bytes`() throws {
    let keys = JSONKeys(["", "Input type", "Input Dims", "Input Strides", "ts"])
    for (index, name) in ["Input type", "Input Dims", "Input Strides", "ts"].enumerated() {
      var scanner = try JSONScanner(ByteSource(bytes: Array("\"\(name)\"".utf8)))
      _ = try scanner.next()
      #expect(scanner.index(in: keys) == index + 1)
    }
    for name in ["Input Tims", "Input Dimz", "Input", "tt", "t", "", "Input Dims "] {
      var scanner = try JSONScanner(ByteSource(bytes: Array("\"\(name)\"".utf8)))
      _ = try scanner.next()
      #expect(scanner.index(in: keys) == -1)
    }
  }

  @Test func `a string beyond the limit keeps its start in constant memory`() throws {
    let limits = JSONLimits(maximumString: 64, initialWindow: 128)
    for length in [63, 64, 65, 200, 300_000] {
      let text = "[\"" + String(repeating: "ab", count: length) + "\", 7]"
      var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)), limits: limits)
      _ = try scanner.next()
      #expect(try scanner.next() == .string)
      #expect(scanner.tokenIsTruncated == (2 * length > 64))
      #expect(scanner.string() == String(repeating: "ab", count: min(32, length)))
      #expect(try scanner.next() == .number)
      #expect(scanner.tokenOffset == text.utf8.count - 2)
      #expect(scanner.capacity <= 1024)
    }
  }

  @Test func `depth, words and stray bytes are bounded`() throws {
    let deep = String(repeating: "[", count: 100_000)
    #expect(failure(deep)?.reason == .tooDeep)
    #expect(failure(deep)?.position == .byte(64))
    #expect(failure("[" + String(repeating: "1", count: 10_000_000))?.reason == .tokenTooLong)
    #expect(failure("[1,\u{0}2]")?.position == .byte(3))
    #expect(failure("{\"a\":\"b\u{1}\"}")?.position == .byte(7))
    #expect(failure("{\"a\":\"b \"c\"}")?.position == .byte(9))
    #expect(failure("[1,]")?.position == .byte(3))
    #expect(failure("[1] [2]")?.position == .byte(4))
    #expect(failure("")?.reason == .truncatedDocument)
    #expect(failure("[\"a")?.description.contains("ends early") == true)
  }

  @Test(
    "half a surrogate pair and bytes that are not UTF-8 are replaced",
    arguments: [
      (#""\ud800""#, "\u{FFFD}"), (#""\udc00x""#, "\u{FFFD}x"), (#""\ud800A""#, "\u{FFFD}A"),
      (#""\ud83d\ude00""#, "😀"), (#""\/\b\f\r\t""#, "/\u{8}\u{C}\r\t"),
    ])
  func replacement(text: String, expected: String) throws {
    var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)))
    _ = try scanner.next()
    #expect(scanner.string() == expected)
    var raw = try JSONScanner(ByteSource(bytes: [0x22, 0xFF, 0x41, 0x22]))
    _ = try raw.next()
    #expect(raw.string() == "\u{FFFD}A")
  }

  @Test func `a document cut at any byte ends in an error`() throws {
    let bytes = Array(Self.sample.utf8)
    for window in [64, 1024] {
      for length in 0..<bytes.count {
        let error = failure(bytes: Array(bytes.prefix(length)), window: window)
        #expect(error?.reason == .truncatedDocument)
        #expect(error?.position == .byte(length))
      }
      #expect(failure(bytes: bytes, window: window) == nil)
    }
  }

  @Test func `values agree with Foundation, whatever the window`() throws {
    for window in [64, 80, 100, 1 << 20] {
      let limits = JSONLimits(initialWindow: window)
      let ours = try tree(Array(Self.sample.utf8), limits: limits)
      let theirs = try JSONSerialization.jsonObject(with: Data(Self.sample.utf8))
      #expect(ours as? NSObject == theirs as? NSObject)
    }
  }

  @Test func `random damage never traps, and is refused where Foundation refuses it`() throws {
    var random = SplitMix64(seed: 7)
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnu \n\u{1}\u{e9}aN/".utf8)
    var accepted = 0
    for _ in 0..<12_000 {
      var bytes = Array(Self.sample.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let byte = alphabet.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        default: bytes.remove(at: place)
        }
      }
      var ours: NSObject?
      do {
        ours = try tree(bytes, limits: JSONLimits(initialWindow: 64)) as? NSObject
      } catch is DuplicateName {
        continue
      } catch {}
      guard String(validating: bytes, as: UTF8.self) != nil else { continue }
      let theirs = try? JSONSerialization.jsonObject(with: Data(bytes)) as? NSObject
      let text = String(decoding: bytes, as: UTF8.self)
      if ours != nil { accepted += 1 }
      // Foundation takes a comma before a closing bracket, and refuses lone surrogates, which
      // profilers write; nothing else may differ.
      if ours == nil, text.contains(/,\s*[\]}]/) { continue }
      if ours == nil || theirs != nil || !text.contains("\\u") {
        #expect(ours == theirs, "\(text)")
      }
    }
    #expect(accepted > 500)
  }

  @Test(.needsSharedData)
  func `a real trace agrees with Foundation`() throws {
    let path = SharedData.path("traces/malformed/00_valid.json")
    let bytes = try readAll(ByteSource(path: path))
    let theirs = try JSONSerialization.jsonObject(with: Data(bytes)) as? NSObject
    #expect(try tree(bytes, limits: JSONLimits(initialWindow: 128)) as? NSObject == theirs)
  }
}

/// The error of scanning all of a text, or nil.
func failure(_ text: String) -> TraceIOError? { failure(bytes: Array(text.utf8), window: 1 << 16) }

func failure(bytes: [UInt8], window: Int) -> TraceIOError? {
  do throws(TraceIOError) {
    var scanner = try JSONScanner(
      ByteSource(bytes: bytes), limits: JSONLimits(initialWindow: window))
    while try scanner.next() != .end {}
    return nil
  } catch {
    return error
  }
}

/// A document as Foundation's objects; nil where a value is not JSON.
func tree(_ bytes: [UInt8], limits: JSONLimits) throws -> Any? {
  var scanner = try JSONScanner(ByteSource(bytes: bytes), limits: limits)
  let value = try tree(&scanner, scanner.next())
  guard try scanner.next() == .end, !(value is Bad) else { return nil }
  return value
}

struct Bad: Error {}
struct DuplicateName: Error {}

func tree(_ scanner: inout JSONScanner, _ token: JSONScanner.Token) throws -> Any {
  switch token {
  case .objectStart:
    let object = NSMutableDictionary()
    while try scanner.next() == .key {
      let key = scanner.string()
      let value = try tree(&scanner, scanner.next())
      // Which of two equal names wins is not defined.
      guard object[key] == nil else { throw DuplicateName() }
      object[key] = value
    }
    return object
  case .arrayStart:
    let array = NSMutableArray()
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return array }
      array.add(try tree(&scanner, token))
    }
  case .string: return scanner.string()
  case .number:
    guard let value = scanner.double() else { throw Bad() }
    return NSNumber(value: value)
  case .true: return NSNumber(value: true)
  case .false: return NSNumber(value: false)
  case .null: return NSNull()
  default: throw Bad()
  }
}
