import Scenarios
import Testing

@Suite("reprise.yaml")
struct CommandDefaultsTests {
  private func read(_ yaml: String) throws -> [CommandDefaults.Option] {
    try CommandDefaults(yaml: yaml, path: "reprise.yaml").options
  }

  @Test("options for all commands and for one, lists and flags, with their lines")
  func options() throws {
    let options = try read(
      """
      db: lat.sqlite
      replay:
        threads: 4
        bands: false
      inspect:
        shapes: [a, b]
      """)
    #expect(options.map(\.command) == [nil, "replay", "replay", "inspect"])
    #expect(options.map(\.name) == ["db", "threads", "bands", "shapes"])
    #expect(options.map(\.values) == [["lat.sqlite"], ["4"], ["false"], ["a", "b"]])
    #expect(options.map(\.line) == [1, 3, 4, 6])
  }

  @Test("a file without any is fine", arguments: ["", "\n", "# db: lat.sqlite\r\n  # more\n"])
  func none(yaml: String) throws { #expect(try read(yaml) == []) }

  @Test(
    "what is no option is told with its line",
    arguments: [
      ("- a", 1, "option: value"), ("--db: x", 1, "is no option"),
      ("a: b\nreplay:\n  x: {y: z}", 3, "'x' is a text"), ("a: b\nc:", 2, "'c' is a text"),
      ("replay:\n  a: b\n  a: c", 2, "given twice"), ("a: [[1]]", 1, "'a' is a text"),
      ("a: &x 1", 1, "anchors"),
    ])
  func wrong(yaml: String, line: Int, words: String) {
    let error = #expect(throws: ScenarioError.self) { try read(yaml) }
    #expect(error?.line == line)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }
}
