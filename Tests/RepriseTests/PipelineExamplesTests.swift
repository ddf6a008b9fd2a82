import Foundation
import Reprise
import TestSupport
import Testing

/// Every scenario of `docs/examples/pipelines`, as a user runs it.
@Suite struct PipelineExamplesTests {
  private static let folder = Checkout.url("docs/examples/pipelines")

  /// Their names; a file that is added is tested.
  static let names =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".yaml") }.sorted()

  @Test func `There are ten of them or more`() { #expect(Self.names.count >= 10) }

  @Test(arguments: names)
  func `It says what it shows, finishes and writes its files`(_ name: String) throws {
    let path = Self.folder.appending(path: name).path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let comment = text.split(separator: "\n").prefix { $0.hasPrefix("#") }
    #expect(comment.joined().count > 80, "what it shows, and where to look")
    let command = try CommandProcess()
    let out = command.directory.path("out")
    let run = try command.run([
      "pipeline", path, "-o", out, "--requests", "50", "--stages",
    ])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains("50 of 50"), "\(run.output)")
    let files = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
    #expect(
      files == [
        "critical-path.svg", "load.csv", "requests.csv", "scenario-result.json", "stages.csv",
        "stages.svg",
        "timeline.pftrace",
      ])
    let data = try Data(contentsOf: URL(filePath: out + "/scenario-result.json"))
    let result = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let summary = try #require(result["summary"] as? [String: Any])
    #expect(summary["requests"] as? Int == 50)
    #expect(summary["finished"] as? Int == 50)
    #expect(summary["objectives"] != nil)
    let rows = try String(contentsOfFile: out + "/requests.csv", encoding: .utf8)
    #expect(rows.split(separator: "\n").count == 51)
    for figure in ["critical-path.svg", "stages.svg"] {
      let svg = try String(contentsOfFile: out + "/" + figure, encoding: .utf8)
      #expect(svg.hasPrefix("<svg") && svg.contains("</svg>"))
    }
  }
}
