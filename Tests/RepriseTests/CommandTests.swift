import Foundation
import Reprise
import TestSupport
import Testing

/// The command line, run as a process: what it says and how it exits.
@Suite struct CommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  private func process(_ arguments: [String]) throws -> Process { try command.process(arguments) }

  private func run(_ arguments: String...) throws -> CommandProcess.Outcome {
    try command.run(arguments)
  }

  private func file(_ name: String, _ text: String) throws -> String {
    try command.file(name, text)
  }

  @Test func `Wrong input gets one line and its exit code`() throws {
    let db = directory.path("a.sqlite")
    let text = try file("text", "hello")
    let yaml = try file("d.yaml", "version: 1\nmodel: nothing\nengines:\n  - name: a\n")
    let trace = try file("trace.json", "{\"traceEvents\": [{]}")
    let cases: [([String], Int32, String)] = [
      (["import", "/nonexistent", "--db", db], 66, "/nonexistent"),
      (["import", text, "--db", db], 65, "not a format"),
      (["import", trace, "--db", db], 65, "byte"),
      (
        ["import", OwnCapture.path("serve-poisson-80/spans.jsonl.zst"), "--db", db], 65,
        "is a request log (vLLM's OpenTelemetry spans"
      ),
      (["import", try OwnCapture.shortTrace(in: directory), "--db", db], 64, "--device NAME"),
      (
        [
          "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
          OwnCapture.path("samples.jsonl.zst"),
        ], 65, "for 'reprise import'"
      ),
      (["show", "--db", "/nonexistent"], 66, "no such database"),
      (["show", "--db", "/tmp"], 65, "not an operator-latency database"),
      (["show", "--db", text], 65, "not an operator-latency database"),
      (["replay", "--deployment", yaml, "--log", text], 65, "d.yaml"),
      (["validate", directory.path("none"), "--measured", text], 65, "request log"),
      (["nonsense"], 64, "nonsense"),
      (["import", text], 64, "--db"),
    ]
    for (arguments, code, words) in cases {
      let process = try process(arguments)
      let pipe = Pipe()
      process.standardError = pipe
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == code, "\(arguments): \(said)")
      #expect(said.contains(words), "\(arguments): \(said)")
      if code != 64 {
        #expect(said.split(separator: "\n").count == 1, "\(arguments): \(said)")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: db), "a failed import left a database")
  }

  @Test func `Import, query and replay work from end to end, the same to the byte each time`()
    throws
  {
    let db = directory.path("b.sqlite")
    let imported = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", db, "--device", OwnCapture.device)
    #expect(imported.code == 0, "\(imported.errors)")
    let query = try run(
      "query", "--db", db, "--device", OwnCapture.device, "--dtype", "fp32", "gemm", "m=19",
      "n=512", "k=512")
    #expect(query.code == 0, "\(query.errors)")
    #expect(query.output.contains("interpolated: between its own points"), "\(query.output)")
    var bytes: [Data] = []
    for _ in 0..<2 {
      let replay = try run(
        "replay", "--db", db, "--deployment", OwnCapture.path("server.yaml"), "--log",
        OwnCapture.path("serve-bursty-110/requests.jsonl.zst"), "-o", directory.path("out"))
      #expect(replay.code == 0, "\(replay.errors)")
      #expect(replay.output.contains("simulated time rests on measurements"))
      for name in [
        "result.json", "requests.csv", "timeline.pftrace", "latencies.svg", "timeline.svg",
      ] {
        bytes.append(
          try Data(contentsOf: URL(filePath: directory.path("out")).appending(path: name)))
      }
    }
    #expect(Array(bytes.prefix(5)) == Array(bytes.suffix(5)))
  }

  @Test(arguments: ["samples.jsonl.zst", "serve-poisson-50/steps.jsonl.zst"])
  func `Standard input is told by its content, as a file is`(name: String) throws {
    let path = OwnCapture.path(name)
    let device = ["--device", OwnCapture.device]
    let file = try command.run(["inspect", path] + device)
    let stream = try command.run(["inspect", "-"] + device, reading: path)
    #expect(file.code == 0 && stream.code == 0, "\(stream.errors)")
    // What software it was stands in a file beside it.
    func lines(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { !$0.hasPrefix("  software") }
    }
    #expect(lines(stream.output) == lines(file.output.replacingOccurrences(of: path, with: "-")))
    let wrong = try command.run(["inspect", "-", "--format", "chakra"] + device, reading: path)
    #expect(wrong.code == 65 && wrong.errors.contains("it was read as 'chakra', see --format"))
  }

  @Test func `Calibrate fits a log's first requests, judges on the others, and replay says so`()
    throws
  {
    let db = directory.path("l.sqlite")
    let imported = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", db, "--device", OwnCapture.device)
    #expect(imported.code == 0, "\(imported.errors)")
    let log = OwnCapture.path("serve-poisson-50/requests.jsonl.zst")
    let server = ["--db", db, "--deployment", OwnCapture.path("server.yaml"), "--log"]
    let fit = try command.run(["calibrate"] + server + [log, "--fit-requests", "60"])
    #expect(fit.code == 0, "\(fit.errors)")
    for words in [
      "the first 60 of 169 requests", "judged on the other 109", "±", "error of 15 figures",
    ] {
      #expect(fit.output.contains(words), "\(fit.output)")
    }
    let replay = try command.run(
      ["replay"] + server + [log, "-o", directory.path("out"), "--no-timeline"])
    #expect(replay.code == 0, "\(replay.errors)")
    #expect(replay.output.contains("error of judged requests"), "\(replay.output)")
    #expect(replay.errors.contains("fitted on requests of this very log"), "\(replay.errors)")

    let blind = try file(
      "blind.jsonl",
      """
      {"schema":"reprise.request-log","version":1}
      {"id":"a","arrival_ns":0,"input_tokens":6,"output_tokens":3}

      """)
    let cases: [([String], Int32, String)] = [
      (server + [blind], 65, "holds no measured latencies"),
      (server + [log, "--fit-requests", "169"], 64, "none is left to judge"),
      (server + [log, "--fit-requests", "5"], 69, "only 5 measured requests"),
      (server + [log, "--steps", log], 64, "not both"),
      (server + [log, "--fit-requests", "0"], 64, "at least 1"),
      (
        server.dropLast(), 69,
        "of 0 engine steps on cpu-epyc-1thread 0 tell their whole batch, and 20 are needed; give --steps"
      ),
      (["--db", db, "--deployment", "d", "--fit-requests", "9"], 64, "need --log"),
    ]
    for (arguments, code, words) in cases {
      let refused = try command.run(["calibrate"] + arguments)
      #expect(refused.code == code, "\(arguments): \(refused.errors)")
      #expect(refused.errors.contains(words), "\(arguments): \(refused.errors)")
    }
  }

  @Test func `Inspect reads as import does and leaves no database; show-source finds the bytes`()
    throws
  {
    let db = directory.path("s.sqlite")
    let kernel = "sgemm\\u001b[2J"
    let text = """
      {"traceEvents": [
        {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 0, "dur": 50,
         "args": {"Input Dims": [[4,8],[8,16]], "Input type": ["float","float"]}},
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 1,
         "dur": 2, "args": {"correlation": 1}},
        {"ph": "X", "cat": "kernel", "name": "\(kernel)", "pid": 0, "tid": 7, "ts": 5, "dur": 30,
         "args": {"correlation": 1}}]}
      """
    let trace = try file("t.json", text)
    let names = try file(
      "names.json", #"{"version": 2, "rules": [{"match": "sgemm", "library": "ours"}]}"#)
    let inspected = try run("inspect", trace, "--kernel-names", names)
    #expect(inspected.code == 0, "\(inspected.errors)")
    #expect(inspected.output.contains("ours"), "\(inspected.output)")
    #expect(try run("inspect", try file("no", "hello")).code == 65)
    #expect(try run("inspect", directory.path("gone")).code == 66)
    #expect(try run("inspect", trace, "--kernel-names", trace).code == 65)

    #expect(try run("import", trace, "--db", db, "--device", "D\u{1b}[2J").code == 0)
    let samples = try run("show", "samples", "--operator", "gemm", "--db", db)
    #expect(samples.output.contains("aten::mm"), "\(samples.output)")
    let sources = try run("show-source", "--db", db)
    #expect(sources.output.contains("PyTorch Kineto trace"), "\(sources.output)")
    let shown = try run("show-source", "--sample", "1", "--text", "--db", db)
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(shown.output.contains("\"dur\": 30"), "\(shown.output)")
    for output in [inspected, samples, sources, shown] {
      #expect(!output.output.contains("\u{1b}"))
    }
    _ = try file("t.json", text + " ")
    let changed = try run("show-source", "--sample", "1", "--text", "--db", db)
    #expect(changed.code == 65)
    #expect(changed.errors.contains("is not the file that was imported"), "\(changed.errors)")
    try FileManager.default.removeItem(atPath: trace)
    #expect(try run("show-source", "--sample", "1", "--text", "--db", db).code == 66)
    #expect(try run("show-source", "--sample", "7", "--db", db).code == 69)
  }

  /// A trace of one rank with one all-reduce of 1 KiB; times in microseconds.
  private func rank(_ rank: Int, start: Int, duration: Int, end: String = "]}") throws -> String {
    try file(
      "rank\(rank).json",
      """
      {"deviceProperties": [{"id": 0, "name": "NVIDIA H100 80GB HBM3"}],
       "distributedInfo": {"rank": \(rank), "world_size": 2}, "traceEvents": [
      {"ph": "X", "cat": "kernel", "name": "ncclDevKernel_AllReduce", "pid": 0, "tid": 7,
       "ts": \(start), "dur": \(duration), "args": {"correlation": 1,
       "Collective name": "allreduce", "dtype": "Float", "In msg nelems": 256,
       "Out msg nelems": 256, "Group size": 2, "Process Group Name": "0",
       "Process Group Ranks": "[0, 1]", "Seq": 3}}\(end)
      """)
  }

  @Test(arguments: [
    ("d.yaml", "version: 1\nmodel: llama-3.1-8b\nengines:\n  - name: a\n", "a deployment"),
    ("s.yaml", "# A comment.\nversion: 1\nname: a\nengines: []\npipelines: []\n", "a scenario"),
    ("w.yaml", "version: 1\npipeline: s.yaml\nfields: {a: [1]}\n", "a sweep"),
    (
      "q.yaml", "version: 1\nmodel: m\ndevices: []\nengine: {}\nslo: {}\n",
      "'reprise search' takes it"
    ),
    ("r.json", #"{"schema": "reprise.result", "version": 1}"#, "'reprise report' and"),
    ("v.json", #"{"a": [1], "schema": "reprise.view"}"#, "TraceSchemas/view.schema.json"),
    (
      "c.json", #"{"architectures": ["X"], "model_type": "x"}"#, "the configuration of a model"
    ),
  ])
  func `A file of our own that is no trace and no log is named with what takes it`(
    name: String, text: String, words: String
  ) throws {
    let path = try file(name, text)
    for arguments in [
      ["inspect", path], ["import", path, "--db", directory.path("n.sqlite")],
      ["replay", "--deployment", OwnCapture.path("server.yaml"), "--log", path],
    ] {
      let refused = try command.run(arguments)
      #expect(refused.code == 65, "\(refused.errors)")
      #expect(refused.errors.contains(words), "\(refused.errors)")
      #expect(refused.errors.split(separator: "\n").count == 1)
    }
  }

  @Test func `A database is named as what it is, too, and is not changed`() throws {
    _ = try OwnCapture.database(in: directory)
    let path = directory.path("lat.sqlite")
    let before = try Data(contentsOf: URL(filePath: path))
    let refused = try run("inspect", path)
    #expect(refused.code == 65)
    #expect(refused.errors.contains("a database of operator latencies"), "\(refused.errors)")
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  @Test func `Standard input is inspected as the file is, a log or a trace, from a pipe or a file`()
    throws
  {
    let log = OwnCapture.path("serve-poisson-50/requests.jsonl.zst")
    let trace = try OwnCapture.shortTrace(in: directory)
    for path in [log, trace] {
      let named = try run("inspect", path)
      #expect(named.code == 0, "\(named.errors)")
      for script in ["cat '\(path)' | \"$0\" inspect -", "\"$0\" inspect - < '\(path)'"] {
        let process = try process([])
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", script, process.executableURL?.path ?? ""]
        let pipe = Pipe()
        shell.standardOutput = pipe
        try shell.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        #expect(said.replacing("-:", with: path + ":") == named.output)
      }
    }
  }

  @Test func `The ranks of one call are compared, and what is damaged is said`() throws {
    let db = directory.path("r.sqlite")
    let late = try rank(
      1, start: 9_000_040, duration: 10, end: ",\n{\"ph\": \"X\", \"name\": \"a\"b\"}]}")
    let ranks = [try rank(0, start: 5, duration: 45), late]
    let alone = try run("import", ranks[0], "--db", db)
    #expect(alone.code == 0, "\(alone.errors)")
    #expect(alone.errors.contains("includes the wait for other ranks"))
    let together = try run("import", ranks[0], ranks[1], "--db", db)
    #expect(together.code == 0, "\(together.errors)")
    #expect(together.output.contains("rows are replaced"))
    #expect(together.output.contains("waiting for other ranks"))
    #expect(together.errors.contains("1 event was skipped"))
    let store = try OperatorStore(path: db, mode: .readOnly)
    let coverage = try store.rows(ofView: .coverage).rows.map { $0.joined(separator: " ") }
    #expect(coverage.count == 4, "\(coverage)")
    let strict = try run(
      "import", ranks[0], ranks[1], "--strict", "--db", directory.path("s.sqlite"))
    #expect(strict.code == 65)
    #expect(!FileManager.default.fileExists(atPath: directory.path("s.sqlite")))
  }

  @Test func `Inspect warns of damage and compares ranks as import does`() throws {
    let late = try rank(
      1, start: 9_000_040, duration: 10, end: ",\n{\"ph\": \"X\", \"name\": \"a\"b\"}]}")
    let first = try rank(0, start: 5, duration: 45)
    let alone = try run("inspect", first)
    #expect(alone.errors.contains("includes the wait for other ranks"), "\(alone.errors)")
    let together = try run("inspect", first, late)
    #expect(together.code == 0, "\(together.errors)")
    #expect(together.errors.contains("1 event was skipped"), "\(together.errors)")
    #expect(!together.errors.contains("includes the wait"), "\(together.errors)")
    #expect(together.output.contains("waiting for other ranks"), "\(together.output)")
  }

  @Test func `Help names every format and the exit codes`() throws {
    let help = try run("import", "--help").output.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    for format in TraceFormat.allCases { #expect(help.contains(format.title), "\(format)") }
    #expect(help.contains("65 an input that cannot be used"))
  }

  @Test func `Text is shown of a source of several files as long as the first is the same`() throws
  {
    let db = directory.path("m.sqlite")
    let trace = try file(
      "trace.json",
      """
      {"traceEvents": [
        {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 0, "dur": 50,
         "args": {"Record function id": 5}},
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 1,
         "dur": 2, "args": {"correlation": 1}},
        {"ph": "X", "cat": "kernel", "name": "sgemm", "pid": 0, "tid": 7, "ts": 5, "dur": 30,
         "args": {"correlation": 1}}]}
      """)
    let shapes = try file(
      "et.json",
      """
      {"schema": "1.0.3-chakra.0.0.4", "nodes": [
        {"id": 2, "name": "aten::mm", "ctrl_deps": 1, "inputs": {"values": [], "shapes": [[4,8],[8,16]],
         "types": ["Tensor(float)","Tensor(float)"]},
         "attrs": [{"name": "rf_id", "type": "uint64", "value": 5}]}]}
      """)
    let imported = try run(
      "import", trace, "--shapes", shapes, "--db", db, "--device", "D")
    #expect(imported.code == 0, "\(imported.errors)")
    let store = try OperatorStore(path: db, mode: .readOnly)
    #expect(try store.sources().first?.sha256.contains("+") == true)
    let shown = try run("show-source", "--sample", "1", "--text", "--db", db)
    #expect(shown.code == 0, "\(shown.errors)")
    #expect(shown.output.contains("\"dur\": 30"), "\(shown.output)")
    try Data("{}".utf8).write(to: URL(filePath: trace))
    #expect(try run("show-source", "--sample", "1", "--text", "--db", db).code == 65)
  }

  @Test func `Files are imported also when nobody reads the report`() throws {
    let db = directory.path("p.sqlite")
    let ranks = [try rank(0, start: 5, duration: 45), try rank(1, start: 90, duration: 10)]
    let process = try process(["import"] + ranks + ["--db", db])
    let (output, errors) = (Pipe(), Pipe())
    for pipe in [output, errors] { try pipe.fileHandleForReading.close() }
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
    let store = try OperatorStore(path: db, mode: .readOnly)
    #expect(try store.sources().count == 2)
  }

  @Test(arguments: [
    (["replya"], "no command 'reprise replya'; did you mean 'replay'?"),
    (["help", "replya"], "did you mean 'replay'?"),
    (["sweep", "rn", "folder"], "no command 'reprise sweep rn'; did you mean 'run'?"),
    (["search", "layoutz", "--model", "x"], "'reprise search layoutz'; did you mean 'layouts'?"),
    (["xyzzyxyzzy"], "'reprise --help' lists them"),
    (["query", "gem", "m=1", "--db", "x", "--device", "l40s"], "did you mean 'gemm'?"),
    (["estimate", "--device", "l40s", "--model", "lama-3.1-8b"], "did you mean 'Llama-3.1-8B'?"),
    (["estimate", "--device", "l40s", "--model", "llama3.1-8b"], "did you mean 'Llama-3.1-8B'?"),
    (["estimate", "--device", "l40s", "--model", "mixtral-8x7"], "did you mean 'Mixtral-8x7B'?"),
    (["estimate", "--device", "l40s", "--model", "deepsek-v3"], "did you mean 'DeepSeek-V3'?"),
  ])
  func `What is mistyped is told with what it comes near`(arguments: [String], words: String) throws
  {
    let refused = try command.run(arguments)
    #expect(refused.code == 64, "\(refused.errors)")
    #expect(refused.errors.contains(words), "\(refused.errors)")
  }

  @Test func `A search's file may be called like a command, and a mistyped kind shows nothing`()
    throws
  {
    _ = try file("layoutz", "version: 1\n")
    #expect(try command.run(["search", "layoutz"], in: directory.url).code == 65)
    _ = try OwnCapture.database(in: directory)
    let shown = try run("show", "curves", "--db", directory.path("lat.sqlite"), "--operator", "gem")
    #expect(shown.output == "nothing in curves\n")
    #expect(shown.errors.contains("did you mean 'gemm'?"), "\(shown.errors)")
  }

  @Test func `A core that nobody measured is told with the one that was`() throws {
    _ = try OwnCapture.database(in: directory)
    let deployment = try String(contentsOfFile: OwnCapture.path("server.yaml"), encoding: .utf8)
      .replacing("config.json", with: OwnCapture.path("config.json"))
      .replacing(OwnCapture.device, with: "cpu-epyc-1thred")
    let replay = try run(
      "replay", "--db", directory.path("lat.sqlite"), "--deployment", file("d.yaml", deployment),
      "--log", OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "3",
      "--no-bands", "--no-timeline", "-o", directory.path("out"))
    #expect(replay.code == 0, "\(replay.errors)")
    #expect(
      (replay.errors + replay.output).contains(
        "no measurements of cpu-epyc-1thred (did you mean '\(OwnCapture.device)'?)"))
  }

  @Test func `A database that is there and cannot be read is an input that cannot be opened`()
    throws
  {
    // Whoever runs this may read all files, but nobody can open a socket as one.
    let path = directory.path("s")
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    let refused = try run("show", "--db", path)
    #expect(refused.code == 66)
    #expect(refused.errors.contains("cannot be read (unable to open"), "\(refused.errors)")
  }

  @Test func `An import that finds no space leaves no file where there was none`() throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = [
      "-c", #"ulimit -f 8; exec "$@""#, "sh", try process([]).executableURL?.path ?? "", "import",
      OwnCapture.path("samples.jsonl.zst"), "--db", directory.path("new.sqlite"), "--device",
      "cpu-x",
    ]
    shell.standardError = FileHandle.nullDevice
    try shell.run()
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 73)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == [])
  }

  @Test func `A disk without space is one line and leaves the database as it was`() throws {
    let db = directory.path("full.sqlite")
    let first = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", db, "--device", OwnCapture.device)
    #expect(first.code == 0)
    func coverage() throws -> [[String]] {
      try OperatorStore(path: db, mode: .readOnly).rows(ofView: .coverage).rows
    }
    let before = try coverage()
    let size = try FileManager.default.attributesOfItem(atPath: db)[.size] as? Int ?? 0
    let victim = try process([])
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    // Blocks of 512 or 1,024 bytes, by the shell: at most what the file has already.
    shell.arguments = ["-c", #"ulimit -f "$0"; exec "$@""#, "\(size / 1024)"]
    shell.arguments? += [
      victim.executableURL?.path ?? "", "import", try OwnCapture.shortTrace(in: directory),
      "--db", db, "--device", OwnCapture.device,
    ]
    let errors = Pipe()
    shell.standardError = errors
    shell.standardOutput = FileHandle.nullDevice
    try shell.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 73, "\(said)")
    #expect(said.split(separator: "\n").count == 1 && said.contains("cannot be written"), "\(said)")
    #expect(try coverage() == before)
  }

  @Test(arguments: [20, 60, 120, 200])
  func `A killed import leaves the database as it was, or complete`(milliseconds: Int) throws {
    let db = directory.path("k.sqlite")
    let first = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", db, "--device", OwnCapture.device)
    #expect(first.code == 0)
    func contents() throws -> [[[String]]] {
      let store = try OperatorStore(path: db, mode: .readOnly)
      return [try store.rows(ofView: .coverage).rows, try store.rows(ofView: .curves).rows]
    }
    let before = try contents()
    let arguments = [
      "import", try OwnCapture.shortTrace(in: directory), "--db", db, "--device", OwnCapture.device,
    ]
    let victim = try process(arguments)
    victim.standardOutput = FileHandle.nullDevice
    victim.standardError = FileHandle.nullDevice
    try victim.run()
    usleep(UInt32(milliseconds) * 1000)
    kill(victim.processIdentifier, SIGKILL)
    victim.waitUntilExit()
    let after = try contents()
    let again = try command.run(arguments)
    #expect(again.code == 0, "\(again.errors)")
    let complete = try contents()
    #expect(complete[0].count == before[0].count + 1)
    #expect(after == before || after == complete, "an import left a part of itself")
  }
}
