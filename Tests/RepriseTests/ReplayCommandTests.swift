import Foundation
import Reprise
import TestSupport
import Testing

/// `reprise replay` as a process: loads, threads, and an early end.
@Suite struct ReplayCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  private func replay(_ out: String, _ arguments: String...) throws -> CommandProcess.Outcome {
    try command.run(
      [
        "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
        OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "-o", directory.path(out),
      ] + arguments)
  }

  private func result(_ out: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(filePath: directory.path(out + "/result.json")))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func `Nothing that is read is overwritten, and nothing of others removed`() throws {
    let log = directory.path("mine/requests.csv")
    try FileManager.default.createDirectory(
      atPath: directory.path("mine"), withIntermediateDirectories: true)
    try "theirs".write(
      toFile: directory.path("mine/timeline.json"), atomically: true, encoding: .utf8)
    try FileManager.default.copyItem(
      atPath: OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), toPath: log)
    let refused = try command.run([
      "replay", "--deployment", OwnCapture.path("server.yaml"), "--log", log, "-o",
      directory.path("mine"),
    ])
    #expect(refused.code == 64)
    #expect(refused.errors.contains("requests.csv: is read by this very command"))
    #expect(try replay("mine2", "--no-timeline", "--requests", "5").code == 0)
    try FileManager.default.removeItem(atPath: log)
    #expect(try replay("mine", "--no-timeline", "--requests", "5").code == 0)
    let kept = try String(contentsOfFile: directory.path("mine/timeline.json"), encoding: .utf8)
    #expect(kept == "theirs")
  }

  @Test(arguments: [
    ("meta-llama/Llama-3.1-8B", "has no experts to deal out"),
    ("mixtral-8x7b", "8 experts cannot be dealt out in 16 ways"),
  ])
  func `Experts that a model does not have are told with the line that asks for them`(
    model: String, message: String
  ) throws {
    let path = try command.file(
      "experts.yaml",
      """
      version: 1
      model: \(model)
      engines:
        - name: a
          device: h200-sxm
          tensor_parallel: 16
          expert_parallel: 16
          max_model_len: 4096
      """)
    let told = try command.run([
      "replay", "--deployment", path, "--log",
      OwnCapture.path("serve-poisson-50/requests.jsonl.zst"),
      "-o", directory.path("none"),
    ])
    #expect(told.code == 65)
    #expect(told.errors.contains("experts.yaml:7: "), "\(told.errors)")
    #expect(told.errors.contains(message), "\(told.errors)")
    #expect(!FileManager.default.fileExists(atPath: directory.path("none/result.json")))
  }

  @Test(arguments: [
    ("data_type: fp32", "data_type: bf16", "was measured in fp32 alone"),
    (OwnCapture.device, "h100-sxm", "steps are guessed from those of \(OwnCapture.device)"),
  ])
  func `A deployment that was measured in no type or on no such device is told so`(
    what: String, instead: String, words: String
  ) throws {
    _ = try OwnCapture.database(in: directory)
    let text = try String(contentsOfFile: OwnCapture.path("server.yaml"), encoding: .utf8)
      .replacing("config.json", with: OwnCapture.path("config.json"))
    let yaml = try command.file("d.yaml", text.replacing(what, with: instead))
    let done = try command.run([
      "replay", "--db", directory.path("lat.sqlite"), "--deployment", yaml, "--log",
      OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "5", "--no-bands",
      "--no-timeline", "-o", directory.path("out"),
    ])
    #expect(done.code == 0, "\(done.errors)")
    #expect(done.errors.contains(words), "\(done.errors)")
  }

  @Test func `What is made of the log is told, in text and in result.json, with the rate`() throws {
    let plain = try replay("plain", "--no-timeline")
    #expect(plain.code == 0, "\(plain.errors)")
    #expect(!plain.output.contains("workload:"), "\(plain.output)")
    let told = try replay(
      "told", "--no-timeline", "--speed", "2", "--window", "1..9", "--thin", "0.5", "--seed", "3",
      "--spread-ties", "--warm-up", "0.5")
    #expect(told.code == 0, "\(told.errors)")
    #expect(
      told.output.contains("workload: speed 2x, from 1 to 9 s, thinned to 0.5 by session (seed 3)"))
    #expect(told.errors.contains("nothing is validated"), "\(told.errors)")
    let whole = try #require(result("plain")["workload"] as? [String: Any])
    let part = try #require(result("told")["workload"] as? [String: Any])
    #expect(whole["requests"] as? Int == 169)
    let count = try #require(part["requests"] as? Int)
    #expect((5..<100).contains(count))
    // Eight seconds of half of the requests, played in four.
    let rates = try [whole, part].map { try #require($0["requests_per_second"] as? Double) }
    #expect(rates[1] > 0.5 * rates[0] && rates[1] < 2 * rates[0])
    let summary = try #require(result("told")["summary"] as? [String: Any])
    let warmUp = try #require(summary["warm_up_requests"] as? Int)
    #expect(warmUp > 0)
    #expect(summary["requests"] as? Int == count - warmUp)
    #expect(try result("told")["validation"] == nil)
    #expect(try result("plain")["validation"] != nil)
  }

  @Test func `What is of another load, or names nobody, is not validated`() throws {
    let log = OwnCapture.path("serve-poisson-50/requests.jsonl.zst")
    #expect(try replay("fast", "--no-timeline", "--no-bands", "--speed", "2").code == 0)
    let other = try command.run(["validate", directory.path("fast"), "--measured", log])
    #expect(other.code == 65)
    #expect(
      other.errors.contains("of another load than its log (--speed"), "\(other.errors)")
    // The same requests in other bytes: they may have been measured at that load.
    let copy = directory.path("copy.jsonl")
    var source = try ByteSource(path: log)
    try Data(source.readPrefix(count: 1 << 24)).write(to: URL(filePath: copy))
    let taken = try command.run(["validate", directory.path("fast"), "--measured", copy])
    #expect(taken.code == 0 && taken.errors.contains("what was measured must be of that load"))
    #expect(try replay("warm", "--no-timeline", "--no-bands", "--warm-up", "5").code == 0)
    let warm = try command.run(["validate", directory.path("warm"), "--measured", log, "--json"])
    let told = try JSONSerialization.jsonObject(with: Data(warm.output.utf8)) as? [String: Any]
    // As the replay itself compared.
    let paired = [told, try result("warm")].map {
      (($0?["validation"] as? [String: Any])?["counts"] as? [String: Any])?["paired"] as? Int
    }
    #expect(paired[0] == paired[1] && (1..<169).contains(paired[0] ?? 0))
    let nobody = try command.run([
      "validate", directory.path("warm"), "--measured", log, "--exclude", "nobody",
    ])
    #expect(nobody.code == 64 && nobody.errors.contains("--exclude nobody: no request of"))
  }

  @Test func `What engines did is of the whole replay, with its warm-up`() throws {
    var engines: [[String: Any]] = []
    for (name, seconds) in [("all", "0"), ("warm", "5")] {
      #expect(try replay(name, "--no-timeline", "--no-bands", "--warm-up", seconds).code == 0)
      engines += try #require(result(name)["engines"] as? [[String: Any]])
    }
    #expect(engines.count == 2)
    #expect((engines[0]["utilisation"] as? Double ?? 0) > 0)
    #expect(NSDictionary(dictionary: engines[0]) == NSDictionary(dictionary: engines[1]))
  }

  @Test func `Timelines are those that are asked for, and what an earlier run left is removed`()
    throws
  {
    func timelines() -> [String] {
      let files = try? FileManager.default.contentsOfDirectory(atPath: directory.path("time"))
      return (files ?? []).filter { $0.hasPrefix("timeline") }.sorted()
    }
    let few = ["--requests", "5", "--no-bands"]
    for (options, files) in [
      (["--timeline", "both"], ["timeline.json", "timeline.pftrace", "timeline.svg"]),
      (["--timeline", "chrome", "--detail", "operators"], ["timeline.json", "timeline.svg"]),
      ([], ["timeline.pftrace", "timeline.svg"]), (["--no-timeline"], []),
      (["--timeline-window", "0..0.5"], ["timeline.pftrace", "timeline.svg"]),
      (["--timeline", "none"], []),
    ] as [([String], [String])] {
      let run = try command.run(
        [
          "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
          OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "-o", directory.path("time"),
        ] + few + options)
      #expect(run.code == 0, "\(run.errors)")
      #expect(timelines() == files, "\(options)")
      #expect(files.allSatisfy { run.output.contains($0) })
    }
  }

  @Test func `A log is inspected, and a unit in doubt is asked for and can be told`() throws {
    let rows = (0..<30).map {
      #"{"timestamp":\#($0 / 2),"input_length":700,"output_length":5,"hash_ids":[1,2]}"#
    }.joined(separator: "\n")
    let log = try command.file("m.jsonl", rows)
    let asked = try command.run(["inspect", log])
    #expect(asked.code == 0, "\(asked.errors)")
    for words in [
      "Mooncake traces (JSONL)", "milliseconds, as these logs have them: in doubt",
      "question: in which unit are its times?", "as seconds (--unit s) 2.143 requests/s",
      "names of 512 tokens, 96.7 % of them seen before",
    ] {
      #expect(asked.output.contains(words), "\(words) in \(asked.output)")
    }
    let told = try command.run(["inspect", log, "--unit", "s"])
    #expect(told.output.contains("seconds, as given"), "\(told.output)")
    #expect(!told.output.contains("question:"), "\(told.output)")
    // A replay warns, or does as it is told.
    func replayed(_ more: String...) throws -> CommandProcess.Outcome {
      try command.run(
        [
          "replay", "--deployment", OwnCapture.path("server.yaml"), "--log", log, "-o",
          directory.path("u"), "--no-timeline", "--no-bands",
        ] + more)
    }
    #expect(try replayed().output.contains("in which unit are its times?"))
    let sure = try replayed("--unit", "s")
    #expect(!sure.output.contains("in which unit"), "\(sure.output)")
    #expect(sure.output.contains("14.000 s"), "\(sure.output)")
    let known = try command.run([
      "inspect", OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--unit", "s",
    ])
    #expect(known.code == 65, "\(known.errors)")
    #expect(known.errors.contains("tell their unit; give none with --unit"), "\(known.errors)")
  }

  @Test
  func `Bad rows are told with the option where there is one, and it is refused without a log`()
    throws
  {
    _ = try replay("out", "--no-timeline", "--no-bands")
    var source = try ByteSource(path: OwnCapture.path("serve-poisson-50/requests.jsonl.zst"))
    let rows = try String(decoding: source.readPrefix(count: 1 << 20), as: UTF8.self)
      .split(separator: "\n")
    let bad = try command.file(
      "bad.jsonl", (rows + ["{}", "{}", "{}", "{}"]).joined(separator: "\n"))
    let server = OwnCapture.path("server.yaml")
    for arguments in [
      ["validate", directory.path("out"), "--measured", bad],
      ["replay", "--deployment", server, "--log", bad, "-o", directory.path("b"), "--no-bands"],
    ] {
      let refused = try command.run(arguments)
      #expect(refused.code == 65)
      #expect(refused.errors.contains("or allow a larger share with --max-bad-rows"))
      #expect(try command.run(arguments + ["--max-bad-rows", "0.5"]).code == 0)
    }
    let bare = ["--max-bad-rows", "0.5"]
    for arguments in [
      ["pipeline", "none.yaml"], ["search", "none.yaml"],
      ["calibrate", "--db", "none", "--deployment", server],
      ["plan-measurements", "--db", "none", "--deployment", server],
      ["inspect", directory.path("out/result.json")],
    ] {
      let refused = try command.run(arguments + bare)
      #expect(refused.code == 64, "\(arguments): \(refused.errors)")
      #expect(refused.errors.contains("--max-bad-rows"), "\(refused.errors)")
    }
  }

  @Test func `An output that cannot be written ends a command before its work`() throws {
    let out = directory.path("o")
    try FileManager.default.createDirectory(
      atPath: out + "/timeline.pftrace", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(
      atPath: out + "/best.yaml", withIntermediateDirectories: true)
    let file = try command.file("file", "")
    let examples = Checkout.path("docs/examples")
    for (arguments, words) in [
      (["replay"], "timeline.pftrace: is a folder"),
      (["pipeline"], "timeline.pftrace: is a folder"),
      (["search"], "best.yaml: is a folder"),
    ] {
      let work =
        switch arguments[0] {
        case "pipeline": [examples + "/pipelines/first.yaml"]
        case "search": [examples + "/search/chat.yaml"]
        default:
          [
            "--deployment", OwnCapture.path("server.yaml"), "--log",
            OwnCapture.path("serve-poisson-50/requests.jsonl.zst"),
          ]
        }
      let refused = try command.run(arguments + work + ["-o", out])
      #expect(refused.code == 73, "\(refused.errors)")
      #expect(refused.errors.contains(words), "\(refused.errors)")
      #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
      let inTheWay = try command.run(arguments + work + ["-o", file + "/o"])
      #expect(inTheWay.code == 73)
      #expect(
        inTheWay.errors.contains("cannot make this folder (Not a directory)"), "\(inTheWay.errors)")
    }
    #expect(
      Set(try FileManager.default.contentsOfDirectory(atPath: out)) == [
        "best.yaml", "timeline.pftrace",
      ])
    let page = try command.run(["report", out, "-o", directory.path("none/r.html")])
    #expect(page.code == 73)
    #expect(page.errors.contains("there is no folder"), "\(page.errors)")
  }

  @Test func `Arguments that make no load are refused`() throws {
    let cases = [
      ["--speed", "0"], ["--speed", "nan"], ["--thin", "0"], ["--thin", "1.5"], ["--window", "5"],
      ["--window", "5..4"], ["--window", "-1..4"], ["--warm-up", "-1"], ["--closed-loop", "0"],
      ["--closed-loop", "2", "--speed", "3"], ["--threads", "0"], ["--deadline", "inf"],
      ["--seed", "-1"], ["--timeline", "svg"], ["--timeline-window", "5"],
      ["--timeline-window", "5..4"], ["--detail", "kernels"], ["--unit", "min"],
    ]
    for arguments in cases {
      let refused = try command.run(
        ["replay", "--deployment", "none", "--log", "none"] + arguments)
      #expect(refused.code == 64, "\(arguments): \(refused.errors)")
    }
    let empty = try replay("empty", "--window", "500..600")
    #expect(empty.code == 65, "\(empty.errors)")
    #expect(empty.errors.contains("no request is left"), "\(empty.errors)")
  }

  @Test(arguments: [1, 3])
  func `One thread and two give the same bytes`(engines: Int) throws {
    let names = [
      "result.json", "requests.csv", "timeline.pftrace", "timeline.json", "latencies.svg",
      "timeline.svg",
    ]
    var outputs: [String] = []
    let deployment = try String(contentsOfFile: OwnCapture.path("server.yaml"), encoding: .utf8)
      .replacingOccurrences(of: "config.json", with: OwnCapture.path("config.json"))
      .replacingOccurrences(of: "  - name:", with: "  - count: \(engines)\n    name:")
    let path = try command.file("server.yaml", deployment)
    for threads in ["1", "2"] {
      let done = try command.run([
        "replay", "--deployment", path, "--log",
        OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "-o", directory.path("threads"),
        "--threads", threads, "--timeline", "both",
      ])
      #expect(done.code == 0, "\(done.errors)")
      outputs.append(done.output)
      for name in names {
        try FileManager.default.copyItem(
          atPath: directory.path("threads/" + name), toPath: directory.path(name + threads))
      }
    }
    #expect(outputs[0] == outputs[1])
    for name in names {
      #expect(
        FileManager.default.contentsEqual(
          atPath: directory.path(name + "1"), andPath: directory.path(name + "2")), "\(name)")
    }
  }

  @Test func `SIGINT ends a replay with what had finished, marked as cut`() throws {
    // Short requests that finish, then one of millions of steps.
    var log = "{\"schema\":\"reprise.request-log\",\"version\":1}\n"
    for number in 0..<20 {
      log +=
        #"{"id":"\#(number)","arrival_ns":\#(number),"input_tokens":4,"output_tokens":3}"# + "\n"
    }
    log += #"{"id":"long","arrival_ns":9,"input_tokens":4,"output_tokens":16000000}"# + "\n"
    let deployment = try String(contentsOfFile: OwnCapture.path("server.yaml"), encoding: .utf8)
      .split(separator: "\n").map { line in
        if line.hasPrefix("model:") { return "model: \(OwnCapture.path("config.json"))" }
        if line.contains("max_model_len:") { return "    max_model_len: 16777216" }
        return line.contains("num_gpu_blocks:") ? "    num_gpu_blocks: 2000000" : String(line)
      }.joined(separator: "\n")
    let out = directory.path("cut")
    let process = try command.process([
      "replay", "--deployment", try command.file("long.yaml", deployment), "--log",
      try command.file("long.jsonl", log), "-o", out, "--no-timeline",
    ])
    let errors = directory.path("errors")
    try Data().write(to: URL(filePath: errors))
    process.standardError = FileHandle(forWritingAtPath: errors)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    for _ in 0..<1000 where !FileManager.default.fileExists(atPath: out) { usleep(10_000) }
    usleep(300_000)
    process.interrupt()
    for _ in 0..<2000 where process.isRunning { usleep(10_000) }
    process.terminate()
    process.waitUntilExit()
    let said = try String(contentsOfFile: errors, encoding: .utf8)
    #expect(process.terminationStatus == 130, "\(said)")
    #expect(said.contains("cut short"), "\(said)")
    let result = try result("cut")
    let summary = try #require(result["summary"] as? [String: Any])
    #expect(summary["cut"] as? Bool == true)
    #expect(summary["finished"] as? Int == 20)
    #expect(summary["unfinished"] as? Int == 1)
    #expect((result["warnings"] as? [String])?.contains { $0.contains("cut short") } == true)
  }
}
