import Foundation
import Operators
import Replay
import RequestLogs
import TestSupport
import Testing
import Validation

/// Real runs of a server, and what another project's simulator made of them.
@Suite("Public runs", .needsSharedData)
struct PeerRunTests {
  @Test(
    "give the differences that their own project tells",
    arguments: ["rtx4090-llama-3.1-8b-tp1", "rtxpro6000-llama-3.1-8b-tp1"])
  func differences(name: String) throws {
    let run = try PeerRun(name)
    let validation = try Validation(measured: run.measured, replayed: run.simulated)
    #expect(validation.counts.paired == 300)
    #expect(validation.counts.missingFromReplay == 0)
    let metrics: [String: LatencyMetric] = [
      "TTFT": .timeToFirstToken, "TPOT": .timePerOutputToken, "Latency": .endToEnd,
    ]
    let statistics: [String: LatencyStatistic] = [
      "Mean": .mean, "Median": .p50, "P90": .p90, "P95": .p95, "P99": .p99,
    ]
    #expect(run.summary.count == 15)
    for row in run.summary {
      let metric = try #require(metrics[row.metric])
      let statistic = try #require(statistics[row.statistic])
      let ours = try #require(validation[metric]?[statistic])
      // Their table is rounded to a tenth, and so are the figures its differences are taken from.
      #expect(abs(ours.measured.milliseconds - row.measured) <= 0.051, "\(row)")
      #expect(abs(ours.replayed.milliseconds - row.simulated) <= 0.051, "\(row)")
      #expect(abs((ours.differencePercent ?? .nan) - row.difference) <= 0.051, "\(row)")
    }
  }
}

private struct PeerRun {
  struct Row {
    var metric: String
    var statistic: String
    var measured: Double
    var simulated: Double
    var difference: Double
  }

  var measured: [RequestLatencies?]
  var simulated: [RequestLatencies] = []
  var summary: [Row] = []

  init(_ name: String) throws {
    let folder = SharedData.url("serving-runs/\(name)")
    let log = try RequestLog(path: folder.appendingPathComponent("vllm_requests.jsonl").path)
    measured = log.records.map(RequestLatencies.init)
    for row in try Self.rows(folder.appendingPathComponent("peer_sim_requests.csv")) {
      func time(_ column: Int) throws -> Nanoseconds {
        Nanoseconds(try #require(Int64(row[column])))
      }
      simulated.append(
        RequestLatencies(
          id: "bench-" + row[1], timeToFirstToken: try time(9), timePerOutputToken: try time(10),
          endToEnd: try time(7)))
    }
    for row in try Self.rows(folder.appendingPathComponent("peer_summary.csv")) {
      summary.append(
        Row(
          metric: row[0], statistic: row[1], measured: try #require(Double(row[2])),
          simulated: try #require(Double(row[3])), difference: try #require(Double(row[4]))))
    }
  }

  private static func rows(_ file: URL) throws -> [[String]] {
    try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }
}
