import Foundation
import Operators
import Replay
import Scenarios
import TestSupport
import Testing

@testable import Reports

@Suite("Rows of a scenario's requests and stages")
struct JourneyRowsTests {
  /// The cells of each row, by the header's names; names with commas are not in these tests.
  private func rows(_ path: String) throws -> [[String: String]] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.hasSuffix("\n"))
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { cells in
      #expect(cells.count == lines[0].count)
      return Dictionary(uniqueKeysWithValues: zip(lines[0], cells))
    }
  }

  @Test("say of each request what became of it")
  func requests() throws {
    try withTemporaryPath("requests.csv") { path in
      let scenario = try ToyScenario(requests: 0).plan.scenario
      let file = try JourneyRowsFile(path: path, scenario)
      let toy = try ToyScenario(collect: file.add)
      #expect(!FileManager.default.fileExists(atPath: path))
      try file.commit()
      let rows = try rows(path)
      #expect(rows.count == toy.outcomes.count)
      #expect(rows.count { $0["status"] == "rejected" } == 1)
      for (row, outcome) in zip(rows, toy.outcomes) {
        let finished = outcome.status == .finished
        func text(_ time: Nanoseconds?) -> String {
          finished ? time.map { "\($0.rawValue)" } ?? "" : ""
        }
        #expect(row["number"] == "\(outcome.number)")
        #expect(row["id"] == outcome.id)
        #expect(row["status"] == outcome.status.rawValue)
        #expect(row["arrival_ns"] == "\(outcome.arrival.rawValue)")
        #expect(row["ttft_ns"] == text(outcome.timeToFirstToken))
        #expect(row["tpot_ns"] == text(outcome.timePerOutputToken))
        #expect(row["end_to_end_ns"] == text(outcome.endToEnd))
        #expect(row["prompt_tokens"] == "\(outcome.promptTokens)")
        #expect(row["context_tokens"] == "\(outcome.contextTokens)")
        #expect(row["output_tokens"] == "\(outcome.outputTokens)")
        #expect(row["cached_tokens"] == "\(outcome.cachedTokens)")
        #expect(row["fetched_tokens"] == "\(outcome.fetchedTokens)")
        #expect(row["retries"] == "0")
        #expect(
          row["pipeline"] == (outcome.pipeline == 1 ? "plain" : "\"retrieval <&> \"\"more\"\"\""))
      }
    }
  }

  @Test("say of each stage where and when it was served")
  func stages() throws {
    try withTemporaryPath("stages.csv") { path in
      let scenario = try ToyScenario(requests: 0).plan.scenario
      let file = try StageRowsFile(path: path, scenario)
      let toy = try ToyScenario(collect: file.add)
      try file.commit()
      let rows = try rows(path)
      let stages = toy.outcomes.flatMap { outcome in outcome.stages.map { (outcome, $0) } }
      #expect(rows.count == stages.count)
      #expect(rows.contains { $0["stage"] == "'=tokenize" })
      // Engines over all pools: 2 hosts, an embedder, the web, then prefill and decode; no store.
      let first = ["hosts": 0, "embedder": 2, "web": 3, "prefill": 4, "decode": 5]
      for (row, (outcome, stage)) in zip(rows, stages) {
        let pool = try #require(row["pool"])
        #expect(pool == scenario.pipelines[outcome.pipeline].stages[stage.stage].pool)
        #expect(row["number"] == "\(outcome.number)")
        let number = stage.engine < 0 ? "" : "\(stage.engine - (first[pool] ?? 0))"
        #expect(row["engine"] == number)
        #expect(row["ready_ns"] == "\(stage.ready.rawValue)")
        #expect(row["arrived_ns"] == "\(stage.arrived.rawValue)")
        #expect(row["started_ns"] == "\(stage.started.rawValue)")
        #expect(row["ended_ns"] == "\(stage.ended.rawValue)")
      }
    }
  }

  @Test("are exact at the ends of numbers")
  func numbers() throws {
    try withTemporaryPath("numbers.csv") { path in
      var writer = try RowWriter(path: path, columns: ["a", "b"])
      for value in [0, 7, -7, 10, 1_000_000_007, Int64.max, .min] {
        writer.add(value)
        writer.add(Int64?.none)
        writer.endRow()
      }
      writer.add(Int64?.none)
      writer.add(1)
      writer.endRow()
      try writer.commit()
      #expect(
        try String(contentsOfFile: path, encoding: .utf8)
          == "a,b\n0,\n7,\n-7,\n10,\n1000000007,\n9223372036854775807,\n-9223372036854775808,\n,1\n"
      )
    }
  }

  @Test("keep the first error for the end, and leave no file")
  func errors() throws {
    let scenario = try ToyScenario(requests: 0).plan.scenario
    #expect(throws: (any Error).self) {
      _ = try JourneyRowsFile(path: "/nowhere/at/all.csv", scenario)
    }
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let file = try StageRowsFile(path: "/dev/full", scenario)
    // More than the file gathers before it writes.
    for outcome in try ToyScenario(requests: 10).outcomes {
      for _ in 0..<300 { file.add(outcome) }
    }
    #expect(file.error != nil)
    #expect(throws: (any Error).self) { try file.commit() }
  }
}
