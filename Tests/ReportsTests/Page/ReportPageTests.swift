import CostModel
import Foundation
import Operators
import Replay
import TestSupport
import Testing
import Validation

@testable import Reports

@Suite("report.html")
struct ReportPageTests {
  /// Writes a replay's folder, and reads it back for a page.
  private func withRun<Result>(
    requests: Int = 200, warnings: [String] = [], seed: String = "0", model: String = "toy",
    objectives: ReportedRun.Objectives = .init(), _ body: (ReportedRun, String) throws -> Result
  ) throws -> Result {
    let run = try ToyRun(requests: requests)
    return try withTemporaryPath("requests.csv") { path in
      let folder = String(path.dropLast("/requests.csv".count))
      try RequestsFile.write(run.rows, to: path)
      try LoadFile.write(
        run.steps, engineBlocks: run.result.engines.map(\.blocks), to: folder + "/load.csv")
      try ResultFile(
        toolVersion: "0.1.0",
        inputs: [
          .init(role: "request-log", path: "log.jsonl", sha256: String(repeating: "0", count: 64))
        ],
        deployment: ["model": .text(model)], workload: ["seed": .text(seed)],
        summary: ReplaySummary(run.result), timeShares: TimeShares(run.result),
        validation: try Validation(rows: run.rows), warnings: warnings
      ).write(to: folder + "/result.json")
      return try body(try ReportedRun(folder: folder, objectives: objectives), folder)
    }
  }

  private func page(warnings: [String] = [], objectives: ReportedRun.Objectives = .init()) throws
    -> String
  {
    try withRun(warnings: warnings, objectives: objectives) { run, folder in
      ReportPage([run], at: folder + "/report.html").html
    }
  }

  @Test("is one file: nothing in it is fetched")
  func offline() throws {
    let html = try page()
    #expect(fetches(in: html) == [])
    #expect(html.contains("default-src 'none'"))
  }

  @Test("closes what it opens, names no id twice, and every way within it leads somewhere")
  func structure() throws {
    let html = try page()
    #expect(faults(inStructureOf: html) == [])
  }

  @Test("never takes text from outside for its own")
  func escaping() throws {
    let hostile = "</script><script>alert('x')</script><b onload=\"y\">&"
    let html = try page(warnings: [hostile])
    #expect(!html.contains("alert('x')</script>"))
    #expect(html.contains("&lt;/script&gt;&lt;script&gt;alert"))
  }

  @Test("is the same to the byte each time")
  func deterministic() throws {
    try withRun { run, folder in
      let again = try ReportedRun(folder: folder)
      let path = folder + "/report.html"
      #expect(ReportPage([run], at: path).html == ReportPage([again], at: path).html)
    }
  }

  @Test("says first whether the objective is met, by the result's own percentile")
  func objectives() throws {
    // All of the first seven finish.
    try withRun(requests: 7) { run, folder in
      let p99 = try #require(run.result.summary.statistics(.timeToFirstToken)?.p99)
      for (limit, head) in [(p99, "SLO met:"), (p99 - Nanoseconds(1), "SLO broken:")] {
        let judged = try ReportedRun(
          folder: folder, objectives: .init(timeToFirstToken: limit, quantile: 0.99))
        #expect(judged.verdict.first?.head == head)
      }
      #expect(run.verdict.first?.head == "No SLO.")
    }
  }

  @Test("takes a request that did not finish for later than all others")
  func unfinished() throws {
    let outcomes = try ToyRun(requests: 200).outcomes
    let times = outcomes.filter { $0.status == .finished }.map(\.timeToFirstToken).sorted()
    #expect(times.count == 199)
    try withRun { run, folder in
      for (quantile, place) in [(0.5, 99), (0.9, 179), (0.99, 197), (0.999, 199)] {
        for factor in [0.998, 1.002] {
          let time = place < times.count ? times[place] : times[198]
          let limit = Nanoseconds(rounding: factor * Double(time.rawValue))
          let judged = try ReportedRun(
            folder: folder, objectives: .init(timeToFirstToken: limit, quantile: quantile))
          let line = try #require(judged.verdict.first)
          #expect((line.head == "SLO met:") == (place < times.count && factor > 1), "\(quantile)")
          #expect(line.sentence.contains("did not finish") == (place >= times.count))
        }
      }
    }
  }

  @Test("holds the panels' figures as JSON that a script can read")
  func panels() throws {
    let html = try page()
    let match = try #require(
      html.firstMatch(of: #/<script type="application/json" id="panels">(?<json>.*?)</script>/#))
    let panels = try #require(
      try JSONSerialization.jsonObject(with: Data(match.json.utf8)) as? [[String: Any]])
    #expect(
      panels.compactMap { $0["id"] as? String } == [
        "time-requests", "time-load", "time-tokens", "time-busy", "time-memory",
      ])
    for panel in panels {
      let count = (panel["x"] as? [Double])?.count
      for line in panel["series"] as? [[String: Any]] ?? [] {
        #expect((line["values"] as? [Double])?.count == count)
      }
    }
  }

  @Test("runs that differ by their seed alone are one variant with an interval")
  func seeds() throws {
    try withRun(seed: "1") { first, _ in
      try withRun(requests: 190, seed: "2") { second, _ in
        try withRun(seed: "1", model: "other") { other, _ in
          let comparison = RunComparison([second, other, first])
          #expect(comparison.variants.map(\.runs.count) == [2, 1])
          #expect(comparison.variants[0].seeds == ["1", "2"])
          let row = try #require(comparison.table.rows.first { $0[0] == "requests/s" })
          #expect(row[1].contains("±"))
          let html = ReportPage([second, other, first], at: "/tmp/report.html").html
          #expect(html.contains("Welch"))
          #expect(html.contains("Differences are from"))
          let alone = RunComparison([second, first])
          #expect(alone.note.contains("by Student's t."))
          #expect(!alone.note.contains("ifferences"))
          // A seed is run once, however often it is given.
          let doubled = RunComparison([first, first, other])
          #expect(doubled.variants.map(\.runs.count) == [1, 1])
          #expect(doubled.variants[0].name == "\(first.name) (\(first.folder))")
          var named = first
          named.name = "mine"
          #expect(
            RunComparison([named, second, other]).variants.map(\.name) == ["mine", other.name])
        }
      }
    }
  }

  @Test("an inconsistent folder is refused in one line")
  func inconsistent() throws {
    try withRun { _, folder in
      let path = folder + "/requests.csv"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let cut = text.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
      try cut.write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ReportError.self) { try ReportedRun(folder: folder) }
      #expect(
        error.map { "\($0)".contains("has 199 requests where the result counts 200") } == true)
    }
    #expect(throws: ReportError.self) { try ReportedRun(folder: "/nowhere") }
  }
}
