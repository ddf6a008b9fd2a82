import Foundation
import Reprise
import TestSupport
import Testing

/// `--json`: what is printed is what the files hold, to the byte, and nothing else.
@Suite struct JSONOutputTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  private func run(_ arguments: String...) throws -> String {
    let outcome = try command.run(arguments)
    #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
    return outcome.output
  }

  private func document(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// What was printed, once it keeps to its schema.
  private func document(_ text: String, as name: String) throws -> [String: Any] {
    let found = try document(text)
    #expect(try SchemaCheck(file: "\(name).schema.json").problems(in: found) == [])
    #expect(found["schema"] as? String == "reprise.\(name)")
    return found
  }

  private func file(_ name: String) throws -> String {
    try String(contentsOfFile: directory.path(name), encoding: .utf8)
  }

  /// A result without its comparison is compared again, by the other command, which pairs by names.
  @Test func `Replay prints its result, and validate the same comparison`() throws {
    let log = OwnCapture.path("serve-poisson-50/requests.jsonl.zst")
    let printed = try run(
      "replay", "--deployment", OwnCapture.path("server.yaml"), "--log", log, "-o",
      directory.path("out"), "--no-bands", "--no-timeline", "--json")
    #expect(try printed == file("out/result.json"))
    #expect(printed.contains("\"validation\""))
    var stored = try #require(
      try JSONSerialization.jsonObject(with: Data(printed.utf8)) as? [String: Any])
    stored["validation"] = nil
    try JSONSerialization.data(withJSONObject: stored)
      .write(to: URL(filePath: directory.path("out/result.json")))
    let validated = try run("validate", directory.path("out"), "--measured", log, "--json")
    #expect(validated == printed.replacing("\"pairing\" : \"order\"", with: "\"pairing\" : \"id\""))
  }

  @Test func `Pipelines and sweeps print what they write`() throws {
    let scenario = Checkout.path("docs/examples/pipelines/first.yaml")
    let printed = try run(
      "pipeline", scenario, "--requests", "20", "-o", directory.path("out"), "--json")
    #expect(try printed == file("out/scenario-result.json"))
    let sweep = try command.file(
      "sweep.yaml",
      "version: 1\npipeline: \(scenario)\nrequests: 5\nseeds: [1, 2]\n")
    let folder = directory.path("sweep")
    let planned = try run("sweep", "plan", sweep, "-o", folder, "--json")
    #expect(try planned == file("sweep/manifest.json"))
    _ = try run("sweep", "run", folder)
    let merged = try run("sweep", "merge", folder, "-o", directory.path("r.json"), "--json")
    #expect(try merged == file("r.json"))
  }

  @Test(arguments: [
    ("estimate", ["estimate", "--operators"]), ("estimate", ["size"]),
    ("plans", ["search", "layouts"]),
    (
      "genz-estimate",
      ["estimate", "--compat", "genz", "--operators", "--draft-model", "gemma-2-2b"]
    ),
  ])
  func `Estimates are documents with a schema`(name: String, arguments: [String]) throws {
    let outcome = try command.run(
      arguments + ["--model", "llama-3.1-8b", "--device", "h100-sxm", "--json"])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let found = try document(outcome.output, as: name)
    #expect(found["version"] as? Int == 1)
  }

  @Test func `What a database tells of is a document with a schema`() throws {
    _ = try OwnCapture.database(in: directory)
    let database = ["--db", directory.path("lat.sqlite")]
    let points = directory.path("points.json")
    for (name, arguments) in [
      ("outliers", ["inspect", "--outliers"]), ("hold-out", ["calibrate", "--check"]),
      (
        "measurement-points",
        [
          "plan-measurements", "--deployment", OwnCapture.path("server.yaml"), "--points", "3",
          "-o",
          points,
        ]
      ),
    ] {
      let outcome = try command.run(arguments + database + ["--json"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      _ = try document(outcome.output, as: name)
      if arguments.contains(points) { #expect(try outcome.output == file("points.json")) }
    }
  }

  @Test func `Views and the catalogue are objects, empty ones too`() throws {
    let database = directory.path("l.sqlite")
    _ = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", database, "--device",
      OwnCapture.device)
    let curves = try document(run("show", "curves", "--db", database, "--json"))
    #expect((curves["rows"] as? [[String: Any]])?.count == 15)
    let kernels = try document(run("show", "top-kernels", "--db", database, "--json"))
    #expect((kernels["rows"] as? [Any])?.isEmpty == true)
    #expect(kernels["view"] as? String == "top-kernels")
    let devices = try document(run("catalogue", "devices", "h100-sxm", "--json"))
    #expect((devices["devices"] as? [[String: Any]])?.first?["name"] as? String == "h100-sxm")
  }

  @Test func `Sources are told the same by inspect and by import, and merges in counts`() throws {
    let database = directory.path("l.sqlite")
    let (samples, spans) = (
      OwnCapture.path("samples.jsonl.zst"), OwnCapture.path("serve-poisson-80/spans.jsonl.zst")
    )
    let seen = try document(
      run("inspect", spans, samples, "--device", OwnCapture.device, "--json"), as: "inspection")
    let log = try #require((seen["logs"] as? [[String: Any]])?.first)
    #expect(log["requests"] as? Int == 270)
    #expect((log["latencies"] as? [String: Any])?.count == 4)
    var expected = try #require((seen["traces"] as? [[String: Any]])?.first)
    #expect(expected["samples"] as? Int == 518)
    for outcome in ["added", "unchanged"] {
      let made = try document(
        run("import", samples, "--db", database, "--device", OwnCapture.device, "--json"),
        as: "inspection")
      let trace = try #require((made["traces"] as? [[String: Any]])?.first)
      expected["outcome"] = outcome
      if outcome == "unchanged" { for count in ["samples", "curves"] { expected[count] = 0 } }
      #expect(trace as NSDictionary == expected as NSDictionary)
    }
    let merged = try document(
      run("merge", database, database, "-o", directory.path("m.sqlite"), "--json"), as: "merge")
    #expect(merged["samples"] as? Int == 518)
    #expect(merged["repeated"] as? Int == 1)
  }

  @Test(arguments: [
    ("steps", ["--steps", "serve-poisson-50/steps.jsonl.zst"]),
    ("requests", ["--log", "serve-poisson-80/requests.jsonl.zst"]),
  ])
  func `A fit is printed as the database keeps it`(basis: String, from: [String]) throws {
    _ = try OwnCapture.database(in: directory)
    let outcome = try command.run(
      [
        "calibrate", "--db", directory.path("lat.sqlite"), "--deployment",
        OwnCapture.path("server.yaml"), from[0], OwnCapture.path(from[1]), "--json",
      ])
    #expect(outcome.code == 0, "\(outcome.errors)")
    let fit = try document(outcome.output, as: "calibration")
    #expect(fit["basis"] as? String == basis)
    #expect(fit["kept"] as? Bool == true)
    #expect((fit["metrics"] as? [Any])?.count == (basis == "steps" ? nil : 3))
    let store = try OperatorStore(path: directory.path("lat.sqlite"), mode: .readOnly)
    let kept = try #require(
      try store.calibration(
        of: .init(
          device: OwnCapture.device, model: "llama-25m", dataType: .float32, tensorParallel: 1)))
    // Foundation reads the last digits of some numbers wrong.
    let factor = try #require((fit["device_scale"] as? [String: Any])?["value"] as? Double)
    #expect(abs(factor / kept.deviceScale - 1) < 1e-14)
    let error = try #require(fit["error_held_out"] as? Double)
    #expect(abs(error / kept.errorHeldOut - 1) < 1e-14)
  }

  @Test func `A report says its verdict, and of several results their differences`() throws {
    for (name, speed) in [("one", "1"), ("two", "2")] {
      _ = try run(
        "replay", "--deployment", OwnCapture.path("server.yaml"), "--log",
        OwnCapture.path("serve-poisson-50/requests.jsonl.zst"), "--requests", "60", "--speed",
        speed,
        "--no-bands", "--no-timeline", "-o", directory.path(name))
    }
    let page = directory.path("report.html")
    let alone = try document(
      run("report", directory.path("one"), "-o", page, "--ttft-ms", "0.001", "--json"),
      as: "report")
    #expect(FileManager.default.fileExists(atPath: page))
    let result = try #require((alone["results"] as? [[String: Any]])?.first)
    #expect(result["objective"] as? String == "broken")
    #expect(result["command"] as? String == "replay")
    #expect(alone["comparison"] == nil)
    // The same latencies as in the result itself.
    let stored = try document(file("one/result.json"))
    let latencies = try #require(result["latencies"] as? [[String: Any]])
    #expect(latencies.count == 6)
    let told = try #require(latencies.first { $0["metric"] as? String == "ttft" })
    let metrics = try #require((stored["summary"] as? [String: Any])?["ttft"] as? [String: Any])
    let nanoseconds = try #require(metrics["p50_ns"] as? Double ?? metrics["p50"] as? Double)
    let milliseconds = try #require(told["replayed_ms"] as? Double)
    #expect(abs(milliseconds - nanoseconds / 1e6) < 1e-9)
    #expect(told["measured_ms"] != nil)
    let codes = try #require(result["findings"] as? [[String: Any]]).compactMap {
      $0["code"] as? String
    }
    #expect(codes.contains("few-requests"))

    let both = try document(
      run("report", directory.path("one"), directory.path("two"), "-o", page, "--json"),
      as: "report")
    let comparison = try #require(both["comparison"] as? [String: Any])
    #expect((comparison["variants"] as? [Any])?.count == 2)
    let measures = try #require(comparison["measures"] as? [[String: Any]])
    let cells = try #require(measures.first?["variants"] as? [[String: Any]])
    let means = cells.compactMap { $0["mean"] as? Double }
    let difference = try #require(cells.last?["difference_percent"] as? Double)
    #expect(abs(difference - 100 * (means[1] / means[0] - 1)) < 1e-9)
  }

  @Test func `Compared estimates are the best layouts of use cases, as estimates have them`() throws
  {
    let page = directory.path("page.html")
    let found = try document(
      run(
        "compare-estimates", "--model", "llama-3.1-8b", "--platform", "dgx-h100", "--device",
        "l40s",
        "--devices", "1", "--batch", "1", "8", "-o", page, "--json"), as: "use-cases")
    #expect(FileManager.default.fileExists(atPath: page))
    let cases = try #require(found["use_cases"] as? [[String: Any]])
    #expect(cases.count == 6)
    let chat = try #require(cases.first { $0["name"] as? String == "chat" })
    let row = try #require((chat["platforms"] as? [[String: Any]])?.first)
    let plan = try #require(row["plan"] as? [String: Any])
    let batch = try #require(row["batch"] as? Int)
    let same = try document(
      run(
        "estimate", "--model", "llama-3.1-8b", "--platform", "dgx-h100", "--tp", "1",
        "--batch", "\(batch)", "--input", "3000", "--output", "1000", "--json"))
    #expect(plan["ttft_ms"] as? Double == same["ttft_ms"] as? Double)
    #expect(plan["tpot_ms"] as? Double == same["tpot_ms"] as? Double)
  }

  @Test(arguments: [
    ["inspect", "BAD"], ["inspect", "GONE"], ["import", "BAD", "--db", "DB", "--device", "l40s"],
    ["merge", "GONE", "-o", "DB"], ["show", "curves", "--db", "GONE"],
    ["query", "--db", "GONE", "--device", "l40s", "gemm", "m=1", "n=1", "k=1"], ["report", "GONE"],
    ["replay", "--deployment", "GONE", "--log", "BAD"], ["validate", "GONE", "--measured", "BAD"],
    ["pipeline", "GONE"], ["sweep", "plan", "GONE", "-o", "OUT"], ["sweep", "run", "GONE"],
    ["compare-estimates", "--model", "GONE"],
    ["estimate", "--model", "no-such", "--device", "l40s"],
  ])
  func `Where a command fails nothing is printed but a line of what is wrong`(arguments: [String])
    throws
  {
    let names = [
      "BAD": try command.file("bad", "{\"what\": "), "GONE": directory.path("gone"),
      "DB": directory.path("db"), "OUT": directory.path("out"),
    ]
    let outcome = try command.run(arguments.map { names[$0] ?? $0 } + ["--json"])
    #expect([64, 65, 66, 69].contains(outcome.code), "\(outcome.code)")
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("\n"), "there is a line")
  }

  @Test func `A run of a sweep tells what it replayed, and what cannot be`() throws {
    let log = OwnCapture.path("serve-poisson-50/requests.jsonl.zst")
    let sweep = try command.file(
      "sweep.yaml",
      """
      version: 1
      deployment: \(OwnCapture.path("server.yaml"))
      log: \(log)
      requests: 5
      fields: {engines.server.device: [\(OwnCapture.device), no-such-device]}
      """)
    let folder = directory.path("sweep")
    _ = try run("sweep", "plan", sweep, "-o", folder)
    let first = try document(
      run("sweep", "run", folder, "--shard", "1/2", "--json"), as: "sweep-run")
    #expect(first["replayed"] as? Int == 1)
    let all = try command.run(["sweep", "run", folder, "--json"])
    #expect(all.code == 65)
    let told = try document(all.output, as: "sweep-run")
    #expect(told["found"] as? Int == 1)
    let failed = try #require(told["failed"] as? [[String: String]])
    #expect(failed.count == 1)
    #expect(failed.first?["error"]?.contains("no-such-device") == true)
  }
}
