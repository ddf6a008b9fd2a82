import Operators
import Testing
import TraceIO

/// Going on behind damage in an array of objects.
@Suite struct JSONRecoveryTests {
  static let names = JSONKeys(["ph", "name"])
  static let members = JSONKeys(["traceName", "displayTimeUnit"])

  /// Reads `{"traceEvents": [...], ...}`: the names of whole events, and the places of damage.
  private func read(
    _ text: String, limits: JSONLimits = .standard
  ) throws -> (names: [String], damage: [Int], tail: String?) {
    var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)), limits: limits)
    var names: [String] = []
    var damage: [Int] = []
    var tail: String?
    while true {
      do throws(TraceIOError) {
        var name: String?
        while true {
          let token = try scanner.next()
          switch token {
          case .objectStart where scanner.depth == 3: name = ""
          case .key where scanner.depth == 3 && scanner.tokenIs("name"):
            _ = try scanner.next()
            name = scanner.string()
          case .key where scanner.depth == 1 && scanner.tokenIs("traceName"):
            _ = try scanner.next()
            tail = scanner.string()
          case .objectEnd where scanner.depth == 2:
            if let name { names.append(name) }
            name = nil
          case .end: return (names, damage, tail)
          default: break
          }
        }
      } catch {
        guard case .byte(let offset) = error.position else { throw error }
        damage.append(offset)
        let goesOn = try scanner.resume(
          at: .arrayInObject, names: Self.names, members: Self.members)
        if !goesOn { return (names, damage, tail) }
      }
    }
  }

  static let sound = (0..<6).map {
    #"{"ph": "X", "name": "e\#($0)", "args": {"a": [1, {"b": 2}]}}"#
  }

  static func document(_ events: [String]) -> String {
    #"{"schemaVersion": 1, "traceEvents": [\#(events.joined(separator: ",\n "))], "traceName": "t"}"#
  }

  @Test(
    "one damaged event costs itself alone",
    arguments: [
      #"{"ph": "X", "name": "a"b", "args": {}}"#,
      #"{"ph": "X", "name": "bad \q escape"}"#,
      "{\"ph\": \"X\", \"name\": \"control \u{1} character\"}",
      #"{"ph": "X", "name": "trailing",}"#,
      #"{"ph": "X" "name": "no comma"}"#,
      #"{"ph": "X", "name" "no colon"}"#,
      #"{"ph": "X", "name": "lost quote, "ts": 1}"#,
      #"{"ph": "X", "name": "lost bracket", "args": {"a": 1}"#,
      #"{"ph": "X", "name": "one too many"}}"#,
      #"{"ph": "X", "name": "wrong bracket"]"#,
      #"{"ph": "X", "args": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["#,
      #"{ph: "X"}"#, "}", "{", #"{"ph": "X", "name": "cut in a str"#, "\u{1}",
    ])
  func damage(event: String) throws {
    var events = Self.sound
    events[3] = event
    for limits in [JSONLimits.standard, JSONLimits(initialWindow: 64)] {
      let found = try read(Self.document(events), limits: limits)
      let lost = found.names.filter { !$0.hasPrefix("e") }
      #expect(Set(found.names).isSuperset(of: ["e0", "e1", "e2", "e4", "e5"]), "\(found)")
      #expect(lost.isEmpty || event.hasSuffix("}}"), "\(found)")
      #expect(found.damage.count == 1)
      #expect(found.tail == "t")
    }
  }

  @Test func `the array's end is found behind damage in its last event`() throws {
    var events = Self.sound
    events[5] = #"{"ph": "X", "name": "a"b", "deviceProperties": [1], "traceName""#
    #expect(try read(Self.document(events)).tail == "t")
    let comma = try read(Self.document(Self.sound + [""]))
    #expect(comma.names.count == 6)
    #expect(comma.tail == "t")
  }

  @Test func `a comma lost between events costs nothing`() throws {
    let text = Self.document([Self.sound[0] + Self.sound[1], Self.sound[2]])
    let found = try read(text)
    #expect(found.names == ["e0", "e1", "e2"])
    #expect(found.damage.count == 1)
  }

  @Test func `damage of any kind ends, and finds each event at most once`() throws {
    var random = SplitMix64(seed: 11)
    let alphabet = Array("{}[]\",:\\0129.eE+-tfnu \u{1}".utf8)
    let text = Array(Self.document(Self.sound).utf8)
    for _ in 0..<3000 {
      var damaged = text
      for _ in 0...Int.random(in: 0..<5, using: &random) {
        let place = Int.random(in: 0..<damaged.count, using: &random)
        damaged[place] = alphabet.randomElement(using: &random) ?? 0
      }
      let found = try? read(
        String(decoding: damaged, as: UTF8.self), limits: JSONLimits(initialWindow: 64))
      let names = found?.names.filter { $0.hasPrefix("e") } ?? []
      #expect(Set(names).count == names.count || names.count <= 6, "\(names)")
      #expect((found?.damage.count ?? 0) <= damaged.count)
    }
  }
}
