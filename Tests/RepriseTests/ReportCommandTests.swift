import Foundation
import TestSupport
import Testing

/// `reprise report` as a process, on results that the same build makes.
@Suite struct ReportCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  private func replay(_ out: String, _ arguments: String...) throws {
    let done = try command.run(
      [
        "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
        OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "60", "-o",
        directory.path(out),
      ] + arguments)
    try #require(done.code == 0, "\(done.errors)")
  }

  private func report(_ arguments: String...) throws -> CommandProcess.Outcome {
    try command.run(["report", "-o", directory.path("report.html")] + arguments)
  }

  private var page: String? {
    try? String(contentsOfFile: directory.path("report.html"), encoding: .utf8)
  }

  @Test func `A page of one run says its verdict in the terminal, too`() throws {
    try replay("out")
    let done = try report(directory.path("out"), "--ttft-ms", "0.001")
    #expect(done.code == 0, "\(done.errors)")
    #expect(done.output.contains("SLO broken: p99 TTFT"))
    let html = try #require(page)
    #expect(html.contains("SLO broken:"))
    #expect(html.contains("href=\"out/timeline"))
    #expect(html.contains("id=\"time-busy\""), "the run recorded its load")
  }

  @Test func `A run without a timeline has no panels of its engines, and all the rest`() throws {
    try replay("out", "--no-timeline", "--no-bands")
    #expect(try report(directory.path("out")).code == 0)
    let html = try #require(page)
    #expect(!html.contains("id=\"time-busy\""))
    #expect(html.contains("id=\"time-load\""))
  }

  @Test func `Names given stand for runs that are compared`() throws {
    try replay("one", "--no-timeline", "--no-bands")
    try replay("two", "--no-timeline", "--no-bands", "--speed", "2")
    let done = try report(
      directory.path("one"), directory.path("two"), "--name", "as logged", "--name", "twice as fast"
    )
    #expect(done.code == 0, "\(done.errors)")
    let html = try #require(page)
    #expect(html.contains("2 runs compared"))
    #expect(html.contains("twice as fast"))
    #expect(html.contains("One run each"))
  }

  @Test func `What is no result is told in a line, and nothing is written`() throws {
    try replay("out", "--no-timeline", "--no-bands")
    let folder = directory.path("out")
    let wrong: [([String], Int32, String)] = [
      (["/nowhere"], 66, "no such folder"),
      ([directory.path("")], 65, "give a folder that 'reprise replay'"), ([], 64, "Missing"),
      ([folder, "--ttft-ms", "0"], 64, "--ttft-ms must be above 0"),
      ([folder, "--percentile", "100"], 64, "--percentile must be"),
      ([folder, "--name", "a", "--name", "b"], 64, "--name once for each result"),
      ([folder, "-o", folder + "/requests.csv"], 64, "is read by this very command"),
      ([folder, "-o", "/nowhere/r.html"], 73, "there is no folder"),
    ]
    for (arguments, code, words) in wrong {
      let done = try command.run(
        ["report"] + (arguments.contains("-o") ? [] : ["-o", directory.path("report.html")])
          + arguments)
      #expect(done.code == code, "\(arguments)")
      #expect(done.errors.contains(words), "\(arguments): \(done.errors)")
    }
    #expect(page == nil)
    try "{}".write(toFile: folder + "/result.json", atomically: true, encoding: .utf8)
    let damaged = try report(folder)
    #expect(damaged.code == 65)
    #expect(damaged.errors.contains("not a result of ours"))
  }
}
