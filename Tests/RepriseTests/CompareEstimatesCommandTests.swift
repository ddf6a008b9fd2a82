import Foundation
import TestSupport
import Testing

/// `reprise compare-estimates` as a process.
@Suite struct CompareEstimatesCommandTests {
  private let command: CommandProcess

  init() throws { command = try CommandProcess() }

  @Test func `A page is made of what is named, a device of one's own among it`() throws {
    let mine = try command.file(
      "my devices.json",
      """
      {"devices": [{"name": "mine", "peak_tflops": {"bf16": 100}, "memory_gb_per_s": 1000,
       "memory_gib": 32, "source": "a plan"}]}
      """)
    let path = command.directory.path("page.html")
    let done = try command.run([
      "compare-estimates", "--model", "llama-3.1-8b", "qwen3-8b", "--device", "l40s", mine,
      "--devices", "1", "2", "--batch", "1", "8", "--dtype", "bf16", "-o", path,
    ])
    #expect(done.code == 0, "\(done.errors)")
    // Two models on two platforms with two sizes of both kinds, at five lengths of prompts and four of answers.
    #expect(done.output.hasPrefix("320 estimates of 2 models on 2 platforms"))
    let html = try String(contentsOfFile: path, encoding: .utf8)
    #expect(html.contains("--device '\(mine)'"))
    #expect(html.contains("--model Qwen/Qwen3-8B"))
    #expect(html.contains("does not fit on so many devices") == false)
  }

  @Test(arguments: [
    (["--model", "llama-9"], 64, "not built in"), (["--platform", "dgx-x"], 64, "no platform"),
    (["--device", "h101"], 64, "no data sheet"), (["--device", "gone.json"], 66, "gone.json"),
    (["--model", "llama-3.1-8b", "meta-llama/llama-3.1-8b"], 64, "named twice in --model"),
    (["--platform", "dgx-h100", "dgx-h100"], 64, "named twice"),
    (["--model", "e5-small-v2"], 64, "no head"), (["--output", "1"], 64, "--output must be"),
    (["--batch", "0"], 64, "--batch must be"),
    (Self.manyInputs, 64, "more than a page holds"),
    (["--batch", "16777216", "--input", "16777216"], 64, "too many"),
  ])
  func `What cannot be compared is one line and its exit code, and no page`(
    arguments: [String], code: Int32, reason: String
  ) throws {
    let path = command.directory.path("page.html")
    let outcome = try command.run(["compare-estimates", "-o", path] + arguments)
    #expect(outcome.code == code)
    #expect(outcome.errors.contains(reason), "\(outcome.errors.prefix(500))")
    #expect(outcome.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  private static let manyInputs: [String] = ["--input"] + (1...150).map { number in "\(number)" }

  @Test func `A page that cannot be written leaves nothing`() throws {
    let outcome = try command.run([
      "compare-estimates", "--model", "llama-3.1-8b", "--platform", "dgx-h100", "--batch", "1",
      "-o",
      command.directory.path("nowhere/page.html"),
    ])
    #expect(outcome.code == 73)
  }

  @Test func `A file that is read is not written over`() throws {
    let config = try command.file("config.json", "{}")
    let outcome = try command.run(["compare-estimates", "--model", config, "-o", config])
    #expect(outcome.code == 64 && outcome.errors.contains("overwritten"))
  }
}
