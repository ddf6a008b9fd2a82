import Foundation
import TestSupport
import Testing

/// The programs of docs/library.md, run as their reader would run them.
@Suite struct LibraryExampleTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ name: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let beside = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: name)
    let built = [beside, Checkout.url(".build/debug/\(name)")].compactMap(\.self)
    let found = built.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    let executable: URL = try #require(found)
    process.executableURL = executable
    process.arguments = arguments
    let output = directory.path(name)
    try Data().write(to: URL(filePath: output))
    process.standardOutput = FileHandle(forWritingAtPath: output)
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try String(contentsOfFile: output, encoding: .utf8)
  }

  @Test func `An operator between two measured sizes is predicted with its interval`() throws {
    let text = try run("PredictOperator", [OwnCapture.folder.path])
    #expect(text.contains("100 tokens: 1827 µs, interpolated"))
    #expect(text.contains("90 %: 1449 µs to 2304 µs"))
  }

  @Test func `A log is replayed and held against what it measured`() throws {
    _ = try OwnCapture.database(in: directory)
    let text = try run(
      "ReplayLog",
      [
        directory.path("lat.sqlite"), OwnCapture.path("server.yaml"),
        OwnCapture.path("serve-poisson-50/requests.jsonl.zst"),
      ])
    #expect(text.contains("169 of 169"))
    #expect(text.contains("of simulated time rests on measurements"))
  }

  @Test func `Batch sizes are compared, the same each time`() throws {
    let text = try run("ChooseBatchSize", ["6"])
    #expect(text == (try run("ChooseBatchSize", ["6"])))
    let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
    #expect(rows.map { $0[0] } == ["4", "8", "16", "32", "64", "128", "256"])
    // A larger batch never makes the queue of this load longer.
    let waits = rows.compactMap { Double($0[1]) }
    #expect(waits.first ?? 0 > waits.last ?? 0)
  }
}
