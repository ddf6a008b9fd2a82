import Foundation
import TestSupport
import Testing

/// The command as a process, with a folder of its own for what it reads and writes.
struct CommandProcess {
  /// What a process said, and how it ended.
  struct Outcome {
    var code: Int32
    var output: String
    var errors: String
  }

  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The executable that `swift test` built beside the tests.
  private static let executable = Bundle.main.executableURL?.deletingLastPathComponent()
    .appending(path: "reprise")

  /// A process that is not started yet.
  func process(_ arguments: [String]) throws -> Process {
    let process = Process()
    var candidates = [Self.executable].compactMap { $0 }
    candidates += ["debug", "release"].map {
      Checkout.url(".build/\($0)/reprise")
    }
    let found = candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    let executable: URL = try #require(found)
    process.executableURL = executable
    process.arguments = arguments
    return process
  }

  /// Runs it to its end, in a folder if one is given, with a file as its standard input if one is.
  func run(
    _ arguments: [String], in folder: URL? = nil, reading input: String? = nil
  ) throws -> Outcome {
    let process = try process(arguments)
    if let folder { process.currentDirectoryURL = folder }
    if let input { process.standardInput = FileHandle(forReadingAtPath: input) }
    // Files, not pipes: output may be larger than a pipe holds.
    let (output, errors) = (directory.path("stdout"), directory.path("stderr"))
    for path in [output, errors] { try Data().write(to: URL(filePath: path)) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  /// Writes a file for it, and gives its path.
  func file(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: directory.path(name), atomically: true, encoding: .utf8)
    return directory.path(name)
  }
}
