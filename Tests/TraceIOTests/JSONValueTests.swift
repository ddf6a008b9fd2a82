import Foundation
import Testing

@testable import TraceIO

@Suite struct JSONValueTests {
  func read(_ text: String) throws(TraceIOError) -> JSONValue {
    let url = FileManager.default.temporaryDirectory.appending(path: "reprise-\(UUID())")
    defer { try? FileManager.default.removeItem(at: url) }
    try? Data(text.utf8).write(to: url)
    return try JSONValue.read(path: url.path()).value
  }

  @Test func `a document is kept in its order`() throws {
    let value = try read(
      #"{"b": [1, -2.5, "x\n", true, null], "a": {}, "b": 18446744073709551616}"#)
    #expect(
      value
        == .object([
          .init(
            "b",
            .array([.integer(1), .number(-2.5), .string("x\n"), .boolean(true), .null])),
          .init("a", .object([])), .init("b", .number(18_446_744_073_709_551_616)),
        ]))
  }

  @Test(
    "what is no document is an error with its place",
    arguments: [
      "", "{", "[1", "[NaN]", #"{"a": }"#, "1 2", #"{"a" 1}"#, "[1,]",
      String(repeating: "[", count: 100),
    ])
  func broken(text: String) {
    #expect(throws: TraceIOError.self) { try read(text) }
  }

  @Test func `a document beyond the limit is refused`() {
    let error = #expect(throws: TraceIOError.self) {
      try read("\"" + String(repeating: "x", count: JSONValue.largestDocument) + "\"")
    }
    #expect(error?.reason == .outputLimit)
  }
}
