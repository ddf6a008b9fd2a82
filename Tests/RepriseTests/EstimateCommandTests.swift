import Foundation
import TestSupport
import Testing

/// The commands that need no measurement, run as a process.
@Suite struct EstimateCommandTests {
  private let command: CommandProcess

  init() throws { command = try CommandProcess() }

  private func number(_ name: String, _ outcome: CommandProcess.Outcome) throws -> Double {
    let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require((value as? [String: Any])?[name] as? Double)
  }

  @Test func `An estimate is the same as text, as JSON and with its operators`() throws {
    let asked = ["estimate", "--model", "llama-3.1-8b", "--platform", "dgx-h100", "--tp", "2"]
    let text = try command.run(asked)
    #expect(text.code == 0)
    let json = try command.run(asked + ["--json"])
    let milliseconds = try number("tpot_ms", json)
    #expect(text.output.contains("TPOT        \(String(format: "%.3f", milliseconds)) ms"))
    let plot = command.directory.path("roofline.svg")
    let listed = try command.run(asked + ["--operators", "--plot", plot])
    #expect(listed.output.hasPrefix(text.output))
    #expect(listed.output.contains("gate_up_proj"))
    #expect(try String(contentsOfFile: plot, encoding: .utf8).hasPrefix("<svg"))
  }

  @Test func `A search finds what an estimate of its layout says, and a size holds the model`()
    throws
  {
    let workload = ["--model", "llama-3.1-70b", "--device", "h100-sxm", "--batch", "8"]
    let search = try command.run(
      ["search", "layouts", "--devices", "8", "--json", "--limit", "1", "--objective", "latency"]
        + workload)
    let value = try JSONSerialization.jsonObject(with: Data(search.output.utf8))
    let plans = try #require((value as? [String: Any])?["plans"] as? [[String: Any]])
    let layout = try #require(plans.first?["layout"] as? [String: Int])
    let ways = [("--tp", "tensor"), ("--pp", "pipeline"), ("--dp", "data"), ("--sp", "sequence")]
      .flatMap { [$0.0, "\(layout[$0.1] ?? 0)"] }
    let estimate = try command.run(["estimate", "--json"] + workload + ways)
    #expect(try number("end_to_end_ms", estimate) == plans.first?["end_to_end_ms"] as? Double)
    // 141 GB of weights do not fit into one device of 80 GiB.
    let size = try command.run(["size", "--json"] + workload)
    #expect(try number("devices", size) == 2)
  }

  @Test func `A device of one's own is taken from a file, by name where it holds several`() throws {
    func device(_ name: String) -> String {
      """
      {"name": "\(name)", "peak_tflops": {"bf16": 100}, "memory_gb_per_s": 1000,
       "memory_gib": 32, "source": "a plan"}
      """
    }
    let one = try command.file("one.json", "{\"devices\": [\(device("mine"))]}")
    let two = try command.file("two.json", "{\"devices\": [\(device("a1")), \(device("b2"))]}")
    let asked = ["estimate", "--model", "llama-3.1-8b", "--device"]
    #expect(try command.run(asked + [one]).output.contains("1 × mine"))
    #expect(try command.run(asked + [two + "#b2"]).output.contains("1 × b2"))
    let unclear = try command.run(asked + [two])
    #expect(unclear.code == 64 && unclear.errors.contains("a1, b2"))
  }

  @Test(arguments: [
    (["estimate", "--model", "llama-3.1-8b"], 64, "--device or --platform"),
    (["estimate", "--model", "llama-9", "--device", "h100-sxm"], 64, "not built in"),
    (["estimate", "--model", "llama-3.1-8b", "--device", "h101"], 64, "no data sheet"),
    (
      ["estimate", "--model", "llama-3.1-8b", "--device", "h100-sxm", "--tp", "3"], 64,
      "cannot share 32 heads"
    ),
    (
      ["estimate", "--model", "llama-3.1-8b", "--device", "h100-sxm", "--batch", "0"], 64,
      "batch must be"
    ),
    (
      ["search", "layouts", "--model", "llama-3.1-405b", "--device", "l40s", "--devices", "2"], 69,
      "no layout"
    ),
    (["estimate", "--model", "gone.json", "--device", "h100-sxm"], 66, "gone.json"),
    (
      [
        "estimate", "--model", "deepseek-v3", "--device", "H100_GPU", "--compat", "genz",
      ], 64, "GenZ has no layers"
    ),
    (["catalogue", "models", "nonesuch"], 69, "no models"),
  ])
  func `What cannot be estimated is one line and its exit code`(
    arguments: [String], code: Int32, reason: String
  ) throws {
    let outcome = try command.run(arguments)
    #expect(outcome.code == code)
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }
}
