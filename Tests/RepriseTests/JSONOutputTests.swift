import Foundation
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
    let scenario = OwnCapture.root.appending(path: "docs/examples/pipelines/first.yaml").path
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

  @Test func `Views and the catalogue are objects, empty ones too`() throws {
    let database = directory.path("l.sqlite")
    _ = try run(
      "import", OwnCapture.path("samples.jsonl.zst"), "--db", database, "--device",
      OwnCapture.device)
    func document(_ text: String) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
    let curves = try document(run("show", "curves", "--db", database, "--json"))
    #expect((curves["rows"] as? [[String: Any]])?.count == 15)
    let kernels = try document(run("show", "top-kernels", "--db", database, "--json"))
    #expect((kernels["rows"] as? [Any])?.isEmpty == true)
    #expect(kernels["view"] as? String == "top-kernels")
    let devices = try document(run("catalogue", "devices", "h100-sxm", "--json"))
    #expect((devices["devices"] as? [[String: Any]])?.first?["name"] as? String == "h100-sxm")
  }
}
