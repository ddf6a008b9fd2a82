import Foundation
import Reprise
import TestSupport
import Testing

/// `reprise merge` as a process: real captures, its errors, and its end before its time.
@Suite struct MergeCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }
  private var merged: String { directory.path("all.sqlite") }

  /// The arguments that import a source: a sweep of our own, and a small table of collectives.
  private static let imports = [
    ["import", OwnCapture.path("samples.jsonl.zst"), "--device", OwnCapture.device],
    [
      "import", tables + "collectives.csv", "--mapping", tables + "all-reduce.json",
    ],
  ]
  private static let tables = Checkout.path("docs/examples/tables") + "/"

  init() throws {
    command = try CommandProcess()
    for (name, arguments) in zip(["a", "b"], Self.imports) {
      try run(arguments + ["--db", path(name)])
    }
  }

  private func path(_ name: String) -> String { directory.path(name + ".sqlite") }

  /// Runs it, and gives what it printed.
  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let outcome = try command.run(arguments)
    #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
    return outcome.output
  }

  @Test func `A merged database answers like one that all was imported into`() throws {
    let said = try run(["merge", path("b"), path("a"), path("b"), "-o", merged])
    #expect(
      said
        == """
        \(merged): 2 sources of 3 databases: 522 samples on 18 curves, 0 steps, 0 calibrations
          1 source more was the same as one of these

        """)
    for arguments in Self.imports { try run(arguments + ["--db", path("direct")]) }
    for question in [
      [
        "query", "--device", OwnCapture.device, "--dtype", "fp32", "gemm", "m=100", "n=1536",
        "k=512", "--explain",
      ], ["show", "curves"],
    ] {
      let answers = try [merged, path("direct")].map { try run(question + ["--db", $0]) }
      #expect(!answers[0].isEmpty && answers[0] == answers[1])
    }
    let again = try run(Self.imports[0] + ["--db", merged])
    #expect(again.contains("already imported"), "\(again)")
  }

  @Test func `Wrong arguments and files get one line and their exit code`() throws {
    let text = try command.file("text", "no database, but long enough for the header of one")
    let cases: [([String], Int32, String)] = [
      ([], 64, "databases"), (["a"], 64, "-o"), (["a", "-o", "a"], 64, "would be overwritten"),
      (["a", "-o", ":memory:"], 64, "the path of a file"),
      (["a", "none", "-o", "all"], 66, "none.sqlite: no such database"),
      (["a", "b", "-o", "none/all"], 73, "cannot be written"),
    ]
    for (arguments, code, words) in cases {
      let outcome = try command.run(
        ["merge"] + arguments.map { $0.hasPrefix("-") || $0.hasPrefix(":") ? $0 : path($0) })
      #expect(outcome.code == code, "\(arguments): \(outcome.errors)")
      #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
    }
    for (arguments, code, words) in [
      ([path("a"), text, "-o", merged], 65, "not an operator-latency database"),
      ([path("a"), "-o", text], 73, "is there, and no database"),
      ([path("a"), "-o", directory.url.path], 73, "give -o another path"),
    ] as [([String], Int32, String)] {
      let outcome = try command.run(["merge"] + arguments)
      #expect(outcome.code == code)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: merged))
  }

  @Test(arguments: [SIGKILL, SIGINT])
  func `A merge that is ended before its time writes nothing, and can be run again`(
    signal: Int32
  ) throws {
    // As a process that writes to the second database would, so that the merge waits.
    let descriptor = open(path("b"), O_RDWR)
    defer { close(descriptor) }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_start = 0x4000_0000
    lock.l_len = 1
    #expect(fcntl(descriptor, F_SETLK, &lock) == 0)
    let process = try command.process(["merge", path("a"), path("b"), "-o", merged])
    process.standardError = FileHandle.nullDevice
    try process.run()
    func files() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
    }
    while process.isRunning, try !files().contains(where: { $0.hasSuffix(".tmp") }) {
      usleep(1000)
    }
    kill(process.processIdentifier, signal)
    if signal == SIGINT {
      lock.l_type = Int16(F_UNLCK)
      #expect(fcntl(descriptor, F_SETLK, &lock) == 0)
    }
    process.waitUntilExit()
    #expect(process.terminationStatus == (signal == SIGINT ? 130 : signal))
    #expect(try !files().contains("all.sqlite"))
    if signal == SIGINT { #expect(try !files().contains { $0.hasSuffix(".tmp") }) }
    lock.l_type = Int16(F_UNLCK)
    #expect(fcntl(descriptor, F_SETLK, &lock) == 0)
    try run(["merge", path("a"), path("b"), "-o", merged])
  }
}
