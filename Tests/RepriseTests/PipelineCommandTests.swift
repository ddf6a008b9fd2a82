import Foundation
import TestSupport
import Testing

/// `reprise pipeline` as a process: what is wrong is told in one line, and nothing is left half written.
@Suite struct PipelineCommandTests {
  private let command: CommandProcess
  private var directory: TemporaryDirectory { command.directory }

  init() throws { command = try CommandProcess() }

  private static let scenario = """
    version: 1
    name: plain
    engines:
      - {name: chat, model: Llama-3.1-8B, device: h100, max_model_len: 8192}
    pipelines:
      - name: chat
        stages:
          - {do: generate, on: chat}
    workload:
      requests: 20
      arrivals: {kind: poisson, rate: 5}
      streams:
        - {name: chat, share: 1, input: 300, output: 100}

    """

  private func scenario(_ old: String, _ new: String) throws -> String {
    #expect(Self.scenario.contains(old))
    return try command.file(
      "scenario.yaml", Self.scenario.replacingOccurrences(of: old, with: new))
  }

  private func summary(_ out: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(filePath: out + "/scenario-result.json"))
    let result = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    return try #require(result["summary"] as? [String: Any])
  }

  @Test(
    arguments: [
      ("name: plain", "name: plain\nnmae: x", 65, "scenario.yaml:3: a scenario has no key 'nmae'"),
      ("name: plain", #"name: "\u001b[2J""#, 65, "scenario.yaml:2: 'name' holds a control"),
      (
        "Llama-3.1-8B", "Lama-9", 65,
        "scenario.yaml:4: engines 'chat': model 'Lama-9' is not built in"
      ),
      ("h100", "h1000", 65, "scenario.yaml:4: engines 'chat': no data sheet for device 'h1000'"),
      ("Llama-3.1-8B", "none.json", 66, "scenario.yaml:4: engines 'chat': "),
      (", rate: 5", "", 65, "scenario.yaml:11: 'arrivals' needs the key 'rate'"),
      ("requests: 20", "for_s: 1.0e-9", 65, "no request arrives"),
    ] as [(String, String, Int32, String)])
  func `An error is one line, and writes nothing`(
    _ old: String, _ new: String, _ code: Int32, _ message: String
  ) throws {
    let out = directory.path("out")
    let run = try command.run(["pipeline", scenario(old, new), "-o", out])
    #expect(run.code == code)
    #expect(run.output.isEmpty)
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.errors.contains(message), "\(run.errors)")
    let left = try? FileManager.default.contentsOfDirectory(atPath: out)
    #expect(left ?? [] == [])
  }

  @Test func `A pipeline's folder is none that is validated, and is told as what it is`() throws {
    let out = directory.path("p")
    let done = try command.run([
      "pipeline", Checkout.path("docs/examples/pipelines/first.yaml"), "--requests", "5", "-o", out,
    ])
    #expect(done.code == 0, "\(done.errors)")
    let refused = try command.run([
      "validate", out, "--measured", OwnCapture.path("serve-poisson-50/requests.jsonl.zst"),
    ])
    #expect(refused.code == 65)
    #expect(refused.errors.contains("is of 'reprise pipeline'"), "\(refused.errors)")
  }

  @Test func `Requests that no engine can serve, and that never end, are told and counted`() throws
  {
    let out = directory.path("out")
    let small = try command.run([
      "pipeline", scenario("max_model_len: 8192", "max_model_len: 256"), "-o", out,
    ])
    #expect(small.code == 0)
    #expect(small.errors.contains("20 of 20 requests were rejected"), "\(small.errors)")
    #expect(try summary(out)["rejected"] as? Int == 20)
    let rows = try String(contentsOfFile: out + "/requests.csv", encoding: .utf8)
    #expect(rows.split(separator: "\n").count == 21)
    let gone = try command.run([
      "pipeline",
      scenario(
        "max_model_len: 8192",
        "max_model_len: 8192, outages: [{engine: 0, at_s: 0}], scaling: {min_engines: 1, up_at: 90, "
          + "down_at: 1, interval_s: 1, startup_s: 1}"), "-o", out,
    ])
    #expect(gone.code == 0)
    #expect(gone.errors.contains("20 of 20 requests never ended"), "\(gone.errors)")
    #expect(gone.output.contains("requests that never ended"))
    #expect(try summary(out)["unfinished"] as? Int == 20)
    #expect(try summary(out)["cut"] as? Bool == false)
    // The result is one that a page can be made of.
    let page = try command.run(["report", out, "-o", directory.path("r.html"), "--ttft-ms", "500"])
    #expect(page.code == 0, "\(page.errors)")
    #expect(
      page.output.hasPrefix(
        "SLO broken: p99 TTFT is of requests that did not finish, limit 500.00 ms; goodput 0.00"),
      "\(page.output)")
  }

  @Test func `SIGINT ends a replay with what had finished, marked as cut`() throws {
    let out = directory.path("cut")
    let process = try command.process([
      "pipeline", scenario("requests: 20", "requests: 100000000"), "-o", out,
    ])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    // Files are begun when the replay does.
    func files() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: out)) ?? [] }
    for _ in 0..<2000 where files().isEmpty && process.isRunning { usleep(10_000) }
    usleep(100_000)
    process.interrupt()
    for _ in 0..<2000 where process.isRunning { usleep(10_000) }
    process.terminate()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(
      files().sorted() == [
        "critical-path.svg", "load.csv", "requests.csv", "scenario-result.json", "stages.svg",
        "timeline.pftrace",
      ])
    #expect(try summary(out)["cut"] as? Bool == true)
    let requests = try #require(summary(out)["requests"] as? Int)
    let rows = try String(contentsOfFile: out + "/requests.csv", encoding: .utf8)
    #expect(rows.split(separator: "\n").count == requests + 1)
    let page = try command.run(["report", out, "-o", directory.path("cut.html")])
    #expect(page.code == 0, "\(page.errors)")
    #expect(page.output.contains("\nStopped. The replay was stopped before its end, with "))
  }
}
