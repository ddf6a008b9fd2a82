import Foundation
import Testing
import TraceIO

@Suite("An output file")
struct OutputFileTests {
  @Test("is not there before it is complete, and leaves nothing behind without a commit")
  func atomic() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "reprise-output-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/report.txt"
    do {
      var file = try OutputFile(path: path)
      try file.write(String(repeating: "x", count: 200_000))
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    try OutputFile.write("one", to: path)
    try OutputFile.write("two", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["report.txt"])
  }

  @Test("that cannot be written says which and what to do")
  func refused() {
    let error = #expect(throws: OutputError.self) {
      try OutputFile.write("x", to: "/nowhere/at/all/report.txt")
    }
    #expect(
      error?.description
        == "/nowhere/at/all/report.txt: cannot be written (No such file or directory); name a file "
        + "in a folder that exists and that you may write to")
  }
}
