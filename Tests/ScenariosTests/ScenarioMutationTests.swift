import Operators
import TestSupport
import Testing

@testable import Scenarios

@Suite struct ScenarioMutationTests {
  @Test("Every cut of the text is read or refused")
  func truncated() {
    let bytes = Array(ScenarioReaderTests.whole.utf8)
    for end in stride(from: 0, to: bytes.count, by: 23) {
      read(String(decoding: bytes[..<end], as: UTF8.self))
    }
  }

  @Test("No change of the text traps, and what is read can be simulated", arguments: 0..<4)
  func mutations(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let values = [
      "0", "-1", "1e308", "-1e-308", "nan", "inf", "9223372036854775807", "4096", "16777216",
      "1000000000", "true", "[]", "{}", "[1, 2]", "''", "~", "llm", "store", "decode", "prefill",
      "chat", "first", "[chat]", "0x10", "|", "- x",
    ]
    let lines = ScenarioReaderTests.whole.split(separator: "\n").map(String.init)
    var read = 0
    for _ in 0..<80 {
      var changed = lines
      for _ in 0...random.below(2) {
        let line = random.below(changed.count)
        switch random.below(6) {
        case 0: changed.remove(at: line)
        case 1: changed.insert(changed[line], at: random.below(changed.count))
        case 2: changed.swapAt(line, random.below(changed.count))
        case 3:
          var bytes = Array(changed[line].utf8)
          bytes[random.below(bytes.count)] = UInt8(random.below(256))
          changed[line] = String(decoding: bytes, as: UTF8.self)
        default:
          // Another value for one of the line's keys.
          let parts = changed[line].split(separator: ": ", omittingEmptySubsequences: false)
          guard parts.count > 1 else { continue }
          let part = 1 + random.below(parts.count - 1)
          let rest = parts[part].drop { !",}]".contains($0) }
          let value = values[random.below(values.count)] + rest
          changed[line] =
            (parts[..<part] + [value[...]] + parts[(part + 1)...]).joined(separator: ": ")
        }
      }
      if self.read(changed.joined(separator: "\n")) { read += 1 }
    }
    // Some changes are to values that may be had.
    #expect(read > 2)
  }

  @Test(
    "What is no scenario is an error, not a trap",
    arguments: [
      "", "---", "- a", "x", "version: 1", "version: 1\nname: n\nengines: []\npipelines: []",
      "version: 1\nname: n\nengines: [1]\npipelines: [1]",
      "version: 1\nname: n\nengines: [{kind: llm}]\npipelines: [1]",
      "version: 1\nname: n\nengines: [{name: x, kind: external}]\npipelines: [{name: p, stages: 7}]",
      String(repeating: "[", count: 16_000), String(repeating: "{a: ", count: 16_000),
      String(repeating: "[\n", count: 16_000), String(repeating: "[", count: 100_000),
      String(repeating: "x", count: 2_000_000), "a: &b [*b]",
    ])
  func nonsense(yaml: String) {
    #expect(throws: ScenarioError.self) { try Scenario(yaml: yaml, path: "") }
  }

  /// Whether a text is read; what is must be sound, and an error must lie within the text.
  @discardableResult
  private func read(_ yaml: String) -> Bool {
    do throws(ScenarioError) {
      let scenario = try Scenario(yaml: yaml, path: "x")
      #expect(scenario.firstConflict == nil)
      #expect(scenario.firstPlaces.count == scenario.pools.count)
      for pipeline in scenario.pipelines { _ = scenario.prefills(of: pipeline) }
      return true
    } catch {
      #expect((1...yaml.count { $0.isNewline } + 1).contains(error.line), "\(error)")
      return false
    }
  }
}
