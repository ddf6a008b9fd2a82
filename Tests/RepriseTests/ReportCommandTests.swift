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

  @Test func `A scenario without a language model has a page, too`() throws {
    let scenario = try command.file(
      "web.yaml",
      """
      version: 1
      name: a call
      engines:
        - {name: web, kind: external, concurrency: 1}
      pipelines:
        - {name: call, stages: [{do: call, on: web, mean_s: 0.04}]}
      workload:
        requests: 300
        arrivals: {kind: poisson, rate: 20}
        streams:
          - {name: all, share: 1, input: 30, output: 10}

      """)
    let made = try command.run(["pipeline", scenario, "-o", directory.path("web")])
    #expect(made.code == 0, "\(made.errors)")
    let done = try report(directory.path("web"), "--ttft-ms", "50", "--percentile", "99.9")
    #expect(done.code == 0, "\(done.errors)")
    #expect(
      done.output.hasPrefix("SLO not judged: no request has any TTFT.\n"), "\(done.output)")
    #expect(done.output.contains("of the time to the end is waiting"), "\(done.output)")
    #expect(try #require(page).contains("The 20 requests that took longest to their end"))
  }

  @Test func `Engines that keep up but make most requests wait are busy, in scenarios, too`() throws
  {
    // One sequence at a time, at four fifths of what it can serve.
    let scenario = try command.file(
      "busy.yaml",
      """
      version: 1
      name: a queue
      engines:
        - {name: chat, model: Llama-3.1-8B, device: h100, max_model_len: 8192, max_num_seqs: 1}
      pipelines:
        - {name: chat, stages: [{do: generate, on: chat}]}
      workload:
        requests: 400
        arrivals: {kind: poisson, rate: 1.4}
        streams:
          - {name: all, share: 1, input: 300, output: 100}

      """)
    let made = try command.run(["pipeline", scenario, "-o", directory.path("busy"), "--json"])
    #expect(made.code == 0, "\(made.errors)")
    let done = try report(directory.path("busy"))
    #expect(done.output.contains("Busy. Engines keep up, but "), "\(done.output)")
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
