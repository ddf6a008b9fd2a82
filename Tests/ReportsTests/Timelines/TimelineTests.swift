import Foundation
import Operators
import Replay
import RequestLogs
import TestSupport
import Testing

@testable import CostModel
@testable import Reports

@Suite("timeline.json")
struct TimelineTests {
  typealias Event = [String: Any]

  private func events(_ timeline: Timeline) throws -> [Event] {
    let data = try withTemporaryPath("timeline.json") { path in
      try timeline.write(to: path, as: .chrome)
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

  @Test("has slices that on a track follow or enclose each other, and never overlap")
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
      for (index, left) in slices.enumerated() {
        for right in slices[(index + 1)...] {
          let follows = left.end <= right.start + 0.000_5 || right.end <= left.start + 0.000_5
          let encloses = left.start <= right.start && right.end <= left.end + 0.000_5
          #expect(follows || encloses, "\(left) \(right)")
        }
      }
    }
  }

  @Test("has one arrow a finished request: a start, its first step, an end, each inside a slice")
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
    // Where one step does all of a request it is the end of its arrow alone.
    #expect(flows.values.allSatisfy { $0 == ["s", "t", "f"] || $0 == ["s", "f"] })
    #expect(flows.values.contains(["s", "t", "f"]))
  }

  @Test("names processes and tracks, marks what did not finish, and closes its curves at zero")
  func names() throws {
    let events = try events(timeline(try ToyRun()))
    let names = events.filter { $0["name"] as? String == "process_name" }
      .compactMap { ($0["args"] as? Event)?["name"] as? String }
    #expect(names == ["measured", "replayed: first", "replayed: engine 1"])
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
    #expect(arguments?["rests_on"] as? String == "analytical")
  }

  @Test("follows a request that is handed over to the engine of its last token, over the link")
  func handovers() throws {
    let run = try ToyRun(engines: 1, isSplit: true)
    #expect(run.result.handoverRecords.count == run.result.handovers?.requests)
    let events = try events(timeline(run))
    let links = events.filter { $0["cat"] as? String == "transfer" }
    #expect(links.count == run.result.handoverRecords.count)
    var ends: [Int: Int] = [:]
    for event in events where event["ph"] as? String == "f" {
      ends[try #require(event["id"] as? Int)] = try #require(event["pid"] as? Int)
    }
    for record in run.result.handoverRecords {
      #expect(ends[Int(record.request) + 1] == Timeline.firstEngineProcess + 1)
      let outcome = run.outcomes[Int(record.request)]
      #expect(outcome.firstToken <= record.end && record.end < outcome.lastToken)
    }
  }

  @Test("draws what lies in its window alone, requests that reach into it whole")
  func window() throws {
    let run = try ToyRun()
    var timeline = timeline(run)
    let middle = run.outcomes[20].arrival
    timeline.window = middle..<(middle + Nanoseconds(1_000_000))
    let events = try events(timeline).filter { $0["ph"] as? String == "X" }
    let shown = run.outcomes.indices.filter {
      run.outcomes[$0].status == .finished
        && run.outcomes[$0].arrival < middle + Nanoseconds(1_000_000)
        && run.outcomes[$0].lastToken >= middle
    }
    #expect(!shown.isEmpty && shown.count < 30)
    let names = events.filter {
      $0["cat"] as? String == "request" && ($0["pid"] as? Int ?? 0) >= Timeline.firstEngineProcess
        && !["queued", "prefill", "decode"].contains($0["name"] as? String)
    }.compactMap { $0["name"] as? String }
    #expect(Set(names) == Set(shown.map { run.log[$0].id }))
    #expect(!TimelinePart(timeline).isCut)
  }

  @Test("is cut at an instant where there would be too many slices")
  func cut() {
    let step = StepRecord(
      engine: 0, steps: 1, start: .zero, duration: Nanoseconds(10), shape: .init(), waiting: 0,
      blocksInUse: 0, preempted: 0)
    var many = Timeline(
      title: "", steps: Array(repeating: step, count: 500), outcomes: [], ids: [])
    for index in many.steps.indices { many.steps[index].start = Nanoseconds(Int64(index) * 10) }
    let part = TimelinePart(many, most: 200)
    #expect(part.isCut)
    #expect(many.steps.count { part.shows($0) } == 200)
    many.window = Nanoseconds(20)..<Nanoseconds(1_000)
    let narrow = TimelinePart(many, most: 200)
    #expect(!narrow.isCut)
    #expect(many.steps.count { narrow.shows($0) } == 98)
  }

  @Test("unfolds a step into host time and its operators, which fill it from end to end")
  func operators() throws {
    let step = StepRecord(
      engine: 0, steps: 3, start: Nanoseconds(100), duration: Nanoseconds(3_001), shape: .init(),
      waiting: 0, blocksInUse: 0, preempted: 0)
    func share(_ role: String, _ count: Int, _ time: Double, _ evidence: Evidence)
      -> StepModel.Share
    {
      StepModel.Share(
        role: role, count: count,
        prediction: Prediction(
          nanoseconds: time, relativeError: 0.05, evidence: evidence, speedOfLight: 1,
          explanation: ""))
    }
    var price = StepPrice(hostTime: 100)
    price[.measured] = 900
    let parts = step.parts(
      [share("norm", 2, 100, .measured), share("gemm", 2, 350, .borrowed)], price: price)
    #expect(parts.map(\.name) == ["host", "norm", "gemm"])
    #expect(parts.map(\.start.rawValue) == [100, 400, 1000])
    #expect(parts.map(\.duration.rawValue) == [300, 600, 2101])
    let rests = parts.compactMap { part -> String? in
      guard case .text(let text) = part.arguments[0].value else { return nil }
      return text
    }
    #expect(rests == ["calibration", "measured", "borrowed"])
    guard case .integer(let runs) = parts[2].arguments[1].value else { return }
    #expect(runs == 6)
    #expect(step.parts([], price: price).isEmpty)
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
    #expect(step.title == "dummy")
    step.shape.addPrefill(tokens: 812, past: 0, samples: true)
    #expect(step.title == "prefill 812")
    step.shape.addPrefill(tokens: 813, past: 0, samples: true)
    step.shape.addDecode(context: 5)
    #expect(step.title == "prefill 2×813 + decode 1")
    step.steps = 4
    #expect(step.title == "prefill 2×813 + decode 1 (4 steps)")
  }

  @Test("keeps requests apart on the lowest free track")
  func lanes() {
    var lanes = Reports.Lanes()
    let intervals: [(Int64, Int64)] = [
      (0, 10), (1, 3), (3, 5), (4, 6), (10, 10), (10, 12), (12, 13),
    ]
    let expected = [0, 1, 1, 2, 0, 1, 0]
    for (interval, lane) in zip(intervals, expected) {
      #expect(lanes.lane(from: Nanoseconds(interval.0), to: Nanoseconds(interval.1)) == lane)
    }
  }
}
