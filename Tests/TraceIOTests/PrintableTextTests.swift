import Testing

@testable import TraceIO

@Suite struct PrintableTextTests {
  @Test(
    "What a terminal would obey is written as an escape",
    arguments: [
      ("plain text, 100 %", "plain text, 100 %"), ("µs and 漢字", "µs and 漢字"), ("", ""),
      ("a\nb\tc\rd", "a\\nb\\tc\\rd"), ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
      ("\u{7f}\u{9b}31m", "\\u{7f}\\u{9b}31m"), ("\0", "\\u{0}"),
      ("abc\u{202e}cba", "abc\\u{202e}cba"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
      ("a\u{200b}b\u{2028}c\u{feff}", "a\\u{200b}b\\u{2028}c\\u{feff}"),
      ("e\u{301}", "e\u{301}"),
    ])
  func escapes(text: String, printed: String) {
    #expect(printableText(text) == printed)
  }

  @Test func `No scalar of any plane leaves a control or a mark of direction`() {
    for value in UInt32(0)...0x10ffff {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let category = scalar.properties.generalCategory
      guard category == .control || category == .format else { continue }
      #expect(printableText(String(scalar)).unicodeScalars.allSatisfy { $0.isASCII })
    }
  }
}
