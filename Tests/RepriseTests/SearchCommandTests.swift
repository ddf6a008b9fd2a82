import Foundation
import TestSupport
import Testing

/// The search over designs, run as a process.
@Suite struct SearchCommandTests {
  private let command: CommandProcess
  private static let text = """
    version: 1
    name: small
    model: llama-3.1-8b
    devices: [{device: h100-sxm, count: 4, price_per_hour: 3}]
    engine: {max_model_len: 512, max_num_batched_tokens: 256, max_num_seqs: [2, 4, 8, 16], tensor_parallel: [1, 2, 3]}
    replicas: [1, 2, 4]
    routing: [round-robin, least-loaded]
    slo: {ttft_ms: 20, tpot_ms: 8}
    workload:
      requests: 40
      arrivals: {kind: poisson, rate: 40}
      streams: [{name: chat, share: 1, input: 200, output: 10}]
    """

  init() throws { command = try CommandProcess() }

  private func contents(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: command.directory.path(folder))
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try Data(contentsOf: URL(filePath: command.directory.path(folder + "/" + $0))))
      })
  }

  @Test func `A search writes the same bytes on one thread, and its best design can be replayed`()
    throws
  {
    let file = try command.file("small.yaml", Self.text)
    let first = try command.run(["search", file, "-o", command.directory.path("a")])
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.contains("best by cost: design"))
    // A pipe gets no progress, and files do not depend on threads.
    #expect(!first.errors.contains("\r"))
    _ = try command.run(
      ["search", "designs", file, "-o", command.directory.path("b"), "--threads", "1"])
    let (one, other) = (try contents("a"), try contents("b"))
    #expect(
      Set(one.keys) == ["best.yaml", "designs.csv", "front.svg", "search-result.json"])
    #expect(one == other)
    // Nothing that bounds leave out is the best.
    _ = try command.run(["search", file, "-o", command.directory.path("c"), "--exhaustive"])
    let whole = try contents("c")
    #expect(whole["best.yaml"] == one["best.yaml"])
    #expect(whole["designs.csv"] != one["designs.csv"])
  }

  @Test func `What is replayed of the best design is what the search says of it`() throws {
    let file = try command.file("small.yaml", Self.text)
    let log = try command.file(
      "log.jsonl",
      "{\"schema\": \"reprise.request-log\", \"version\": 1}\n"
        + (0..<30).map {
          "{\"id\": \"\($0)\", \"arrival_ns\": \($0 * 20_000_000), \"input_tokens\": \(100 + 7 * $0), "
            + "\"output_tokens\": 8}"
        }.joined(separator: "\n") + "\n")
    let out = command.directory.path("out")
    let search = try command.run(["search", file, "--log", log, "-o", out, "--json"])
    #expect(search.code == 0, "\(search.errors)")
    let found = try JSONSerialization.jsonObject(with: Data(search.output.utf8)) as? [String: Any]
    let best = try #require(found?["best"] as? [String: Any])
    let replay = try command.run([
      "replay", "--deployment", out + "/best.yaml", "--log", log, "-o",
      command.directory.path("replay"), "--no-bands", "--no-timeline",
    ])
    #expect(replay.code == 0, "\(replay.errors)")
    let result =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: command.directory.path("replay/result.json"))))
      as? [String: Any]
    let summary = try #require(result?["summary"] as? [String: Any])
    for name in ["ttft", "tpot"] {
      let (one, other) = (best[name] as? [String: Int], summary[name] as? [String: Any])
      for percentile in ["p50_ns", "p90_ns", "p99_ns"] {
        #expect(one?[percentile] == other?[percentile] as? Int, "\(name) \(percentile)")
      }
    }
    #expect(best["steps"] as? Int == summary["steps"] as? Int)
  }

  @Test(arguments: [
    ("max_num_seqs: [2, 4, 8, 16]", "max_num_seqs: [0]", 65, "small.yaml:5: 'max_num_seqs'"),
    ("h100-sxm", "h101", 65, "no data sheet for device 'h101'"),
    ("llama-3.1-8b", "llama-9", 65, "not built in"),
    ("  requests: 40", "  for_s: 0.000000001", 65, "no request arrives"),
  ])
  func `A mistake in the file is one line and its exit code`(
    from: String, to: String, code: Int32, reason: String
  ) throws {
    let file = try command.file("small.yaml", Self.text.replacing(from, with: to))
    let outcome = try command.run(["search", file, "-o", command.directory.path("out")])
    #expect(outcome.code == code)
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: command.directory.path("out")))
  }

  @Test func `No design that holds the SLO is a result`() throws {
    let file = try command.file(
      "small.yaml", Self.text.replacing("ttft_ms: 20", with: "ttft_ms: 0.1"))
    let outcome = try command.run(["search", file, "-o", command.directory.path("out")])
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("no design holds the SLO within the budget"))
    #expect(outcome.output.contains("first tokens too late, even alone"))
    #expect(!FileManager.default.fileExists(atPath: command.directory.path("out/best.yaml")))
  }
}
