import CostModel
import Foundation
import Operators
import Replay
import RequestLogs
import Testing

@testable import Reports

@Suite("timeline.json")
struct TimelineTests {
  typealias Event = [String: Any]

  private func events(_ timeline: Timeline) throws -> [Event] {
    let data = try withTemporaryPath("timeline.json") { path in
      try timeline.write(to: path)
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? Event)
    return try #require(root["traceEvents"] as? [Event])
  }

  private func timeline(_ run: ToyRun) -> Timeline {
    Timeline(
      title: "a \"toy\"\n", log: run.log, result: run.result, engineNames: ["first"],
      price: { run.model.price($0.shape) })
  }

  @Test("has slices that never overlap on a track")
  func slices() throws {
    let events = try events(timeline(try ToyRun()))
    var tracks: [String: [(start: Double, end: Double)]] = [:]
    for event in events where event["ph"] as? String == "X" {
      let pid = try #require(event["pid"] as? Int)
      let tid = try #require(event["tid"] as? Int)
      let start = try #require(event["ts"] as? Double)
      let duration = try #require(event["dur"] as? Double)
      tracks["\(pid)/\(tid)", default: []].append((start, start + duration))
    }
    #expect(tracks.count > 6)
    for slices in tracks.values {
      let sorted = slices.sorted { $0.start < $1.start }
      for (left, right) in zip(sorted, sorted.dropFirst()) {
        #expect(left.end <= right.start + 0.000_5)
      }
    }
  }

  @Test("has one arrow a finished request: a start, a step and an end, each inside a slice")
  func flows() throws {
    let run = try ToyRun()
    let events = try events(timeline(run))
    var flows: [Int: [String]] = [:]
    for event in events {
      guard let phase = event["ph"] as? String, ["s", "t", "f"].contains(phase) else { continue }
      let number = try #require(event["id"] as? Int)
      flows[number, default: []].append(phase)
      let time = try #require(event["ts"] as? Double)
      #expect(
        events.contains { slice in
          guard slice["ph"] as? String == "X", slice["pid"] as? Int == event["pid"] as? Int,
            slice["tid"] as? Int == event["tid"] as? Int, let start = slice["ts"] as? Double,
            let duration = slice["dur"] as? Double
          else { return false }
          return start <= time && time <= start + duration
        })
    }
    #expect(flows.count == run.outcomes.count { $0.status == .finished })
    #expect(flows.values.allSatisfy { $0 == ["s", "t", "f"] })
  }

  @Test("names processes and tracks, marks what did not finish, and closes its curves at zero")
  func names() throws {
    let events = try events(timeline(try ToyRun()))
    let names = events.filter { $0["name"] as? String == "process_name" }
      .compactMap { ($0["args"] as? Event)?["name"] as? String }
    #expect(names == ["first (replayed)", "engine 1 (replayed)", "measured"])
    #expect(events.contains { $0["name"] as? String == "rejected bench-7" })
    for process in [1, 10, 11] {
      let last = events.last {
        $0["ph"] as? String == "C" && $0["pid"] as? Int == process
          && $0["name"] as? String == "requests"
      }
      let values = last?["args"] as? [String: Int]
      #expect(values == ["running": 0, "waiting": 0], "process \(process)")
    }
    let step = events.first { $0["cat"] as? String == "step" }
    let arguments = step?["args"] as? Event
    #expect(arguments?["analytical_us"] != nil)
    #expect(arguments?["batch"] as? Int == 1)
  }

  @Test("of nothing is valid JSON")
  func empty() throws {
    #expect(try events(Timeline(title: "", steps: [], outcomes: [], ids: [])).isEmpty)
  }

  @Test(
    "writes microseconds exactly",
    arguments: [
      (0, "0"), (1, "0.001"), (-1, "-0.001"), (1_234_567, "1234.567"), (2_000, "2"),
      (2_100, "2.1"), (.max, "9223372036854775.807"), (.min, "-9223372036854775.808"),
    ] as [(Int64, String)])
  func microseconds(nanoseconds: Int64, text: String) {
    var bytes: [UInt8] = []
    appendMicroseconds(Nanoseconds(nanoseconds), to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }

  @Test("names steps after what they did")
  func titles() {
    var step = StepRecord(
      engine: 0, steps: 1, start: .zero, duration: .zero, shape: .init(), waiting: 0,
      blocksInUse: 0, preempted: 0)
    #expect(step.title == "empty")
    step.shape.addPrefill(tokens: 812, past: 0, finishes: true)
    #expect(step.title == "prefill 812")
    step.shape.addPrefill(tokens: 813, past: 0, finishes: true)
    step.shape.addDecode(context: 5)
    #expect(step.title == "prefill 2×813 + decode 1")
    step.steps = 4
    #expect(step.title == "prefill 2×813 + decode 1 (4 steps)")
  }

  @Test("keeps requests apart on the lowest free track")
  func lanes() {
    var lanes = Lanes()
    let intervals: [(Int64, Int64)] = [
      (0, 10), (1, 3), (3, 5), (4, 6), (10, 10), (10, 12), (12, 13),
    ]
    let expected = [0, 1, 1, 2, 0, 1, 0]
    for (interval, lane) in zip(intervals, expected) {
      #expect(lanes.lane(from: Nanoseconds(interval.0), to: Nanoseconds(interval.1)) == lane)
    }
  }
}
