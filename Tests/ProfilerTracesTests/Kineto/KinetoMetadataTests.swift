import Testing

@testable import ProfilerTraces

@Suite struct KinetoMetadataTests {
  @Test(
    "facts are short and printable, or not kept",
    arguments: [
      ("12040", "12040"), ("\"6.4.1\"", "6.4.1"), ("\"a\\u001b[2Jb\"", nil), ("\"\"", nil),
      ("\"\(String(repeating: "9", count: 101))\"", nil),
    ])
  func facts(value: String, kept: String?) throws {
    var trace = TraceText()
    trace.head = "\"cupti_version\": \(value)"
    trace.op("aten::mm", "0", "90")
    #expect(try trace.read().facts["cupti_version"] == kept)
  }
}
