import Foundation
import Replay
import Scenarios
import TestSupport
import Testing
import TraceIO

@testable import Reports

@Suite("load.csv of a scenario") struct ScenarioLoadTests {
  /// Writes a scenario's folder, and reads it back for a page.
  private func withRun<Result>(
    _ toy: ToyScenario, _ body: (ReportedRun, String) throws -> Result
  ) throws -> Result {
    try withTemporaryPath("requests.csv") { path in
      let folder = String(path.dropLast("/requests.csv".count))
      let rows = try JourneyRowsFile(path: path, toy.plan.scenario)
      for outcome in toy.outcomes { rows.add(outcome) }
      try rows.commit()
      try ScenarioLoadFile.write(
        try #require(toy.result.load), until: toy.result.lastEnd, to: folder + "/load.csv")
      try ScenarioResultFile(
        toolVersion: "0.1.0", inputs: [], scenario: "name: toy\n", summary: toy.summary
      ).write(to: folder + "/scenario-result.json")
      return try body(try ReportedRun(folder: folder), folder)
    }
  }

  @Test("says what the replay recorded, pool by pool and links by links")
  func roundTrip() throws {
    let toy = try ToyScenario(change: {
      $0.pools[2].name = "=web, \"all\""; $0.pipelines[0].stages[2].pool = $0.pools[2].name
    })
    let load = try #require(toy.result.load)
    let bins = load.binCount(by: toy.result.lastEnd)
    #expect(bins > 100)
    try withRun(toy) { run, folder in
      let read = run.scenarioLoad
      #expect(read.map(\.name) == load.pools.map(\.name) + load.links.map(\.name))
      #expect(read.map(\.name).prefix(3) == ["hosts", "embedder", "=web, \"all\""])
      #expect(read.allSatisfy { $0.times.count == bins })
      func equal(_ found: [Double?], _ expected: [Double]?) -> Bool {
        guard let expected else { return found.allSatisfy { $0 == nil } }
        return found.count == bins
          && zip(found, expected).allSatisfy { abs(($0 ?? -1) - $1) <= 0.5001e-4 }
      }
      for (own, pool) in zip(read, load.pools) {
        #expect(equal(own.up, pool.up) && equal(own.busy, pool.busy))
        #expect(equal(own.running, pool.running) && equal(own.waiting, pool.waiting))
        #expect(equal(own.memory, pool.memory) && equal(own.largest, nil))
      }
      for (own, links) in zip(read.dropFirst(load.pools.count), load.links) {
        #expect(equal(own.largest, links.largest) && equal(own.busy, nil))
      }
      let first = try String(contentsOfFile: folder + "/load.csv", encoding: .utf8)
      try ScenarioLoadFile.write(load, until: toy.result.lastEnd, to: folder + "/load.csv")
      #expect(try String(contentsOfFile: folder + "/load.csv", encoding: .utf8) == first)
    }
  }

  @Test("gives a page panels of pools and links, each with as many values as times")
  func panels() throws {
    try withRun(try ToyScenario()) { run, _ in
      let panels = TimePanels(run, group: "time").panels
      #expect(
        panels.map(\.id) == [
          "time-requests", "time-load", "time-tokens", "time-busy", "time-pool-running",
          "time-pool-waiting", "time-memory", "time-links",
        ])
      for panel in panels {
        #expect(panel.series.allSatisfy { $0.values.count == panel.x.count })
        #expect(!panel.series.isEmpty && panel.series.count <= 6)
        #expect(Set(panel.series.map(\.colour)).count == panel.series.count)
      }
      let memory = panels.first { $0.id == "time-memory" }
      #expect(Set(memory?.series.map(\.label) ?? []) == ["prefill", "decode"])
    }
  }

  @Test("tells where engines start and stop, and only there")
  func changes() throws {
    let toy = try ToyScenario(change: {
      $0.pools[5].scaling = Scaling(minimum: 1, upper: 3, lower: 1, interval: 0.1, startup: 0.2)
    })
    try withRun(toy) { run, _ in
      let up = TimePanels(run, group: "time").panels.first { $0.id == "time-up" }
      #expect(up?.series.map(\.label) == ["decode"])
    }
  }

  @Test(
    "that lacks a column or has a damaged time is refused in one line",
    arguments: [
      ("time_ns,kind", "time,kind", "the column time_ns is missing"),
      (",pool,hosts", "x,pool,hosts", "'time_ns' is no whole number"),
    ])
  func damaged(text: String, other: String, reason: String) throws {
    try withRun(try ToyScenario()) { _, folder in
      let path = folder + "/load.csv"
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      try whole.replacing(text, with: other, maxReplacements: 1)
        .write(toFile: path, atomically: true, encoding: .utf8)
      let error = #expect(throws: ReportError.self) { try ReportedRun(folder: folder) }
      #expect(error.map { "\($0)".contains(reason) } == true)
    }
  }
}
