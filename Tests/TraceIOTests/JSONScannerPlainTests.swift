import Foundation
import Operators
import Testing

@testable import TraceIO

/// The ways through a document (token by token, skipping, by known names) must agree with one
/// another on every text, sound or not; ``JSONScannerTests`` compares the first with Foundation.
@Suite("A scanner's fast lane")
struct JSONScannerPlainTests {
  static let sample = """
    {
      "ph": "X", "cat": "kernel", "name": "void f<4, g<float> >(int)", "pid": 0, "tid": 7,
      "ts": 1712195495505582.988, "dur": -0.50, "empty": "", "text": "a \\"b\\" \\\\ \\u00e9 é",
      "args": {
        "External id": 1873382,\t"queued": 0, "grid": [24, 1, 1],\r
        "occupancy": 6e-1, "dims": [[8, 4], [], [[2, 3], [2, 3]]], "none": null, "yes": true,

                  "types": ["c10::BFloat16", ""], "nested": {"a": {"b": [{}, {"c": [[]]}]}}
      }, "last": 12
    }
    """
  static let keys = JSONKeys(["ts", "name", "nested", "missing", "none", "dims", "last", "args"])

  /// What a pass says: the tokens or members that it saw, and how it ended.
  struct Account: Equatable {
    var seen: [String] = []
    var error: TraceIOError?
  }

  /// Every token with its place and text.
  func walk(_ bytes: [UInt8], window: Int) -> Account {
    account(bytes, window) { scanner, seen throws(TraceIOError) in
      while true {
        let token = try scanner.next()
        if token == .end { return }
        seen.append("\(token) \(scanner.string()) \(scanner.tokenOffset) \(scanner.depth)")
      }
    }
  }

  /// The members of the outer object and of `args` in it that have known names, by tokens only.
  func membersByTokens(_ bytes: [UInt8], window: Int) -> Account {
    account(bytes, window) { scanner, seen throws(TraceIOError) in
      try members(&scanner, &seen) { scanner throws(TraceIOError) in
        guard try scanner.next() == .key else { return nil }
        return scanner.index(in: Self.keys)
      }
    }
  }

  /// The same by ``JSONScanner/nextKey(in:)``.
  func membersByName(_ bytes: [UInt8], window: Int) -> Account {
    account(bytes, window) { scanner, seen throws(TraceIOError) in
      try members(&scanner, &seen) { scanner throws(TraceIOError) in
        try scanner.nextKey(in: Self.keys)
      }
    }
  }

  private func members(
    _ scanner: inout JSONScanner, _ seen: inout [String],
    next: (inout JSONScanner) throws(TraceIOError) -> Int?
  ) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else { return }
    while let index = try next(&scanner) {
      let token = try scanner.next()
      if index >= 0 { seen.append("\(index) \(token) \(scanner.string()) \(scanner.tokenOffset)") }
      if index == 7, token == .objectStart { continue }
      try scanner.skipValue(of: token)
    }
    seen.append("end at \(scanner.offset), \(scanner.depth) open")
  }

  /// Only whether all of it can be skipped, and where it ends.
  func skip(_ bytes: [UInt8], window: Int) -> Account {
    account(bytes, window) { scanner, seen throws(TraceIOError) in
      let token = try scanner.next()
      try scanner.skipValue(of: token)
      seen.append("\(scanner.tokenOffset) \(scanner.tokenLength) \(scanner.offset)")
      while try scanner.next() != .end {}
    }
  }

  private func account(
    _ bytes: [UInt8], _ window: Int,
    _ body: (inout JSONScanner, inout [String]) throws(TraceIOError) -> Void
  ) -> Account {
    var account = Account()
    do throws(TraceIOError) {
      var scanner = try JSONScanner(
        ByteSource(bytes: bytes), limits: JSONLimits(initialWindow: window))
      try body(&scanner, &account.seen)
    } catch {
      account.error = error
    }
    return account
  }

  /// Whether all ways through a text agree, also where the window slides at each token.
  private func agree(_ bytes: [UInt8]) -> Bool {
    let whole = walk(bytes, window: 1 << 16)
    let members = membersByTokens(bytes, window: 1 << 16)
    for window in [64, 1 << 16] {
      let skipped = skip(bytes, window: window)
      guard walk(bytes, window: window) == whole, skipped.error == whole.error,
        membersByName(bytes, window: window) == members,
        membersByTokens(bytes, window: window) == members
      else { return false }
    }
    return true
  }

  @Test func `a sound text is the same by all ways`() throws {
    let bytes = Array(Self.sample.utf8)
    #expect(agree(bytes))
    #expect(walk(bytes, window: 64).error == nil)
    let known = membersByName(bytes, window: 64).seen.map { $0.split(separator: " ")[0] }
    #expect(known == ["1", "0", "7", "5", "4", "2", "end"])
    #expect(skip(bytes, window: 64).seen == ["\(bytes.count - 1) 1 \(bytes.count)"])
    let theirs = try JSONSerialization.jsonObject(with: Data(bytes)) as? NSObject
    #expect(try tree(bytes, limits: .standard) as? NSObject == theirs)
  }

  @Test func `a text cut at any byte is refused there by all ways`() {
    let bytes = Array(Self.sample.utf8)
    for length in 0..<bytes.count {
      let cut = Array(bytes.prefix(length))
      #expect(agree(cut), "\(length)")
      #expect(skip(cut, window: 1 << 16).error?.position == .byte(length))
    }
  }

  @Test func `random damage is judged alike by all ways, and by Foundation`() {
    var random = SplitMix64(seed: 11)
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnu \n\t\u{0}\u{1}\u{e9}aN/".utf8)
    var (sound, refused) = (0, 0)
    for _ in 0..<3000 {
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
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(agree(bytes), "\(text)")
      if skip(bytes, window: 1 << 16).error != nil {
        refused += 1
        // Foundation takes a comma before a closing bracket; else it must refuse it, too.
        guard String(validating: bytes, as: UTF8.self) != nil, !text.contains(/,\s*[\]}]/) else {
          continue
        }
        #expect((try? JSONSerialization.jsonObject(with: Data(bytes))) == nil, "\(text)")
      } else {
        sound += 1
      }
    }
    #expect(sound > 200 && refused > 200)
  }

  @Test(
    "a number must end where a value may end",
    arguments: ["01", "1.", "-", ".5", "1.5.5", "1x", "0x1", "1e", "1e+", "--1", "+1"])
  func numbers(word: String) throws {
    let text = #"{"a": \#(word), "b": [\#(word)], "c": 1}"#
    #expect(agree(Array(text.utf8)))
    let seen = walk(Array(text.utf8), window: 1 << 16).seen
    #expect(seen.contains { $0.hasPrefix("number \(word) ") } == false)
    #expect(
      skip(Array(text.utf8), window: 1 << 16).error == walk(Array(text.utf8), window: 64).error)
  }
}
