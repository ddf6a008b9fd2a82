import Foundation
import TestSupport
import Testing

/// `inspect --outliers`, `compare-devices` and the checks of `calibrate`, run as processes.
@Suite struct MeasurementCommandTests {
  private let command: CommandProcess
  private let database: String

  init() throws {
    command = try CommandProcess()
    database = command.directory.path("m.sqlite")
    for (device, factor) in [("NVIDIA H100 80GB HBM3", 1.0), ("NVIDIA H200", 0.8)] {
      let points = (1...20).map { step in
        let time = factor * Double(20_000 + 100 * step) * (step == 9 ? 5 : 1)
        return "[\(step * 4),\(time)]"
      }
      let lines = """
        {"operator_curves":1,"device":"\(device)","runtime":{"framework":"toy","version":"1"}}
        {"kind":"gemm","dtype":"bf16","attributes":{"n":4096,"k":4096},"axes":["tokens"],\
        "points":[\(points.joined(separator: ","))]}
        """
      let file = try command.file("\(factor).jsonl", lines + "\n")
      let imported = try command.run(["import", file, "--db", database])
      try #require(imported.code == 0, "\(imported.errors)")
    }
  }

  @Test func `Outliers of all devices or of one are listed`() throws {
    let all = try command.run(["inspect", "--outliers", "--db", database])
    #expect(all.code == 0, "\(all.errors)")
    #expect(all.output.contains("h100-sxm: 20 samples of 1 curve"), "\(all.output)")
    #expect(all.output.contains("h200-sxm: 20 samples of 1 curve"), "\(all.output)")
    let one = try command.run(
      ["inspect", "--outliers", "--db", database, "--device", "h200-sxm", "--json"])
    #expect(one.output.contains("tokens=36") && !one.output.contains("h100"), "\(one.output)")
  }

  @Test func `Two devices are compared`() throws {
    let compared = try command.run(
      ["compare-devices", "--db", database, "H100", "h200-sxm", "--operator", "gemm"])
    #expect(compared.code == 0, "\(compared.errors)")
    #expect(compared.output.contains("0.800"), "\(compared.output)")
  }

  /// A field must not take a sample for known because its twin lies beside it.
  @Test func `A device that goes by two names is predicted as by one`() throws {
    func table(_ device: String, _ steps: [Int]) throws -> String {
      let points = steps.map { "[\($0 * 4),\(20_000 + 100 * $0 + 900 * ($0 % 3))]" }
      let lines = """
        {"operator_curves":1,"device":"\(device)","runtime":{"framework":"toy","version":"1"}}
        {"kind":"gemm","dtype":"bf16","attributes":{"n":4096,"k":4096},"axes":["tokens"],\
        "points":[\(points.joined(separator: ","))]}
        """
      return try command.file("\(device) \(steps.count).jsonl", lines + "\n")
    }
    let (one, two) = (command.directory.path("one.sqlite"), command.directory.path("two.sqlite"))
    let imports = [
      (one, try table("NVIDIA H200", Array(1...24))),
      (two, try table("NVIDIA H200", Array(stride(from: 1, through: 24, by: 2)))),
      (two, try table("H200-SXM-141GB", Array(stride(from: 2, through: 24, by: 2)))),
    ]
    for (database, file) in imports {
      let imported = try command.run(["import", file, "--db", database])
      #expect(imported.code == 0, "\(imported.errors)")
    }
    let question = ["--device", "h200-sxm", "--json", "gemm", "n=4096", "k=4096"]
    for tokens in ["m=8", "m=30", "m=50", "m=500"] {
      let answers = try [one, two].map {
        try command.run(["query", "--db", $0] + question + [tokens])
      }
      #expect(answers[0].code == 0 && answers[0].output == answers[1].output, "\(answers)")
    }
  }

  /// One software's curve has the most points, the other's two are faster; norms one alone measured.
  @Test(
    arguments: [
      (nil, "gemm", 40), ("toy", "gemm", 40), ("quick 2", "gemm", 20),
      ("quick 2 graphs", "gemm", 10),
      ("quick", "gemm", 20), ("quick", "rmsNorm", 5), ("toy 1", "rmsNorm", 5),
    ] as [(String?, String, Double)])
  func `One software's measurements price what it measured, others' the rest`(
    runtime: String?, kind: String, expected: Double
  ) throws {
    func bring(_ framework: String, _ version: String, _ kind: String, _ points: Int, _ time: Int)
      throws
    {
      let attributes = kind == "gemm" ? #"{"n":2048,"k":1024}"# : #"{"width":1024}"#
      let lines = """
        {"operator_curves":1,"device":"NVIDIA H200",\
        "runtime":{"framework":"\(framework)","version":"\(version)"}}
        {"kind":"\(kind)","dtype":"bf16","attributes":\(attributes),"axes":["tokens"],\
        "points":[\((1...points).map { "[\($0),\(time)]" }.joined(separator: ","))]}
        """
      let file = try command.file("\(framework) \(version) \(kind).jsonl", lines + "\n")
      let imported = try command.run(["import", file, "--db", database])
      #expect(imported.code == 0, "\(imported.errors)")
    }
    try bring("toy", "1", "gemm", 9, 40_000)
    try bring("quick", "2", "gemm", 8, 20_000)
    try bring("quick", "2 graphs", "gemm", 7, 10_000)
    try bring("toy", "1", "rmsNorm", 4, 5000)
    let sizes = kind == "gemm" ? ["n=2048", "k=1024"] : ["width=1024"]
    let answer = try command.run(
      ["query", "--db", database, "--device", "h200-sxm", kind, "m=4"] + sizes
        + (runtime.map { ["--runtime", $0] } ?? []))
    #expect(answer.output.contains("  \(expected)00 µs "), "\(answer)")
    #expect(answer.output.contains("measured: "), "\(answer)")
  }

  /// A type that no device measured, and weights of a width that none did: other types and widths tell more than
  /// the data sheet; and what even they do not tell takes a launch at least.
  @Test(
    arguments: [
      ("h200-sxm", ["gemm", "n=128", "k=128", "--dtype", "int4"], "borrowed"),
      ("h200-sxm", ["gemm", "n=128", "k=128", "weightBits=4"], "borrowed: ratio"),
      ("b200-sxm", ["gemm", "n=1", "k=1", "--dtype", "fp4"], "on h200-sxm"),
      ("b200-sxm", ["rmsNorm", "width=64"], "analytical"),
    ] as [(String, [String], String)])
  func `What was not measured is no faster than a launch`(
    device: String, operator: [String], words: String
  ) throws {
    let answer = try command.run(
      ["query", "--db", database, "--device", device] + `operator` + ["m=1"])
    #expect(answer.output.contains(words), "\(answer)")
    let json = try command.run(
      ["query", "--db", database, "--device", device, "--json", "--explain"] + `operator` + ["m=1"])
    let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(
      try SchemaCheck(file: "prediction.schema.json").problems(in: #require(document)) == [])
    #expect(try #require(document?["nanoseconds"] as? Double) > 1000)
    #expect(document?["device"] as? String == device)
    #expect(document?["support"] is [Any])
  }

  @Test(arguments: [(nil, true), ("toy", false)] as [(String?, Bool)])
  func `A deployment is told that several programs would price it, unless it names one`(
    runtime: String?, isTold: Bool
  ) throws {
    let lines = """
      {"operator_curves":1,"device":"NVIDIA H200","runtime":{"framework":"quick","version":"2"}}
      {"kind":"gemm","dtype":"bf16","attributes":{"n":512,"k":512},"axes":["tokens"],\
      "points":[[1,9000]]}
      """
    let imported = try command.run(
      ["import", try command.file("quick.jsonl", lines + "\n"), "--db", database])
    #expect(imported.code == 0, "\(imported.errors)")
    let server = """
      version: 1
      model: meta-llama/Llama-3.1-8B
      engines:
        - {name: a, device: h200, max_model_len: 512\(runtime.map { ", runtime: \($0)" } ?? "")}
      """
    let said = try command.run(
      ["doctor", "--db", database, "--deployment", try command.file("server.yaml", server)])
    #expect(said.output.contains("whichever of quick, toy measured the most") == isTold, "\(said)")
    #expect(said.output.contains(", not calibrated"), "\(said)")
  }

  @Test(arguments: [["--check"], ["--check-plans", "--plan-points", "3"]])
  func `Checks of a database print a table, or the same as JSON`(flags: [String]) throws {
    let options = ["calibrate", "--db", database, "--device", "h200-sxm"] + flags
    let table = try command.run(options)
    #expect(table.code == 0, "\(table.errors)")
    #expect(table.output.contains("toy 1"), "\(table.output)")
    let json = try command.run(options + ["--json"])
    #expect(json.code == 0, "\(json.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    let checks = try #require((document as? [String: Any])?["checks"] as? [[String: Any]])
    #expect(checks.first?["device"] as? String == "h200-sxm")
    #expect((checks.first?["rows"] as? [[String: Any]])?.first?["software"] as? String == "toy 1")
  }

  /// The arguments after the command and its database, the exit code, and words of the error.
  @Test(
    arguments: [
      (["inspect"], 64, "give files"),
      (["inspect", "--outliers"], 64, "--db"),
      (["inspect", "--outliers", "x", "--db", "DB"], 64, "takes no files"),
      (["inspect", "x", "--db", "DB"], 64, "--outliers"),
      (["inspect", "--outliers", "--db", "DB", "--device", "l40s"], 69, "it holds NVIDIA H100"),
      (["calibrate", "--db", "DB", "--check", "--check-plans"], 64, "not both"),
      (["calibrate", "--db", "none.sqlite", "--deployment", "d.yaml"], 66, "none.sqlite"),
      (["calibrate", "--db", "DB", "--check", "--device", "l40s"], 69, "it holds NVIDIA H100"),
      (["calibrate", "--db", "DB", "--check", "--device", "h300"], 69, "it holds NVIDIA H100"),
      (["calibrate", "--db", "DB", "--check-plans", "--worst", "3"], 64, "--check-plans takes no"),
      (["calibrate", "--db", "DB", "--check", "--worst", "3", "--json"], 64, "not both"),
      (["calibrate", "--db", "DB", "--check", "--operator", "gem"], 64, "did you mean 'gemm'"),
      (["calibrate", "--db", "DB", "--check", "--svg", "/none/x.svg"], 73, "no folder '/none'"),
      (
        ["query", "--db", "DB", "--device", "h200", "allReduce", "bytes=9", "ranks=1"], 64,
        "exchanges nothing"
      ),
      (["calibrate", "--db", "DB", "--check-plans", "--least", "900"], 65, "has enough points"),
      (
        [
          "query", "--db", "DB", "--device", "h200", "gemm", "m=1", "n=1", "k=1", "--runtime", "to",
        ], 65,
        "'to' measured nothing for h200-sxm; those that did are toy 1"
      ),
      (
        ["query", "--db", "DB", "--device", "h200", "gemm", "m=1", "n=1", "k=1", "x=1"], 64,
        "no size 'x'; it has tokens, n, k, batch"
      ),
      (
        ["query", "--db", "DB", "--device", "h200", "attention", "heads=8", "prefillPast=9"], 64,
        "attention needs prefillTokens or decodeSequences of at least 1"
      ),
      (
        [
          "query", "--db", "DB", "--device", "h200", "attention", "decodeSequences=2",
          "decodeContext=9", "decodeLongest=8",
        ], 64, "decodeLongest is at least decodeContext"
      ),
      (
        [
          "query", "--db", "DB", "--device", "h200", "attention", "heads=8", "kvHeads=8",
          "headDim=64",
          "decodeSequences=2", "decodeContext=9", "decodeLongest=19",
        ], 64, "decodeLongest is more than 2 sequences of 9 keys on average can have"
      ),
      (
        [
          "query", "--db", "DB", "--device", "h200", "attention", "heads=8", "prefillTokens=8",
          "decodeContext=9",
        ], 64, "are of decodeSequences of at least 1"
      ),
      (
        [
          "query", "--db", "DB", "--device", "h200", "attention", "heads=8", "prefillPast=8",
          "decodeSequences=1", "decodeContext=9",
        ], 64, "prefillPast is of prefillTokens of at least 1"
      ),
      (
        ["query", "--db", "DB", "--device", "h200", "allReduce", "bytes=9", "ranks=4", "nodes=8"],
        64,
        "nodes is more than ranks"
      ),
      (
        [
          "query", "--db", "DB", "--device", "h200", "gemm", "m=1000000000", "n=1000000000",
          "k=1000000000",
        ], 64, "would take more than a year"
      ),
      (["inspect", "--outliers", "--db", "DB", "--unit", "s"], 64, "--outliers reads none"),
      (["plan-measurements", "--db", "DB", "--deployment", "DB", "-o", "-"], 64, "'-' is no file"),
      (
        ["query", "--db", "DB", "--device", "h200", "gemm", "m=1", "n=1", "k=1", "batch=0"], 64,
        "gemm: batch is less than 1"
      ),
      (["query", "--db", "DB", "--device", "h200", "quantize", "m=1", "bits=8"], 64, "not known"),
      (["compare-devices", "--db", "DB", "h100-sxm", "h201-sxm"], 64, "did you mean 'h200-sxm'"),
      (["compare-devices", "--db", "DB", "h100-sxm", "l40s"], 69, "no curve of 'l40s'"),
      (["compare-devices", "--db", "DB", "h100-sxm", "H100"], 64, "one device"),
      (
        ["compare-devices", "--db", "DB", "h100-sxm", "h200-sxm", "--operator", "gem"], 64,
        "did you mean 'gemm'"
      ),
    ] as [([String], Int32, String)])
  func `Mistakes are told in one line`(arguments: [String], code: Int32, words: String) throws {
    let outcome = try command.run(arguments.map { $0 == "DB" ? database : $0 })
    #expect(outcome.code == code, "\(outcome.errors)")
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }
}
