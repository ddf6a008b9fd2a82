import Foundation
import TestSupport
import Testing

/// `reprise doctor`, and options that a file in the working directory fills in.
@Suite struct SetUpCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  /// Runs the command in its folder, where `reprise.yaml` is looked for.
  private func run(_ arguments: String...) throws -> CommandProcess.Outcome {
    try command.run(arguments, in: directory.url)
  }

  @Test func `A sound set-up is told part by part`() throws {
    _ = try OwnCapture.database(in: directory)
    let done = try run(
      "doctor", "--db", "lat.sqlite", "--deployment", OwnCapture.path("server.yaml"), "--json")
    #expect(done.code == 0, "\(done.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [String: Any]
    #expect(
      try SchemaCheck(file: "doctor.schema.json").problems(in: #require(document)) == [])
    let found = document?["parts"] as? [[String: String]]
    #expect(
      found?.map { $0["part"] } == [
        "program", "libraries", "machine", "folder", "catalogue", "database", "device", "server",
      ])
    #expect(found?.allSatisfy { $0["state"] != "broken" } == true)
  }

  @Test func `What is broken is told, and ends with 69`() throws {
    let path = try command.file("lat.sqlite", "no database")
    let done = try run("doctor", "--db", path, "--deployment", "/nowhere.yaml")
    #expect(done.code == 69)
    #expect(done.output.contains("broken"))
    #expect(done.errors.contains("something is broken"))
  }

  @Test(arguments: [
    ("replay:\n  thread: 3", "reprise.yaml:2: 'reprise replay' has no option '--thread'"),
    ("replay:\n  threads: many", "reprise.yaml:2: The value 'many' is invalid for '--threads"),
    ("replay:\n  threads: 9999", "reprise.yaml:2: --threads must be 1 to 1024"),
    ("limit: 0", "reprise.yaml:1: --limit must be at least 1"),
    ("query:\n  json: maybe", "reprise.yaml:2: 'json' is true or false"),
    ("- a", "reprise.yaml:1: defaults are written as"),
  ])
  func `The doctor shows what is wrong with defaults in its table`(yaml: String, words: String)
    throws
  {
    _ = try command.file("reprise.yaml", yaml)
    let done = try run("doctor")
    #expect(done.code == 69)
    #expect(done.output.contains("catalogue"), "\(done.output)")
    #expect(done.output.contains("reprise.yaml  broken  " + words), "\(done.output)")
  }

  @Test func `Defaults that are sound are none of the doctor's complaints`() throws {
    _ = try command.file("reprise.yaml", "# db: lat.sqlite\n")
    #expect(try run("doctor").output.contains("no defaults"))
    _ = try command.file(
      "reprise.yaml",
      """
      db: later.sqlite
      json: false
      replay: {threads: 4, bands: false, timeline: both, deadline: 30}
      estimate: {batch: 4}
      report: {ttft-ms: 200}
      import: {capture: [a, b]}
      inspect: {unit: s}
      output: out
      """)
    let done = try run("doctor")
    #expect(done.output.contains("later.sqlite: no such database"), "\(done.output)")
    #expect(!done.output.contains("reprise.yaml  broken"), "\(done.output)")
    #expect(done.output.contains("not there: --db later.sqlite, --capture a, --capture b"))
  }

  @Test func `What is given goes before the file, also where it is the opposite`() throws {
    _ = try command.file("reprise.yaml", "json: true\nno-timeline: true\n")
    #expect(try run("catalogue", "devices").output.hasPrefix("{"))
    #expect(!(try run("catalogue", "devices", "--no-json").output.hasPrefix("{")))
    let replay = [
      "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
      OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "5", "--no-bands",
      "-o", "out",
    ]
    #expect(try command.run(replay, in: directory.url).code == 0)
    let drawn = directory.path("out/timeline.json")
    #expect(!FileManager.default.fileExists(atPath: drawn))
    #expect(try command.run(replay + ["--timeline", "chrome"], in: directory.url).code == 0)
    #expect(FileManager.default.fileExists(atPath: drawn))
  }

  /// `--output` is a folder of some commands and a number of tokens of another.
  @Test func `What is for all goes to those whose option it can be`() throws {
    _ = try command.file("reprise.yaml", "output: out\n")
    let estimate = try run("estimate", "--model", "llama-3.1-8b", "--device", "h100-sxm")
    #expect(estimate.code == 0, "\(estimate.errors)")
    let scenario = Checkout.path("docs/examples/pipelines/first.yaml")
    #expect(try run("pipeline", scenario, "--requests", "5").output.contains("wrote out/"))
    _ = try command.file("reprise.yaml", "threads: many\n")
    let mistyped = try run("replay", "--deployment", "d", "--log", "l")
    #expect(mistyped.code == 64)
    #expect(mistyped.errors.contains("'many' is invalid for '--threads"), "\(mistyped.errors)")
  }

  @Test func `Defaults reach subcommands, that which needs no name among them`() throws {
    let search = Checkout.path("docs/examples/search/chat.yaml")
    _ = try command.file("reprise.yaml", "db: none.sqlite\njson: true\n")
    let typed = try run("search", search, "--db", "none.sqlite")
    for arguments in [["search", search], ["search", "designs", search]] {
      let found = try command.run(arguments, in: directory.url)
      #expect(found.code == 66 && found.errors == typed.errors, "\(found.errors)")
    }
    let layouts = [
      "search", "layouts", "--model", "llama-3.1-8b", "--platform", "dgx-h100", "--devices", "8",
    ]
    #expect(try command.run(layouts, in: directory.url).output.hasPrefix("{"))
    #expect(try !command.run(layouts + ["--no-json"], in: directory.url).output.hasPrefix("{"))
    _ = try command.file("reprise.yaml", "sweep:\n  shard: 9/2\nsearch:\n  exhaustive: true\n")
    #expect(try run("sweep", "run", "none").errors.contains("shard"))
    #expect(try run("doctor").output.contains("reprise.yaml  broken  reprise.yaml:2: "))
    _ = try command.file("reprise.yaml", "sweep:\n  shrad: 1/2\n")
    let wrong = try run("sweep", "run", "none")
    #expect(wrong.errors.contains("'reprise sweep' has no option '--shrad'; did you mean 'shard'?"))
  }

  @Test func `A damaged database is found out`() throws {
    _ = try OwnCapture.database(in: directory)
    let path = directory.path("lat.sqlite")
    var bytes = try Data(contentsOf: URL(filePath: path))
    for place in stride(from: 8192, to: bytes.count, by: 512) { bytes[place] ^= 0xFF }
    try bytes.write(to: URL(filePath: path))
    #expect(try run("doctor", "--db", path).code == 69)
  }

  @Test func `A file fills in what is not given, a command's own before what is for all`() throws {
    _ = try OwnCapture.database(in: directory)
    _ = try command.file(
      "reprise.yaml",
      """
      db: lat.sqlite
      device: h100-sxm
      query:
        device: cpu-epyc-1thread
        dtype: fp32
      replay:
        timeline: none
        bands: false
      """)
    let filled = try run("query", "gemm", "m=100", "n=1536", "k=512")
    #expect(filled.code == 0, "\(filled.errors)")
    #expect(filled.output.contains("fp32 tokens=100 on cpu-epyc-1thread"))
    let given = try run("query", "gemm", "m=100", "n=1536", "k=512", "--dtype=bf16")
    #expect(given.output.contains("bf16 tokens=100 on cpu-epyc-1thread"))
    let replay = try run(
      "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
      OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "5", "-o", "out")
    #expect(replay.code == 0, "\(replay.errors)")
    // Files alone need no database.
    let inspected = try run("inspect", OwnCapture.path("serve-poisson-50/requests.jsonl.zst"))
    #expect(inspected.code == 0, "\(inspected.errors)")
    let outliers = try run("inspect", "--outliers", "--device", OwnCapture.device)
    #expect(outliers.code == 0, "\(outliers.errors)")
    #expect(!replay.output.contains("timeline"))
    #expect(!replay.output.contains("90 % band"))
    #expect(try run("doctor").output.contains("query: --dtype fp32"))
  }

  @Test(arguments: [
    ("replay:\n  thread: 3", "reprise.yaml:2: 'reprise replay' has no option '--thread'"),
    ("dbb: x", "reprise.yaml:1: no command has the option '--dbb'"),
    ("replai:\n  threads: 3", "reprise.yaml:2: there is no command 'replai'"),
    ("catalogue:\n  svg: x", "reprise.yaml:2: 'reprise catalogue' has no option '--svg'"),
    ("query:\n  json: maybe", "reprise.yaml:2: 'json' is true or false"),
    ("device: [a, b]", "reprise.yaml:1: 'device' has one value"),
  ]) func `What is wrong in it is told with its line, and nothing is run`(
    yaml: String, words: String
  )
    throws
  {
    _ = try command.file("reprise.yaml", yaml)
    let done = try run("query", "--db", "x", "gemm", "m=1", "n=2", "k=3")
    #expect(done.code == 65)
    #expect(done.errors.contains(words), "\(done.errors)")
    #expect(try run("query", "--help").code == 0)
  }
}
